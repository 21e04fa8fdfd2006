import hashlib

import pytest
import requests

from tests.sandbox.raw_snapchat import UK

ONE, TWO, THREE = (hashlib.sha256(name).hexdigest() for name in (b"one", b"two", b"three"))


@pytest.fixture
def http():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_an_audience_is_told_with_a_digest_to_compare_by(dana, sandbox):
    segment = dana.segment()
    dana.users("POST", segment, [TWO, ONE, TWO])
    dana.users("POST", segment, [THREE])
    expected = hashlib.sha256("\n".join(sorted([ONE, TWO, THREE])).encode()).hexdigest()
    assert sandbox.audiences("snapchat") == [
        {
            "id": segment,
            "account": UK,
            "name": "A segment",
            "held": 3,
            "digest": expected,
            "requests": 2,
            "people": ["snap-4"],
        }
    ]
    members = sandbox.control("GET", f"snapchat/audiences/{segment}/members").text
    assert members.split("\n") == sorted([ONE, TWO, THREE])


def test_audiences_of_a_name_are_told_alone(dana, sandbox):
    dana.segment()
    found = sandbox.control("GET", "snapchat/audiences?name=A%20segment").json()
    assert found == sandbox.audiences("snapchat")
    assert sandbox.control("GET", "snapchat/audiences?name=Another").json() == []


def test_an_audience_tells_under_whose_grants_it_was_changed(dana, sandbox, snapchat):
    segment = dana.segment()
    snapchat.sign_in("Carla Campaign").users("POST", segment, [ONE])
    (found,) = sandbox.audiences("snapchat")
    assert found["people"] == ["snap-3", "snap-4"]


def test_an_empty_audience_has_the_digest_of_nothing(dana, sandbox):
    dana.segment()
    (found,) = sandbox.audiences("snapchat")
    assert (found["held"], found["digest"]) == (0, hashlib.sha256(b"").hexdigest())


def test_a_reset_forgets_everything(dana, sandbox, snapchat):
    dana.segment()
    sandbox.fault("snapchat", "fail", count=None)
    sandbox.advance(100)
    sandbox.reset()
    assert sandbox.audiences("snapchat") == []
    assert dana.get("me").status_code == 401
    assert snapchat.sign_in("Dana Data").get("me").status_code == 200
    assert sandbox.control("GET", "snapchat/faults").json()["on"] == []
    assert sandbox.control("POST", "clock", {"advance": 0}).json()["ahead"] == 0


def test_a_fault_strikes_as_often_as_it_is_told(dana, sandbox):
    sandbox.fault("snapchat", "fail", count=2)
    assert [dana.get("me").status_code for _ in range(3)] == [500, 500, 200]


def test_a_fault_without_a_count_strikes_until_it_is_switched_off(dana, sandbox):
    sandbox.fault("snapchat", "throttle", count=None)
    assert {dana.get("me").status_code for _ in range(5)} == {429}
    sandbox.clear_faults("snapchat")
    assert dana.get("me").status_code == 200


def test_faults_are_listed_with_those_that_are_on(sandbox):
    sandbox.fault("snapchat", "slow", count=3, seconds=4)
    told = sandbox.control("GET", "snapchat/faults").json()
    assert told["on"] == [{"kind": "slow", "count": 3, "account": None, "extra": {"seconds": 4}}]
    assert "slow" in told["common"]
    assert "error_in_200" in told["own"]
    assert not set(told["own"]) & set(told["common"])


@pytest.mark.parametrize(
    "body",
    [{"kind": "unheard of"}, {}, {"kind": "fail", "count": "x"}, {"kind": "fail", "count": -1}],
)
def test_a_fault_that_is_asked_for_wrongly_is_refused(sandbox, http, body):
    answer = http.post(f"{sandbox.url}/_control/snapchat/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sandbox.control("GET", "snapchat/faults").json()["on"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "nobody/audiences"),
        ("GET", "nobody/audiences/1/members"),
        ("GET", "snapchat/audiences/1/members"),
        ("GET", "nobody/faults"),
        ("POST", "nobody/faults"),
        ("DELETE", "nobody/faults"),
        ("GET", "nobody/log"),
    ],
)
def test_what_is_not_there_is_a_404(sandbox, http, method, path):
    assert http.request(method, f"{sandbox.url}/_control/{path}", json={}).status_code == 404


def test_the_clock_wants_a_number(sandbox, http):
    url = f"{sandbox.url}/_control/clock"
    assert http.post(url, json={"advance": "soon"}).status_code == 400
    assert http.post(url).status_code == 400


def test_a_cut_answer_belongs_to_a_request_that_was_carried_out(dana, sandbox):
    segment = dana.segment()
    sandbox.fault("snapchat", "half_body")
    # What `requests` calls an answer that is shorter than it promised.
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        dana.users("POST", segment, [ONE])
    (found,) = sandbox.audiences("snapchat")
    assert found["held"] == 1


def test_garbage_is_a_page_with_http_200_to_a_request_that_was_carried_out(dana, sandbox):
    segment = dana.segment()
    sandbox.fault("snapchat", "garbage")
    answer = dana.users("POST", segment, [ONE])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    (found,) = sandbox.audiences("snapchat")
    assert found["held"] == 1


def test_a_late_answer_belongs_to_a_request_that_was_carried_out_at_once(dana, sandbox):
    segment = dana.segment()
    sandbox.fault("snapchat", "accept_then_timeout", seconds=2)
    body = {"users": [{"schema": ["EMAIL_SHA256"], "data": [[ONE]]}]}
    address = f"{dana.platform.api}/segments/{segment}/users"
    with pytest.raises(requests.ReadTimeout):
        dana.platform.http.post(
            address, json=body, headers={"Authorization": f"Bearer {dana.token}"}, timeout=0.5
        )
    (found,) = sandbox.audiences("snapchat")
    assert found["held"] == 1


def test_requests_are_counted_and_logged_without_what_is_secret(dana, sandbox, snapchat):
    dana.get("me/organizations", with_ad_accounts="true")
    sandbox.fault("snapchat", "fail")
    dana.get("me")
    counts = sandbox.control("GET", "requests").json()["snapchat"]
    assert counts == {"requests": 3, "200": 2, "500": 1}
    answer = sandbox.control("GET", "snapchat/log")
    assert [(each["method"], each["status"]) for each in answer.json()] == [
        ("POST", 200),
        ("GET", 200),
        ("GET", 500),
    ]
    assert answer.json()[1]["path"] == "adsapi.snapchat.com/v1/me/organizations"
    for secret in (dana.token, snapchat.client["client_secret"], "with_ad_accounts"):
        assert secret not in answer.text


def test_the_inspector_shows_what_is_held_and_what_is_on(dana, sandbox, http):
    dana.users("POST", dana.segment(), [f"{number:064x}" for number in range(1234)])
    dana.create("<script>alert(1)</script>")
    sandbox.fault("snapchat", "drop_role", account="an-account")
    page = http.get(sandbox.url).text
    assert "<td>1,234</td>" in page
    assert "drop_role (1 left) on an-account" in page
    assert "Dana Data" in page
    assert "<script" not in page


def test_the_inspector_switches_a_fault_on(dana, sandbox, http):
    url = f"{sandbox.url}/_control/snapchat/faults"
    answer = http.post(url, data={"kind": "fail", "count": "1"}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert [dana.get("me").status_code for _ in range(2)] == [500, 200]
