import base64
import hashlib

import pytest

from tests.sandbox.raw_amazon_ads import REDIRECT_URI, SCOPE, Caller, RawAmazon

HOSTS = [
    ("www.amazon.com", "api.amazon.com"),
    ("eu.account.amazon.com", "api.amazon.co.uk"),
    ("apac.account.amazon.com", "api.amazon.co.jp"),
]


@pytest.fixture
def amazon(sandbox):
    return RawAmazon(sandbox)


def error_of(answer):
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    return answer.status_code, body["error"], body["error_description"]


@pytest.mark.parametrize(("consent", "login"), HOSTS)
def test_a_code_of_any_region_becomes_tokens_in_any(amazon, consent, login):
    back = amazon.consent("Ed Editor", "Allow", amazon.consent_address(consent))
    assert (back["state"], back["scope"]) == ("the-state", SCOPE)
    answer = amazon.exchange(back["code"], login)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3600)
    assert body["access_token"].startswith("Atza|")
    assert body["refresh_token"].startswith("Atzr|")
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    for _, other in HOSTS:
        assert amazon.refresh(body["refresh_token"], other).status_code == 200


def test_a_cancel_comes_back_in_amazons_words(amazon):
    assert amazon.consent("Ed Editor", "Cancel") == {
        "error_description": "Access not permitted.",
        "state": "the-state",
        "error": "access_denied",
    }


@pytest.mark.parametrize("scope", ["advertising::unheard_of", "profile", f"{SCOPE} profile", ""])
def test_a_scope_that_is_not_approved_comes_back_as_invalid(amazon, scope):
    assert amazon.consent("Ed Editor", "Allow", amazon.consent_address(scope=scope)) == {
        "error": "invalid_scope",
        "error_description": "An unknown scope was requested",
        "state": "the-state",
    }


def test_a_scope_that_is_not_approved_may_end_on_a_page(amazon, sandbox):
    sandbox.fault("amazon_ads", "scope_error_page")
    answer = amazon.http.get(amazon.consent_address(), timeout=10, allow_redirects=False)
    assert (answer.status_code, "unknown scope" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "uri", [REDIRECT_URI + "?next=1", REDIRECT_URI[:-1], "https://elsewhere.example/", ""]
)
def test_a_redirect_address_must_be_exact_or_nobody_returns(amazon, uri):
    address = amazon.consent_address(redirect_uri=uri)
    answer = amazon.http.get(address, timeout=10, allow_redirects=False)
    assert answer.status_code == 400
    assert "bad-redirect-uri" in answer.text


def test_a_code_counts_once_and_for_300_seconds(amazon, sandbox):
    code = amazon.code()
    assert amazon.exchange(code).status_code == 200
    said = "The request has an invalid grant parameter : code"
    assert error_of(amazon.exchange(code)) == (400, "invalid_grant", said)
    code = amazon.code()
    sandbox.advance(301)
    assert error_of(amazon.exchange(code)) == (400, "invalid_grant", said)
    assert error_of(amazon.exchange("made-up")) == (400, "invalid_grant", said)


def test_a_code_is_good_for_its_own_redirect_address_alone(amazon):
    answer = amazon.exchange(amazon.code(), redirect_uri="http://127.0.0.1:8000/other/")
    said = "The request has an invalid grant parameter : redirect_uri"
    assert error_of(answer) == (400, "invalid_grant", said)


def test_a_verifier_is_checked_where_a_challenge_was_sent(amazon):
    hashed = hashlib.sha256(b"the-verifier").digest()
    challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    for form, status in (
        ({"code_verifier": "the-verifier"}, 200),
        ({"code_verifier": "another"}, 400),
        ({}, 400),
    ):
        assert amazon.exchange(amazon.code(**asked), **form).status_code == status
    plain = amazon.code(code_challenge="the-verifier")
    assert amazon.exchange(plain, code_verifier="the-verifier").status_code == 200
    plain = amazon.code(code_challenge="the-verifier")
    assert amazon.exchange(plain, code_verifier="the-vérifier").status_code == 400


@pytest.mark.parametrize("wrong", ["client_id", "client_secret"])
def test_a_wrong_client_is_refused_and_spends_no_code(amazon, wrong):
    code = amazon.code()
    refused = error_of(amazon.exchange(code, **{wrong: "wrong"}))
    assert refused == (401, "invalid_client", "Client authentication failed")
    assert amazon.exchange(code).status_code == 200


def test_the_client_may_use_basic_authentication(amazon):
    answer = amazon.token_endpoint(
        auth=tuple(amazon.client.values()),
        grant_type="authorization_code",
        redirect_uri=REDIRECT_URI,
        code=amazon.code(),
    )
    assert answer.status_code == 200


def test_json_and_a_bearer_token_are_refused_at_the_token_endpoint(amazon):
    tokens = amazon.tokens()
    form = amazon.client | {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
    }
    url = f"{amazon.root}/api.amazon.com/auth/o2/token"
    assert error_of(amazon.http.post(url, json=form, timeout=10))[:2] == (400, "invalid_request")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    refused = amazon.http.post(url, data=form, headers=bearer, timeout=10)
    assert error_of(refused)[:2] == (400, "invalid_request")


def test_what_is_missing_is_named(amazon):
    answer = amazon.token_endpoint(grant_type="refresh_token")
    said = "The request is missing a required parameter : refresh_token"
    assert error_of(answer) == (400, "invalid_request", said)
    assert error_of(amazon.token_endpoint(grant_type="password"))[1] == "unsupported_grant_type"


def test_a_refresh_repeats_the_refresh_token(amazon):
    old = amazon.tokens()["refresh_token"]
    for _ in range(2):
        body = amazon.refresh(old).json()
        assert body["refresh_token"] == old
        assert Caller(amazon, body["access_token"]).get("v2/profiles").status_code == 200


def test_a_revoked_grant_is_told_in_amazons_words(amazon, sandbox):
    tokens = amazon.tokens()
    sandbox.fault("amazon_ads", "revoke")
    said = (
        "The request has an invalid grant parameter : refresh_token. "
        "User may have revoked or didn't grant the permission."
    )
    assert error_of(amazon.refresh(tokens["refresh_token"])) == (400, "invalid_grant", said)
    assert Caller(amazon, tokens["access_token"]).get("v2/profiles").status_code == 401


@pytest.mark.parametrize(
    ("fault", "status"), [("token_throttle", 429), ("token_fail", 500), ("invalid_grant", 400)]
)
def test_trouble_at_the_token_endpoint_spends_no_code(amazon, sandbox, fault, status):
    code = amazon.code()
    sandbox.fault("amazon_ads", fault)
    assert amazon.exchange(code).status_code == status
    assert amazon.exchange(code).status_code == 200


def test_a_token_tells_whose_it_is_and_for_how_long(amazon, sandbox):
    token = amazon.tokens()["access_token"]
    url = f"{amazon.root}/api.amazon.com/auth/o2/tokeninfo"
    told = amazon.http.get(url, params={"access_token": token}, timeout=10).json()
    assert told["aud"] == amazon.client["client_id"]
    assert told["iss"] == "https://www.amazon.com"
    assert told["user_id"].startswith("amzn1.account.")
    assert 3590 <= told["exp"] <= 3600
    sandbox.fault("amazon_ads", "tokeninfo_anonymous", count=None)
    assert "user_id" not in amazon.http.get(url, params={"access_token": token}, timeout=10).json()
    sandbox.advance(3601)
    assert amazon.http.get(url, params={"access_token": token}, timeout=10).status_code == 400


def test_a_profile_is_told_to_nobody_without_its_scope(amazon):
    token = amazon.tokens()["access_token"]
    url = f"{amazon.root}/api.amazon.com/user/profile"
    for how in (
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"headers": {"x-amz-access-token": token}},
        {"params": {"access_token": token}},
    ):
        answer = amazon.http.get(url, timeout=10, **how)
        assert error_of(answer)[:2] == (401, "insufficient_scope")
    assert error_of(amazon.http.get(url, timeout=10))[:2] == (400, "invalid_token")
