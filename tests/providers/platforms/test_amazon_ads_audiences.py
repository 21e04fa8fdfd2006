"""Audiences at Amazon: created and read, for DSP and for Marketing Cloud."""

import json

import pytest
from responses import matchers

from providers.app import App
from providers.errors import BadRequest, NotThere, PermissionMissing, PlatformDown, UnknownAnswer
from providers.platforms.amazon_ads import AmazonAds
from providers.secret import Secret
from providers.values import Audience, AudienceRequest, Tokens

amazon = AmazonAds()
API, EU = "https://advertising-api.amazon.com", "https://advertising-api-eu.amazon.com"
METADATA = f"{API}/amc/audiences/metadata"
CONNECTIONS = f"{API}/amc/audiences/connections"
# Beyond 2^53: a float would end in ...000 or ...776.
ADVERTISER, AUDIENCE = "585806696618602999", "379909525712777677"
NAMED = {"audience_name": "Spring buyers 2026"}
IN_AMC = {
    **NAMED,
    "send_to": "amc",
    "amc_account": "ENTITY7AMC",
    "amc_marketplace": "ATVPDKIKX0DER",
    "amc_instance": "amcacme0001",
}
PART = {
    "amcAccountId": "ENTITY7AMC",
    "amcAccountMarketplaceId": "ATVPDKIKX0DER",
    "amcInstanceId": "amcacme0001",
}


@pytest.fixture
def connection():
    app = App("client", Secret("client-secret-text"))
    return amazon.connect(app, Tokens(Secret("Atza|access")), {})


def created(edge, status=201, api=API, **body):
    found = body or {"audienceId": int(AUDIENCE), "externalAudienceId": "e"}
    edge.post(f"{api}/amc/audiences/metadata", status=status, json=found)


def asked_of(edge, number=-1):
    return json.loads(edge.calls[number].request.body)


@pytest.mark.parametrize("status", [200, 201])
def test_an_audience_of_an_advertiser_is_created_with_numbers_for_ids(connection, edge, status):
    created(edge, status)
    made = amazon.create_audience(connection, amazon.audience_request(ADVERTISER, NAMED))
    sent = edge.calls[0].request
    assert sent.headers["Content-Type"] == "application/vnd.amcaudiences.v1+json"
    assert sent.headers["Amazon-Advertising-API-ClientId"] == "client"
    assert b'"advertiserId": 585806696618602999}' in sent.body
    body = asked_of(edge)
    external = body["metadata"].pop("externalAudienceId")
    assert external.startswith("audience-")
    assert body == {
        "name": "Spring buyers 2026",
        "description": "Spring buyers 2026",
        "targetResource": {"advertiserId": int(ADVERTISER)},
        "metadata": {"ttl": 34_300_800},
    }
    assert (made.id, made.name, made.ad_account_id) == (
        AUDIENCE,
        NAMED["audience_name"],
        ADVERTISER,
    )


def test_the_form_says_the_rest_of_a_new_audience(connection, edge):
    created(edge)
    settings = {
        **NAMED,
        "description": " Bought ",
        "country": "US",
        "membership_days": "30",
        "cpm_cents": "150",
        "cpm_currency": "USD",
    }
    amazon.create_audience(connection, amazon.audience_request(ADVERTISER, settings))
    body = asked_of(edge)
    assert (body["description"], body["countryCode"]) == ("Bought", "US")
    assert body["metadata"]["ttl"] == 2_592_000
    assert body["metadata"]["audienceFees"] == [{"cpmCents": 150, "currency": "USD"}]


def test_our_own_id_of_an_audience_is_the_same_whenever_it_is_asked_for(connection, edge):
    ids = []
    for account, name in (("1", "First buyers"), ("1", "First buyers"), ("2", "First buyers")):
        created(edge)
        request = amazon.audience_request(account, {"audience_name": name})
        amazon.create_audience(connection, request)
        ids.append(asked_of(edge)["metadata"]["externalAudienceId"])
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("body", [{"audienceId": None}, {"audienceId": 1.5e17}, {"id": 1}])
def test_a_creation_that_names_no_audience_may_have_happened(connection, edge, body):
    created(edge, **body)
    with pytest.raises(UnknownAnswer) as caught:
        amazon.create_audience(connection, amazon.audience_request(ADVERTISER, NAMED))
    assert caught.value.may_have_happened


def test_an_ad_account_of_another_region_is_reached_there(connection, edge):
    created(edge, api=EU)
    made = amazon.create_audience(connection, amazon.audience_request(f"EU:{ADVERTISER}", NAMED))
    assert asked_of(edge)["targetResource"] == {"advertiserId": int(ADVERTISER)}
    assert made.ad_account_id == f"EU:{ADVERTISER}"


# Marketing Cloud


def terms(edge, *, accepted=True):
    body = {"agreementContent": "<html>", "agreementToken": "t", "hasAccepted": accepted}
    edge.get(f"{CONNECTIONS}/terms", json=body)


def connections(edge, *found):
    edge.get(CONNECTIONS, json={"connections": list(found)})


def test_terms_that_are_not_accepted_are_asked_of_the_person_and_never_accepted(connection, edge):
    terms(edge, accepted=False)
    with pytest.raises(PermissionMissing) as caught:
        amazon.create_audience(connection, amazon.audience_request(ADVERTISER, IN_AMC))
    assert "person who authorized must read and accept them" in caught.value.message
    assert [call.request.method for call in edge.calls] == ["GET"]


def test_a_connection_that_is_there_is_used(connection, edge):
    terms(edge)
    other = {**PART, "connectionId": "with-dsp", "dspAdvertiserId": ADVERTISER}
    connections(edge, other, {**PART, "connectionId": "right"}, {"no": "id"})
    created(edge)
    amazon.create_audience(connection, amazon.audience_request(ADVERTISER, IN_AMC))
    assert asked_of(edge)["targetResource"] == {"connectionId": "right"}


def test_a_connection_that_is_not_there_is_made_and_is_not_the_default(connection, edge):
    terms(edge)
    connections(edge)
    edge.post(CONNECTIONS, status=201, json={"connectionId": "new"})
    created(edge)
    amazon.create_audience(connection, amazon.audience_request(ADVERTISER, IN_AMC))
    made = edge.calls[2].request
    assert made.headers["Content-Type"] == "application/vnd.amcaudiencesconnections.v1+json"
    assert json.loads(made.body) == {**PART, "isDefault": False}
    assert asked_of(edge)["targetResource"] == {"connectionId": "new"}


def test_a_connection_to_both_names_the_advertiser_and_its_profile_as_texts(connection, edge):
    terms(edge)
    connections(edge, {**PART, "connectionId": "amc-alone"})
    agency = {"profileId": 33, "accountInfo": {"type": "agency", "id": "E"}}
    edge.get(f"{API}/v2/profiles", json=[agency])
    row = {"advertiserId": ADVERTISER, "name": "Acme"}
    edge.get(f"{API}/dsp/advertisers", json={"totalResults": 1, "response": [row]})
    edge.post(CONNECTIONS, status=201, json={"connectionId": "both"})
    created(edge)
    settings = {**IN_AMC, "send_to": "both"}
    amazon.create_audience(connection, amazon.audience_request(ADVERTISER, settings))
    dsp = {"dspAdvertiserId": ADVERTISER, "dspProfileId": "33"}
    assert asked_of(edge, 4) == {**PART, **dsp, "isDefault": False}


def test_an_amc_account_among_the_ad_accounts_needs_not_be_typed(connection, edge):
    terms(edge)
    connections(edge, {**PART, "connectionId": "right"})
    created(edge)
    settings = {name: value for name, value in IN_AMC.items() if name != "amc_account"}
    amazon.create_audience(connection, amazon.audience_request("ENTITY7AMC", settings))
    assert asked_of(edge)["targetResource"] == {"connectionId": "right"}


def test_an_ad_account_that_does_not_go_where_it_is_sent_is_said(connection, edge):
    for account, send_to in (("ENTITY7AMC", "dsp"), ("ENTITY7AMC", "both")):
        request = amazon.audience_request(account, {**IN_AMC, "send_to": send_to})
        with pytest.raises(BadRequest):
            amazon.create_audience(connection, request)
    assert len(edge.calls) == 0


def test_trouble_with_the_connection_has_created_no_audience(connection, edge):
    terms(edge)
    connections(edge)
    edge.post(CONNECTIONS, status=500, json={"message": "x"})
    with pytest.raises(PlatformDown) as caught:
        amazon.create_audience(connection, amazon.audience_request(ADVERTISER, IN_AMC))
    assert not caught.value.may_have_happened


# Reading


def audience(**more):
    return {"audienceId": int(AUDIENCE), "name": "Buyers", "metadata": {}, **more}


BY_ID = AudienceRequest(ADVERTISER, "", existing_id=AUDIENCE)
BY_ID_IN_AMC = AudienceRequest(ADVERTISER, "", existing_id=AUDIENCE, settings={"send_to": "both"})


@pytest.mark.parametrize(
    "target",
    [
        {"targetResource": {"advertiserId": int(ADVERTISER)}},
        {"advertiserId": int(ADVERTISER)},
        {"advertiserId": ADVERTISER},
        {},
    ],
)
def test_an_audience_is_found_by_its_id(connection, edge, target):
    edge.get(f"{METADATA}/{AUDIENCE}", json=audience(**target))
    assert amazon.find_audience(connection, BY_ID).id == AUDIENCE


def test_an_audience_is_never_found_by_its_name(connection, edge):
    assert amazon.find_audience(connection, AudienceRequest(ADVERTISER, "Spring buyers")) is None
    assert not amazon.audiences_can_be_looked_up
    assert len(edge.calls) == 0


def test_an_audience_of_another_advertiser_is_not_taken(connection, edge):
    edge.get(f"{METADATA}/{AUDIENCE}", json=audience(advertiserId=585806696618603000))
    with pytest.raises(NotThere):
        amazon.find_audience(connection, BY_ID)


@pytest.mark.parametrize(
    ("advertiser", "is_ours"), [(ADVERTISER, True), ("1", False), (None, True)]
)
def test_an_audience_of_a_connection_is_its_advertisers(connection, edge, advertiser, is_ours):
    edge.get(f"{METADATA}/{AUDIENCE}", json=audience(targetResource={"connectionId": "c"}))
    found = [{"connectionId": "b", "dspAdvertiserId": "9"}]
    found.append({"connectionId": "c", "dspAdvertiserId": advertiser})
    match = [matchers.query_param_matcher({"connectionId": "c"})]
    edge.get(CONNECTIONS, json={"connections": found}, match=match)
    if is_ours:
        assert amazon.find_audience(connection, BY_ID_IN_AMC).id == AUDIENCE
    else:
        with pytest.raises(NotThere):
            amazon.find_audience(connection, BY_ID_IN_AMC)


@pytest.mark.parametrize(("amc", "is_ours"), [("ENTITY7AMC", True), ("ENTITYOTHER", False)])
def test_an_audience_of_a_connection_is_its_amc_accounts(connection, edge, amc, is_ours):
    edge.get(f"{METADATA}/{AUDIENCE}", json=audience(targetResource={"connectionId": "c"}))
    connections(edge, {"connectionId": "c", "amcAccountId": amc, "dspAdvertiserId": "1"})
    request = AudienceRequest("ENTITY7AMC", "", existing_id=AUDIENCE, settings={"send_to": "amc"})
    if is_ours:
        assert amazon.find_audience(connection, request).id == AUDIENCE
    else:
        with pytest.raises(NotThere):
            amazon.find_audience(connection, request)


@pytest.mark.parametrize(
    ("target", "send_to", "words"),
    [
        ({"connectionId": "c"}, "dsp", "goes to AMC"),
        ({"connectionId": "c"}, "", "goes to AMC"),
        ({"advertiserId": int(ADVERTISER)}, "both", "does not go to AMC"),
    ],
)
def test_an_audience_must_go_where_the_form_sends_it(connection, edge, target, send_to, words):
    edge.get(f"{METADATA}/{AUDIENCE}", json=audience(targetResource=target))
    request = AudienceRequest(ADVERTISER, "", AUDIENCE, settings={"send_to": send_to})
    with pytest.raises(BadRequest) as caught:
        amazon.find_audience(connection, request)
    assert words in caught.value.message


def test_an_id_that_is_not_there_is_never_created_instead(connection, edge):
    edge.get(f"{METADATA}/{AUDIENCE}", status=404, json={"message": "audienceId not found"})
    with pytest.raises(NotThere):
        amazon.find_audience(connection, BY_ID)


@pytest.mark.parametrize(
    ("sizes", "state", "size", "usable"),
    [
        ({"dspAudienceSize": -1, "idResolutionCount": -1}, "processing", None, None),
        ({"dspAudienceSize": -1, "receivedRecordSize": 6000}, "processing", None, None),
        ({"dspAudienceSize": 1999, "idResolutionCount": 5000}, "too few users", 1999, False),
        ({"dspAudienceSize": 2000}, "ready", 2000, True),
        ({"dspAudienceSize": -1, "idResolutionCount": 7}, "too few users", 7, False),
        (None, "processing", None, None),
    ],
)
def test_the_state_is_made_of_the_sizes(connection, edge, sizes, state, size, usable):
    body = audience(metadata={"ttl": 1, "audienceSize": sizes, "new": [1]})
    edge.get(f"{METADATA}/{AUDIENCE}", json=body)
    now = amazon.audience_status(connection, Audience(AUDIENCE, "Buyers", ADVERTISER))
    assert (now.state, now.size, now.usable) == (state, size, usable)
