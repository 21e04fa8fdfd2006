"""People sent to Amazon: records of several hashed columns, and the jobs that become of them."""

import hashlib
import json
import re

import pytest

from providers.app import App
from providers.errors import BadRequest, NotThere, PermissionMissing, PlatformDown, UnknownAnswer
from providers.platforms.amazon_ads import AmazonAds, records
from providers.secret import Secret
from providers.values import Audience, Batch, Receipt, Tokens

amazon = AmazonAds()
API = "https://advertising-api.amazon.com"
RECORDS, METADATA = f"{API}/amc/audiences/records", f"{API}/amc/audiences/metadata"
AUDIENCE_ID = "379909525712777677"
AUDIENCE = Audience(AUDIENCE_ID, "Buyers", "585806696618602999")
JOB = "1155d3e3-b18c-4b2b-a3b2-26173cdaf770"
ALL = tuple(each.key for each in amazon.identifiers)


@pytest.fixture
def connection():
    app = App("client", Secret("client-secret-text"))
    return amazon.connect(app, Tokens(Secret("Atza|access")), {})


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(records, "_LOOKS", (0.0, 0.0))


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def emails(count):
    return Batch(("email",), [(digest(str(number)),) for number in range(count)])


def taken(edge):
    edge.post(RECORDS, status=202, json={"jobRequestId": JOB})


def job(edge, state, *errors, **more):
    invalid = [{"audienceId": AUDIENCE_ID, "externalId": "x", "error": each} for each in errors]
    body = {"jobRequestId": JOB, "jobState": state, "invalidRecords": invalid, **more}
    edge.get(f"{RECORDS}/{JOB}", json=body)


def sent(edge, number=0):
    return json.loads(edge.calls[number].request.body)


@pytest.mark.parametrize(("act", "action"), [("add", "CREATE"), ("remove", "DELETE")])
def test_people_go_as_records_with_an_id_that_is_a_number(connection, edge, act, action):
    taken(edge)
    job(edge, "SUCCEEDED")
    receipt = getattr(amazon, act)(connection, AUDIENCE, emails(2))
    request = edge.calls[0].request
    assert request.headers["Content-Type"] == "application/vnd.amcaudiences.v1+json"
    assert request.body.startswith(b'{"audienceId":379909525712777677,')
    assert sent(edge) == {
        "audienceId": int(AUDIENCE_ID),
        "records": [
            {"externalUserId": one, "action": action, "hashedPII": [{"email": one}]}
            for one in (digest("0"), digest("1"))
        ],
    }
    assert (receipt.accepted, receipt.request_id) == (2, JOB)
    assert receipt.facts == {"job": "succeeded"}


def test_columns_have_amazons_lower_case_names_and_missing_ones_are_left_out(connection, edge):
    taken(edge)
    job(edge, "SUCCEEDED")
    full = tuple(digest(key) for key in ALL)
    amazon.add(connection, AUDIENCE, Batch(ALL, [full, (None, *full[1:2], *[None] * 6)]))
    first, second = sent(edge)["records"]
    names = ["email", "phone", "firstname", "lastname", "address", "city", "state", "postal"]
    assert first["hashedPII"] == [dict(zip(names, full, strict=True))]
    assert second["hashedPII"] == [{"phone": digest("phone")}]


def test_a_persons_id_is_theirs_alone_and_the_same_the_next_time(connection, edge):
    ids = []
    rows = [
        (digest("e"), digest("p"), digest("Jo"), digest("Rome")),
        (digest("e"), None, None, None),
        (None, digest("p"), digest("Jo"), None),
        (None, None, digest("Jo"), digest("Rome")),
        (None, None, digest("Jo"), digest("Oslo")),
    ]
    types = ("email", "phone", "first_name", "city")
    for _ in range(2):
        taken(edge)
        job(edge, "SUCCEEDED")
        amazon.add(connection, AUDIENCE, Batch(types, rows))
        ids.append([each["externalUserId"] for each in sent(edge, -2)["records"]])
    assert ids[0] == ids[1]
    assert ids[0][:3] == [digest("e"), digest("e"), digest("p")]
    # Who shares a first name is not the same person.
    assert len(set(ids[0])) == 4
    assert all(re.fullmatch(r"[0-9a-zA-Z\-_]{1,128}", each) for each in ids[0])


def test_a_persons_id_does_not_hang_on_the_order_of_columns(connection, edge):
    ids = set()
    for types in (("first_name", "city"), ("city", "first_name")):
        taken(edge)
        job(edge, "SUCCEEDED")
        amazon.add(connection, AUDIENCE, Batch(types, [tuple(map(digest, types))]))
        ids.add(sent(edge, -2)["records"][0]["externalUserId"])
    assert len(ids) == 1


def test_who_has_no_identifier_is_not_sent_and_nobody_is_no_request(connection, edge):
    nobody = Batch(("email", "phone"), [(None, None)])
    assert amazon.add(connection, AUDIENCE, nobody).accepted == 0
    assert len(edge.calls) == 0
    taken(edge)
    job(edge, "SUCCEEDED")
    some = Batch(("email", "phone"), [(None, None), (None, digest("p"))])
    assert amazon.add(connection, AUDIENCE, some).accepted == 1


def test_a_full_batch_is_the_json_that_an_encoder_would_write(connection, edge):
    taken(edge)
    job(edge, "SUCCEEDED")
    rows = [tuple(digest(f"{key}{number}") for key in ALL) for number in range(5_000)]
    amazon.add(connection, AUDIENCE, Batch(ALL, rows))
    body = edge.calls[0].request.body
    assert json.dumps(json.loads(body), separators=(",", ":")).encode() == body


def test_what_the_form_says_is_said_of_every_person(connection, edge):
    taken(edge)
    job(edge, "SUCCEEDED")
    settings = {"country": "GB", "consent": "granted"}
    to = Audience(AUDIENCE_ID, "Buyers", "1", settings=settings)
    amazon.add(connection, to, emails(1))
    (record,) = sent(edge)["records"]
    assert record["countryCode"] == "GB"
    assert record["userConsent"] == {
        "geo": {"countryCode": "GB"},
        "consent": {"amzn": {"amznAdStorage": "GRANTED", "amznUserData": "GRANTED"}},
    }


# Marketing Cloud


@pytest.mark.parametrize(
    ("send_to", "target"),
    [
        ("amc", {"connectionId": "c-1"}),
        ("both", {"connectionId": "c-1", "targetTypes": ["DSP"]}),
    ],
)
def test_records_for_marketing_cloud_name_the_connection(connection, edge, send_to, target):
    body = {"audienceId": int(AUDIENCE_ID), "targetResource": {"connectionId": "c-1"}}
    edge.get(f"{METADATA}/{AUDIENCE_ID}", json=body)
    taken(edge)
    job(edge, "SUCCEEDED")
    to = Audience(AUDIENCE_ID, "Buyers", "1", settings={"send_to": send_to})
    amazon.add(connection, to, emails(1))
    assert sent(edge, 1)["targetResource"] == target


def test_an_audience_that_does_not_go_to_marketing_cloud_is_said(connection, edge):
    edge.get(f"{METADATA}/{AUDIENCE_ID}", json={"targetResource": {"advertiserId": 1}})
    to = Audience(AUDIENCE_ID, "Buyers", "1", settings={"send_to": "amc"})
    with pytest.raises(BadRequest):
        amazon.add(connection, to, emails(1))


@pytest.mark.parametrize(("accepted", "words"), [(False, "terms"), (True, "permission")])
def test_a_refusal_for_marketing_cloud_says_whether_the_terms_are_missing(
    connection, edge, accepted, words
):
    edge.get(f"{METADATA}/{AUDIENCE_ID}", json={"targetResource": {"connectionId": "c"}})
    edge.post(RECORDS, status=403, json={"message": "Forbidden", "requestId": "r"})
    edge.get(f"{API}/amc/audiences/connections/terms", json={"hasAccepted": accepted})
    to = Audience(AUDIENCE_ID, "Buyers", "1", settings={"send_to": "amc"})
    with pytest.raises(PermissionMissing) as caught:
        amazon.add(connection, to, emails(1))
    assert words in caught.value.message


# Jobs


@pytest.mark.parametrize("body", [{}, {"jobRequestId": None}, {"jobRequestId": 5}, []])
def test_an_acceptance_without_a_job_is_not_believed(connection, edge, body):
    edge.post(RECORDS, status=202, json=body)
    with pytest.raises(UnknownAnswer) as caught:
        amazon.add(connection, AUDIENCE, emails(1))
    assert caught.value.may_have_happened


@pytest.mark.parametrize("state", ["SUCCEEDED", "COMPLETED", "PARTIALLYSUCCEEDED"])
def test_a_job_that_ended_well_is_asked_for_no_more(connection, edge, state):
    taken(edge)
    job(edge, state)
    receipt = amazon.add(connection, AUDIENCE, emails(3))
    assert (receipt.accepted, receipt.facts["job"]) == (3, state.lower())
    assert len(edge.calls) == 2


def test_invalid_records_are_not_accepted_ones(connection, edge):
    taken(edge)
    job(edge, "PARTIALLYSUCCEEDED", "no consent", "no consent")
    receipt = amazon.add(connection, AUDIENCE, emails(3))
    assert receipt.accepted == 1
    assert receipt.facts == {
        "job": "partiallysucceeded",
        "invalid": "2",
        "reason": "no consent",
    }


@pytest.mark.parametrize("state", ["PENDING", "A_NEW_STATE", None])
def test_a_job_that_goes_on_is_confirmed_later(connection, edge, state):
    taken(edge)
    job(edge, state)
    receipt = amazon.add(connection, AUDIENCE, emails(3))
    assert (receipt.accepted, receipt.request_id) == (3, JOB)
    assert receipt.facts == {"job": "pending"}
    assert amazon.confirm(connection, AUDIENCE, receipt) is None
    edge.upsert("GET", f"{RECORDS}/{JOB}", json={"jobState": "SUCCEEDED"})
    done = amazon.confirm(connection, AUDIENCE, receipt)
    assert (done.accepted, done.facts) == (3, {"job": "succeeded"})
    asked = len(edge.calls)
    assert amazon.confirm(connection, AUDIENCE, done) == done
    assert len(edge.calls) == asked


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_trouble_with_looking_is_none_of_the_records(connection, edge, status):
    taken(edge)
    edge.get(f"{RECORDS}/{JOB}", status=status, json={"message": "x"})
    if status == 401:
        edge.get("https://api.amazon.com/auth/o2/tokeninfo", status=400)
    assert amazon.add(connection, AUDIENCE, emails(3)).facts == {"job": "pending"}


@pytest.mark.parametrize(("status", "kind"), [(500, PlatformDown), (404, UnknownAnswer)])
def test_trouble_with_confirming_is_said_and_is_not_the_audiences(connection, edge, status, kind):
    edge.get(f"{RECORDS}/{JOB}", status=status, json={"message": "x"})
    with pytest.raises(kind):
        amazon.confirm(connection, AUDIENCE, Receipt(3, JOB, {"job": "pending"}))


def test_a_job_that_failed_refuses_the_batch(connection, edge):
    taken(edge)
    job(edge, "FAILED", "something is wrong")
    edge.get(f"{METADATA}/{AUDIENCE_ID}", json={"audienceId": int(AUDIENCE_ID)})
    with pytest.raises(BadRequest) as caught:
        amazon.add(connection, AUDIENCE, emails(3))
    assert "It says: something is wrong" in caught.value.message
    assert (caught.value.code, caught.value.request_id) == ("FAILED", JOB)


def test_a_job_that_failed_for_an_audience_that_is_gone_says_so(connection, edge):
    taken(edge)
    job(edge, "FAILED")
    gone = {"message": "audienceId not found"}
    edge.get(f"{METADATA}/{AUDIENCE_ID}", status=404, json=gone)
    with pytest.raises(NotThere):
        amazon.add(connection, AUDIENCE, emails(3))


def test_no_look_outlasts_the_lease_on_a_batch(connection, edge, monkeypatch):
    taken(edge)
    clock = iter([0.0, 4.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock, 4.0))
    assert amazon.add(connection, AUDIENCE, emails(3)).facts == {"job": "pending"}
    assert len(edge.calls) == 1
