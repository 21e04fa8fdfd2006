"""Pinterest in the sandbox by its sheet: consent, tokens, who and where. No adapter of ours."""

import base64

import pytest

from tests.sandbox.raw_pinterest import (
    DE,
    NORTH,
    REDIRECT_URI,
    SCOPES,
    UK,
    Caller,
    RawPinterest,
    error_of,
)

DAY = 86_400


@pytest.fixture
def pinterest(sandbox):
    return RawPinterest(sandbox)


# Consent


def test_consent_gives_the_code_and_the_state_back(pinterest):
    answer = pinterest.consent("Audrey Audience", "Allow")
    assert set(answer) == {"code", "state"}
    assert answer["state"] == "the-state"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None, "consumer_id": "sandbox-pinterest-client", "refreshable": "True"},
        {"scope": "ads:read ads:write user_accounts:read"},
    ],
)
def test_the_quickstarts_name_of_the_client_and_scopes_with_spaces_are_taken(pinterest, changes):
    tokens = pinterest.tokens(**changes)
    assert tokens["scope"] == SCOPES


def test_a_redirect_address_that_is_not_registered_is_answered_in_the_window(pinterest):
    elsewhere = "https://127.0.0.1:8000/elsewhere/"
    url = pinterest.consent_address(redirect_uri=elsewhere)
    answer = pinterest.http.get(url, allow_redirects=False)
    assert not answer.is_redirect
    body = answer.json()
    assert (body["status"], body["code"]) == ("failure", 7)
    assert elsewhere in body["data"]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"scope": ""},
        {"scope": "ads:everything"},
        {"response_type": "token"},
    ],
)
def test_a_wrong_consent_address_gets_no_consent_page(pinterest, changes):
    answer = pinterest.http.get(pinterest.consent_address(**changes), allow_redirects=False)
    assert (answer.status_code, answer.json()["status"]) == (400, "failure")


def test_a_cancel_brings_no_code(pinterest, sandbox):
    answer = pinterest.consent("Audrey Audience", "Cancel")
    assert answer == {"error": "access_denied", "state": "the-state"}
    sandbox.fault("pinterest", "cancel_state_only")
    assert pinterest.consent("Audrey Audience", "Cancel") == {"state": "the-state"}


# Tokens


def test_a_code_becomes_tokens(pinterest):
    body = pinterest.tokens()
    assert (body["response_type"], body["token_type"]) == ("authorization_code", "bearer")
    assert (body["expires_in"], body["refresh_token_expires_in"]) == (30 * DAY, 60 * DAY)
    assert body["access_token"].startswith("pina_")
    assert body["refresh_token"].startswith("pinr")
    assert isinstance(body["refresh_token_expires_at"], int)


def test_only_basic_authentication_names_the_client(pinterest):
    client_id, secret = pinterest.client
    form = {"grant_type": "authorization_code", "code": pinterest.code()}
    form |= {"redirect_uri": REDIRECT_URI, "client_id": client_id, "client_secret": secret}
    url = f"{pinterest.api}/oauth/token"
    assert error_of(pinterest.http.post(url, data=form)) == (401, 2)
    assert error_of(pinterest.http.post(url, data=form, auth=(client_id, "wrong"))) == (401, 2)
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    answer = pinterest.http.post(url, data=form, headers={"Authorization": f"Basic {basic}"})
    # The wrong tries spent no code.
    assert answer.status_code == 200


def test_a_code_counts_once_for_its_address_and_ten_minutes(pinterest, sandbox):
    code = pinterest.code()
    assert pinterest.exchange(code).status_code == 200
    assert error_of(pinterest.exchange(code)) == (400, 283)
    elsewhere = REDIRECT_URI.replace("8000", "8001")
    assert error_of(pinterest.exchange(pinterest.code(), redirect_uri=elsewhere)) == (400, 283)
    old = pinterest.code()
    sandbox.advance(601)
    assert error_of(pinterest.exchange(old)) == (400, 283)


def test_a_refresh_replaces_the_refresh_token(pinterest):
    before = pinterest.tokens()
    answer = pinterest.refresh(before["refresh_token"])
    after = answer.json()
    assert answer.status_code == 200
    assert after["response_type"] == "refresh_token"
    assert after["refresh_token"] != before["refresh_token"]
    assert error_of(pinterest.refresh(before["refresh_token"])) == (401, 2)
    assert pinterest.refresh(after["refresh_token"]).status_code == 200
    # The access token of before is good for its thirty days all the same.
    assert Caller(pinterest, before["access_token"]).get("user_account").status_code == 200


def test_whether_a_replaced_refresh_token_lives_on_can_be_chosen(pinterest, sandbox):
    sandbox.fault("pinterest", "old_refresh_lives", count=None)
    before = pinterest.tokens()["refresh_token"]
    assert pinterest.refresh(before).status_code == 200
    assert pinterest.refresh(before).status_code == 200


def test_an_access_token_lives_thirty_days_and_a_refresh_token_sixty(pinterest, sandbox):
    tokens = pinterest.tokens()
    caller = Caller(pinterest, tokens["access_token"])
    sandbox.advance(30 * DAY - 60)
    assert caller.get("user_account").status_code == 200
    sandbox.advance(120)
    assert error_of(caller.get("user_account")) == (401, 2)
    kept_alive = pinterest.refresh(tokens["refresh_token"]).json()["refresh_token"]
    sandbox.advance(60 * DAY - 60)
    again = pinterest.refresh(kept_alive).json()["refresh_token"]
    sandbox.advance(60 * DAY + 1)
    assert error_of(pinterest.refresh(again)) == (401, 2)


def test_an_old_application_needs_continuous_refresh(pinterest, sandbox):
    sandbox.fault("pinterest", "old_app", count=None)
    legacy = pinterest.exchange(pinterest.code(), continuous_refresh="").json()["refresh_token"]
    assert error_of(pinterest.refresh(legacy)) == (401, 2)
    assert pinterest.refresh(pinterest.tokens()["refresh_token"]).status_code == 200


def test_a_refresh_can_narrow_scopes_and_never_widen_them(pinterest):
    refresh = pinterest.tokens()["refresh_token"]
    assert error_of(pinterest.refresh(refresh, scope="ads:read,boards:read"))[0] == 400
    narrow = pinterest.refresh(refresh, scope="ads:read").json()
    assert narrow["scope"] == "ads:read"
    caller = Caller(pinterest, narrow["access_token"])
    assert caller.get("ad_accounts").status_code == 200
    assert error_of(caller.get("user_account")) == (401, 3)


def test_a_token_of_the_application_itself_reads_and_writes_nothing(pinterest):
    assert error_of(pinterest.token_endpoint(grant_type="client_credentials"))[0] == 400
    body = pinterest.token_endpoint(grant_type="client_credentials", scope=SCOPES).json()
    assert body["response_type"] == "client_credentials"
    assert "refresh_token" not in body
    caller = Caller(pinterest, body["access_token"])
    assert caller.get("ad_accounts").json()["items"] == []
    assert error_of(caller.create("a" * 64)) == (401, 3)


def test_an_unknown_grant_type_is_refused(pinterest):
    assert error_of(pinterest.token_endpoint(grant_type="password")) == (400, 1)


def test_revocation_takes_no_token_of_a_person(pinterest):
    tokens = pinterest.tokens()
    for form in (
        {"token": tokens["refresh_token"], "token_type_hint": "refresh_token"},
        {"token": tokens["access_token"]},
    ):
        assert error_of(pinterest.token_endpoint("token/revoke", **form)) == (403, 29)
    wrong = pinterest.token_endpoint("token/revoke", ("x", "y"), token="t")
    assert error_of(wrong) == (401, 2)
    assert error_of(pinterest.token_endpoint("token/revoke"))[0] == 400
    assert pinterest.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [("rfc_token_errors", 400, "invalid_grant"), ("bad_code_is_401", 401, None)],
)
def test_both_answers_to_a_bad_code_can_be_chosen(pinterest, sandbox, fault, status, error):
    sandbox.fault("pinterest", fault, count=None)
    answer = pinterest.exchange("made-up")
    assert answer.status_code == status
    assert answer.json().get("error") == error


# Who and where


def test_the_caller_is_told_and_not_the_owner_unless_asked(pinterest):
    caller = pinterest.sign_in("Audrey Audience")
    me = caller.get("user_account").json()
    assert (me["account_type"], me["business_name"]) == ("BUSINESS", "Audrey Audience")
    assert me["id"].isdecimal()
    assert caller.get("user_account", ad_account_id=UK).json()["username"] == "acmeretail"
    assert error_of(caller.get("user_account", ad_account_id=DE)) == (403, 29)
    pinner = pinterest.sign_in("Paul Pinner").get("user_account").json()
    assert (pinner["account_type"], pinner["business_name"]) == ("PINNER", None)


def test_ad_accounts_come_with_the_callers_roles(pinterest):
    items = pinterest.sign_in("Mia Mixed").get("ad_accounts").json()["items"]
    assert {each["id"]: each["permissions"] for each in items}[NORTH] == ["ADMIN"]
    assert len(items) == 5
    owner = pinterest.sign_in("Olive Owner")
    assert len(owner.get("ad_accounts", include_shared_accounts="false").json()["items"]) == 2
    shared = pinterest.sign_in("Adam Admin").get("ad_accounts", include_shared_accounts="false")
    assert shared.json() == {"items": [], "bookmark": None}


def test_one_ad_account_is_told_or_refused(pinterest):
    caller = pinterest.sign_in("Audrey Audience")
    assert caller.get(f"ad_accounts/{UK}").json()["permissions"] == ["AUDIENCE_MANAGER"]
    assert error_of(caller.get(f"ad_accounts/{DE}")) == (403, 29)
    # The same code as a dead token's: only the status tells.
    assert error_of(caller.get("ad_accounts/1")) == (404, 2)


def test_lists_are_read_page_by_page(pinterest):
    caller = pinterest.sign_in("Mia Mixed")
    seen, asked = [], {"page_size": 2}
    for _ in range(3):
        body = caller.get("ad_accounts", **asked).json()
        seen.append(len(body["items"]))
        asked["bookmark"] = body["bookmark"]
    assert seen == [2, 2, 1]
    assert body["bookmark"] is None
    assert error_of(caller.get("ad_accounts", bookmark="made-up")) == (400, 1)
    for size in ("0", "251", "many"):
        assert error_of(caller.get("ad_accounts", page_size=size)) == (400, 1)


@pytest.mark.parametrize("token", ["", "garbage", "pina_garbage"])
def test_a_token_that_nobody_has_is_refused(pinterest, token):
    assert error_of(Caller(pinterest, token).get("user_account")) == (401, 2)


def test_a_missing_scope_is_401_with_a_code_of_its_own(pinterest, sandbox):
    sandbox.fault("pinterest", "narrow_consent", count=None)
    tokens = pinterest.tokens()
    assert tokens["scope"] == "ads:read,user_accounts:read"
    caller = Caller(pinterest, tokens["access_token"])
    # Before the role and before the body are looked at.
    assert error_of(caller.create([], account=DE)) == (401, 3)
    assert caller.lists().status_code == 200
