"""The walk to X and back, and the end of an access."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from providers.app import App
from providers.errors import AppMisconfigured, GrantDead, PlatformDown, TokenRejected
from providers.platforms.x import X
from providers.secret import Secret
from providers.values import Callback, Tokens

APP = App("api-key", Secret("api-key-secret-text"))
BACK = "https://ours.example/authorizations/callback/x/"
ASK, EXCHANGE = "https://api.x.com/oauth/request_token", "https://api.x.com/oauth/access_token"
REVOKE = "https://api.x.com/1.1/oauth/invalidate_token.json"
# The published examples.
REQUEST_TOKEN = "NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0"
ASKED = (
    f"oauth_token={REQUEST_TOKEN}&oauth_token_secret=veNRnAWe6inFuo8o2u8SLLZLjolYDmDP7SzL0YfYI"
    "&oauth_callback_confirmed=true"
)
GIVEN = (
    "oauth_token=6253282-eWudHldSbIaelX7swmsiHImEL4KinwaGloHANdrY"
    "&oauth_token_secret=2EEfA6BG5ly3sR3XjE0IBSnlQu4ZrUzPiYTmrkVU"
)

x = X()


def exchange():
    return x.finish_consent(
        APP, BACK, Callback(Secret(REQUEST_TOKEN), Secret("verifier")), "request-secret", {}
    )


def test_consent_is_always_asked_and_by_whom_is_asked_too(edge):
    edge.post(ASK, body=ASKED, content_type="text/html;charset=utf-8")
    start = x.begin_consent(APP, BACK, "state", {})
    parts = urlsplit(start.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://api.x.com/oauth/authorize"
    # Never the callback: it was given with the request token.
    assert parse_qs(parts.query) == {"oauth_token": [REQUEST_TOKEN], "force_login": ["true"]}


@pytest.mark.parametrize("parameters", [{"denied": "t"}, {"provider": "x", "denied": "t"}])
def test_a_cancel_is_known_by_what_was_denied(parameters):
    callback = x.read_callback(parameters)
    assert (callback.lookup.reveal(), callback.code, callback.refusal) == ("t", None, "denied")


def test_what_was_denied_is_not_approved_by_a_verifier_beside_it():
    callback = x.read_callback({"denied": "t", "oauth_token": "u", "oauth_verifier": "v"})
    assert (callback.lookup.reveal(), callback.code) == ("t", None)


@pytest.mark.parametrize(
    ("more", "facts"),
    [
        ("&user_id=6253282&screen_name=xapi", {"user_id": "6253282", "screen_name": "xapi"}),
        ("&user_id=6253282", {"user_id": "6253282"}),
        ("", {}),
    ],
)
def test_who_approved_is_kept_where_x_tells_it(edge, more, facts):
    edge.post(EXCHANGE, body=GIVEN + more, content_type="text/html;charset=utf-8")
    grant = exchange()
    assert grant.facts == facts
    assert grant.tokens.access.reveal().startswith("6253282-")
    assert x.missing_scopes(grant.scopes) == frozenset()


JSON_415 = json.dumps({"errors": [{"code": 415, "message": "Callback URL not approved"}]})
XML_415 = (
    "<?xml version='1.0' encoding='UTF-8'?><errors>"
    '<error code="415">Callback URL not approved for this client application.</error></errors>'
)
JSON_32 = json.dumps({"errors": [{"code": 32, "message": "Could not authenticate you."}]})
WRONG_VERIFIER = "Error processing your OAuth request: Invalid oauth_verifier parameter"


@pytest.mark.parametrize("body", [JSON_415, XML_415])
def test_an_address_that_is_not_on_the_list_is_ours_to_mend(edge, body):
    edge.post(ASK, status=403, body=body)
    with pytest.raises(AppMisconfigured) as caught:
        x.begin_consent(APP, BACK, "state", {})
    assert caught.value.code == "415"
    assert "redirect address" in caught.value.message


def test_a_wrong_key_or_clock_is_ours_to_mend_whenever_it_shows(edge):
    edge.post(ASK, status=401, body=JSON_32)
    edge.post(EXCHANGE, status=401, body=JSON_32)
    for act in (lambda: x.begin_consent(APP, BACK, "state", {}), exchange):
        with pytest.raises(AppMisconfigured) as caught:
            act()
        assert caught.value.code == "32"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(401, WRONG_VERIFIER, GrantDead), (503, JSON_32, PlatformDown), (500, "", PlatformDown)],
)
def test_an_approval_that_fails_is_told_from_our_key(edge, status, body, kind):
    edge.post(EXCHANGE, status=status, body=body)
    with pytest.raises(kind):
        exchange()


# The end

TOKENS = Tokens(Secret("6253282-access"), secret=Secret("access-secret"))


def test_access_is_ended_with_the_token_that_it_ends(edge):
    edge.post(REVOKE, json={"access_token": "6253282-access"})
    x.revoke(APP, TOKENS, {})
    assert 'oauth_token="6253282-access"' in str(edge.calls[0].request.headers["Authorization"])


def test_access_that_has_ended_is_ended(edge):
    edge.post(REVOKE, status=401, json={"errors": [{"code": 89, "message": "Invalid"}]})
    x.revoke(APP, TOKENS, {})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, JSON_32, AppMisconfigured),
        (401, '{"errors": [{"code": "UNAUTHORIZED_ACCESS"}]}', TokenRejected),
        (401, "", TokenRejected),
        (503, "", PlatformDown),
        (500, "{}", PlatformDown),
    ],
)
def test_access_that_may_go_on_is_not_called_ended(edge, status, body, kind):
    edge.post(REVOKE, status=status, body=body)
    with pytest.raises(kind):
        x.revoke(APP, TOKENS, {})
