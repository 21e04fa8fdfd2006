import json

import pytest

from tests.sandbox.raw_amazon_ads import (
    CANADA,
    CONNECTIONS_TYPE,
    GERMANY,
    RECORDS_TYPE,
    TWO,
    US,
    RawAmazon,
    record,
)


@pytest.fixture
def amazon(sandbox):
    return RawAmazon(sandbox)


@pytest.fixture
def ed(amazon):
    """An editor of one DSP account."""
    return amazon.sign_in("Ed Editor")


def refused(answer):
    return answer.status_code, answer.json()


# Audiences


def test_an_audience_is_made_and_read_with_numbers_for_ids(ed, sandbox):
    answer = ed.create()
    assert answer.status_code == 201
    made = answer.json()
    assert made["audienceId"] > 2**53
    assert made["externalAudienceId"] == "dest-42"
    assert ed.look(made["audienceId"]) == {
        "audienceId": made["audienceId"],
        "name": "Spring buyers 2026",
        "description": "from clean room",
        "countryCode": "US",
        "targetResource": {"advertiserId": US},
        "metadata": {
            "externalAudienceId": "dest-42",
            "ttl": 2592000,
            "audienceFees": [],
            "audienceSize": {
                "dspAudienceSize": -1,
                "idResolutionCount": -1,
                "receivedRecordSize": -1,
            },
        },
    }
    (held,) = sandbox.audiences("amazon_ads")
    assert (held["id"], held["account"]) == (str(made["audienceId"]), str(US))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Too short"},
        {"name": "n" * 129},
        {"name": 7},
        {"description": "d" * 1001},
        {"description": None},
        {"countryCode": "UK"},
        {"countryCode": "usa"},
        {"targetResource": None},
        {"targetResource": {}},
        {"targetResource": {"advertiserId": US, "connectionId": "c"}},
        {"targetResource": {"advertiserId": 1.5}},
        {"metadata": None},
        {"metadata": {"ttl": 5}},
        {"metadata": {"externalAudienceId": "e", "ttl": 34_300_801}},
        {"metadata": {"externalAudienceId": "e", "ttl": -1}},
        {"metadata": {"externalAudienceId": "e", "ttl": "5"}},
        {"metadata": {"externalAudienceId": "e", "audienceFees": [{"cpmCents": 1}]}},
        {
            "metadata": {
                "externalAudienceId": "e",
                "audienceFees": [{"cpmCents": 1, "currency": ["USD"]}],
            }
        },
        {
            "metadata": {
                "externalAudienceId": "e",
                "audienceFees": [{"cpmCents": "1", "currency": "USD"}],
            }
        },
    ],
)
def test_an_audience_that_is_wished_wrongly_is_refused(ed, sandbox, wrong):
    status, body = refused(ed.create(**wrong))
    assert (status, set(body)) == (400, {"message"})
    assert sandbox.audiences("amazon_ads") == []


def test_what_segments_client_sends_is_taken(ed):
    details = {
        "externalAudienceId": "external-audience-123456",
        "ttl": 12345678,
        "audienceFees": [{"currency": "USD", "cpmCents": 1234}],
    }
    assert ed.create(name="Test Audience", metadata=details).status_code == 201


def test_an_id_that_is_a_text_is_refused_with_a_capital_letter(ed):
    said = {"Message": "STRING_VALUE can not be converted to a Long"}
    assert refused(ed.create(targetResource={"advertiserId": str(US)})) == (400, said)
    assert refused(ed.records(str(ed.audience()), record())) == (400, said)


def test_the_content_type_is_amazons_own(ed):
    body = {"audienceId": 1, "records": [record()]}
    for kind in ("application/json", CONNECTIONS_TYPE):
        assert ed.post("amc/audiences/metadata", {}, kind).status_code == 415
        assert ed.post("amc/audiences/records", body, kind).status_code == 415
    assert ed.post("amc/audiences/connections", {}, RECORDS_TYPE).status_code == 415
    assert (
        ed.post("amc/audiences/metadata", {}, f"{RECORDS_TYPE}; charset=utf-8").status_code == 400
    )


def test_sizes_are_not_known_at_once(ed):
    audience = ed.audience()
    ed.records(audience, record("a"), record("b", email=TWO), record("c", email=TWO))
    first = ed.look(audience)["metadata"]["audienceSize"]
    then = ed.look(audience)["metadata"]["audienceSize"]
    assert set(first.values()) == {-1}
    assert then == {"dspAudienceSize": 3, "idResolutionCount": 3, "receivedRecordSize": 3}


def test_an_audience_that_is_not_there_is_a_404(ed, amazon, sandbox):
    said = (404, {"message": "audienceId not found"})
    assert refused(ed.get("amc/audiences/metadata/1234")) == said
    other = amazon.sign_in("Cleo Custom").audience(targetResource={"advertiserId": CANADA})
    assert refused(ed.get(f"amc/audiences/metadata/{other}")) == said
    mine = ed.audience()
    ed.api = "advertising-api-eu.amazon.com"
    assert refused(ed.get(f"amc/audiences/metadata/{mine}")) == said


def test_a_ttl_of_nothing_removes_everybody_and_a_name_stays(ed, sandbox):
    audience = ed.audience()
    ed.records(audience, record())

    def put(body):
        path = f"amc/audiences/metadata/{audience}"
        return ed.send("PUT", path, {"Content-Type": RECORDS_TYPE}, data=json.dumps(body))

    assert put({"name": "Another name 2026"}).status_code == 400
    assert put({"description": "new"}).json()["description"] == "new"
    assert put({"metadata": {"ttl": 0}}).json()["metadata"]["ttl"] == 0
    (held,) = sandbox.audiences("amazon_ads")
    assert held["held"] == 0


@pytest.mark.parametrize(
    ("person", "advertiser", "status"),
    [
        ("Ada Admin", CANADA, 201),
        ("Ed Editor", US, 201),
        ("Cleo Custom", CANADA, 201),
        ("Vera Viewer", US, 403),
        ("Mia Mixed", US, 403),
        ("Mark Cloud", US, 403),
        ("Ed Editor", CANADA, 403),
        ("Ed Editor", GERMANY, 403),
        ("Ed Editor", 5, 403),
    ],
)
def test_an_editor_may_create_and_a_viewer_may_not(amazon, sandbox, person, advertiser, status):
    answer = amazon.sign_in(person).create(targetResource={"advertiserId": advertiser})
    assert answer.status_code == status
    if status == 403:
        assert set(answer.json()) == {"message", "requestId"}
        assert sandbox.audiences("amazon_ads") == []


def test_a_role_counts_at_every_call(ed, sandbox):
    audience = ed.audience()
    sandbox.fault("amazon_ads", "drop_role", account=str(US))
    assert ed.records(audience, record()).status_code == 403
    sandbox.fault("amazon_ads", "permission_401", count=None)
    answer = ed.records(audience, record())
    assert refused(answer) == (
        401,
        {"code": "UNAUTHORIZED", "details": "Not authorized to access scope"},
    )
