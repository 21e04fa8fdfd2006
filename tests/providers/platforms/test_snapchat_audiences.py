"""Segments at Snapchat: found, created, filled, emptied, asked for."""

import hashlib
import json

import pytest
from responses import matchers

from providers.app import App
from providers.errors import NotThere, PermissionMissing, UnknownAnswer
from providers.platforms.snapchat import API, Snapchat
from providers.secret import Secret
from providers.values import Audience, AudienceRequest, Batch, Tokens

SEGMENT = {
    "id": "5677923948298240",
    "name": "Buyers",
    "ad_account_id": "a1",
    "status": "PENDING",
    "source_type": "FIRST_PARTY",
    "created_at": "2026-08-12T22:59:42.405Z",
}
AUDIENCE = Audience("5677923948298240", "Buyers", "a1")


snapchat = Snapchat()


@pytest.fixture
def connection():
    app = App("client", Secret("client-secret-text"))
    return snapchat.connect(app, Tokens(Secret("access-0.MGQC")), {})


def envelope(plural, kind, *things, **more):
    items = [{"sub_request_status": "SUCCESS", kind: thing} for thing in things]
    return {"request_status": "SUCCESS", "request_id": "r-1", plural: items, **more}


def segments(*things, **more):
    return envelope("segments", "segment", *things, **more)


LIST = f"{API}/adaccounts/a1/segments"
BUYERS = AudienceRequest("a1", "Buyers")


def test_a_segment_is_found_by_its_exact_name_on_a_later_page(connection, edge):
    other = {**SEGMENT, "id": "1", "name": "buyers"}
    paging = {"paging": {"next_link": f"{LIST}?cursor=2"}}
    edge.get(
        LIST, json=segments(other, **paging), match=[matchers.query_param_matcher({"limit": 1000})]
    )
    edge.get(LIST, json=segments(SEGMENT), match=[matchers.query_param_matcher({"cursor": "2"})])
    assert snapchat.find_audience(connection, BUYERS).id == SEGMENT["id"]


def test_of_one_name_the_newest_uploaded_segment_is_meant(connection, edge):
    older = {**SEGMENT, "id": "1", "created_at": "2026-01-01T00:00:00.000Z"}
    pixel = {**SEGMENT, "id": "2", "source_type": "PIXEL", "created_at": "2026-12-01T00:00:00Z"}
    edge.get(LIST, json=segments(older, SEGMENT, pixel))
    assert snapchat.find_audience(connection, BUYERS).id == SEGMENT["id"]


def test_a_name_that_is_not_there_gives_none(connection, edge):
    edge.get(LIST, json=segments())
    assert snapchat.find_audience(connection, BUYERS) is None


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/v1/next", "http://adsapi.snapchat.com/v1/next", LIST, "/v1/next", "x"],
)
def test_a_next_page_elsewhere_is_not_visited_with_the_token(connection, edge, link):
    edge.get(LIST, json=segments(SEGMENT, paging={"next_link": link}))
    with pytest.raises(UnknownAnswer):
        snapchat.find_audience(connection, BUYERS)
    assert len(edge.calls) == 1


BY_ID = AudienceRequest("a1", "", existing_id=SEGMENT["id"])


def test_a_segment_is_found_by_its_id(connection, edge):
    edge.get(f"{API}/segments/{SEGMENT['id']}", json=segments(SEGMENT))
    assert snapchat.find_audience(connection, BY_ID).name == "Buyers"


def test_a_segment_of_another_ad_account_is_not_taken(connection, edge):
    edge.get(
        f"{API}/segments/{SEGMENT['id']}", json=segments({**SEGMENT, "ad_account_id": "other"})
    )
    with pytest.raises(NotThere):
        snapchat.find_audience(connection, BY_ID)


def test_an_id_that_is_not_there_is_never_created_instead(connection, edge):
    gone = {"request_status": "ERROR", "error_code": "E3003", "request_id": "r-9"}
    edge.get(f"{API}/segments/{SEGMENT['id']}", status=404, json=gone)
    with pytest.raises(NotThere) as caught:
        snapchat.find_audience(connection, BY_ID)
    assert (caught.value.code, caught.value.request_id) == ("E3003", "r-9")


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"audience_name": " Buyers "}, {"retention_in_days": 9999}),
        ({"audience_name": "Buyers", "retention_days": ""}, {"retention_in_days": 9999}),
        (
            {"audience_name": "Buyers", "retention_days": "180", "description": " Spring "},
            {"retention_in_days": 180, "description": "Spring"},
        ),
    ],
)
def test_a_segment_is_created(connection, edge, settings, asked):
    edge.post(LIST, json=segments({**SEGMENT, "approximate_number_users": 0}))
    request = snapchat.audience_request("a1", settings)
    made = snapchat.create_audience(connection, request)
    fixed = {"name": "Buyers", "source_type": "FIRST_PARTY", "ad_account_id": "a1"}
    assert json.loads(edge.calls[0].request.body) == {"segments": [{**fixed, **asked}]}
    assert (made.id, made.ad_account_id, made.state, made.size) == (
        SEGMENT["id"],
        "a1",
        "pending",
        0,
    )


@pytest.mark.parametrize("body", [segments(), segments({"name": "no id"}), segments({"id": None})])
def test_a_creation_that_names_no_segment_may_have_happened(connection, edge, body):
    edge.post(LIST, json=body)
    with pytest.raises(UnknownAnswer) as caught:
        snapchat.create_audience(connection, BUYERS)
    assert caught.value.may_have_happened


def digests(count):
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]


def batch(key, count):
    return Batch((key,), [(digest,) for digest in digests(count)])


USERS = f"{API}/segments/{SEGMENT['id']}/users"


@pytest.mark.parametrize(
    ("key", "schema"),
    [
        ("email", "EMAIL_SHA256"),
        ("phone", "PHONE_SHA256"),
        ("mobile_ad_id", "MOBILE_AD_ID_SHA256"),
    ],
)
@pytest.mark.parametrize(("act", "method"), [("add", "POST"), ("remove", "DELETE")])
def test_identifiers_go_one_a_row_with_the_body_in_both_ways(
    connection, edge, act, method, key, schema
):
    taken = {"number_uploaded_users": 3}
    edge.add(method, USERS, json=envelope("users", "user", taken))
    receipt = getattr(snapchat, act)(connection, AUDIENCE, batch(key, 3))
    sent = edge.calls[0].request
    rows = [[digest] for digest in digests(3)]
    assert json.loads(sent.body) == {"users": [{"schema": [schema], "data": rows}]}
    assert sent.headers["Content-Type"] == "application/json"
    assert (receipt.accepted, receipt.request_id) == (3, "r-1")


def test_a_full_batch_is_the_json_that_an_encoder_would_write(connection, edge):
    full = batch("email", 100_000)
    edge.post(USERS, json=envelope("users", "user", {"number_uploaded_users": 100_000}))
    snapchat.add(connection, AUDIENCE, full)
    body = edge.calls[0].request.body
    compact = {"users": [{"schema": ["EMAIL_SHA256"], "data": [list(row) for row in full.rows]}]}
    assert body == json.dumps(compact, separators=(",", ":")).encode()


def test_a_receipt_without_a_count_is_not_believed(connection, edge):
    edge.post(USERS, json=envelope("users", "user", {"uploaded": 3}))
    with pytest.raises(UnknownAnswer):
        snapchat.add(connection, AUDIENCE, batch("email", 3))


def test_clearing_removes_all_users(connection, edge):
    url = f"{API}/segments/{SEGMENT['id']}/all_users"
    edge.delete(url, json=segments({**SEGMENT, "approximate_number_users": 0}))
    assert snapchat.clear(connection, AUDIENCE).request_id == "r-1"


@pytest.mark.parametrize(
    ("said", "state", "usable"),
    [
        ({"status": "PENDING"}, "pending", None),
        ({"status": "ACTIVE", "targetable_status": "READY"}, "ready", True),
        ({"targetable_status": "TOO_FEW_USERS"}, "too few users", False),
        ({"targetable_status": "NOT_READY", "upload_status": "PROCESSING"}, "processing", False),
        ({"targetable_status": "READY", "upload_status": "COMPLETE"}, "ready", True),
        ({"status": None}, "", None),
    ],
)
def test_the_state_is_the_word_that_says_most(connection, edge, said, state, usable):
    edge.get(
        f"{API}/segments/{SEGMENT['id']}",
        json=segments({**SEGMENT, **said, "approximate_number_users": 1500, "new_field": {}}),
    )
    now = snapchat.audience_status(connection, AUDIENCE)
    assert (now.state, now.usable, now.size) == (state, usable, 1500)


# The form


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"audience_name": "Buyers"}, None),
        ({"segment_id": "123"}, None),
        ({"audience_name": "Buyers", "segment_id": "123"}, "segment_id"),
        ({"audience_name": " ", "segment_id": ""}, "audience_name"),
        ({}, "audience_name"),
    ],
)
def test_the_form_wants_a_name_or_an_id(settings, field):
    assert list(snapchat.check_destination(settings)) == ([field] if field else [])


def test_the_form_says_which_segment_is_meant():
    named = snapchat.audience_request("a1", {"audience_name": " Buyers ", "retention_days": "30"})
    assert (named.ad_account_id, named.name, named.existing_id) == ("a1", "Buyers", "")
    assert snapchat.audience_request("a1", {"segment_id": " 12 "}).existing_id == "12"


@pytest.mark.parametrize(
    ("told", "kind", "is_open"),
    [({}, UnknownAnswer, True), ({"error_code": "E3002"}, PermissionMissing, False)],
)
def test_one_thing_in_an_answer_that_is_an_error_as_a_whole_is_not_taken(
    connection, edge, told, kind, is_open
):
    body = {**segments(SEGMENT), "request_status": "ERROR", **told}
    edge.get(f"{API}/segments/{SEGMENT['id']}", json=body)
    edge.post(LIST, json=body)
    with pytest.raises(kind) as read:
        snapchat.audience_status(connection, AUDIENCE)
    with pytest.raises(kind) as made:
        snapchat.create_audience(connection, BUYERS)
    assert (read.value.may_have_happened, made.value.may_have_happened) == (False, is_open)
