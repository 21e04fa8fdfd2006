"""TikTok's file API in the sandbox, by its sheet."""

import hashlib

import pytest

from tests.sandbox.raw_tiktok import DE, UK, RawTikTok


@pytest.fixture
def tiktok(sandbox):
    sandbox.fault("tiktok", "no_rate_limits", count=None)
    return RawTikTok(sandbox)


@pytest.fixture
def token(tiktok):
    return tiktok.sign_in("Ada Admin")


def lines(first, last):
    digests = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(first, last))
    return "\n".join(("email", *digests)).encode()


@pytest.fixture
def upload(tiktok, token):
    def send(content, *, name="list.csv", account=UK, **changes):
        form = {
            "advertiser_id": account,
            "calculate_type": "EMAIL_SHA256",
            "file_signature": hashlib.md5(content).hexdigest(),
            **changes,
        }
        files = {"file": (name, content)} if name else {"other": ("x.csv", content)}
        headers = {"Access-Token": token}
        path = "/dmp/custom_audience/file/upload/"
        return tiktok.raw("POST", path, data=form, files=files, headers=headers).json()

    return send


@pytest.fixture
def change(tiktok, token):
    def send(call, /, **body):
        path = f"/dmp/custom_audience/{call}/"
        return tiktok.post(path, {"advertiser_id": UK, **body}, token)

    return send


@pytest.fixture
def audience(tiktok, token, upload, change):
    """An audience of 2,000 that has been matched."""
    path = upload(lines(0, 2_000))["data"]["file_path"]
    about = {"custom_audience_name": "From a file", "calculate_type": "EMAIL_SHA256"}
    made = change("create", file_paths=[path], retention_in_days=30, **about)["data"]
    audience_id = made["custom_audience_id"]
    process(tiktok, token, audience_id)
    return audience_id


def process(tiktok, token, audience):
    asked = {"advertiser_id": UK, "custom_audience_ids": [audience]}
    for _ in range(3):
        (found,) = tiktok.get("/dmp/custom_audience/get/", token, **asked)["data"]["list"]
    return found["audience_details"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"file_signature": "0" * 32}, 40900),
        ({"name": ""}, 40905),
        ({"name": "list.xlsx"}, 40908),
        ({"calculate_type": "FIRST_NORMAL"}, 40909),
        ({"calculate_type": "AAID_SHA256"}, 40909),
        ({"account": "1"}, 40001),
    ],
)
def test_a_bad_upload_is_refused(upload, how, code):
    assert upload(lines(0, 3), **how)["code"] == code


def test_an_empty_file_is_refused(upload):
    assert upload(b"")["code"] == 40906


def test_a_file_becomes_an_audience_that_expires(tiktok, token, audience):
    assert tiktok.held(audience) == 2_000
    told = process(tiktok, token, audience)
    assert (told["type"], told["calculate_type"]) == ("Customer File Audience", "EMAIL_SHA256")
    assert (told["cover_num"], told["is_valid"]) == (2_000, True)
    assert told["expired_time"] > told["create_time"]


def test_fewer_than_a_thousand_make_no_audience(upload, change, sandbox):
    path = upload(lines(0, 999))["data"]["file_path"]
    about = {"custom_audience_name": "Few", "calculate_type": "EMAIL_SHA256"}
    assert change("create", file_paths=[path], **about)["code"] == 40002
    assert sandbox.audiences("tiktok") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"retention_in_days": 366},
        {"retention_in_days": True},
        {"retention_in_days": "5"},
        {"audience_sub_type": ["NORMAL"]},
        {"audience_sub_type": {}},
        {"calculate_type": ["EMAIL_SHA256"]},
    ],
)
def test_a_bad_wish_makes_no_audience(upload, change, sandbox, wrong):
    path = upload(lines(0, 2_000))["data"]["file_path"]
    about = {"custom_audience_name": "Files", "calculate_type": "EMAIL_SHA256"}
    assert change("create", **{"file_paths": [path], **about, **wrong})["code"] == 40002
    assert sandbox.audiences("tiktok") == []


def test_a_change_of_no_kind_that_is_known_is_refused(upload, change, audience):
    path = upload(lines(0, 2_000))["data"]["file_path"]
    body = {"custom_audience_id": audience, "file_paths": [path]}
    for action in ("CLEAR", ["APPEND"], {}):
        refused = change("update", **body, action=action)
        assert (refused["code"], "action" in refused["message"]) == (40002, True)


def test_a_file_serves_the_ad_account_that_it_was_uploaded_for(upload, change):
    path = upload(lines(0, 2_000), account=DE)["data"]["file_path"]
    about = {"custom_audience_name": "Theirs", "calculate_type": "EMAIL_SHA256"}
    assert change("create", file_paths=[path], **about)["code"] == 40905


@pytest.mark.parametrize(
    ("action", "first", "last", "held"),
    [
        ({"action": "APPEND"}, 1_500, 2_500, 2_500),
        ({"action": "REMOVE"}, 0, 500, 1_500),
        ({"action": "REPLACE"}, 5_000, 6_000, 1_000),
        # The trap: without a word for it, everybody is replaced.
        ({}, 5_000, 6_200, 1_200),
    ],
)
def test_an_audience_is_changed(tiktok, upload, change, audience, action, first, last, held):
    path = upload(lines(first, last))["data"]["file_path"]
    body = {"custom_audience_id": audience, "file_paths": [path], **action}
    assert change("update", **body)["code"] == 0
    assert tiktok.held(audience) == held
    # It is at work now, and not to be changed until it has been matched.
    again = change("update", **body)
    assert (again["code"], again["message"]) == (
        40002,
        "Audience is not editable, please check audience status",
    )


@pytest.mark.parametrize("action", ["REPLACE", "REMOVE"])
def test_an_audience_is_never_left_with_too_few(tiktok, upload, change, audience, action):
    first, last = (0, 1_500) if action == "REMOVE" else (0, 999)
    path = upload(lines(first, last))["data"]["file_path"]
    body = {"custom_audience_id": audience, "file_paths": [path], "action": action}
    assert change("update", **body)["code"] == 40002
    assert tiktok.held(audience) == 2_000


def test_reach_and_frequency_swallows_other_changes(tiktok, upload, change, audience):
    path = upload(lines(5_000, 7_000))["data"]["file_path"]
    body = {"custom_audience_id": audience, "file_paths": [path]}
    assert change("update", **body, audience_sub_type="REACH_FREQUENCY")["code"] == 0
    assert tiktok.held(audience) == 2_000


def test_an_audience_is_renamed_and_deleted(change, audience, sandbox):
    change("update", custom_audience_id=audience, custom_audience_name="Renamed")
    (held,) = sandbox.audiences("tiktok")
    assert (held["name"], held["held"]) == ("Renamed", 2_000)
    assert change("delete", custom_audience_ids=[audience])["code"] == 0
    assert sandbox.audiences("tiktok") == []
