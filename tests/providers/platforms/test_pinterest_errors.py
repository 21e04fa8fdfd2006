"""What Pinterest's bad answers mean: the sheet's section 2, and what proxies make of it."""

import json
import time

import pytest

from providers.connection import Answer
from providers.errors import (
    AppMisconfigured,
    BadRequest,
    BadRows,
    NotThere,
    PermissionMissing,
    PlatformDown,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.platforms.pinterest import Pinterest


def classify(status, body, headers=None):
    text = body if isinstance(body, str) else json.dumps(body)
    parsed = None if isinstance(body, str) else body
    return Pinterest().classify(Answer(status, headers or {}, text, parsed))


def error(code, message="Something is wrong.", **more):
    return {"code": code, "message": message, **more}


NOT_PERMITTED = "You are not permitted to access that resource."


@pytest.mark.parametrize(
    "body",
    [
        {"items": [], "bookmark": None},
        {"id": "643", "status": "PROCESSING", "type": "customerlist"},
        {"new": [1, None, {}]},
    ],
)
def test_a_good_answer_is_no_error(body):
    assert classify(200, body) is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error(2, "Authentication failed."), TokenRejected),
        (401, error(3, "Your token does not have sufficient permissions"), PermissionMissing),
        (401, "", TokenRejected),
        (403, error(29, NOT_PERMITTED), PermissionMissing),
        (403, error(29, "Apps with Trial access may not create Pins."), AppMisconfigured),
        (403, error(29, NOT_PERMITTED, message_detail="You have trial access"), AppMisconfigured),
        (403, error(29, NOT_PERMITTED, details={"tier": "TRIAL"}), AppMisconfigured),
        (403, error(29, "Industrial access denied"), PermissionMissing),
        (403, error(2625, "The ad account is archived."), NotThere),
        (403, error(403, "Not authorized to access the user account."), PermissionMissing),
        (403, "<html>Request blocked</html>", UnknownAnswer),
        (400, error(1, "Parameter 'name' is required."), BadRequest),
        (400, error(400, "Invalid ad account audience parameters."), BadRequest),
        (400, "<html>Bad request</html>", UnknownAnswer),
        (404, error(2, "AdAccount not found."), NotThere),
        (404, error(3), NotThere),
        (404, error(40, "Not found."), NotThere),
        (404, "404 page not found", UnknownAnswer),
        (405, error(2, "Method not allowed."), BadRequest),
        (409, error(9), BadRequest),
        (413, error(1), BadRows),
        (413, "<html>Request Entity Too Large</html>", BadRows),
        (429, error(8, "You have exceeded your rate limit."), Throttled),
        (429, "", Throttled),
        (429, error(3), Throttled),
        (500, error(12), PlatformDown),
        (502, "<html>Bad gateway</html>", PlatformDown),
        (503, error(3), PlatformDown),
        (504, "", PlatformDown),
        (302, "", UnknownAnswer),
        (200, "", UnknownAnswer),
        (204, "", UnknownAnswer),
        (200, "<html>It works!</html>", UnknownAnswer),
        (200, '{"items": [{"id"', UnknownAnswer),
        (200, [], UnknownAnswer),
        (200, {"status": "failure", "code": 2, "message": "x"}, UnknownAnswer),
    ],
)
def test_a_bad_answer_says_what_mends_it(status, body, kind):
    found = classify(status, body)
    assert type(found) is kind
    assert found.status == status


def test_the_platforms_own_words_are_kept_for_its_support():
    found = classify(403, error(2625), {"x-pinterest-rid": "1863409371234567"})
    assert (found.code, found.request_id) == ("2625", "1863409371234567")
    assert "archived" in found.message


def test_a_missing_scope_says_to_accept_everything():
    assert "accept all of them" in classify(401, error(3)).message


def test_a_dead_token_and_a_missing_account_are_told_apart_by_the_status_alone():
    assert type(classify(401, error(2))) is not type(classify(404, error(2)))


def test_what_it_says_of_a_bad_request_is_shown_without_secrets():
    said = "records is invalid near pina_AQEFRVQYAXRNEAAAGBAGRDOZABC"
    found = classify(400, error(1, said))
    assert "records is invalid" in found.message
    assert "AQEFRV" not in found.message


def test_why_it_blocks_is_shown():
    body = error(9, "Blocked.", message_detail="This looks like spam.")
    assert "This looks like spam." in classify(429, body).message


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "4"}, 4),
        ({"Retry-After": "4", "x-ratelimit-reset": "60"}, 4),
        ({"x-ratelimit-reset": "60"}, 60),
        # Below a million it is taken as seconds left.
        ({"x-ratelimit-reset": "80000"}, 80000),
        ({"x-ratelimit-reset": "999999"}, 86400),
        ({"x-ratelimit-reset": "soon"}, None),
    ],
)
def test_a_throttled_call_waits_as_long_as_it_is_told(headers, wait):
    assert classify(429, "", headers).retry_after == wait


def test_an_outage_does_not_wait_for_a_window_that_is_told_on_every_answer():
    window = {"x-ratelimit-reset": "80000"}
    assert classify(500, "", window).retry_after is None
    assert classify(403, error(29), window).retry_after is None
    assert classify(503, "", {**window, "Retry-After": "7"}).retry_after == 7


def test_a_reset_that_is_a_point_in_time_is_one():
    reset = str(round(time.time()) + 30)
    assert 25 <= classify(429, "", {"x-ratelimit-reset": reset}).retry_after <= 31
