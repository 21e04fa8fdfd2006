"""Login with Amazon: three regions, PKCE, one refresh token for good, and its refusals."""

import base64
import hashlib
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from providers.app import App
from providers.errors import (
    AppMisconfigured,
    GrantDead,
    PlatformDown,
    Throttled,
    UnknownAnswer,
)
from providers.platforms.amazon_ads import AmazonAds
from providers.secret import Secret
from providers.values import Callback, Tokens

amazon = AmazonAds()
APP = App("amzn1.application-oa2-client.abc", Secret("client-secret-text"))
REDIRECT = "https://product.example/authorizations/callback/amazon_ads/"
CAMPAIGNS, AUDIENCES = "advertising::campaign_management", "advertising::audiences"
TOKENS = {
    "access_token": "Atza|access",
    "refresh_token": "Atzr|refresh",
    "token_type": "bearer",
    "expires_in": 3600,
}

REGIONS = [
    ({}, "https://www.amazon.com/ap/oa", "https://api.amazon.com/auth/o2/token"),
    ({"region": ""}, "https://www.amazon.com/ap/oa", "https://api.amazon.com/auth/o2/token"),
    ({"region": "NA"}, "https://www.amazon.com/ap/oa", "https://api.amazon.com/auth/o2/token"),
    (
        {"region": "EU"},
        "https://eu.account.amazon.com/ap/oa",
        "https://api.amazon.co.uk/auth/o2/token",
    ),
    (
        {"region": "FE"},
        "https://apac.account.amazon.com/ap/oa",
        "https://api.amazon.co.jp/auth/o2/token",
    ),
]


@pytest.mark.parametrize(("options", "address", "_token"), REGIONS)
def test_consent_is_asked_for_in_the_chosen_region(options, address, _token):
    start = amazon.begin_consent(APP, REDIRECT, "the-state", options)
    assert start.url.partition("?")[0] == address
    asked = dict(parse_qsl(urlsplit(start.url).query))
    verifier = start.secret.reveal().encode()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=")
    assert asked == {
        "client_id": APP.client_id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": f"{CAMPAIGNS} {AUDIENCES}",
        "state": "the-state",
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    assert "advertising%3A%3Aaudiences" in start.url


@pytest.mark.parametrize(("options", "_address", "token"), REGIONS)
def test_a_code_is_exchanged_in_the_chosen_region_without_a_bearer_token(
    edge, options, _address, token
):
    edge.post(token, json=TOKENS)
    callback = Callback(Secret("s"), Secret("the-code"), scopes=frozenset({CAMPAIGNS, AUDIENCES}))
    grant = amazon.finish_consent(APP, REDIRECT, callback, "the-verifier", options)
    sent = edge.calls[0].request
    assert parse_qs(sent.body) == {
        "grant_type": ["authorization_code"],
        "code": ["the-code"],
        "redirect_uri": [REDIRECT],
        "client_id": [APP.client_id],
        "client_secret": ["client-secret-text"],
        "code_verifier": ["the-verifier"],
    }
    assert "Authorization" not in sent.headers
    assert grant.tokens.access.reveal() == "Atza|access"
    assert grant.tokens.refresh.reveal() == "Atzr|refresh"
    assert (grant.expires_in, grant.scopes) == (3600, {CAMPAIGNS, AUDIENCES})


@pytest.mark.parametrize("body", [TOKENS, {**TOKENS, "refresh_token": None}])
def test_a_refresh_encodes_the_bar_and_keeps_what_comes(edge, body):
    edge.post("https://api.amazon.co.uk/auth/o2/token", json=body)
    tokens = Tokens(Secret("Atza|old"), Secret("Atzr|refresh"))
    grant = amazon.refresh(APP, tokens, {"region": "EU"})
    sent = edge.calls[0].request
    assert "refresh_token=Atzr%7Crefresh" in sent.body
    assert parse_qs(sent.body)["grant_type"] == ["refresh_token"]
    assert "Authorization" not in sent.headers
    assert (grant.tokens.refresh is None) is (body["refresh_token"] is None)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            {
                "error": "invalid_grant",
                "error_description": "The request has an invalid grant parameter : refresh_token. "
                "User may have revoked or didn't grant the permission.",
            },
            GrantDead,
        ),
        (
            400,
            {
                "error": "invalid_grant",
                "error_description": "The request has an invalid grant parameter : code",
            },
            GrantDead,
        ),
        (
            400,
            {
                "error": "invalid_request",
                "error_description": "The request is missing a required parameter : refresh_token",
            },
            UnknownAnswer,
        ),
        (
            401,
            {"error": "invalid_client", "error_description": "Client authentication failed"},
            AppMisconfigured,
        ),
        (400, {"error": "unsupported_grant_type"}, AppMisconfigured),
        (400, {"error": "unauthorized_client"}, AppMisconfigured),
        (429, {}, Throttled),
        (500, {"error": "ServerError"}, PlatformDown),
        (503, "<html>", PlatformDown),
        (200, "<html>", UnknownAnswer),
    ],
)
def test_a_refusal_of_the_token_endpoint_says_what_mends_it(edge, status, body, kind):
    how = {"body": body} if isinstance(body, str) else {"json": body}
    edge.post("https://api.amazon.com/auth/o2/token", status=status, **how)
    with pytest.raises(Exception) as caught:
        amazon.refresh(APP, Tokens(Secret("Atza|old"), Secret("Atzr|refresh")), {})
    assert type(caught.value) is kind
    assert "Atzr" not in f"{caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (None, set()),
        ({CAMPAIGNS, AUDIENCES}, set()),
        ({CAMPAIGNS, AUDIENCES, "profile"}, set()),
        ({"cpc_advertising:campaign_management", AUDIENCES}, set()),
        ({AUDIENCES}, {CAMPAIGNS}),
        ({CAMPAIGNS}, {AUDIENCES}),
        (set(), {CAMPAIGNS, AUDIENCES}),
    ],
)
def test_granted_scopes_are_compared_with_needed_ones(granted, missing):
    known = None if granted is None else frozenset(granted)
    assert amazon.missing_scopes(known) == missing


def test_an_approval_tells_its_scopes():
    query = "code=ANdNAVhyhqirUelHGEHA&scope=advertising%3A%3Aaudiences+profile&state=s"
    callback = amazon.read_callback(dict(parse_qsl(query)))
    assert callback.code.reveal() == "ANdNAVhyhqirUelHGEHA"
    assert callback.scopes == {AUDIENCES, "profile"}


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        (
            "error_description=Access+not+permitted.&state=s&error=access_denied",
            "access_denied",
        ),
        (
            "error=invalid_scope&error_description=An+unknown+scope+was+requested&state=s",
            "invalid_scope",
        ),
    ],
)
def test_a_refusal_keeps_the_attempt_and_amazons_word(query, refusal):
    callback = amazon.read_callback(dict(parse_qsl(query)))
    assert (callback.code, callback.refusal) == (None, refusal)
    assert callback.lookup.reveal() == "s"


def test_access_ends_at_amazon_by_hand():
    assert amazon.revocation.url == "https://www.amazon.com/ap/adam"
    with pytest.raises(NotImplementedError):
        amazon.revoke(APP, Tokens(Secret("Atza|x")), {})
