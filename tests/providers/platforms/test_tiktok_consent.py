"""From the consent page to a token and to its end: TikTok's own way, not OAuth 2.0's."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from providers.app import App
from providers.errors import AppMisconfigured, GrantDead, PlatformDown, UnknownAnswer
from providers.platforms.tiktok import TikTok
from providers.platforms.tiktok.answers import API
from providers.secret import Secret
from providers.values import Callback, Tokens

APP = App("7000000000000000001", Secret("client-secret-text"))
BACK = "https://product.example/authorizations/callback/tiktok/"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
EXCHANGE = f"{API}/oauth2/access_token/"
REVOKE = f"{API}/oauth2/revoke_token/"

tiktok = TikTok()


def said(data=None, code=0, message="OK"):
    return {"code": code, "message": message, "request_id": "r-1", "data": data or {}}


def exchange(app=APP):
    callback = Callback(Secret("state"), Secret("the-auth-code"))
    return tiktok.finish_consent(app, BACK, callback, "", {})


def test_the_consent_address_names_app_state_and_way_back_and_nothing_else():
    start = tiktok.begin_consent(APP, BACK, "a state", {})
    parts = urlsplit(start.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://business-api.tiktok.com/portal/auth"
    )
    assert parse_qs(parts.query) == {
        "app_id": ["7000000000000000001"],
        "state": ["a state"],
        "redirect_uri": [BACK],
    }
    assert (start.lookup, start.secret) == (Secret("a state"), None)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"auth_code": "a", "state": "s"}, "a"),
        ({"auth_code": "a", "code": "c", "state": "s"}, "a"),
        ({"code": "c", "state": "s"}, "c"),
        ({"auth_code": "", "code": "c", "state": "s"}, "c"),
        ({"state": "s"}, None),
        ({"auth_code": "", "state": "s"}, None),
        ({"error": "access_denied", "state": "s"}, None),
    ],
)
def test_the_code_is_read_under_either_name_and_its_absence_is_a_refusal(parameters, code):
    callback = tiktok.read_callback(parameters)
    assert callback.lookup == Secret("s")
    assert callback.code == (Secret(code) if code else None)
    assert callback.refusal == parameters.get("error", "")


def test_a_callback_that_lost_its_state_names_no_attempt():
    assert not tiktok.read_callback({"auth_code": "a"}).lookup


def test_the_code_is_exchanged_in_json_with_the_app_in_the_body(edge):
    data = {"access_token": TOKEN, "advertiser_ids": ["6900000000000000001"], "scope": [1, 3, 15]}
    edge.post(EXCHANGE, json=said(data))
    grant = exchange()
    sent = edge.calls[0].request
    assert sent.headers["Content-Type"] == "application/json"
    assert "Access-Token" not in sent.headers
    assert json.loads(sent.body) == {
        "app_id": "7000000000000000001",
        "secret": "client-secret-text",
        "auth_code": "the-auth-code",
        "return_advertiser_ids": False,
    }
    assert grant.tokens == Tokens(Secret(TOKEN))
    assert (grant.expires_in, grant.scopes) == (None, {"1", "3", "15"})


@pytest.mark.parametrize(
    ("scope", "granted", "missing"),
    [
        ([1, 3, 15], {"1", "3", "15"}, set()),
        ([10, 31], {"10", "31"}, set()),
        (["1", "3"], {"1", "3"}, set()),
        ([1, 15], {"1", "15"}, {"3"}),
        ([30, 32], {"30", "32"}, {"3"}),
        ([], set(), {"3"}),
        (None, None, set()),
    ],
)
def test_an_approval_without_audience_management_is_noticed(edge, scope, granted, missing):
    edge.post(EXCHANGE, json=said({"access_token": TOKEN, "scope": scope}))
    grant = exchange()
    assert grant.scopes == granted
    assert tiktok.missing_scopes(grant.scopes) == missing


def test_an_approval_that_brings_no_ad_account_is_one(edge):
    edge.post(EXCHANGE, json=said({"access_token": TOKEN, "advertiser_ids": [], "scope": [3]}))
    assert exchange().tokens.access


def test_a_refresh_token_that_comes_unasked_is_kept_and_its_end_ignored(edge):
    more = {"refresh_token": "r", "expires_in": 86400, "refresh_token_expires_in": 31536000}
    edge.post(EXCHANGE, json=said({"access_token": TOKEN, "scope": [3], **more}))
    grant = exchange()
    assert grant.tokens.refresh == Secret("r")
    # There is nothing to renew it with: an end would only break what still works.
    assert (grant.expires_in, grant.refresh_expires_in) == (None, None)


@pytest.mark.parametrize("data", [None, {}, {"access_token": ""}, {"access_token": None}])
def test_an_exchange_without_a_token_is_not_believed(edge, data):
    edge.post(EXCHANGE, json=said(data))
    with pytest.raises(UnknownAnswer):
        exchange()


def test_a_used_code_inside_http_200_is_a_dead_grant(edge):
    edge.post(EXCHANGE, json=said(code=40110, message="The auth_code is canceled."))
    with pytest.raises(GrantDead) as caught:
        exchange()
    assert (caught.value.code, caught.value.request_id) == ("40110", "r-1")


def test_an_exchange_without_an_answer_is_no_refusal(edge):
    edge.post(EXCHANGE, body=requests.ReadTimeout("secret address"))
    with pytest.raises(PlatformDown) as caught:
        exchange()
    assert caught.value.may_have_happened
    assert "secret" not in f"{caught.value!r}"


def test_a_redirect_takes_the_secret_nowhere(edge):
    edge.post(EXCHANGE, status=307, headers={"Location": "https://evil.example/"})
    with pytest.raises(UnknownAnswer):
        exchange()
    assert len(edge.calls) == 1


def test_without_tls_no_secret_is_sent(edge, monkeypatch):
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT", raising=False)
    with pytest.raises(AppMisconfigured):
        exchange(App("client", Secret("client-secret-text"), "http://sandbox.example"))
    assert len(edge.calls) == 0


def test_there_is_no_refresh_and_nothing_is_asked(edge):
    for tokens in (Tokens(Secret(TOKEN)), Tokens(Secret(TOKEN), Secret("refresh"))):
        with pytest.raises(GrantDead):
            tiktok.refresh(APP, tokens, {})
    assert len(edge.calls) == 0


def test_a_token_is_revoked_with_the_apps_credentials(edge):
    edge.post(REVOKE, json=said({"app_id": "7000000000000000001", "advertiser_ids": ["1"]}))
    tiktok.revoke(APP, Tokens(Secret(TOKEN)), {})
    assert json.loads(edge.calls[0].request.body) == {
        "app_id": "7000000000000000001",
        "secret": "client-secret-text",
        "access_token": TOKEN,
    }


def test_revoking_what_has_ended_already_is_fine(edge):
    edge.post(REVOKE, json=said(code=40105, message="invalid access token"))
    tiktok.revoke(APP, Tokens(Secret(TOKEN)), {})


def test_a_revocation_that_fails_inside_http_200_is_said(edge):
    edge.post(REVOKE, json=said(code=50000))
    with pytest.raises(PlatformDown):
        tiktok.revoke(APP, Tokens(Secret(TOKEN)), {})


def test_requests_are_signed_in_tiktoks_header_without_bearer(edge):
    edge.get(f"{API}/user/info/", json=said({"core_user_id": "7"}))
    tiktok.identify(tiktok.connect(APP, Tokens(Secret(TOKEN)), {}), {})
    sent = edge.calls[0].request.headers
    assert sent["Access-Token"] == TOKEN
    assert "Authorization" not in sent
