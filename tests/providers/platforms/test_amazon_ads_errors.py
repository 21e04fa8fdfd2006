"""What Amazon's bad answers mean: the sheet's sections 1.6 and 3.6, and what proxies make of it."""

import json

import pytest

from providers.connection import Answer
from providers.errors import (
    BadRequest,
    BadRows,
    NotThere,
    PermissionMissing,
    PlatformDown,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.platforms.amazon_ads import AmazonAds

DETAILS = "Authentication failed"


def classify(status, body, headers=None):
    text = body if isinstance(body, str) else json.dumps(body)
    parsed = None if isinstance(body, str) else body
    return AmazonAds().classify(Answer(status, headers or {}, text, parsed))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"audienceId": 379909525712777677}),
        (201, {"connectionId": "c"}),
        (202, {"jobRequestId": "j"}),
        (200, []),
        (200, [{"profileId": 1}]),
        (204, ""),
        (200, {}),
    ],
)
def test_a_good_answer_is_no_error(status, body):
    assert classify(status, body) is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"code": "401", "details": DETAILS, "requestId": "r"}, TokenRejected),
        (401, {"message": "Unauthorized"}, TokenRejected),
        (401, {"message": "Not authorized", "requestId": "r"}, TokenRejected),
        (401, "", TokenRejected),
        (401, "<html>", TokenRejected),
        (401, {"code": "UNAUTHORIZED", "details": "Scope header is missing"}, PermissionMissing),
        (
            401,
            {"code": "UNAUTHORIZED", "details": "No matching advertiser found for scope: 1"},
            PermissionMissing,
        ),
        (
            401,
            {"code": "UNAUTHORIZED", "details": "Not authorized to access scope 3"},
            PermissionMissing,
        ),
        (403, {"message": "Forbidden", "requestId": "r"}, PermissionMissing),
        (403, {"code": "403", "details": "no"}, PermissionMissing),
        (403, "<html>Request blocked</html>", UnknownAnswer),
        (404, {"message": "audienceId not found"}, NotThere),
        (404, "<html>Not found</html>", UnknownAnswer),
        (400, {"message": "name is too short"}, BadRequest),
        (400, {"Message": "STRING_VALUE can not be converted to a Long"}, BadRequest),
        (400, {"code": "400", "details": "wrong"}, BadRequest),
        (400, "Bad request", UnknownAnswer),
        (405, {"message": "x"}, BadRequest),
        (409, {"message": "x"}, BadRequest),
        (413, {"code": "INPUT_TOO_LARGE"}, BadRows),
        (413, "", BadRows),
        (415, {"message": "x"}, BadRequest),
        (422, {"requestId": "r", "message": "x", "errors": []}, BadRequest),
        (429, {"message": "Too Many Requests"}, Throttled),
        (429, "", Throttled),
        (500, {"message": "x"}, PlatformDown),
        (501, {"message": "x"}, BadRequest),
        (502, "<html>", PlatformDown),
        (503, "", PlatformDown),
        (504, {"message": "x"}, PlatformDown),
        (302, "", UnknownAnswer),
        (200, "<html>Sign in</html>", UnknownAnswer),
        (200, '{"audienceId": 3799', UnknownAnswer),
    ],
)
def test_a_bad_answer_says_what_mends_it(status, body, kind):
    found = classify(status, body)
    assert type(found) is kind
    assert found.status == status


@pytest.mark.parametrize("word", ["message", "Message", "details"])
def test_amazons_sentence_is_read_whatever_its_name(word):
    found = classify(400, {word: "name must have 10 to 128 characters", "requestId": "r-1"})
    assert "It says: name must have 10 to 128 characters" in found.message
    assert found.request_id == "r-1"


def test_a_throttled_call_waits_as_long_as_it_is_told_and_at_least_a_second():
    assert classify(429, {"message": "x"}, {"Retry-After": "4"}).retry_after == 4
    assert classify(429, {"message": "x"}, {"Retry-After": "0"}).retry_after == 1
    assert classify(429, {"message": "x"}).retry_after is None


def test_the_end_of_a_rate_limits_window_is_waited_for_after_too_many_requests_alone():
    resets = {"x-ratelimit-reset": "900"}
    assert classify(429, {"message": "x"}, resets).retry_after == 900
    assert classify(500, {"message": "x"}, resets).retry_after is None
    assert classify(503, "", {**resets, "Retry-After": "7"}).retry_after == 7


def test_a_token_in_amazons_words_is_not_repeated():
    found = classify(400, {"message": "Bad token Atza|IwEBIGzxy0123456789abcdefghij"})
    assert "IwEBIG" not in f"{found} {vars(found)}"
