import json

import pytest

from tests.sandbox.raw_amazon_ads import ACME_US, ONE, THREE, TWO, US, RawAmazon, record


@pytest.fixture
def ed(sandbox):
    """An editor of one DSP account."""
    return RawAmazon(sandbox).sign_in("Ed Editor")


def members(sandbox, audience):
    text = sandbox.control("GET", f"amazon_ads/audiences/{audience}/members").text
    return set(filter(None, text.split("\n")))


def test_people_enter_and_leave_by_the_senders_id(ed, sandbox):
    audience = ed.audience()
    answer = ed.records(audience, record("a", email=ONE, phone=TWO), record("b", email=THREE))
    assert (answer.status_code, set(answer.json())) == (202, {"jobRequestId"})
    assert members(sandbox, audience) == {ONE, TWO, THREE}
    assert ed.records(audience, record("a", "DELETE", email=ONE)).status_code == 202
    assert members(sandbox, audience) == {THREE}
    assert ed.records(audience, record("a", "DELETE", email=ONE)).status_code == 202
    assert ed.records(audience, record("b", email=THREE)).status_code == 202
    assert members(sandbox, audience) == {THREE}


def test_what_people_share_stays_as_long_as_somebody_has_it(ed, sandbox):
    audience = ed.audience()
    ed.records(audience, record("a", email=ONE, city=THREE), record("b", email=TWO, city=THREE))
    ed.records(audience, record("a", "DELETE", email=ONE, city=THREE))
    assert members(sandbox, audience) == {TWO, THREE}
    ed.records(audience, record("b", "DELETE", email=TWO))
    assert members(sandbox, audience) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        record("jo@acme.example"),
        record(""),
        record("u" * 129),
        record(7),
        record(action="UPDATE"),
        record(email=ONE[:-1]),
        record(email="jo@acme.example"),
        record(email=None),
        record(firstName=ONE),
        record(maid=ONE),
        {**record(), "hashedPII": []},
        {**record(), "hashedPII": {}},
        {**record(), "hashedPII": [{}]},
        {**record(), "hashedPII": [{"email": ONE}] * 101},
        {**record(), "countryCode": "UK"},
        {**record(), "userConsent": {"consent": {"amzn": {"amznAdStorage": "YES"}}}},
        "record",
    ],
)
def test_one_bad_record_refuses_the_whole_request(ed, sandbox, wrong):
    audience = ed.audience()
    answer = ed.records(audience, record("good"), wrong)
    assert (answer.status_code, set(answer.json())) == (400, {"message"})
    assert members(sandbox, audience) == set()


def test_a_request_takes_10_000_records_and_no_more(ed, sandbox):
    audience = ed.audience()
    many = [record(f"u-{number}", email=f"{number:064x}") for number in range(10_001)]
    assert ed.records(audience, *many).status_code == 400
    assert ed.records(audience).status_code == 400
    assert ed.records(audience, *many[:-1]).status_code == 202
    assert len(members(sandbox, audience)) == 10_000


def test_a_job_is_pending_and_then_done(ed):
    audience = ed.audience()
    done = ed.job(ed.records(audience, record("a"), record("b", email=TWO)))
    assert done["jobState"] == "SUCCEEDED"
    assert done["successful"] == {"recordsProcessedRate": 100.0}
    assert (done["invalidRecords"], done["audienceSize"]["receivedRecordSize"]) == ([], 2)
    answer = ed.get("amc/audiences/records/no-such-job")
    assert (answer.status_code, set(answer.json())) == (404, {"message"})


def test_an_audience_that_is_not_known_fails_the_job_and_not_the_request(ed):
    answer = ed.records(1234, record())
    assert answer.status_code == 202
    done = ed.job(answer)
    assert (done["jobState"], done["successful"]) == ("FAILED", {"recordsProcessedRate": 0.0})


def test_jobs_can_be_told_how_to_end(ed, sandbox):
    audience = ed.audience()
    sandbox.fault("amazon_ads", "job_completed", count=None)
    assert ed.job(ed.records(audience, record()))["jobState"] == "COMPLETED"
    sandbox.fault("amazon_ads", "job_partial")
    partly = ed.job(ed.records(audience, record("a", email=TWO), record("b", email=THREE)))
    assert partly["jobState"] == "PARTIALLYSUCCEEDED"
    assert partly["successful"] == {"recordsProcessedRate": 50.0}
    (invalid,) = partly["invalidRecords"]
    assert (invalid["audienceId"], invalid["externalId"]) == (str(audience), "a")
    assert members(sandbox, audience) == {ONE, THREE}
    sandbox.fault("amazon_ads", "job_failed")
    assert ed.job(ed.records(audience, record("a", email=TWO)))["jobState"] == "FAILED"
    assert members(sandbox, audience) == {ONE, THREE}
    sandbox.fault("amazon_ads", "slow_jobs", count=None)
    assert ed.job(ed.records(audience, record()))["jobState"] == "PENDING"


GRANTED = {"amznAdStorage": "GRANTED", "amznUserData": "GRANTED"}


@pytest.mark.parametrize(
    ("consent", "is_in"),
    [
        (None, False),
        ({"geo": {"countryCode": "GB"}}, False),
        ({"consent": {"amzn": GRANTED}}, True),
        ({"consent": {"tcf": "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"}}, True),
        ({"consent": {"gpp": "DBABMA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"}}, True),
        # A public client's older shape.
        ({"geo": {"countryCode": "GB"}, "amzn": GRANTED}, True),
    ],
)
def test_people_of_some_countries_need_consent(ed, sandbox, consent, is_in):
    audience = ed.audience()
    sent = {**record(), "countryCode": "GB", **({"userConsent": consent} if consent else {})}
    done = ed.job(ed.records(audience, sent))
    assert members(sandbox, audience) == ({ONE} if is_in else set())
    assert done["jobState"] == ("SUCCEEDED" if is_in else "PARTIALLYSUCCEEDED")


def test_the_audiences_country_counts_where_a_record_says_none(ed, sandbox):
    audience = ed.audience(countryCode="DE")
    ed.records(audience, record("a"), {**record("b", email=TWO), "countryCode": "US"})
    assert members(sandbox, audience) == {TWO}


# The older Data Provider API


def provided(ed, *rows):
    records = [{"externalId": who, "hashedRecords": [hashed]} for who, hashed in rows]
    return ed.post("dp/records/hashed/", {"records": records}, "application/json")


def made(ed, **changes):
    body = {
        "name": "Old audience",
        "description": "",
        "advertiserId": US,
        "metadata": {"type": "DATA_PROVIDER", "externalAudienceId": "e", "ttl": 100},
    }
    headers = {
        "Amazon-Advertising-API-Scope": str(ACME_US),
        "Content-Type": "application/json",
    }
    data = json.dumps(body | changes)
    return ed.send("POST", "v2/dp/audiencemetadata/", headers, data=data)


def patch(ed, op, audience, who="Rudderstack_1", **changes):
    body = {"op": op, "path": f"/EXTERNAL_USER_ID-{who}/audiences", "value": [audience]}
    data = json.dumps({"patches": [body | changes]})
    kind = {"Content-Type": "application/json"}
    return ed.send("PATCH", "v2/dp/audience", kind, data=data)


def test_the_older_api_keeps_people_and_then_moves_them(ed, sandbox):
    answer = provided(ed, ("Rudderstack_1", {"email": ONE, "firstName": TWO, "postalCode": THREE}))
    assert (answer.status_code, set(answer.json())) == (200, {"requestId"})
    audience = made(ed).json()["audienceId"]
    added = patch(ed, "add", audience)
    assert (added.status_code, set(added.json())) == (200, {"jobId", "requestId"})
    assert members(sandbox, audience) == {ONE, TWO, THREE}
    assert patch(ed, "remove", audience).status_code == 200
    assert members(sandbox, audience) == set()


def test_an_audience_of_the_older_api_is_not_one_of_the_newer(ed):
    audience = made(ed).json()["audienceId"]
    assert ed.job(ed.records(audience, record()))["jobState"] == "FAILED"


@pytest.mark.parametrize(
    "send",
    [
        lambda ed: provided(ed, ("a", {"firstname": ONE})),
        provided,
        lambda ed: made(ed, metadata={"type": "OTHER"}),
        lambda ed: patch(ed, "replace", 1),
        lambda ed: patch(ed, "add", 1, path="/a/audiences"),
        lambda ed: patch(ed, "add", 1, value=[]),
    ],
)
def test_the_older_api_has_an_error_of_its_own(ed, send):
    answer = send(ed)
    assert (answer.status_code, set(answer.json())) == (400, {"requestId", "error"})
    error = answer.json()["error"]
    assert (error["httpStatusCode"], bool(error["errors"])) == (400, True)


def test_the_older_api_wants_a_profile_and_an_audience_that_is_there(ed):
    body = {"name": "x", "advertiserId": US, "metadata": {"type": "DATA_PROVIDER"}}
    answer = ed.post("v2/dp/audiencemetadata/", body, "application/json")
    assert (answer.status_code, answer.json()["details"]) == (401, "Scope header is missing")
    assert patch(ed, "add", 1234).status_code == 404
