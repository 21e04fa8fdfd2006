"""What TikTok's bad answers mean: the sheet's tables of codes, and what proxies make of them."""

import json

import pytest

from providers.connection import Answer
from providers.declarations import Per
from providers.errors import (
    AppMisconfigured,
    BadRequest,
    GrantDead,
    NotThere,
    PermissionMissing,
    PlatformDown,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.platforms.tiktok import TikTok
from providers.platforms.tiktok.answers import error_in_exchange

OTHER_APP = (
    "The app_id is inconsistent with the token's app information. Please retry after correcting it."
)


def answer(status, body, headers=None):
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status, headers or {}, text, None if isinstance(body, str) else body)


def classify(status, body, headers=None):
    return TikTok().classify(answer(status, body, headers))


def said(code, message="", **more):
    return {"code": code, "message": message, "request_id": "202611240001", "data": {}, **more}


@pytest.mark.parametrize("code", [0, 20001, "0"])
def test_the_code_says_that_all_is_well(code):
    assert classify(200, said(code)) is None


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (Throttled, [40100, 40016, 40133, 40132]),
        (PlatformDown, [40200, 40201, 40202, 40700, 50000, 50002, 51001, 51008, 51305, 60001]),
        (TokenRejected, [40102, 40104, 40105, 40106, 40110]),
        (PermissionMissing, [40001, 40119, 40300, 40301]),
        (NotThere, [40007]),
        (BadRequest, [40000, 40002, 40006, 40008, 40009, 40011, 40050]),
        (BadRequest, [40900, 40905, 40906, 40907, 40908, 40909, 40910, 40914, 40915]),
        (AppMisconfigured, [40101, 40113, 40118, 40125, 41000]),
        (UnknownAnswer, [1, 30000, 40010, 49999, 50001, 99999]),
    ],
)
def test_http_200_is_no_success_where_the_code_says_otherwise(kind, codes):
    for code in codes:
        found = classify(200, said(code, "Something is wrong"))
        assert type(found) is kind, code
        assert (found.code, found.status, found.request_id) == (str(code), 200, "202611240001")


@pytest.mark.parametrize(
    ("code", "whose"),
    [
        (40100, Per.APP),
        (40016, Per.APP),
        # "Advertiser's QPS (11) reaches QPS limit 10 for current path"
        (40133, Per.AD_ACCOUNT),
        (40132, Per.AD_ACCOUNT),
    ],
)
def test_a_throttle_tells_whose_limit_was_met(code, whose):
    assert classify(200, said(code)).whose == whose


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, "404 page not found", UnknownAnswer),
        (403, "<html>Request blocked</html>", UnknownAnswer),
        (401, "", UnknownAnswer),
        (403, said(40001), PermissionMissing),
        (400, said(0), UnknownAnswer),
        (302, said(0), UnknownAnswer),
        (429, "", Throttled),
        (500, "Internal Server Error", PlatformDown),
        (502, said(40105), PlatformDown),
        (200, "<html>It works!</html>", UnknownAnswer),
        (200, "", UnknownAnswer),
        (200, [], UnknownAnswer),
        (200, {}, UnknownAnswer),
        (200, {"code": None}, UnknownAnswer),
        (200, {"code": False}, UnknownAnswer),
        (200, {"code": {}}, UnknownAnswer),
        (200, {"message": "OK"}, UnknownAnswer),
    ],
)
def test_a_status_decides_only_where_no_code_came(status, body, kind):
    assert type(classify(status, body)) is kind


def test_a_token_of_another_app_is_told_by_its_words_alone():
    assert type(classify(200, said(40000, OTHER_APP))) is TokenRejected
    assert type(classify(200, said(40113, OTHER_APP))) is TokenRejected
    assert type(classify(200, said(40000, "Invalid param app_id"))) is BadRequest


def test_a_wrong_secret_is_no_rate_limit():
    assert classify(200, said(40101)).recovery == "operator"
    assert classify(200, said(40102)).recovery == "reconnect"


@pytest.mark.parametrize(
    ("code", "sentence", "shown"),
    [
        (40001, "No permission. You must be an admin or operator.", "admin or operator"),
        (40001, "advertiser does not grant you /a/:POST permission", "does not grant you"),
        (40118, "The app is not on the allowlist for the feature.", "not on the allowlist"),
        # Long words are masked, whatever they are: they may be what was sent.
        (40002, "Batch.0.properties.contents.0.content_id: Not a valid string", "Not a valid"),
        (40999, "Something new", "Something new"),
    ],
)
def test_what_it_says_is_shown_where_the_code_says_too_little(code, sentence, shown):
    assert shown in classify(200, said(code, sentence)).message


def test_a_secret_that_is_echoed_is_not_shown():
    found = classify(200, said(40002, "Invalid token 9f8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b"))
    assert "Invalid token" in found.message
    assert "9f8b" not in f"{found!r} {vars(found)}"


def test_a_throttled_call_knows_no_time_unless_a_header_says_it():
    found = classify(200, said(40100, "Too many requests. Please retry in some time."))
    assert found.retry_after is None
    assert classify(429, "", {"Retry-After": "4"}).retry_after == 4


def test_the_end_of_a_rate_limits_window_is_waited_for_after_too_many_requests_alone():
    resets = {"x-ratelimit-reset": "900"}
    assert classify(200, said(40100), resets).retry_after == 900
    assert classify(500, "", resets).retry_after is None
    assert classify(200, said(50000), resets).retry_after is None
    assert classify(503, "", {**resets, "Retry-After": "7"}).retry_after == 7


def test_without_a_body_the_log_id_names_the_exchange():
    assert classify(500, "", {"X-TT-LOGID": "log-1"}).request_id == "log-1"


OLD_CODE = "Invalid auth_code. Not able to get long-term access_token with an old auth_code."


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (40110, "The auth_code is canceled. Please re-authorize.", GrantDead),
        (40110, "", GrantDead),
        (40115, "", GrantDead),
        (40101, OLD_CODE, GrantDead),
        (40101, "The authorization code is expired", GrantDead),
        (40101, "secret is invalid", AppMisconfigured),
        (40101, "", AppMisconfigured),
        (40113, "The app does not exist", AppMisconfigured),
        (40002, "auth_code: Missing data for required field.", GrantDead),
        (40000, "auth_code: Invalid", GrantDead),
        (40002, "app_id: Not a valid integer.", AppMisconfigured),
        (40000, "", AppMisconfigured),
        (40100, "Too many requests", Throttled),
        (50000, "auth_code", PlatformDown),
        (40118, "", AppMisconfigured),
        (49999, "auth_code", UnknownAnswer),
    ],
)
def test_at_the_exchange_the_codes_speak_of_the_code_or_of_our_app(code, message, kind):
    assert type(error_in_exchange(answer(200, said(code, message)))) is kind


def test_a_good_exchange_is_no_error():
    assert error_in_exchange(answer(200, said(0))) is None
    assert type(error_in_exchange(answer(500, ""))) is PlatformDown
    assert type(error_in_exchange(answer(404, "404 page not found"))) is UnknownAnswer
