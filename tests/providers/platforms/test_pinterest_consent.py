"""Consent at Pinterest: what is asked, what comes back, and whose fault a no is."""

import base64
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from providers.app import App
from providers.connection import Answer
from providers.errors import (
    AppMisconfigured,
    GrantDead,
    PlatformDown,
    Throttled,
    UnknownAnswer,
)
from providers.platforms.pinterest import Pinterest
from providers.secret import Secret
from providers.values import Callback, Tokens

pinterest = Pinterest()
APP = App("1445", Secret("client-secret-text"))
REDIRECT = "https://app.example/authorizations/callback/pinterest/"
TOKEN = "https://api.pinterest.com/v5/oauth/token"
REVOKE = f"{TOKEN}/revoke"
BASIC = "Basic " + base64.b64encode(b"1445:client-secret-text").decode()
GRANT = {
    "response_type": "authorization_code",
    "access_token": "pina_AQEFRVQYAXRNEAAA",
    "token_type": "bearer",
    "expires_in": 2592000,
    "scope": "ads:read,ads:write,user_accounts:read",
    "refresh_token": "pinr.eyJhbGciOiJS",
    "refresh_token_expires_in": 5184000,
    "refresh_token_expires_at": 1765000000,
}
REFUSED = {"code": 2, "message": "Authentication failed."}
NOT_PERMITTED = {"code": 29, "message": "You are not permitted to access that resource."}


def exchange():
    callback = Callback(Secret("state-1"), Secret("code-1"))
    return pinterest.finish_consent(APP, REDIRECT, callback, "", {})


def refresh():
    return pinterest.refresh(APP, Tokens(Secret("pina_old"), Secret("pinr.old")), {})


def test_consent_asks_with_commas_and_without_what_is_not_documented():
    start = pinterest.begin_consent(APP, REDIRECT, "state-1", {})
    address, _, query = start.url.partition("?")
    assert address == "https://www.pinterest.com/oauth/"
    assert dict(parse_qsl(query)) == {
        "client_id": "1445",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "ads:read,ads:write,user_accounts:read",
        "state": "state-1",
    }
    assert start.secret is None


def test_the_secret_goes_in_the_header_and_never_in_the_body(edge):
    edge.post(TOKEN, json=GRANT)
    exchange()
    sent = edge.calls[0].request
    assert sent.headers["Authorization"] == BASIC
    assert sent.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert parse_qs(sent.body) == {
        "grant_type": ["authorization_code"],
        "code": ["code-1"],
        "redirect_uri": [REDIRECT],
        "continuous_refresh": ["true"],
    }


def test_a_refresh_sends_the_refresh_token_alone(edge):
    edge.post(TOKEN, json=GRANT)
    refresh()
    sent = edge.calls[0].request
    assert sent.headers["Authorization"] == BASIC
    assert parse_qs(sent.body) == {"grant_type": ["refresh_token"], "refresh_token": ["pinr.old"]}


@pytest.mark.parametrize("ask", [exchange, refresh])
def test_the_new_refresh_token_and_its_end_are_kept(edge, ask):
    edge.post(TOKEN, json={**GRANT, "response_type": "refresh_token", "something": {"new": 1}})
    grant = ask()
    assert grant.tokens.access.reveal() == "pina_AQEFRVQYAXRNEAAA"
    assert grant.tokens.refresh.reveal() == "pinr.eyJhbGciOiJS"
    assert (grant.expires_in, grant.refresh_expires_in) == (2592000, 5184000)


def test_a_refresh_without_a_new_refresh_token_leaves_the_old_one(edge):
    kept = ("access_token", "token_type", "expires_in", "scope")
    edge.post(TOKEN, json={name: GRANT[name] for name in kept})
    grant = refresh()
    assert grant.tokens.refresh is None
    assert grant.refresh_expires_in is None


@pytest.mark.parametrize(
    ("scope", "missing"),
    [
        ("ads:read,ads:write,user_accounts:read", set()),
        ("ads:read ads:write user_accounts:read", set()),
        ("user_accounts:read, ads:write,ads:read,boards:read", set()),
        ("ads:read,user_accounts:read", {"ads:write"}),
        ("ads:read ads:write", {"user_accounts:read"}),
    ],
)
def test_granted_scopes_are_read_however_they_are_separated(edge, scope, missing):
    edge.post(TOKEN, json={**GRANT, "scope": scope})
    assert pinterest.missing_scopes(exchange().scopes) == missing


@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_invalid_code_is_the_persons_to_renew_whatever_its_status(edge, status):
    body = {"status": "failure", "code": 283, "message": "The authorization grant is invalid."}
    edge.post(TOKEN, status=status, json=body, headers={"x-pinterest-rid": "1863"})
    with pytest.raises(GrantDead) as caught:
        exchange()
    assert (caught.value.code, caught.value.request_id) == ("283", "1863")
    assert len(edge.calls) == 1


@pytest.mark.parametrize("ask", [exchange, refresh])
def test_a_refused_grant_is_dead_where_the_client_is_still_taken(edge, ask):
    edge.post(TOKEN, status=401, json=REFUSED)
    edge.post(REVOKE, status=403, json=NOT_PERMITTED)
    with pytest.raises(GrantDead):
        ask()
    asked = edge.calls[1].request
    assert asked.headers["Authorization"] == BASIC
    form = parse_qs(asked.body)
    assert form["token_type_hint"] == ["refresh_token"]
    # Never a token that somebody has: it could be revoked.
    assert form["token"][0] not in {"pinr.old", "pina_old", "code-1"}


@pytest.mark.parametrize("ask", [exchange, refresh])
def test_a_wrong_secret_of_ours_ends_nobodys_authorization(edge, ask):
    edge.post(TOKEN, status=401, json=REFUSED)
    edge.post(REVOKE, status=401, json=REFUSED)
    with pytest.raises(AppMisconfigured) as caught:
        ask()
    assert "client-secret-text" not in f"{caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"status": 429, "headers": {"x-ratelimit-reset": "20"}}, Throttled),
        ({"status": 503}, PlatformDown),
        ({"body": requests.ConnectionError("cut")}, PlatformDown),
    ],
)
def test_as_long_as_nobody_knows_whose_fault_it_is_the_grant_lives(edge, how, kind):
    edge.post(TOKEN, status=401, json=REFUSED)
    edge.post(REVOKE, **how)
    with pytest.raises(kind) as caught:
        refresh()
    assert not caught.value.may_have_happened
    assert caught.value.retry_after == (20 if kind is Throttled else None)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant"}, GrantDead),
        (401, {"error": "invalid_client"}, AppMisconfigured),
        (403, NOT_PERMITTED, AppMisconfigured),
        (400, {"code": 1, "message": "grant_type is missing"}, UnknownAnswer),
        (429, {"code": 8, "message": "You have exceeded your rate limit."}, Throttled),
        (500, {"code": 2, "message": "Authentication failed."}, PlatformDown),
        (200, {"code": 2, "message": "Authentication failed."}, UnknownAnswer),
        (502, None, PlatformDown),
        (404, None, UnknownAnswer),
    ],
)
def test_both_forms_of_a_token_error_are_read(status, body, kind):
    found = pinterest.classify_token_error(Answer(status, {}, "", body))
    assert type(found) is kind
    assert found.status == status


@pytest.mark.parametrize(
    "query",
    [
        "state=s",
        "error=access_denied&state=s",
        "error=access_denied&error_description=User%20said%20no&state=s",
        "code=&state=s",
    ],
)
def test_whatever_comes_back_without_a_code_is_a_refusal(query):
    parameters = dict(parse_qsl(urlsplit(f"{REDIRECT}?{query}").query, keep_blank_values=True))
    callback = pinterest.read_callback(parameters)
    assert callback.code is None
    assert callback.lookup == Secret("s")


def test_there_is_no_call_that_ends_a_persons_grant():
    assert not pinterest.revocation.by_call
    with pytest.raises(NotImplementedError):
        pinterest.revoke(APP, Tokens(Secret("pina_old")), {})


def test_an_idle_authorization_is_kept_alive():
    assert pinterest.refresh_tokens_lapse
