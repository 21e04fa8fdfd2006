"""What Snapchat's bad answers mean: the sheet's section 2, and what proxies make of it."""

import json

import pytest

from providers.connection import Answer
from providers.errors import (
    BadRequest,
    NotThere,
    PermissionMissing,
    PlatformDown,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.platforms.snapchat import Snapchat

REASON = (
    "Error code: E3004, message: Entity does not exist or you do not have permission to access it"
)


def classify(status, body, headers=None):
    text = body if isinstance(body, str) else json.dumps(body)
    parsed = None if isinstance(body, str) else body
    return Snapchat().classify(Answer(status, headers or {}, text, parsed))


def error(code="", **more):
    return {"request_status": "ERROR", "request_id": "98e2a602-3cf4", "error_code": code, **more}


def item(status="ERROR", reason=REASON):
    return {"sub_request_status": status, "sub_request_error_reason": reason}


GOOD = {"sub_request_status": "success", "segment": {"id": "1"}}


@pytest.mark.parametrize(
    "body",
    [
        {"request_status": "SUCCESS"},
        {"request_status": "success", "unknown": [1, "a", None, {}]},
        {"request_status": "SUCCESS", "segments": []},
        {"request_status": "success", "segments": [GOOD]},
        {"request_status": "SUCCESS", "organizations": [item(), GOOD]},
        {"request_status": "PARTIAL", "organizations": [item(), GOOD]},
    ],
)
def test_a_good_answer_is_no_error(body):
    assert classify(200, body) is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, "unauthorized", TokenRejected),
        (401, {"request_status": "ERROR", "debug_message": "x"}, TokenRejected),
        (401, error("E3002"), TokenRejected),
        (403, error("E3002", debug_message="Caller does not have permission"), PermissionMissing),
        (403, error(), PermissionMissing),
        (403, "<html>Request blocked</html>", UnknownAnswer),
        (404, error("E3003", debug_message="Resource can not be found"), NotThere),
        (404, "404 page not found", UnknownAnswer),
        (400, error("E2023"), BadRequest),
        (400, error("E2025"), BadRequest),
        (400, error("E9999"), BadRequest),
        (400, "<html>Bad request</html>", UnknownAnswer),
        (405, error(), BadRequest),
        (418, error(), BadRequest),
        (429, "", Throttled),
        (429, error("E2001"), Throttled),
        (500, error("E4001"), PlatformDown),
        (502, "<html>Bad gateway</html>", PlatformDown),
        (503, error("E3002"), PlatformDown),
        (504, "", PlatformDown),
        (302, "", UnknownAnswer),
        (200, "", UnknownAnswer),
        (200, "<html>Sign in</html>", UnknownAnswer),
        (200, '{"request_status": "SUC', UnknownAnswer),
        (200, [], UnknownAnswer),
        (200, {}, UnknownAnswer),
        (200, {"segments": []}, UnknownAnswer),
        (200, error("E3002"), PermissionMissing),
        (200, error("E4001"), PlatformDown),
        (200, error("E2023"), BadRequest),
        (200, error("E9999"), UnknownAnswer),
        (200, error(), UnknownAnswer),
        (200, {"request_status": "ERROR", "members": [item()]}, NotThere),
        (200, {"request_status": "SUCCESS", "segments": [item()]}, NotThere),
        (200, {"request_status": "success", "users": [item(reason="E3002")]}, PermissionMissing),
        (200, {"request_status": "SUCCESS", "users": [item(reason=None)]}, UnknownAnswer),
        (200, {"request_status": "ERROR", "segments": [{"segment": {}}]}, UnknownAnswer),
    ],
)
def test_a_bad_answer_says_what_mends_it(status, body, kind):
    found = classify(status, body)
    assert type(found) is kind
    assert found.status == status


def test_the_platforms_own_words_are_kept_for_its_support():
    found = classify(200, {"request_status": "ERROR", "request_id": "r-2", "members": [item()]})
    assert (found.code, found.request_id) == ("E3004", "r-2")
    found = classify(403, error("E3002"))
    assert (found.code, found.request_id) == ("E3002", "98e2a602-3cf4")


def test_what_it_says_of_a_bad_request_is_shown_without_secrets():
    said = "Name is too long (token 0.MGQCxyz123456789abcdef)"
    found = classify(400, error("E2023", debug_message=said))
    assert "Name is too long" in found.message
    assert "MGQC" not in found.message


def test_a_throttled_call_waits_as_long_as_it_is_told():
    assert classify(429, "", {"Retry-After": "4"}).retry_after == 4
    assert classify(429, "").retry_after is None


def test_an_outage_does_not_wait_for_a_window_that_is_told_on_every_answer():
    window = {"x-rate-limit-reset": "80000"}
    assert classify(500, "", window).retry_after is None
    assert classify(503, "", {**window, "Retry-After": "7"}).retry_after == 7
    assert classify(429, "", window).retry_after == 80000
