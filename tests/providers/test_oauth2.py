import base64
import logging
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from providers.app import App
from providers.errors import (
    AppMisconfigured,
    GrantDead,
    PlatformDown,
    PlatformError,
    Throttled,
    UnknownAnswer,
)
from providers.secret import Secret
from providers.values import Callback, Tokens
from tests.sample_platform import TOKEN_URL, SamplePlatform

CLIENT_SECRET = "client-secret-0123456789"
APP = App("client", Secret(CLIENT_SECRET))
BACK = "https://ours.example/authorizations/callback/sample/"
CODE, ACCESS, REFRESH = "the-code-4711-0815", "access-0.MGQCxyz123", "refresh-32eb12f0a7c4"
GOOD = {"access_token": ACCESS, "token_type": "bearer", "expires_in": 1800}


class OtherHabits(SamplePlatform):
    """What some platforms do otherwise: PKCE, Basic, commas, extra fields, a region."""

    pkce = True
    secret_in_header = True
    scope_separator = ","
    scopes = ("ads:read", "ads:write")

    def consent_address(self, options):
        return f"https://{options['region']}.sample.example/authorize"

    def token_address(self, options):
        return f"https://{options['region']}.sample.example/token"

    def authorize_parameters(self, options):
        return {"prompt": "login"}

    def exchange_parameters(self, options):
        return {"continuous_refresh": "true"}


def exchange(platform=None, *, callback=None, secret="", options=None):
    callback = callback or Callback(Secret("state"), Secret(CODE))
    return (platform or SamplePlatform()).finish_consent(APP, BACK, callback, secret, options or {})


def refresh(token=REFRESH, platform=None, options=None):
    tokens = Tokens(Secret(ACCESS), Secret(token) if token else None)
    return (platform or SamplePlatform()).refresh(APP, tokens, options or {})


def query(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def form(call):
    return query(f"?{call.request.body}")


def test_consent_begins_with_what_the_rfc_asks_for():
    start = SamplePlatform().begin_consent(APP, BACK, "state-1", {})
    assert start.url.startswith("https://login.sample.example/authorize?")
    assert query(start.url) == {
        "client_id": "client",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "audiences",
        "state": "state-1",
    }
    assert start.lookup.reveal() == "state-1"
    assert start.secret is None


def test_consent_begins_with_a_platforms_own_habits():
    start = OtherHabits().begin_consent(APP, BACK, "state-1", {"region": "eu"})
    asked = query(start.url)
    assert start.url.startswith("https://eu.sample.example/authorize?")
    assert asked["scope"] == "ads:read,ads:write"
    assert asked["prompt"] == "login"
    assert asked["code_challenge_method"] == "S256"
    assert start.secret.reveal() not in start.url
    again = OtherHabits().begin_consent(APP, BACK, "state-1", {"region": "eu"})
    assert start.secret != again.secret


def test_consent_asks_for_what_our_application_was_approved_for_besides():
    wider = App("client", Secret(CLIENT_SECRET), extra_scopes=("who", "where"))
    start = SamplePlatform().begin_consent(wider, BACK, "state-1", {})
    assert query(start.url)["scope"] == "audiences who where"
    assert SamplePlatform().missing_scopes(frozenset({"audiences"})) == frozenset()


@pytest.mark.parametrize(
    ("parameters", "code", "refusal"),
    [
        ({"code": "c", "state": "s"}, "c", ""),
        ({"error": "access_denied", "state": "s"}, None, "access_denied"),
        ({"error": "<script>alert('x')", "state": "s"}, None, "scriptalertx"),
        ({"state": "s"}, None, ""),
        ({"code": "", "state": "s"}, None, ""),
    ],
)
def test_whatever_comes_back_without_a_code_is_a_refusal(parameters, code, refusal):
    callback = SamplePlatform().read_callback(parameters)
    assert (callback.code.reveal() if callback.code else None) == code
    assert callback.refusal == refusal
    assert callback.lookup.reveal() == "s"


def test_an_answer_without_a_state_names_no_attempt():
    assert not SamplePlatform().read_callback({"code": "c"}).lookup


def test_the_code_is_exchanged_with_the_secret_in_the_form(edge):
    edge.post(TOKEN_URL, json={**GOOD, "refresh_token": REFRESH, "scope": "audiences more"})
    grant = exchange()
    assert form(edge.calls[0]) == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": BACK,
        "client_id": "client",
        "client_secret": CLIENT_SECRET,
    }
    assert "Authorization" not in edge.calls[0].request.headers
    assert grant.tokens == Tokens(Secret(ACCESS), Secret(REFRESH))
    assert grant.expires_in == 1800
    assert grant.scopes == {"audiences", "more"}
    assert ACCESS not in repr(grant)


def test_the_code_is_exchanged_with_the_secret_in_a_header(edge):
    edge.post("https://eu.sample.example/token", json=GOOD)
    exchange(OtherHabits(), secret="the-verifier", options={"region": "eu"})
    sent = form(edge.calls[0])
    assert sent["code_verifier"] == "the-verifier"
    assert sent["continuous_refresh"] == "true"
    assert "client_secret" not in sent
    basic = base64.b64encode(f"client:{CLIENT_SECRET}".encode()).decode()
    assert edge.calls[0].request.headers["Authorization"] == f"Basic {basic}"


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ({}, None),
        ({"scope": ""}, None),
        ({"scope": "b a"}, {"a", "b"}),
        ({"scope": "a,b"}, {"a", "b"}),
        ({"scope": " a, b "}, {"a", "b"}),
    ],
)
def test_granted_scopes_are_read_however_they_are_separated(edge, said, scopes):
    # oauthlib would raise on each of these, and the single-use code would be lost.
    edge.post(TOKEN_URL, json={**GOOD, **said})
    assert exchange().scopes == scopes


def test_scopes_that_came_with_the_person_count_where_the_exchange_is_silent(edge):
    edge.post(TOKEN_URL, json=GOOD)
    callback = SamplePlatform().read_callback({"code": "c", "state": "s", "scope": "a b"})
    assert exchange(callback=callback).scopes == {"a", "b"}


def test_missing_scopes_are_none_where_the_platform_did_not_say():
    assert SamplePlatform().missing_scopes(None) == set()
    assert SamplePlatform().missing_scopes(frozenset({"other"})) == {"audiences"}


@pytest.mark.parametrize(("said", "lasts"), [("3600", 3600), (None, None), ("soon", None), (-5, 0)])
def test_the_life_of_a_token_is_what_is_said(edge, said, lasts):
    edge.post(TOKEN_URL, json={**GOOD, "expires_in": said})
    assert exchange().expires_in == lasts


@pytest.mark.parametrize(
    ("said", "lasts"),
    [
        ({}, None),
        ({"refresh_token_expires_in": 60}, 60),
        ({"refresh_token_expires_at": 1765000060}, 60),
        ({"refresh_token_expires_at": "1765000060"}, 60),
        ({"refresh_token_expires_at": 1764999999}, 0),
        ({"refresh_token_expires_at": "soon"}, None),
        ({"refresh_token_expires_in": 30, "refresh_token_expires_at": 1765000060}, 30),
    ],
)
@pytest.mark.parametrize("ask", [exchange, refresh])
def test_the_end_of_a_refresh_token_is_read_from_either_word(edge, monkeypatch, ask, said, lasts):
    monkeypatch.setattr("providers.oauth2.time.time", lambda: 1765000000.5)
    edge.post(TOKEN_URL, json={**GOOD, **said})
    assert ask().refresh_expires_in == lasts


@pytest.mark.parametrize("sent", ["refresh-new", REFRESH, None])
def test_a_refresh_gives_the_refresh_token_that_came_or_none(edge, sent):
    edge.post(TOKEN_URL, json={**GOOD, **({"refresh_token": sent} if sent else {})})
    grant = refresh()
    assert grant.tokens.access.reveal() == ACCESS
    assert (grant.tokens.refresh.reveal() if grant.tokens.refresh else None) == sent
    assert form(edge.calls[0]) == {
        "grant_type": "refresh_token",
        "refresh_token": REFRESH,
        "client_id": "client",
        "client_secret": CLIENT_SECRET,
    }


def test_a_refresh_with_the_secret_in_a_header(edge):
    edge.post("https://eu.sample.example/token", json=GOOD)
    refresh(platform=OtherHabits(), options={"region": "eu"})
    assert set(form(edge.calls[0])) == {"grant_type", "refresh_token"}
    assert edge.calls[0].request.headers["Authorization"].startswith("Basic ")


def test_without_a_refresh_token_only_a_person_can_help():
    with pytest.raises(GrantDead):
        refresh(token=None)


@pytest.mark.parametrize("act", [exchange, refresh])
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant"}, GrantDead),
        (401, {"error": "invalid_grant"}, GrantDead),
        (401, {"error": "invalid_client"}, AppMisconfigured),
        (400, {"error": "unauthorized_client"}, AppMisconfigured),
        (400, {"error": "unsupported_grant_type"}, AppMisconfigured),
        (400, {"error": "invalid_request"}, UnknownAnswer),
        (400, {"error": "temporarily_unavailable"}, PlatformDown),
        (400, {"error": {"nested": 1}}, UnknownAnswer),
        (400, ["invalid_grant"], UnknownAnswer),
        (429, {"error": "invalid_grant"}, Throttled),
        (500, {"error": "invalid_grant"}, PlatformDown),
        (302, {}, UnknownAnswer),
        (200, {"error": "invalid_grant"}, GrantDead),
        (200, {"token": "elsewhere"}, UnknownAnswer),
        (200, [], UnknownAnswer),
    ],
)
def test_what_a_refusal_of_the_token_endpoint_means(edge, act, status, body, kind):
    edge.post(TOKEN_URL, json=body, status=status, headers={"Retry-After": "9"})
    with pytest.raises(PlatformError) as caught:
        act()
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert not isinstance(caught.value, Throttled) or caught.value.retry_after == 9


@pytest.mark.parametrize("act", [exchange, refresh])
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, "<html>Bad gateway</html>", PlatformDown),
        (200, "<html>Sign in to the hotel's network</html>", UnknownAnswer),
        (200, '{"access_token": "half', UnknownAnswer),
        (200, "", UnknownAnswer),
        (401, "unauthorized", UnknownAnswer),
    ],
)
def test_a_page_that_is_no_answer_of_the_token_endpoint(edge, act, status, body, kind):
    edge.post(TOKEN_URL, body=body, status=status)
    with pytest.raises(PlatformError) as caught:
        act()
    assert type(caught.value) is kind


@pytest.mark.parametrize("act", [exchange, refresh])
def test_no_answer_is_an_outage_that_may_have_used_the_code(edge, act):
    edge.post(TOKEN_URL, body=requests.ReadTimeout(f"client_secret={CLIENT_SECRET} {CODE}"))
    with pytest.raises(PlatformDown) as caught:
        act()
    assert caught.value.may_have_happened
    assert CLIENT_SECRET not in f"{caught.value!r} {vars(caught.value)}"


def test_a_redirect_does_not_carry_the_secret_elsewhere(edge):
    edge.post(TOKEN_URL, status=307, headers={"Location": "https://evil.example/token"})
    with pytest.raises(UnknownAnswer):
        exchange()
    assert len(edge.calls) == 1


@pytest.mark.parametrize("act", [exchange, refresh])
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_nothing_secret_is_said_or_logged(edge, act, status, caplog):
    caplog.set_level(logging.DEBUG)
    echoed = f"{CODE} {ACCESS} {REFRESH} {CLIENT_SECRET}"
    edge.post(TOKEN_URL, status=status, json={"error": echoed, "error_description": echoed})
    with pytest.raises(PlatformError) as caught:
        act()
    error = caught.value
    said = f"{error} {error!r} {error.args} {vars(error)} {caplog.text}"
    for secret in (CODE, ACCESS, REFRESH, CLIENT_SECRET):
        assert secret not in said


def test_an_address_without_tls_is_a_fault_of_the_operator(monkeypatch):
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT", raising=False)
    app = App("client", Secret(CLIENT_SECRET), "http://sandbox.example")
    with pytest.raises(AppMisconfigured):
        SamplePlatform().finish_consent(app, BACK, Callback(Secret("s"), Secret(CODE)), "", {})


@pytest.mark.parametrize("name", ["oauthlib", "requests_oauthlib", "urllib3"])
def test_loggers_that_print_secrets_are_silenced(name):
    assert not logging.getLogger(f"{name}.anything").isEnabledFor(logging.DEBUG)
