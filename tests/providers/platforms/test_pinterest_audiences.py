"""Customer lists at Pinterest and the audiences made of them."""

import hashlib
import json

import pytest
import requests
from responses import matchers

from providers.app import App
from providers.errors import (
    BadRequest,
    NotThere,
    PlatformDown,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.platforms.pinterest import Pinterest
from providers.platforms.pinterest.answers import API
from providers.platforms.pinterest.lists import NOBODY
from providers.secret import Secret
from providers.values import Audience, AudienceRequest, Tokens

pinterest = Pinterest()
ACCOUNT = "549756359984"
LISTS = f"{API}/ad_accounts/{ACCOUNT}/customer_lists"
ONE = f"{LISTS}/643"
AUDIENCES = f"{API}/ad_accounts/{ACCOUNT}/audiences"
LIST = {
    "ad_account_id": ACCOUNT,
    "created_time": 1452208622,
    "exceptions": {},
    "id": "643",
    "name": "Buyers",
    "num_batches": 2,
    "num_removed_user_records": 1,
    "num_uploaded_user_records": 1,
    "status": "PROCESSING",
    "type": "customerlist",
    "updated_time": 1461269616,
}
TARGET = {
    "ad_account_id": ACCOUNT,
    "id": "1234",
    "name": "Buyers",
    "audience_type": "CUSTOMER_LIST",
    "rule": {"customer_list_id": "643"},
    "size": None,
    "status": "INITIALIZING",
    "type": "audience",
}
BUYERS = AudienceRequest(ACCOUNT, "Buyers")
KNOWN = Audience("643", "Buyers", ACCOUNT)
TOO_SMALL = {"code": 1, "message": "The customer list is too small."}


@pytest.fixture
def connection():
    app = App("client", Secret("client-secret-text"))
    return pinterest.connect(app, Tokens(Secret("pina_AQEFRV")), {})


def sent(edge, number):
    return json.loads(edge.calls[number].request.body)


def listed(edge, url, *items, bookmark=None, match=()):
    edge.get(url, json={"items": list(items), "bookmark": bookmark}, match=match)


# Creating


@pytest.mark.parametrize(
    ("identifiers", "list_type"),
    [
        ((), "EMAIL"),
        (("email",), "EMAIL"),
        (("android_ad_id",), "MAID"),
        (("apple_ad_id",), "IDFA"),
    ],
)
def test_a_list_is_created_with_nobody_emptied_and_made_an_audience(
    connection, edge, identifiers, list_type
):
    edge.post(LISTS, json={**LIST, "num_batches": 1, "num_removed_user_records": 0})
    edge.patch(ONE, json=LIST)
    edge.post(AUDIENCES, json=TARGET)
    request = AudienceRequest(ACCOUNT, "Buyers", identifiers=identifiers)
    made = pinterest.create_audience(connection, request)
    assert sent(edge, 0) == {"name": "Buyers", "records": NOBODY, "list_type": list_type}
    assert sent(edge, 1) == {"operation_type": "REMOVE", "records": NOBODY}
    assert sent(edge, 2) == {
        "name": "Buyers",
        "audience_type": "CUSTOMER_LIST",
        "rule": {"customer_list_id": "643"},
    }
    assert (made.id, made.ad_account_id, made.state) == ("643", ACCOUNT, "processing")
    assert hashlib.sha256(b"nobody@example.invalid").hexdigest() == NOBODY


def test_the_description_is_the_audiences(connection, edge):
    edge.post(LISTS, json=LIST)
    edge.patch(ONE, json=LIST)
    edge.post(AUDIENCES, json=TARGET)
    settings = {"audience_name": " Buyers ", "description": " Spring "}
    pinterest.create_audience(connection, pinterest.audience_request(ACCOUNT, settings))
    assert "description" not in sent(edge, 0)
    assert sent(edge, 2)["description"] == "Spring"


@pytest.mark.parametrize(
    "how", [{"status": 400, "json": TOO_SMALL}, {"status": 500}, {"body": requests.Timeout()}]
)
def test_an_audience_that_is_refused_at_first_is_pending_and_the_list_is_good(
    connection, edge, how
):
    edge.post(LISTS, json=LIST)
    edge.patch(ONE, json=LIST)
    edge.post(AUDIENCES, **how)
    made = pinterest.create_audience(connection, BUYERS)
    assert (made.id, made.state, made.usable) == ("643", "processing, audience pending", False)


@pytest.mark.parametrize("body", [{}, {"name": "no id"}, {"id": None}])
def test_a_creation_that_names_no_list_may_have_happened(connection, edge, body):
    edge.post(LISTS, json=body)
    with pytest.raises(UnknownAnswer) as caught:
        pinterest.create_audience(connection, BUYERS)
    assert caught.value.may_have_happened


@pytest.mark.parametrize(
    ("how", "waits"),
    [
        ({"status": 401, "json": {"code": 2, "message": "Authentication failed."}}, None),
        ({"status": 429, "headers": {"Retry-After": "9"}}, 9),
        ({"status": 400, "json": TOO_SMALL}, None),
        ({"body": requests.Timeout()}, None),
    ],
)
def test_a_list_that_is_half_made_is_looked_up_and_never_made_again(connection, edge, how, waits):
    # A rejected token, said as such, would be renewed and the creation repeated.
    edge.post(LISTS, json=LIST)
    edge.patch(ONE, **how)
    with pytest.raises(PlatformDown) as caught:
        pinterest.create_audience(connection, BUYERS)
    assert caught.value.may_have_happened
    assert caught.value.retry_after == waits
    assert not isinstance(caught.value, TokenRejected | Throttled)


# Finding


def test_a_list_is_found_by_its_exact_name_on_a_later_page(connection, edge):
    asked = {"order": "DESCENDING", "page_size": "250"}
    listed(
        edge,
        LISTS,
        {**LIST, "id": "9", "name": "buyers"},
        bookmark="b2",
        match=[matchers.query_param_matcher(asked)],
    )
    second = [matchers.query_param_matcher({**asked, "bookmark": "b2"})]
    listed(edge, LISTS, {**LIST, "id": "8", "name": "Buyers 2"}, LIST, match=second)
    listed(edge, AUDIENCES, {**TARGET, "status": "READY", "size": 1500})
    found = pinterest.find_audience(connection, BUYERS)
    assert (found.id, found.size) == ("643", 1500)


def test_of_one_name_the_newest_list_is_meant(connection, edge):
    listed(edge, LISTS, LIST, {**LIST, "id": "12"})
    listed(edge, AUDIENCES, {**TARGET, "rule": {"customer_list_id": "12"}}, TARGET)
    assert pinterest.find_audience(connection, BUYERS).id == "643"


@pytest.mark.parametrize(
    ("told", "id_"), [("EMAIL", "12"), ("IDFA", "643"), (None, "643"), ("", "643")]
)
def test_a_list_that_tells_another_type_is_not_taken_by_its_name(connection, edge, told, id_):
    # Pinterest's OpenAPI file names no type in what is read.
    listed(edge, LISTS, {**LIST, "list_type": told}, {**LIST, "id": "12", "list_type": "IDFA"})
    listed(edge, AUDIENCES)
    by_apple_ids = AudienceRequest(ACCOUNT, "Buyers", identifiers=("apple_ad_id",))
    assert pinterest.find_audience(connection, by_apple_ids).id == id_


def test_a_name_whose_only_list_is_of_another_type_may_be_created(connection, edge):
    listed(edge, LISTS, {**LIST, "list_type": "EMAIL"})
    by_android_ids = AudienceRequest(ACCOUNT, "Buyers", identifiers=("android_ad_id",))
    assert pinterest.find_audience(connection, by_android_ids) is None


def test_a_name_that_is_not_there_gives_none(connection, edge):
    listed(edge, LISTS)
    assert pinterest.find_audience(connection, BUYERS) is None


def test_a_list_whose_creation_was_cut_off_is_emptied_when_it_is_found(connection, edge):
    half = {**LIST, "num_batches": 1, "num_removed_user_records": 0}
    listed(edge, LISTS, half)
    edge.patch(ONE, json=LIST)
    listed(edge, AUDIENCES)
    assert pinterest.find_audience(connection, BUYERS).id == "643"
    assert sent(edge, 1) == {"operation_type": "REMOVE", "records": NOBODY}


@pytest.mark.parametrize(
    "counters", [{}, {"num_batches": 1, "num_uploaded_user_records": 5}, {"num_batches": None}]
)
def test_nothing_is_written_to_a_list_that_is_found_whole(connection, edge, counters):
    listed(edge, LISTS, {**LIST, **counters})
    listed(edge, AUDIENCES)
    pinterest.find_audience(connection, BUYERS)
    assert {call.request.method for call in edge.calls} == {"GET"}


BY_ID = AudienceRequest(ACCOUNT, "", existing_id="643")


def test_a_list_is_found_by_its_id(connection, edge):
    edge.get(ONE, json=LIST)
    listed(edge, AUDIENCES, TARGET)
    assert pinterest.find_audience(connection, BY_ID).name == "Buyers"


def test_a_list_of_another_ad_account_is_not_taken(connection, edge):
    edge.get(ONE, json={**LIST, "ad_account_id": "1"})
    with pytest.raises(NotThere):
        pinterest.find_audience(connection, BY_ID)


def test_a_list_that_tells_another_type_is_not_taken_by_its_id(connection, edge):
    edge.get(ONE, json={**LIST, "list_type": "MAID"})
    with pytest.raises(BadRequest, match="of another identifier"):
        pinterest.find_audience(connection, BY_ID)


def test_an_id_that_is_not_there_is_never_created_instead(connection, edge):
    gone = {"code": 40, "message": "Not found."}
    edge.get(ONE, status=404, json=gone, headers={"x-pinterest-rid": "77"})
    with pytest.raises(NotThere) as caught:
        pinterest.find_audience(connection, BY_ID)
    assert (caught.value.code, caught.value.request_id) == ("40", "77")


# Status

FULL = {**TARGET, "status": "READY", "size": 1500}


@pytest.mark.parametrize(
    ("of_list", "targets", "state", "usable", "size"),
    [
        ("PROCESSING", [TARGET], "processing", False, None),
        ("UPLOADING", [FULL], "uploading", True, 1500),
        ("READY", [FULL], "ready", True, 1500),
        ("READY", [{**TARGET, "status": "TOO_SMALL", "size": 3}], "too small", False, 3),
        ("TOO_SMALL", [], "too small, audience pending", False, None),
        ("PROCESSING", [{**FULL, "rule": None}], "processing, audience pending", False, None),
        ("READY", [{**TARGET, "status": None}], "ready", None, None),
    ],
)
def test_the_state_is_the_word_that_says_most(
    connection, edge, of_list, targets, state, usable, size
):
    edge.get(ONE, json={**LIST, "status": of_list})
    asked = {"ownership_type": "OWNED", "order": "DESCENDING", "page_size": "250"}
    listed(edge, AUDIENCES, *targets, match=[matchers.query_param_matcher(asked)])
    now = pinterest.audience_status(connection, KNOWN)
    assert (now.state, now.usable, now.size) == (state, usable, size)
    assert (now.id, now.ad_account_id) == ("643", ACCOUNT)


def test_an_audience_that_was_pending_is_made_once_the_list_is_ready(connection, edge):
    edge.get(ONE, json={**LIST, "status": "READY"})
    listed(edge, AUDIENCES, {**TARGET, "rule": {"customer_list_id": "1"}})
    edge.post(AUDIENCES, json=TARGET)
    known = Audience("643", "Buyers", ACCOUNT, settings={"description": "Spring"})
    now = pinterest.audience_status(connection, known)
    assert sent(edge, 2)["rule"] == {"customer_list_id": "643"}
    assert sent(edge, 2)["description"] == "Spring"
    assert now.state == "initializing"


def test_an_audience_that_stays_refused_leaves_the_status_readable(connection, edge):
    edge.get(ONE, json={**LIST, "status": "READY"})
    listed(edge, AUDIENCES)
    edge.post(AUDIENCES, status=400, json=TOO_SMALL)
    assert pinterest.audience_status(connection, KNOWN).state == "ready, audience pending"
