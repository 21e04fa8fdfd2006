"""The older Data Provider API of Amazon in the sandbox, by its sheet's section 4.1."""

import json

import pytest

from tests.sandbox.raw_amazon_ads import (
    ACME_US,
    ONE,
    OUTDOOR,
    THREE,
    TWO,
    US,
    RawAmazon,
    record,
)
from tests.sandbox.test_amazon_ads_records import members


@pytest.fixture
def ed(sandbox):
    """An editor of one DSP account."""
    return RawAmazon(sandbox).sign_in("Ed Editor")


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


def user(who, **more):
    return {"userId": [{"type": "EXTERNAL_USER_ID", "id": who}], **more}


def forget(ed, *users):
    kind, data = {"Content-Type": "application/json"}, json.dumps({"users": users})
    return ed.send("PATCH", "v2/dp/users", kind, data=data)


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
        lambda ed: made(ed, metadata={"type": ["DATA_PROVIDER"]}),
        lambda ed: patch(ed, "replace", 1),
        lambda ed: patch(ed, ["add"], 1),
        forget,
        lambda ed: forget(ed, {"userId": []}),
        lambda ed: forget(ed, {"userId": [{"type": ["MAID"], "id": "a"}]}),
        lambda ed: forget(ed, {"userId": [{"type": "MAID", "id": 7}]}),
        lambda ed: forget(ed, {"userId": [{"type": "EMAIL", "id": "a"}]}),
        lambda ed: forget(ed, user("a", advertiserId=[US])),
        lambda ed: forget(ed, "a"),
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


def test_a_person_is_forgotten_and_leaves_every_audience(ed, sandbox):
    provided(ed, ("a", {"email": ONE}), ("b", {"email": TWO}))
    audience = made(ed).json()["audienceId"]
    for who in ("a", "b"):
        patch(ed, "add", audience, who)
    answer = forget(ed, user("a", consentTime=1000))
    assert (answer.status_code, set(answer.json())) == (202, {"jobId", "requestId"})
    assert members(sandbox, audience) == {TWO}
    # Nothing is known of them any more.
    patch(ed, "add", audience, "a")
    assert members(sandbox, audience) == {TWO}
    assert forget(ed, user("never-told")).status_code == 202


def test_a_person_is_forgotten_by_one_advertiser_and_by_nobody_elses_word(ed, sandbox):
    provided(ed, ("a", {"email": ONE}))
    ours = made(ed).json()["audienceId"]
    outdoor = made(ed, advertiserId=OUTDOOR).json()["audienceId"]
    for audience in (ours, outdoor):
        patch(ed, "add", audience, "a")
    vera = ed.platform.sign_in("Vera Viewer")
    assert forget(vera, user("a")).status_code == 202
    assert members(sandbox, ours) == {ONE}
    assert forget(ed, user("a", advertiserId=str(US))).status_code == 202
    assert (members(sandbox, ours), members(sandbox, outdoor)) == (set(), {ONE})


def test_a_dead_token_is_told_as_the_audiences_of_today_tell_it(ed, sandbox):
    sandbox.fault("amazon_ads", "expire")
    for answer in (provided(ed, ("a", {})), patch(ed, "add", 1), made(ed), forget(ed, user("a"))):
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_request_holds_two_thousand_patches_and_6_mb(ed, sandbox):
    audience = made(ed).json()["audienceId"]

    def sent(count, filling=""):
        path = "/EXTERNAL_USER_ID-a/audiences"
        one = {"op": "add", "path": path, "value": [audience]}
        data = json.dumps({"patches": [one] * count, "filling": filling})
        kind = {"Content-Type": "application/json"}
        return ed.send("PATCH", "v2/dp/audience", kind, data=data)

    assert (sent(2_000).status_code, sent(2_001).status_code) == (200, 413)
    megabyte = "x" * 1024**2
    assert (sent(1, megabyte * 5).status_code, sent(1, megabyte * 6).status_code) == (200, 413)
    sandbox.fault("amazon_ads", "small_patches", count=None)
    refused = sent(1, megabyte)
    assert refused.status_code == 413
    assert refused.json()["error"]["errors"][0]["errorType"] == "INPUT_TOO_LARGE"


def test_a_deletion_holds_a_thousand_people(ed):
    assert forget(ed, *[user("a")] * 1_000).status_code == 202
    assert forget(ed, *[user("a")] * 1_001).status_code == 413
