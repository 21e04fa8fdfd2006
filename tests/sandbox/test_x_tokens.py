"""OAuth 1.0a at X, by the sheet's section 1."""

import time
from email.utils import parsedate_to_datetime

import pytest

from tests.sandbox.raw_x import REDIRECT_URI, Caller, RawX, form

NOT_AUTHENTICATED = (401, {"errors": [{"code": 32, "message": "Could not authenticate you."}]})


@pytest.fixture
def x(sandbox):
    return RawX(sandbox)


def ahead(answer):
    """How far the platform's clock is ahead of ours, in seconds."""
    return parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()


def said(answer):
    return answer.status_code, answer.json()


def test_a_request_token_comes_as_a_form_that_confirms_the_callback(x):
    answer = x.request_token()
    assert answer.headers["Content-Type"].startswith("text/html")
    asked = form(answer)
    assert set(asked) == {"oauth_token", "oauth_token_secret", "oauth_callback_confirmed"}
    assert asked["oauth_callback_confirmed"] == "true"


@pytest.mark.parametrize(
    "callback",
    [
        REDIRECT_URI.rstrip("/"),
        "https://evil.example/authorizations/callback/x/",
        f"{REDIRECT_URI}?provider=x",
        REDIRECT_URI.replace("/x/", "/snapchat/"),
        REDIRECT_URI.replace("127.0.0.1", "localhost"),
        "http://[localhost/authorizations/callback/x/",
        "oob",
    ],
)
def test_a_callback_that_is_not_on_the_list_is_refused_in_json_or_xml(x, sandbox, callback):
    status, body = said(x.request_token(callback))
    assert status == 403
    assert body["errors"][0]["code"] == 415
    sandbox.fault("x", "xml_errors", count=None)
    answer = x.request_token(callback)
    assert answer.status_code == 403
    assert '<error code="415">' in answer.text


def test_a_callback_with_a_query_of_its_own_keeps_it(x, sandbox):
    sandbox.fault("x", "query_in_callback", count=None)
    asked = form(x.request_token(f"{REDIRECT_URI}?provider=x"))
    back = x.consent(asked["oauth_token"], "Manuel Manager", "Cancel")
    assert back == {"provider": "x", "denied": asked["oauth_token"]}


def test_approval_brings_request_token_and_verifier(x):
    asked = form(x.request_token())
    back = x.consent(asked["oauth_token"], "Manuel Manager", "Allow")
    assert set(back) == {"oauth_token", "oauth_verifier"}
    assert back["oauth_token"] == asked["oauth_token"]


def test_a_cancel_brings_denied_and_nothing_else(x):
    asked = form(x.request_token())
    back = x.consent(asked["oauth_token"], "Manuel Manager", "Cancel")
    assert back == {"denied": asked["oauth_token"]}


@pytest.mark.parametrize("where", ["header", "body", "query"])
def test_the_verifier_is_taken_from_header_body_or_query(x, where):
    asked = form(x.request_token())
    verifier = x.consent(asked["oauth_token"], "Manuel Manager", "Allow")["oauth_verifier"]
    how = {
        "header": {"verifier": verifier},
        "body": {"data": {"oauth_verifier": verifier}},
        "query": {"params": {"oauth_verifier": verifier}},
    }[where]
    given = form(x.access_token(asked, **how))
    assert set(given) == {"oauth_token", "oauth_token_secret", "user_id", "screen_name"}
    assert given["user_id"] == "6253282"
    assert given["oauth_token"].startswith("6253282-")


def test_the_guides_shorter_answer_has_tokens_alone(x, sandbox):
    sandbox.fault("x", "no_user_id", count=None)
    assert set(x.tokens("Manuel Manager")) == {"oauth_token", "oauth_token_secret"}


def test_a_verifier_counts_once_and_must_be_the_right_one(x):
    asked = form(x.request_token())
    verifier = x.consent(asked["oauth_token"], "Manuel Manager", "Allow")["oauth_verifier"]
    for given in ("wrong", "", verifier, verifier):
        answer = x.access_token(asked, data={"oauth_verifier": given})
        is_first = given == verifier and answer.status_code == 200
        if not is_first:
            assert answer.status_code == 401
            assert answer.text == (
                "Error processing your OAuth request: Invalid oauth_verifier parameter"
            )
    assert answer.status_code == 401


def test_a_request_token_lapses_and_a_decided_one_has_no_page(x, sandbox):
    asked = form(x.request_token())
    back = x.consent(asked["oauth_token"], "Manuel Manager", "Allow")
    page = x.http.get(f"{x.login}/oauth/authorize?oauth_token={asked['oauth_token']}", timeout=5)
    assert page.status_code == 403
    sandbox.advance(901)
    assert x.access_token(asked, verifier=back["oauth_verifier"]).status_code == 401


def test_one_user_has_one_pair_until_it_is_invalidated(x):
    first, second = x.tokens("Manuel Manager"), x.tokens("Manuel Manager")
    assert first == second != x.tokens("Ada Account-Admin")
    answer = x.post("/1.1/oauth/invalidate_token.json", Caller(x, first).signer())
    assert said(answer) == (200, {"access_token": first["oauth_token"]})
    assert x.tokens("Manuel Manager")["oauth_token"] != first["oauth_token"]


def test_a_dead_token_says_89_or_that_it_is_not_authenticated(x, sandbox):
    caller = x.sign_in("Manuel Manager")
    path = "/1.1/oauth/invalidate_token.json"
    assert x.post(path, caller.signer()).status_code == 200
    dead = (401, {"errors": [{"code": 89, "message": "Invalid or expired token."}]})
    assert said(x.post(path, caller.signer())) == dead
    assert said(caller.get("accounts")) == dead
    sandbox.fault("x", "unauthorized_access", count=None)
    status, body = said(caller.get("accounts"))
    assert (status, body["errors"][0]["code"]) == (401, "UNAUTHORIZED_ACCESS")


def test_a_bad_signature_or_clock_says_32_or_that_it_is_not_authenticated(x, sandbox):
    caller = x.sign_in("Manuel Manager")
    sandbox.fault("x", "bad_signature_unauthorized", count=None)
    answer = caller.send("GET", "accounts", auth=caller.signer(timestamp="1"))
    status, body = said(answer)
    assert (status, body["errors"][0]["code"]) == (401, "UNAUTHORIZED_ACCESS")
    assert abs(ahead(answer)) < 60
    # Of the Ads API alone.
    signer = caller.signer(timestamp="1")
    assert said(x.post("/1.1/oauth/invalidate_token.json", signer)) == NOT_AUTHENTICATED


def test_a_bad_clock_shows_in_the_date(x, sandbox):
    caller = x.sign_in("Manuel Manager")
    sandbox.fault("x", "bad_clock", count=None)
    answer = caller.get("accounts")
    assert said(answer) == NOT_AUTHENTICATED
    assert 3500 < ahead(answer) < 3700
    sandbox.clear_faults("x")
    sandbox.fault("x", "bad_clock", count=None, seconds=-1000)
    sandbox.fault("x", "bad_signature_unauthorized", count=None)
    answer = caller.get("accounts")
    assert said(answer)[1]["errors"][0]["code"] == "UNAUTHORIZED_ACCESS"
    assert -1100 < ahead(answer) < -900


def test_verify_credentials_needs_another_access_level(x):
    caller = x.sign_in("Manuel Manager")
    url = f"{x.login}/1.1/account/verify_credentials.json"
    status, body = said(x.http.get(url, auth=caller.signer(), timeout=5))
    assert (status, body["errors"][0]["code"]) == (403, 453)


def test_force_login_asks_again_who_one_is(x):
    asked = form(x.request_token())["oauth_token"]
    browser = x.consent_page(asked)
    browser.press("Manuel Manager")
    assert "asks for access" in browser.page.text
    again = form(x.request_token())["oauth_token"]
    browser.open(f"{x.login}/oauth/authorize?oauth_token={again}")
    assert "asks for access" in browser.page.text
    browser.open(f"{x.login}/oauth/authorize?oauth_token={again}&force_login=true")
    assert "Who are you?" in browser.page.text
    browser.press("Ada Account-Admin")
    assert "Ada Account-Admin" in browser.page.text
    browser.press("Allow")
    assert browser.came_back["oauth_token"] == again


def test_authenticate_lets_through_whoever_approved_before(x):
    asked = form(x.request_token())
    browser = x.consent_page(asked["oauth_token"], "authenticate")
    browser.press("Manuel Manager")
    browser.press("Allow")
    form(x.access_token(asked, verifier=browser.came_back["oauth_verifier"]))
    browser.came_back = None
    again = form(x.request_token())["oauth_token"]
    browser.open(f"{x.login}/oauth/authenticate?oauth_token={again}")
    assert browser.came_back["oauth_token"] == again
    third = form(x.request_token())["oauth_token"]
    browser.open(f"{x.login}/oauth/authenticate?oauth_token={third}&force_login=true")
    assert "Who are you?" in browser.page.text


# Signatures


def test_the_older_host_serves_the_same(sandbox):
    older = RawX(sandbox, login="api.twitter.com")
    caller = older.sign_in("Manuel Manager")
    caller.host = "ads-api.twitter.com"
    assert caller.get("accounts").status_code == 200


@pytest.mark.parametrize(
    "how",
    [
        {"client_secret": "wrong"},
        # Seconds from now; the tests are collected minutes before this one runs.
        {"timestamp": -400},
        {"timestamp": +400},
        {"timestamp": "soon"},
        {"signature_method": "PLAINTEXT"},
        {"signature_method": "HMAC-SHA256"},
    ],
)
def test_a_bad_signature_is_refused_everywhere(x, how):
    if isinstance(how.get("timestamp"), int):
        how = {"timestamp": str(int(time.time()) + how["timestamp"])}
    assert said(x.request_token(**how)) == NOT_AUTHENTICATED
    caller = x.sign_in("Manuel Manager")
    assert said(caller.send("GET", "accounts", auth=caller.signer(**how))) == NOT_AUTHENTICATED


def test_another_consumer_key_is_refused(x):
    x.key = "an-oauth2-client-id"
    assert said(x.request_token()) == NOT_AUTHENTICATED


def test_a_nonce_counts_once(x):
    caller = x.sign_in("Manuel Manager")
    for status in (200, 401):
        answer = caller.send("GET", "accounts", auth=caller.signer(nonce="0123456789abcdef"))
        assert answer.status_code == status
    assert said(answer) == NOT_AUTHENTICATED


def test_the_host_and_the_query_are_inside_the_signature(x, sandbox):
    caller = x.sign_in("Manuel Manager")
    signed = caller.get("accounts", count=5).request
    moved = signed.url.replace("ads-api.x.com", "ads-api.twitter.com")
    for url in (moved, f"{signed.url}&q=Acme"):
        answer = x.http.get(url, headers=dict(signed.headers), timeout=5)
        assert said(answer) == NOT_AUTHENTICATED


@pytest.mark.parametrize("authorization", [None, "Bearer abc", "Basic eDp5", "OAuth nonsense"])
def test_anything_but_oauth_1_is_not_authenticated(x, sandbox, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    url = f"{sandbox.url}/x/ads-api.x.com/12/accounts"
    status, body = said(x.http.get(url, headers=headers, timeout=5))
    assert (status, body["errors"][0]["code"]) == (401, "UNAUTHORIZED_ACCESS")
    login = x.http.post(f"{x.login}/oauth/request_token", headers=headers, timeout=5)
    assert said(login) == NOT_AUTHENTICATED
