import pytest

from tests.sandbox.raw_amazon_ads import ONE, THREE, TWO, RawAmazon, record


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
        {**record(), "hashedPII": [7]},
        {**record(), "hashedPII": [{"email": ONE}] * 101},
        {**record(), "countryCode": "UK"},
        {**record(), "userConsent": {"consent": {"amzn": {"amznAdStorage": "YES"}}}},
        {**record(), "userConsent": {"consent": {"amzn": "GRANTED"}}},
        {**record(), "userConsent": {"consent": {"amzn": ["GRANTED"]}}},
        {
            **record(),
            "userConsent": {"amzn": {"amznAdStorage": ["GRANTED"], "amznUserData": ["GRANTED"]}},
        },
        record(action=["CREATE"]),
        record(action={}),
        "record",
    ],
)
def test_one_bad_record_refuses_the_whole_request(ed, sandbox, wrong):
    audience = ed.audience()
    answer = ed.records(audience, record("good"), wrong)
    assert (answer.status_code, set(answer.json())) == (400, {"message"})
    assert members(sandbox, audience) == set()


def test_a_record_of_no_column_costs_itself_alone(ed, sandbox):
    audience = ed.audience()
    done = ed.job(ed.records(audience, record("a"), {**record("b"), "hashedPII": [{}]}))
    assert done["jobState"] == "PARTIALLYSUCCEEDED"
    assert [each["externalId"] for each in done["invalidRecords"]] == ["b"]
    assert members(sandbox, audience) == {ONE}


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


def test_a_pending_job_has_all_fields_with_nothing_known_in_them(ed):
    job = ed.records(ed.audience(), record()).json()["jobRequestId"]
    sizes = ("dspAudienceSize", "idResolutionCount", "receivedRecordSize")
    assert ed.get(f"amc/audiences/records/{job}").json() == {
        "jobRequestId": job,
        "jobState": "PENDING",
        "successful": {"recordsProcessedRate": 0.0},
        "invalidRecords": [],
        "audienceSize": dict.fromkeys(sizes, -1),
    }


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
