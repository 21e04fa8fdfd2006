import logging
import re
from urllib.parse import parse_qs, quote, unquote, urlsplit

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
from providers.oauth1 import OAuth1Platform
from providers.secret import Secret
from providers.values import Callback, Tokens
from tests.sample_platform import SamplePlatform

CLIENT_SECRET = "client-secret-0123456789"
APP = App("client", Secret(CLIENT_SECRET))
BACK = "https://ours.example/authorizations/callback/sample/"
ASK, EXCHANGE = "https://login.sample.example/request", "https://login.sample.example/access"
REQUEST_TOKEN, REQUEST_SECRET = "request-4711", "request-secret-32eb12f0a7c4"
VERIFIER, ACCESS, ACCESS_SECRET = "verifier-0815", "access-MGQCxyz123", "access-secret-77aa12bb"
ASKED = (
    f"oauth_token={REQUEST_TOKEN}&oauth_token_secret={REQUEST_SECRET}&oauth_callback_confirmed=true"
)
GIVEN = f"oauth_token={ACCESS}&oauth_token_secret={ACCESS_SECRET}&user_id=7"


class SampleOAuth1(OAuth1Platform):
    """The sample platform, authorized the older way."""

    key, label = "sample", "Sample Ads"
    request_token_url, access_token_url = ASK, EXCHANGE
    authorize_url = "https://login.sample.example/authorize"

    classify = SamplePlatform.classify
    identify = SamplePlatform.identify
    ad_accounts = SamplePlatform.ad_accounts
    audience_request = SamplePlatform.audience_request
    find_audience = SamplePlatform.find_audience
    create_audience = SamplePlatform.create_audience
    add = SamplePlatform.add
    remove = SamplePlatform.remove
    audience_status = SamplePlatform.audience_status


sample = SampleOAuth1()


def begin(app=APP):
    return sample.begin_consent(app, BACK, "a-state", {})


def exchange(app=APP):
    callback = Callback(Secret(REQUEST_TOKEN), Secret(VERIFIER))
    return sample.finish_consent(app, BACK, callback, REQUEST_SECRET, {})


def authorization(request):
    return requests.utils.to_native_string(request.headers["Authorization"])


def signed(call):
    """The parameters in the Authorization header."""
    header = authorization(call.request)
    assert header.startswith("OAuth ")
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def test_consent_begins_with_a_request_token(edge):
    edge.post(ASK, body=ASKED, content_type="text/html")
    start = begin()
    parts = urlsplit(start.url)
    assert start.url.startswith("https://login.sample.example/authorize?")
    assert parse_qs(parts.query) == {"oauth_token": [REQUEST_TOKEN]}
    assert (start.lookup.reveal(), start.secret.reveal()) == (REQUEST_TOKEN, REQUEST_SECRET)
    parameters = signed(edge.calls[0])
    assert parameters["oauth_callback"] == BACK
    assert parameters["oauth_signature_method"] == "HMAC-SHA1"
    assert parameters["oauth_consumer_key"] == "client"
    assert "oauth_token" not in parameters
    assert not edge.calls[0].request.body
    assert "a-state" not in start.url


@pytest.mark.parametrize("confirmed", ["", "&oauth_callback_confirmed=false"])
def test_an_address_that_is_not_confirmed_is_not_gone_to(edge, confirmed):
    edge.post(ASK, body=ASKED.partition("&oauth_callback_confirmed")[0] + confirmed)
    with pytest.raises(AppMisconfigured):
        begin()


@pytest.mark.parametrize(
    ("parameters", "lookup", "code"),
    [
        ({"oauth_token": "t", "oauth_verifier": "v"}, "t", "v"),
        ({"oauth_token": "t"}, "t", None),
        ({"oauth_token": "t", "oauth_verifier": ""}, "t", None),
        ({"oauth_verifier": "v"}, "", "v"),
        ({}, "", None),
    ],
)
def test_an_answer_is_known_by_its_request_token(parameters, lookup, code):
    callback = sample.read_callback(parameters)
    assert callback.lookup.reveal() == lookup
    assert (callback.code.reveal() if callback.code else None) == code


def test_the_verifier_is_exchanged(edge):
    edge.post(EXCHANGE, body=f"{GIVEN}\n", content_type="text/html")
    grant = exchange()
    assert (grant.tokens.access.reveal(), grant.tokens.secret.reveal()) == (ACCESS, ACCESS_SECRET)
    assert (grant.tokens.refresh, grant.expires_in, grant.scopes) == (None, None, None)
    parameters = signed(edge.calls[0])
    assert (parameters["oauth_token"], parameters["oauth_verifier"]) == (REQUEST_TOKEN, VERIFIER)
    assert "oauth_callback" not in parameters


@pytest.mark.parametrize(
    ("status", "body", "at_begin", "at_exchange"),
    [
        (401, "Error processing your OAuth request", AppMisconfigured, GrantDead),
        (401, "", AppMisconfigured, GrantDead),
        (400, "", UnknownAnswer, UnknownAnswer),
        (403, "<html>Blocked</html>", UnknownAnswer, UnknownAnswer),
        (429, "", Throttled, Throttled),
        (500, "", PlatformDown, PlatformDown),
        (503, "<html>Over capacity</html>", PlatformDown, PlatformDown),
        (200, "<html>Sign in</html>", UnknownAnswer, UnknownAnswer),
        (200, "", UnknownAnswer, UnknownAnswer),
        (200, f"oauth_token={ACCESS}", UnknownAnswer, UnknownAnswer),
        (200, f"oauth_token=&oauth_token_secret={ACCESS_SECRET}", UnknownAnswer, UnknownAnswer),
        (302, GIVEN, UnknownAnswer, UnknownAnswer),
    ],
)
def test_a_bad_answer_says_what_mends_it(edge, status, body, at_begin, at_exchange):
    for url, act, kind in ((ASK, begin, at_begin), (EXCHANGE, exchange, at_exchange)):
        edge.post(url, status=status, body=body)
        with pytest.raises(PlatformError) as caught:
            act()
        assert type(caught.value) is kind
        shown = f"{caught.value!r} {caught.value.args} {vars(caught.value)}"
        for secret in (CLIENT_SECRET, REQUEST_SECRET, VERIFIER, ACCESS, ACCESS_SECRET):
            assert secret not in shown


def test_no_answer_is_an_outage(edge):
    edge.post(EXCHANGE, body=requests.ReadTimeout("with a secret in it"))
    with pytest.raises(PlatformDown) as caught:
        exchange()
    assert "secret" not in f"{caught.value!r} {vars(caught.value)}"


def test_tokens_are_asked_for_over_tls_outside_this_machine(edge):
    app = App("client", Secret(CLIENT_SECRET), "http://proxy.example/x")
    for act in (begin, exchange):
        with pytest.raises(AppMisconfigured):
            act(app)
    assert len(edge.calls) == 0


def test_there_is_nothing_to_refresh():
    with pytest.raises(GrantDead):
        sample.refresh(APP, Tokens(Secret(ACCESS), secret=Secret(ACCESS_SECRET)), {})


# https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature
@pytest.mark.parametrize(
    ("host", "right"),
    [
        ("api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="),
        ("api.twitter.com", "hCtSmYh+iHYCEqBWrE7C7hYmtUk="),
    ],
)
def test_requests_are_signed_as_the_published_example(host, right):
    app = App("xvz1evFS4wEEPTGEFPHBog", Secret("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"))
    tokens = Tokens(
        Secret("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
        secret=Secret("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"),
    )
    signer = sample.auth(app, tokens)
    signer.client.nonce = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"
    signer.client.timestamp = "1318622958"
    request = requests.Request(
        "POST",
        f"https://{host}/1.1/statuses/update.json",
        params={"include_entities": "true"},
        data={"status": "Hello Ladies + Gentlemen, a signed OAuth request!"},
        auth=signer,
    ).prepare()
    assert f'oauth_signature="{quote(right, safe="")}"' in authorization(request)


def test_a_json_body_is_sent_as_it_is_and_not_signed():
    signer = sample.auth(APP, Tokens(Secret(ACCESS), secret=Secret(ACCESS_SECRET)))
    signer.client.nonce, signer.client.timestamp = "nonce", "1"
    headers = []
    for body in (b'[{"a": "b=c&d"}]', b"[]"):
        request = requests.Request(
            "POST",
            "https://api.sample.example/users",
            data=body,
            headers={"Content-Type": "application/json"},
            auth=signer,
        ).prepare()
        assert request.body == body
        assert request.headers["Content-Type"] in {"application/json", b"application/json"}
        headers.append(authorization(request))
    assert headers[0] == headers[1]
    assert "body_hash" not in headers[0]


def test_what_signs_prints_no_token(caplog):
    caplog.set_level(logging.DEBUG)
    signer = sample.auth(APP, Tokens(Secret(ACCESS), secret=Secret(ACCESS_SECRET)))
    requests.Request("GET", "https://api.sample.example/me", auth=signer).prepare()
    for secret in (ACCESS, ACCESS_SECRET, CLIENT_SECRET):
        assert secret not in f"{caplog.text} {signer!r}"
