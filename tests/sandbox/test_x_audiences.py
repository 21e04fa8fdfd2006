"""Custom audiences and their people at X, by the sheet's section 5."""

import hashlib

import pytest

from tests.sandbox.raw_x import DE, UK, RawX

# The sheet's sample hashes.
ABC = "4798b8bbdcf6f2a52e527f46a3d7a7c9aefb541afda03af79c74809ecc6376f3"
EDF = "5bf13d5ad4200407c5bc8b9bb578e425d05ef936fd488e3799a9d0806669223c"
TWITTER = "7352f353c460e74c7ae226952d04f8aa307b12329c5512ec8cb6f1a0f8f9b2cb"
ADSAPI = "49e0be2aeccfb51a8dee4c945c8a70a9ac500cf6f5cb08112575f74db9b1470d"


@pytest.fixture
def x(sandbox):
    return RawX(sandbox)


@pytest.fixture
def manuel(x):
    return x.sign_in("Manuel Manager")


def code(answer):
    return answer.status_code, answer.json()["errors"][0]["code"]


def update(*users, kind="Update", **params):
    return {"operation_type": kind, "params": {**params, "users": list(users)}}


def held(sandbox):
    return [each["held"] for each in sandbox.audiences("x")]


def digests(count):
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]


def test_an_audience_is_created_from_the_query(manuel):
    answer = manuel.create(name="developers", description="who write")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data | {"id": "", "created_at": "", "updated_at": ""} == {
        "targetable": False,
        "name": "developers",
        "targetable_types": ["CRM", "EXCLUDED_CRM"],
        "audience_type": "CRM",
        "description": "who write",
        "permission_level": "READ_WRITE",
        "owner_account_id": UK,
        "id": "",
        "reasons_not_targetable": ["PROCESSING", "TOO_SMALL"],
        "created_at": "",
        "updated_at": "",
        "partner_source": "OTHER",
        "deleted": False,
        "audience_size": None,
    }
    assert answer.json()["request"]["params"]["account_id"] == UK


def test_a_name_in_the_body_is_not_a_name(manuel):
    path = f"accounts/{UK}/custom_audiences"
    assert code(manuel.send("POST", path, json={"name": "x"})) == (400, "MISSING_PARAMETER")


def test_a_name_is_taken_once_in_an_ad_account(x, manuel):
    ada = x.sign_in("Ada Account-Admin")
    assert manuel.create(name="developers").status_code == 200
    assert code(ada.create(name="developers")) == (400, "INVALID_PARAMETER")
    assert ada.create(DE, name="developers").status_code == 200


@pytest.mark.parametrize("letter", "+&,%:;@/=?$")
def test_letters_that_break_a_name_are_refused(manuel, letter):
    assert code(manuel.create(name=f"a{letter}b")) == (400, "ILLEGAL_CHARACTERS")


def test_a_name_in_other_letters_is_signed_and_taken(manuel):
    name = "Käufer (neu)! *~'☃ 2026"
    audience = manuel.audience(name)
    assert manuel.get(audience).json()["data"]["name"] == name


@pytest.mark.parametrize("person", ["Chris Creative", "Cara Campaigns", "Olaf Organic"])
def test_a_permission_too_low_may_read_and_not_write(x, manuel, person):
    audience = manuel.audience()
    caller = x.sign_in(person)
    assert caller.get(audience).status_code == 200
    assert code(caller.create(name="mine")) == (403, "ACTION_NOT_ALLOWED")
    assert code(caller.users(audience, [update({"email": [ABC]})])) == (403, "ACTION_NOT_ALLOWED")


def test_audiences_are_listed_changed_and_deleted(manuel):
    audience = manuel.audience("buyers")
    manuel.audience("Buyers of shoes")
    path = f"accounts/{UK}/custom_audiences"
    names = [each["name"] for each in manuel.get(path, q="buyers").json()["data"]]
    assert names == ["buyers", "Buyers of shoes"]
    assert manuel.get(path, permission_scope="SHARED").json()["data"] == []
    assert manuel.send("PUT", audience, params={"name": "new"}).json()["data"]["name"] == "new"
    assert manuel.send("DELETE", audience).json()["data"]["deleted"] is True
    assert code(manuel.get(audience)) == (404, "NOT_FOUND")
    assert manuel.get(audience, with_deleted="true").json()["data"]["deleted"] is True
    assert len(manuel.get(path).json()["data"]) == 1
    assert len(manuel.get(path, with_deleted="true").json()["data"]) == 2


def test_an_audience_is_in_one_ad_account(x, manuel):
    audience = manuel.audience()
    ada = x.sign_in("Ada Account-Admin")
    assert code(ada.get(audience.replace(UK, DE))) == (404, "NOT_FOUND")
    assert code(manuel.get(audience.replace(UK, DE))) == (403, "NOT_FOUND")


# People


def test_the_published_request_is_counted_by_users(manuel, sandbox):
    audience = manuel.audience()
    body = [
        update(
            {"email": [ABC], "handle": [TWITTER, ADSAPI]},
            {"email": [EDF], "partner_user_id": ["raw-7"]},
            effective_at="2026-05-15T00:00:00Z",
            expires_at="2027-01-01T07:00:00Z",
        ),
        update({"device_id": [ABC[::-1]]}, {"phone_number": [EDF[::-1]]}, kind="Delete"),
    ]
    answer = manuel.users(audience, body)
    assert answer.json() == {
        "request": {"params": {"account_id": UK, "custom_audience_id": audience.split("/")[-1]}},
        "data": {"success_count": 4, "total_count": 4},
    }
    assert held(sandbox) == [5]


def test_whoever_is_deleted_by_one_key_is_gone_with_all_of_them(manuel, sandbox):
    audience = manuel.audience()
    manuel.users(audience, [update({"email": [ABC], "handle": [TWITTER]}, {"email": [EDF]})])
    manuel.users(audience, [update({"handle": [TWITTER]}, kind="Delete")])
    assert held(sandbox) == [1]


A, P, P2 = ({"email": [ABC]}, {"phone_number": [TWITTER]}, {"phone_number": [ADSAPI]})


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        # Who was removed and comes back by one key is not the person of before.
        ([("Update", A | P), ("Delete", A), ("Update", A), ("Delete", P)], {ABC}),
        ([("Update", A | P), ("Update", A | P2), ("Delete", P)], {ABC, ADSAPI}),
        ([("Update", A | P), ("Update", A | P2), ("Delete", P), ("Delete", A)], set()),
        ([("Update", A), ("Update", A | P), ("Delete", P)], {ABC}),
        ([("Update", A), ("Update", A | P), ("Delete", A)], set()),
        ([("Update", A | P), ("Update", A | P), ("Delete", P)], set()),
        ([("Update", A), ("Delete", P)], {ABC}),
    ],
)
def test_a_person_is_removed_by_any_key_they_were_added_with_and_no_other(
    manuel, sandbox, steps, left
):
    audience = manuel.audience()
    for kind, user in steps:
        assert manuel.users(audience, [update(user, kind=kind)]).status_code == 200
    (found,) = sandbox.audiences("x")
    expected = hashlib.sha256("\n".join(sorted(left)).encode()).hexdigest()
    assert (found["held"], found["digest"]) == (len(left), expected)


BAD_OPERATIONS = [
    {"operation_type": ["Update"], "params": {"users": [{"email": [ABC]}]}},
    {"operation_type": {}},
    update({"email": [[ABC]]}),
    update({"email": [ABC]}, expires_at=[1]),
    update({"email": [ABC]}, kind="update"),
    update({"email": [ABC]}, kind="Replace"),
    update(),
    update({}),
    update({"mail": [ABC]}),
    update({"email": ABC}),
    update({"email": []}),
    update({"email": [ABC.upper()]}),
    update({"email": ["abc@twitter.com"]}),
    update({"twitter_id": [27674040]}),
    update({"email": [ABC]}, expires_at="2020-01-01T00:00:00Z"),
    update(
        {"email": [ABC]}, effective_at="2027-01-01T00:00:00Z", expires_at="2027-01-01T00:00:00Z"
    ),
    update({"email": [ABC]}, expires_at="soon"),
    {"operation_type": "Update"},
    {"operation_type": "Update", "params": []},
    "Update",
]


@pytest.mark.parametrize("bad", BAD_OPERATIONS)
def test_one_bad_operation_leaves_everything_as_it_was(manuel, sandbox, bad):
    audience = manuel.audience()
    answer = manuel.users(audience, [update({"email": [EDF]}), bad])
    assert answer.status_code == 400
    first, second = answer.json()["operation_errors"]
    assert first == []
    assert second[0]["code"] in {"INVALID_PARAMETER", "MISSING_PARAMETER"}
    assert "errors" not in answer.json()
    assert held(sandbox) == [0]


def test_an_object_instead_of_an_array_looks_like_an_outage(manuel):
    answer = manuel.users(manuel.audience(), update({"email": [ABC]}))
    assert code(answer) == (500, "SERVER_ERROR")


def test_requests_that_are_bad_as_a_whole(manuel):
    audience = manuel.audience()
    assert code(manuel.users(audience, [])) == (400, "MISSING_PARAMETER")
    for how in (
        {"data": b"[", "headers": {"Content-Type": "application/json"}},
        {"data": {"operation_type": "Update"}},
    ):
        answer = manuel.send("POST", f"{audience}/users", **how)
        assert code(answer) == (400, "INVALID_PARAMETER")


def test_2500_operations_and_not_one_more(manuel, sandbox):
    audience = manuel.audience()
    operations = [update({"email": [digest]}) for digest in digests(2501)]
    assert code(manuel.users(audience, operations)) == (400, "INVALID_PARAMETER")
    assert held(sandbox) == [0]
    assert manuel.users(audience, operations[:2500]).json()["data"]["success_count"] == 2500
    assert held(sandbox) == [2500]


def test_five_million_bytes_and_not_one_more(manuel, sandbox):
    audience = manuel.audience()
    users = ",".join(f'{{"email":["{digest}"]}}' for digest in digests(60_000))
    body = f'[{{"operation_type":"Update","params":{{"users":[{users}]}}}}]'.encode()
    for size, status in ((5_000_001, 400), (5_000_000, 200)):
        padded = body + b" " * (size - len(body))
        answer = manuel.send(
            "POST", f"{audience}/users", data=padded, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == status
    assert held(sandbox) == [60_000]


def test_people_are_matched_after_a_while(manuel, sandbox):
    audience = manuel.audience()
    small = [update(*({"email": [digest]} for digest in digests(99)))]
    for sent, after in ((small, (False, ["TOO_SMALL"], 99)), (None, (True, [], 100))):
        manuel.users(audience, sent or [update({"email": [ABC]})])
        now = manuel.get(audience).json()["data"]
        assert "PROCESSING" in now["reasons_not_targetable"]
        assert (now["targetable"], now["audience_size"]) == (False, None)
        sandbox.advance(6)
        now = manuel.get(audience).json()["data"]
        assert (now["targetable"], now["reasons_not_targetable"], now["audience_size"]) == after


# Switches


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        ("app_not_approved", 403, "UNAUTHORIZED_CLIENT_APPLICATION"),
        ("read_only_app", 403, "READONLY_CLIENT_APPLICATION"),
        ("suspend_user", 403, "CURRENT_USER_SUSPENDED"),
        ("locked", 423, "LOCK_ACQUISITION_TIMEOUT"),
        ("unavailable", 503, "SERVICE_UNAVAILABLE"),
        ("throttle", 429, "TOO_MANY_REQUESTS"),
        ("fail", 500, "INTERNAL_ERROR"),
        ("bad_clock", 401, 32),
    ],
)
def test_switches_that_refuse(manuel, sandbox, kind, status, word):
    audience = manuel.audience()
    sandbox.fault("x", kind)
    answer = manuel.users(audience, [update({"email": [ABC]})])
    assert code(answer) == (status, word)
    assert ("retry-after" in answer.headers) is (kind == "unavailable")
    assert held(sandbox) == [0]


def test_switches_that_answer_otherwise(manuel, sandbox):
    audience, body = manuel.audience(), [update({"email": [ABC]})]
    sandbox.fault("x", "count_mismatch")
    assert manuel.users(audience, body).json()["data"] == {"success_count": 0, "total_count": 1}
    sandbox.fault("x", "html_error")
    assert manuel.users(audience, body).headers["Content-Type"].startswith("text/html")
    for kind, status in (("operation_errors", 400), ("operation_errors_200", 200)):
        sandbox.fault("x", kind, count=None)
        answer = manuel.users(audience, body)
        assert (answer.status_code, len(answer.json()["operation_errors"])) == (status, 1)
        sandbox.clear_faults("x")
    assert held(sandbox) == [0]


def test_people_whom_the_switch_names_are_refused_with_all_who_came_with_them(manuel, sandbox):
    audience, body = manuel.audience(), [update({"email": [ABC]}, {"email": [EDF]})]
    sandbox.fault("x", "refused_people", count=None, digits=EDF[:3])
    answer = manuel.users(audience, body)
    (of_operation,) = answer.json()["operation_errors"]
    assert [each["parameter"] for each in of_operation] == ["users[1]"]
    assert held(sandbox) == [0]
    assert manuel.users(audience, [update({"email": [ABC]})]).status_code == 200
    assert held(sandbox) == [1]


def test_users_have_a_limit_of_their_own_or_count_among_all_writes(manuel, sandbox):
    audience, body = manuel.audience(), [update({"email": [ABC]})]
    assert "1500" in manuel.users(audience, body).headers["x-rate-limit-limit"]
    sandbox.fault("x", "users_are_writes", count=None)
    assert manuel.users(audience, body).headers["x-rate-limit-limit"] == "450"


def test_a_partner_may_write_or_not(x, sandbox):
    paula = x.sign_in("Paula Partner")
    assert paula.create(name="one").status_code == 200
    sandbox.fault("x", "partner_refused", count=None)
    assert code(paula.create(name="two")) == (403, "ACTION_NOT_ALLOWED")
    assert x.sign_in("Manuel Manager").create(name="three").status_code == 200
