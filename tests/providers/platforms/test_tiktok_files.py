"""TikTok's file API as its sheet has it: uploading, creating, changing, and what is said then."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from providers.app import App
from providers.errors import BadRequest, NotThere, UnknownAnswer
from providers.platforms.tiktok import TikTok, files
from providers.platforms.tiktok.answers import API
from providers.secret import Secret
from providers.values import Audience, AudienceRequest, Batch, Receipt, Tokens

UPLOAD = f"{API}/dmp/custom_audience/file/upload/"
CREATE = f"{API}/dmp/custom_audience/create/"
UPDATE = f"{API}/dmp/custom_audience/update/"
GET = f"{API}/dmp/custom_audience/get/"
SETTINGS = {"audience_name": "Buyers", "retention_days": "30"}
NOT_YET = Audience("", "Buyers", "42884288", settings=SETTINGS)
AUDIENCE = replace(NOT_YET, id="888888888")
BUYERS = AudienceRequest("42884288", "Buyers", settings=SETTINGS)
NOT_EDITABLE = "Audience is not editable, please check audience status"

tiktok = TikTok()


@pytest.fixture
def connection():
    app = App("7000000000000000001", Secret("client-secret-text"))
    return tiktok.connect(app, Tokens(Secret("token")), {})


def said(data=None, code=0, message="OK"):
    return {"code": code, "message": message, "request_id": "r-1", "data": data}


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def parts_of(request):
    """Return a multipart body's parts by name, and the name of its file."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body)
    assert message.is_multipart()
    found = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        found[name] = part.get_payload(decode=True)
        if part.get_filename():
            found["file name"] = part.get_filename()
    return found


def uploaded(path="a/b", kind="EMAIL_SHA256", ago=timedelta(), accepted=3):
    at = (datetime.now(UTC) - ago).isoformat(timespec="seconds")
    facts = {"file": path, "kind": kind, "uploaded": at}
    return Receipt(accepted, "r-0", facts, settled=False, in_effect=False)


@pytest.mark.parametrize("act", ["add", "remove"])
@pytest.mark.parametrize(
    ("key", "kind", "head"),
    [
        ("email", "EMAIL_SHA256", "Email_SHA256"),
        ("phone", "PHONE_SHA256", "Phone_SHA256"),
        ("apple_ad_id", "IDFA_SHA256", "MAID_SHA256"),
        # GAID in this API, AAID in the other.
        ("android_ad_id", "GAID_SHA256", "MAID_SHA256"),
    ],
)
def test_people_of_one_type_are_uploaded_a_line_each(connection, edge, act, key, kind, head):
    edge.post(UPLOAD, json=said({"file_path": "a/b"}))
    rows = [(digest(str(number)),) for number in range(3)]
    receipt = getattr(tiktok, act)(connection, NOT_YET, Batch((key,), rows))
    sent = parts_of(edge.calls[0].request)
    content = sent["file"]
    assert content.decode().splitlines() == [head, *(one for (one,) in rows)]
    assert content.endswith(b"\n")
    assert sent["advertiser_id"] == b"42884288"
    assert sent["file_signature"].decode() == hashlib.md5(content).hexdigest()
    assert sent["calculate_type"].decode() == kind
    # Misspelled so in one public client.
    assert "caculate_type" not in sent
    assert re.fullmatch(r".+\.(csv|txt)", sent["file name"])
    assert edge.calls[0].request.headers["Access-Token"] == "token"
    assert (receipt.accepted, receipt.request_id) == (3, "r-1")
    assert (receipt.facts["file"], receipt.facts["kind"]) == ("a/b", kind)
    assert not receipt.settled
    assert not receipt.in_effect


def test_several_types_have_a_column_each_and_a_missing_one_is_empty(connection, edge):
    edge.post(UPLOAD, json=said({"file_path": "a/b"}))
    types = ("email", "phone", "apple_ad_id", "android_ad_id")
    rows = [(digest("e"), digest("p"), digest("i"), digest("a")), (None, digest("q"), None, None)]
    receipt = tiktok.add(connection, NOT_YET, Batch(types, rows))
    sent = parts_of(edge.calls[0].request)
    assert sent["calculate_type"] == b"MULTIPLE_TYPES"
    assert receipt.facts["kind"] == "MULTIPLE_TYPES"
    head, *lines = (line.split(",") for line in sent["file"].decode().splitlines())
    assert head == ["Email_SHA256", "Phone_SHA256", "MAID_SHA256", "MAID_SHA256"]
    assert lines == [[cell or "" for cell in row] for row in rows]


def test_a_full_file_is_below_fifty_megabytes(connection, edge):
    edge.post(UPLOAD, json=said({"file_path": "a/b"}))
    types = tuple(each.key for each in tiktok.identifiers)
    most = tiktok.rows_a_request(types, SETTINGS)
    row = (digest("x"),) * len(types)
    tiktok.add(connection, NOT_YET, Batch(types, [row] * most))
    assert len(edge.calls[0].request.body) < 50 * 1024 * 1024
    assert most == 100_000
    assert tiktok.rows_a_request(types, {}) == tiktok.limits.batch_rows == 1_000


@pytest.mark.parametrize("data", [None, {}, {"file_path": ""}])
def test_an_upload_that_names_no_file_is_not_believed(connection, edge, data):
    edge.post(UPLOAD, json=said(data))
    with pytest.raises(UnknownAnswer):
        tiktok.add(connection, NOT_YET, Batch(("email",), [(digest("x"),)]))


@pytest.mark.parametrize("code", [40900, 40905, 40906, 40907, 40908, 40909, 40910, 40914, 40915])
def test_what_is_wrong_with_a_file_is_said_in_tiktoks_words(connection, edge, code):
    edge.post(UPLOAD, json=said({}, code, "Something about the file."))
    with pytest.raises(BadRequest, match="Something about the file") as caught:
        tiktok.add(connection, NOT_YET, Batch(("email",), [(digest("x"),)]))
    assert (caught.value.code, caught.value.request_id) == (str(code), "r-1")


def test_an_audience_is_created_of_files_with_its_end(connection, edge):
    edge.post(CREATE, json=said({"custom_audience_id": "888888888"}))
    receipts = [uploaded("a/1"), uploaded("a/2")]
    made = tiktok.put_in_effect(connection, BUYERS, None, receipts, removes=False)
    assert (made.id, made.name, made.ad_account_id) == ("888888888", "Buyers", "42884288")
    assert json.loads(edge.calls[0].request.body) == {
        "advertiser_id": "42884288",
        "custom_audience_name": "Buyers",
        "file_paths": ["a/1", "a/2"],
        "calculate_type": "EMAIL_SHA256",
        "audience_sub_type": "NORMAL",
        "retention_in_days": 30,
    }


@pytest.mark.parametrize(("removes", "action"), [(False, "APPEND"), (True, "REMOVE")])
def test_an_audience_is_changed_and_never_replaced_by_default(connection, edge, removes, action):
    edge.post(UPDATE, json=said({}))
    receipts = [uploaded("a/1")]
    changed = tiktok.put_in_effect(connection, BUYERS, AUDIENCE, receipts, removes=removes)
    assert changed.id == AUDIENCE.id
    assert json.loads(edge.calls[0].request.body) == {
        "advertiser_id": "42884288",
        "custom_audience_id": "888888888",
        "file_paths": ["a/1"],
        "action": action,
    }


def test_nobody_is_removed_from_an_audience_that_is_not_there(connection):
    with pytest.raises(NotThere):
        tiktok.put_in_effect(connection, BUYERS, None, [uploaded()], removes=True)


@pytest.mark.parametrize("data", [None, {}, {"custom_audience_id": ""}])
def test_a_creation_that_names_no_audience_may_have_happened(connection, edge, data):
    edge.post(CREATE, json=said(data))
    with pytest.raises(UnknownAnswer) as caught:
        tiktok.put_in_effect(connection, BUYERS, None, [uploaded()], removes=False)
    assert caught.value.may_have_happened


def test_fewer_than_fifty_files_go_at_once():
    assert tiktok.gathers(SETTINGS) == 49
    for empty in ("", "  "):
        assert tiktok.gathers({**SETTINGS, "retention_days": empty}) == 0


@pytest.mark.parametrize(("hours", "waits"), [(1, True), (47, True), (49, False)])
def test_a_change_that_is_not_taken_now_waits_for_two_days(connection, edge, hours, waits):
    edge.post(UPDATE, json=said({}, 40002, NOT_EDITABLE))
    receipts = [uploaded(ago=timedelta(hours=hours)), uploaded()]

    def change():
        return tiktok.put_in_effect(connection, BUYERS, AUDIENCE, receipts, removes=False)

    if waits:
        assert change() is None
    else:
        with pytest.raises(BadRequest, match="not editable"):
            change()


def test_any_other_refusal_of_a_change_is_one(connection, edge):
    edge.post(UPDATE, json=said({}, 40002, "The audience must match at least 1000 users."))
    with pytest.raises(BadRequest, match="1000 users"):
        tiktok.put_in_effect(connection, BUYERS, AUDIENCE, [uploaded()], removes=True)


@pytest.mark.parametrize(
    ("told", "hours", "is_done"),
    [
        ({"cover_num": 0, "is_valid": False}, 1, False),
        ({"cover_num": 0, "is_valid": False}, 47, False),
        ({"cover_num": 5_000, "is_valid": True}, 1, True),
        # Too small to be targeted, and worked on all the same.
        ({"cover_num": 400, "is_valid": False}, 1, True),
    ],
)
def test_a_file_is_worked_on_until_somebody_is_counted(connection, edge, told, hours, is_done):
    details = {"audience_id": "888888888", **told}
    edge.get(GET, json=said({"list": [{"audience_details": details}]}))
    receipt = uploaded(ago=timedelta(hours=hours))
    found = tiktok.confirm(connection, AUDIENCE, receipt)
    assert (found is not None) is is_done
    if found:
        assert found.settled
        assert found.accepted == 3


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"error_msg": "Bad file", "cover_num": 0}, "Bad file"),
        ({"cover_num": 0, "is_valid": False}, "matched none"),
    ],
)
def test_a_file_that_comes_to_nothing_is_said(connection, edge, told, words):
    details = {"audience_id": "888888888", **told}
    edge.get(GET, json=said({"list": [{"audience_details": details}]}))
    with pytest.raises(BadRequest, match=words):
        tiktok.confirm(connection, AUDIENCE, uploaded(ago=timedelta(hours=49)))


def test_an_existing_audience_of_the_other_kind_is_refused_with_what_to_do(connection, edge):
    def kind(word):
        details = {"audience_id": "888888888", "type": word}
        edge.upsert("GET", GET, json=said({"list": [{"audience_details": details}]}))

    by_id = replace(BUYERS, name="", existing_id="888888888")
    kind("Partner")
    with pytest.raises(BadRequest, match="Leave the days until its end empty"):
        tiktok.find_audience(connection, by_id)
    kind("Customer File Audience")
    assert tiktok.find_audience(connection, by_id).id == "888888888"
    with pytest.raises(BadRequest, match="Give the days until its end"):
        tiktok.find_audience(connection, replace(by_id, settings={"retention_days": ""}))


def test_the_form_asks_for_the_days_that_tiktok_takes():
    assert (files.FIELD.minimum, files.FIELD.maximum, files.FIELD.required) == (1, 365, False)
    assert files.FIELD in tiktok.destination_fields
    assert "TikTok may end the audience after 365 days" in files.FIELD.help
    assert "one by one" not in files.FIELD.help
