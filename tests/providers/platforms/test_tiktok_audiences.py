"""Audiences at TikTok: found, created, filled by the Segment API, asked for."""

import hashlib
import json

import pytest
from responses import matchers

from providers.app import App
from providers.errors import BadRequest, NotThere, PermissionMissing, UnknownAnswer
from providers.platforms.tiktok import TikTok
from providers.platforms.tiktok.answers import API
from providers.secret import Secret
from providers.values import Audience, AudienceRequest, Batch, Tokens

LIST = f"{API}/dmp/custom_audience/list/"
GET = f"{API}/dmp/custom_audience/get/"
SEGMENT = f"{API}/segment/audience/"
MAPPING = f"{API}/segment/mapping/"
AUDIENCE = Audience("888888888", "Buyers", "42884288")
BUYERS = AudienceRequest("42884288", "Buyers")

tiktok = TikTok()


@pytest.fixture
def connection():
    app = App("7000000000000000001", Secret("client-secret-text"))
    return tiktok.connect(app, Tokens(Secret("token")), {})


def said(data=None, code=0, message="OK"):
    return {"code": code, "message": message, "request_id": "r-1", "data": data}


def row(id_="888888888", name="Buyers", **more):
    told = {"audience_id": id_, "name": name, "audience_type": "Partner", "is_creator": True}
    return {**told, "create_time": "2026-08-03 16:27:49", **more}


def listed(*rows, page=1, pages=1):
    return said({"list": list(rows), "page_info": {"page": page, "total_page": pages}})


def test_an_audience_is_found_by_its_exact_name_on_a_later_page(connection, edge):
    for page, found in ((1, row("1", "buyers")), (2, row())):
        asked = {"advertiser_id": "42884288", "page": page, "page_size": 100}
        edge.get(
            LIST,
            json=listed(found, page=page, pages=2),
            match=[matchers.query_param_matcher(asked)],
        )
    found = tiktok.find_audience(connection, BUYERS)
    assert (found.id, found.ad_account_id) == ("888888888", "42884288")


def test_of_one_name_the_newest_own_segment_is_meant(connection, edge):
    older = row("1", create_time="2026-01-01 00:00:00")
    file = row("2", audience_type="Customer File Audience", create_time="2026-12-01 00:00:00")
    shared = row("3", is_creator=False, create_time="2026-12-01 00:00:00")
    edge.get(LIST, json=listed(older, row(), file, shared))
    assert tiktok.find_audience(connection, BUYERS).id == "888888888"


@pytest.mark.parametrize("kind", ["Partner", "partner", "Partner Audience", None])
def test_a_segment_goes_by_several_words(connection, edge, kind):
    edge.get(LIST, json=listed(row(audience_type=kind)))
    assert tiktok.find_audience(connection, BUYERS).id == "888888888"


def test_a_name_that_is_not_there_gives_none(connection, edge):
    edge.get(LIST, json=listed())
    assert tiktok.find_audience(connection, BUYERS) is None


def test_a_list_whose_pages_never_end_ends(connection, edge):
    edge.get(LIST, json=listed(row("1", "other"), pages=2))
    edge.get(LIST, json=listed(page=2, pages=10**9))
    assert tiktok.find_audience(connection, BUYERS) is None
    assert len(edge.calls) == 2


DETAILS = {
    "audience_id": "888888888",
    "name": "Buyers",
    "type": "Partner",
    "cover_num": 0,
    "is_valid": False,
    "is_expiring": False,
    "msg": None,
    "error_msg": None,
}


def shown(**more):
    return said({"list": [{"audience_details": {**DETAILS, **more}, "audience_history": []}]})


def test_an_audience_is_found_by_its_id_in_its_ad_account(connection, edge):
    edge.get(GET, json=shown())
    found = tiktok.find_audience(connection, AudienceRequest("42884288", "", "888888888"))
    assert (found.id, found.name, found.ad_account_id) == ("888888888", "Buyers", "42884288")
    assert edge.calls[0].request.params == {
        "advertiser_id": "42884288",
        "custom_audience_ids": '["888888888"]',
    }


def test_an_id_of_another_ad_accounts_audience_is_not_taken(connection, edge):
    edge.get(GET, json=shown(is_creator=False))
    with pytest.raises(BadRequest) as caught:
        tiktok.find_audience(connection, AudienceRequest("42884288", "", "888888888"))
    assert "shared by another ad account" in caught.value.message


@pytest.mark.parametrize("data", [{"list": []}, {"list": None}, {"list": [{}]}])
def test_an_id_that_is_not_there_is_never_created_instead(connection, edge, data):
    edge.get(GET, json=said(data))
    with pytest.raises(NotThere):
        tiktok.find_audience(connection, AudienceRequest("42884288", "", "888888888"))


@pytest.mark.parametrize(
    ("told", "state", "usable", "size"),
    [
        ({}, "processing", False, 0),
        ({"cover_num": 900}, "too few users", False, 900),
        ({"cover_num": 5000, "is_valid": True}, "ready", True, 5000),
        ({"is_valid": True, "is_expiring": True}, "ready, expires soon", True, 0),
        ({"error_msg": "Bad file"}, "failed", False, 0),
        ({"is_valid": None, "cover_num": None}, "processing", None, None),
    ],
)
def test_the_state_is_said_in_a_word(connection, edge, told, state, usable, size):
    edge.get(GET, json=shown(**told))
    now = tiktok.audience_status(connection, AUDIENCE)
    assert (now.state, now.usable, now.size) == (state, usable, size)


def test_a_segment_is_created(connection, edge):
    edge.post(SEGMENT, json=said({"audience_id": "888888888"}))
    made = tiktok.create_audience(connection, BUYERS)
    assert made == AUDIENCE
    assert json.loads(edge.calls[0].request.body) == {
        "advertiser_id": "42884288",
        "action": "create",
        "custom_audience_name": "Buyers",
    }


@pytest.mark.parametrize("data", [None, {}, {"audience_id": None}, {"audience_id": ""}])
def test_a_creation_that_names_no_audience_may_have_happened(connection, edge, data):
    edge.post(SEGMENT, json=said(data))
    with pytest.raises(UnknownAnswer) as caught:
        tiktok.create_audience(connection, BUYERS)
    assert caught.value.may_have_happened


def test_a_role_that_does_not_suffice_is_said_in_tiktoks_words(connection, edge):
    words = "You must be an admin or operator of this advertiser account."
    edge.post(SEGMENT, json=said({}, 40001, words))
    with pytest.raises(PermissionMissing) as caught:
        tiktok.create_audience(connection, BUYERS)
    assert words in caught.value.message
    assert not caught.value.may_have_happened


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("act", "action"), [("add", "add"), ("remove", "delete")])
def test_each_identifier_stands_in_its_types_place(connection, edge, act, action):
    """A missing one leaves an empty object: without it, those behind it would change their type."""
    edge.post(MAPPING, json=said({}))
    types = ("phone", "email", "apple_ad_id", "android_ad_id")
    rows = [
        (digest("p1"), digest("e1"), digest("i1"), digest("a1")),
        (None, digest("e2"), None, None),
        (None, None, None, digest("a3")),
    ]
    receipt = getattr(tiktok, act)(connection, AUDIENCE, Batch(types, rows))
    sent = edge.calls[0].request
    assert sent.headers["Content-Type"] == "application/json"
    assert json.loads(sent.body) == {
        "advertiser_ids": ["42884288"],
        "action": action,
        "id_schema": ["PHONE_SHA256", "EMAIL_SHA256", "IDFA_SHA256", "AAID_SHA256"],
        "batch_data": [
            [{"id": cell, "audience_ids": ["888888888"]} if cell else {} for cell in row]
            for row in rows
        ],
    }
    assert (receipt.accepted, receipt.request_id, receipt.facts) == (3, "r-1", {})


def test_one_type_alone_goes_one_a_user(connection, edge):
    edge.post(MAPPING, json=said({}))
    rows = [(digest(str(number)),) for number in range(1_000)]
    tiktok.add(connection, AUDIENCE, Batch(("email",), rows))
    body = json.loads(edge.calls[0].request.body)
    assert body["id_schema"] == ["EMAIL_SHA256"]
    assert [user[0]["id"] for user in body["batch_data"]] == [one for (one,) in rows]
    assert {len(user) for user in body["batch_data"]} == {1}


def test_a_partial_success_is_one_and_is_noted(connection, edge):
    edge.post(MAPPING, json=said({}, 20001, "Partially successful."))
    receipt = tiktok.add(connection, AUDIENCE, Batch(("email",), [(digest("e"),)]))
    assert (receipt.accepted, receipt.facts) == (1, {"partially": "Partially successful."})


def test_http_200_with_a_code_is_no_delivery(connection, edge):
    edge.post(MAPPING, json=said({}, 40002, "id_schema: Duplicate values"))
    with pytest.raises(BadRequest) as caught:
        tiktok.add(connection, AUDIENCE, Batch(("email",), [(digest("e"),)]))
    assert "Duplicate values" in caught.value.message


def test_columns_that_do_not_tell_apple_from_android_are_not_taken():
    columns = {name for one in tiktok.identifiers for name in one.column_names}
    assert not columns & {"maid", "mobileadid", "adid", "deviceid"}
    assert {"idfa", "aaid", "gaid"} <= columns


# The form


@pytest.mark.parametrize(
    ("filled", "field"),
    [
        ({"audience_name": "Buyers"}, None),
        ({"audience_id": "123"}, None),
        ({"audience_name": "Buyers", "audience_id": "123"}, "audience_id"),
        ({"audience_name": " ", "audience_id": ""}, "audience_name"),
        ({}, "audience_name"),
    ],
)
def test_the_form_wants_a_name_or_an_id(filled, field):
    assert list(tiktok.check_destination(filled)) == ([field] if field else [])


def test_the_form_says_which_audience_is_meant():
    named = tiktok.audience_request("42884288", {"audience_name": " Buyers "})
    assert (named.ad_account_id, named.name, named.existing_id) == ("42884288", "Buyers", "")
    assert tiktok.audience_request("42884288", {"audience_id": " 12 "}).existing_id == "12"


def test_a_name_that_tiktok_would_cut_does_not_fit_the_form():
    (name,) = (one for one in tiktok.destination_fields if one.name == "audience_name")
    assert name.max_length == 70
