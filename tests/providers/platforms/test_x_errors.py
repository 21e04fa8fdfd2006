"""What X's bad answers mean: the sheet's section 2, and what proxies make of it."""

import json
import time
from email.utils import formatdate

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
from providers.platforms.x import X

PAGE = "<html>Something is technically wrong</html>"


def classify(status, body, headers=None):
    text = body if isinstance(body, str) else json.dumps(body)
    parsed = None if isinstance(body, str) else body
    return X().classify(Answer(status, headers or {}, text, parsed))


def error(code, message="said", **more):
    return {"errors": [{"code": code, "message": message, **more}], "request": {"params": {}}}


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": {"id": "1"}, "request": {}, "unknown": [1, None, {}]},
        {"data": {}, "errors": []},
        {"data": {}, "errors": None, "operation_errors": [[], []]},
    ],
)
def test_a_good_answer_is_no_error(body):
    assert classify(200, body) is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error("UNAUTHORIZED_ACCESS"), TokenRejected),
        (401, error(89), TokenRejected),
        (401, error(32), AppMisconfigured),
        (403, error("UNAUTHORIZED_CLIENT_APPLICATION"), AppMisconfigured),
        (403, error("READONLY_CLIENT_APPLICATION"), AppMisconfigured),
        (403, error("ACTION_NOT_ALLOWED"), PermissionMissing),
        (403, error("ACCOUNT_NOT_FOUND"), NotThere),
        (403, error("NOT_FOUND", "Account hkk5 was not found"), NotThere),
        (403, error("CURRENT_USER_SUSPENDED"), PermissionMissing),
        (403, error("ACCOUNT_LOCKED_OUT"), PermissionMissing),
        (403, error("USER_NOT_FOUND"), PermissionMissing),
        (403, error(453), AppMisconfigured),
        (403, error("NEW_WORD"), PermissionMissing),
        (404, error("NOT_FOUND"), NotThere),
        (404, error("TAILORED_AUDIENCE_NOT_FOUND"), NotThere),
        (404, error("ROUTE_NOT_FOUND"), AppMisconfigured),
        (400, error("INVALID_PARAMETER"), BadRequest),
        (400, error("MISSING_PARAMETER"), BadRequest),
        (400, error("ILLEGAL_CHARACTERS"), BadRequest),
        (400, error("EXCLUSIVE_PARAMETERS"), BadRequest),
        (400, error("INVALID_ACCOUNT_SERVICE_LEVEL"), BadRequest),
        (405, error("METHOD_NOT_ALLOWED"), BadRequest),
        (408, error("CANCELLED_REQUEST"), PlatformDown),
        (423, error("LOCK_ACQUISITION_TIMEOUT"), PlatformDown),
        (429, error("TOO_MANY_REQUESTS"), Throttled),
        (429, error(88, "Rate limit exceeded"), Throttled),
        (500, error("INTERNAL_ERROR"), PlatformDown),
        (503, error("SERVICE_UNAVAILABLE"), PlatformDown),
        (503, error("OVER_CAPACITY"), PlatformDown),
        (503, error("UNAUTHORIZED_ACCESS"), PlatformDown),
        # A body that cannot be read: the status's core meaning.
        (400, PAGE, BadRequest),
        (401, "", TokenRejected),
        (403, PAGE, PermissionMissing),
        (404, PAGE, NotThere),
        (408, "", PlatformDown),
        (413, PAGE, BadRequest),
        (423, "", PlatformDown),
        (429, "", Throttled),
        (502, PAGE, PlatformDown),
        (504, "", PlatformDown),
        (418, "", UnknownAnswer),
        (302, "", UnknownAnswer),
        (200, "", UnknownAnswer),
        (200, PAGE, UnknownAnswer),
        (200, '{"data": {', UnknownAnswer),
        (200, [], UnknownAnswer),
        (200, {}, UnknownAnswer),
        (200, error("INTERNAL_ERROR"), PlatformDown),
        (200, error("NEW_WORD"), UnknownAnswer),
    ],
)
def test_a_bad_answer_says_what_mends_it(status, body, kind):
    found = classify(status, body)
    assert type(found) is kind
    assert found.status == status


ITEM = {"code": "INVALID_PARAMETER", "message": "Expected hash", "parameter": "email"}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "errors", [[[ITEM]], [[], [ITEM]], [ITEM], {"0": [ITEM]}, [{"errors": [ITEM]}]]
)
def test_people_that_are_refused_are_bad_rows_whatever_their_shape(status, errors):
    found = classify(status, {"operation_errors": errors, "data": {"success_count": 0}})
    assert type(found) is BadRows
    assert found.code == "INVALID_PARAMETER"
    assert "Expected hash" in found.message


def test_trouble_told_as_operation_errors_is_no_fault_of_the_people():
    body = {"operation_errors": [[{"code": "INTERNAL_ERROR", "message": "x"}]]}
    assert type(classify(200, body)) is PlatformDown


def test_what_the_operator_must_do_is_in_the_sentence():
    assert "not approved this application" in (
        classify(403, error("UNAUTHORIZED_CLIENT_APPLICATION")).message
    )
    assert "may only read" in classify(403, error("READONLY_CLIENT_APPLICATION")).message
    assert "suspended" in classify(403, error("CURRENT_USER_SUSPENDED")).message


def test_what_it_says_of_a_bad_request_is_shown_without_secrets():
    said = 'Expected time, got "" for start_time (token 6253282-eWudHldSbIaelX7swmsi)'
    found = classify(400, error("INVALID_PARAMETER", said, parameter="start_time"))
    assert "Expected time" in found.message
    assert "eWudHld" not in found.message


def headers(**resets):
    now = int(time.time())
    return {name.replace("_", "-"): str(now + seconds) for name, seconds in resets.items()}


def test_a_throttled_call_waits_for_the_ad_accounts_window_first():
    of_both = headers(x_account_rate_limit_reset=30, x_rate_limit_reset=600)
    assert 33 <= classify(429, "", of_both).retry_after <= 35
    of_user = headers(x_rate_limit_reset=600)
    assert 603 <= classify(429, "", of_user).retry_after <= 605
    assert classify(429, "").retry_after is None


def test_an_outage_does_not_wait_for_a_window_that_is_told_on_every_answer():
    window = headers(x_rate_limit_reset=600)
    assert classify(503, "", window).retry_after is None
    assert classify(503, "", {**window, "Retry-After": "7"}).retry_after == 7


def date(seconds):
    return {"Date": formatdate(time.time() + seconds, usegmt=True)}


@pytest.mark.parametrize("seconds", [-3600, -310, 310, 3600])
def test_a_wrong_clock_of_ours_ends_no_authorization(seconds):
    for body in (error("UNAUTHORIZED_ACCESS"), error(32), ""):
        found = classify(401, body, date(seconds))
        assert type(found) is AppMisconfigured
        assert "clock" in found.message
    # Code 89 is never said of a signature.
    assert type(classify(401, error(89), date(seconds))) is TokenRejected


@pytest.mark.parametrize("seconds", [None, "today", 0, -200, 200])
def test_with_a_right_clock_a_token_is_over(seconds):
    # Not made with the parameters: those are minutes older than this test.
    headers = date(seconds) if isinstance(seconds, int) else {"Date": seconds} if seconds else {}
    assert "clock" not in classify(401, error(32), headers).message
    assert type(classify(401, error("UNAUTHORIZED_ACCESS"), headers)) is TokenRejected
