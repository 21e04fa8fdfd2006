"""Terms and connections of Amazon Marketing Cloud in the sandbox, by its sheet's section 3."""

import json

import pytest

from tests.sandbox.raw_amazon_ads import (
    AMC_PART,
    CONNECTIONS_TYPE,
    DSP_PART,
    GERMANY,
    ONE,
    RECORDS_TYPE,
    US,
    RawAmazon,
    record,
)


@pytest.fixture
def amazon(sandbox):
    return RawAmazon(sandbox)


def test_terms_are_accepted_by_each_person_for_themselves(amazon):
    tina, ed = amazon.sign_in("Tina Terms"), amazon.sign_in("Ed Editor")
    told = tina.get("amc/audiences/connections/terms").json()
    assert (told["hasAccepted"], bool(told["agreementContent"])) == (False, True)

    def accept(token):
        body = json.dumps({"agreementToken": token, "hasAccepted": True})
        kind = {"Content-Type": CONNECTIONS_TYPE}
        return tina.send("PATCH", "amc/audiences/connections/terms", kind, data=body)

    others = ed.get("amc/audiences/connections/terms").json()["agreementToken"]
    assert accept(others).status_code == 400
    assert accept(told["agreementToken"]).status_code == 204
    assert tina.get("amc/audiences/connections/terms").json()["hasAccepted"] is True


def test_terms_that_are_not_accepted_forbid_marketing_cloud_alone(amazon):
    tina = amazon.sign_in("Tina Terms")
    connection = tina.connect(**DSP_PART).json()["connectionId"]
    answer = tina.create(targetResource={"connectionId": connection})
    assert (answer.status_code, set(answer.json())) == (403, {"message", "requestId"})
    assert tina.create().status_code == 201
    dsp = dict.fromkeys(AMC_PART)
    without = tina.connect(**dsp, **DSP_PART).json()["connectionId"]
    assert tina.create(targetResource={"connectionId": without}).status_code == 201


def test_connections_are_made_listed_and_deleted(amazon):
    ada = amazon.sign_in("Ada Admin")
    made = ada.connect()
    assert made.status_code == 201
    one = made.json()["connectionId"]
    two = ada.connect(**DSP_PART, isDefault=False).json()["connectionId"]

    def listed(**asked):
        found = ada.get("amc/audiences/connections", **asked).json()["connections"]
        return [each["connectionId"] for each in found]

    assert listed() == [one, two]
    assert (listed(isDefault="true"), listed(connectionId=two)) == ([one], [two])
    (only,) = ada.get("amc/audiences/connections", connectionId=one).json()["connections"]
    assert only["clientId"] == amazon.client["client_id"]
    assert only["amcInstanceId"] == AMC_PART["amcInstanceId"]
    path = "amc/audiences/connections"
    assert ada.send("DELETE", path, params={"connectionId": one}).status_code == 204
    assert listed() == [two]
    unknown = ada.send("DELETE", path, params={"connectionId": one})
    assert (unknown.status_code, set(unknown.json())) == (404, {"message", "requestId"})
    others = amazon.sign_in("Mark Cloud").send("DELETE", path, params={"connectionId": two})
    assert (others.status_code, listed()) == (404, [two])
    # Without a name it deletes all there are.
    ada.connect()
    assert ada.send("DELETE", path).status_code == 204
    assert listed() == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        (dict.fromkeys(AMC_PART), 400),
        ({"amcInstanceId": None}, 400),
        ({"amcInstanceId": "amcother"}, 400),
        ({"dspAdvertiserId": str(US)}, 400),
        ({**DSP_PART, "dspProfileId": "1"}, 400),
        ({**DSP_PART, "dspAdvertiserId": US}, 400),
        ({"amcAccountId": "ENTITYOTHER"}, 403),
        ({**DSP_PART, "dspAdvertiserId": str(GERMANY)}, 403),
    ],
)
def test_a_connection_needs_whole_parts_that_the_caller_may_use(amazon, changes, status):
    answer = amazon.sign_in("Ada Admin").connect(**changes)
    assert answer.status_code == status
    assert set(answer.json()) == {"message", "requestId"}


def test_every_error_of_connections_names_the_request(amazon, sandbox):
    ada, path = amazon.sign_in("Ada Admin"), "amc/audiences/connections"
    refused = [ada.post(path, {}, RECORDS_TYPE), ada.post(path, [], CONNECTIONS_TYPE)]
    for fault in ("throttle", "fail"):
        sandbox.fault("amazon_ads", fault)
        refused.append(ada.get(path))
    sandbox.fault("amazon_ads", "expire")
    refused.append(ada.get(f"{path}/terms"))
    assert [each.status_code for each in refused] == [415, 400, 429, 500, 401]
    assert all(set(each.json()) == {"message", "requestId"} for each in refused)


def test_records_of_a_connection_name_it(amazon, sandbox):
    ada = amazon.sign_in("Ada Admin")
    connection = ada.connect(**DSP_PART).json()["connectionId"]
    audience = ada.audience(targetResource={"connectionId": connection})
    types = {"connectionId": connection, "targetTypes": [{}]}
    for target in ({}, {"connectionId": "other"}, {"targetTypes": ["DSP"]}, types):
        assert ada.records(audience, record(), targetResource=target).status_code == 400
    assert ada.records(audience, record()).status_code == 400
    both = {"connectionId": connection, "targetTypes": ["DSP"]}
    assert ada.records(audience, record(), targetResource=both).status_code == 202
    plain = ada.audience()
    assert ada.records(plain, record(), targetResource=both).status_code == 400
    assert {each["held"] for each in sandbox.audiences("amazon_ads")} == {0, 1}
    assert ONE in sandbox.control("GET", f"amazon_ads/audiences/{audience}/members").text
