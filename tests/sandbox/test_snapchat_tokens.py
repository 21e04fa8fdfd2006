import pytest

from tests.sandbox.raw_snapchat import Caller


def error_of(answer):
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, answer.json()["error"]


def test_a_code_becomes_tokens(snapchat):
    answer = snapchat.exchange(snapchat.code())
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 1800)
    assert body["scope"] == "snapchat-marketing-api"
    assert body["access_token"].startswith("0.")
    assert body["refresh_token"]
    assert Caller(snapchat, body["access_token"]).get("me").status_code == 200


def test_a_code_counts_once(snapchat):
    code = snapchat.code()
    assert snapchat.exchange(code).status_code == 200
    assert error_of(snapchat.exchange(code)) == (400, "invalid_grant")


def test_a_made_up_code_and_a_made_up_refresh_token_are_invalid_grants(snapchat):
    assert error_of(snapchat.exchange("made-up")) == (400, "invalid_grant")
    assert error_of(snapchat.refresh("made-up")) == (400, "invalid_grant")


def test_a_code_is_good_for_its_own_redirect_address_alone(snapchat):
    elsewhere = "http://127.0.0.1:8000/authorizations/callback/other/"
    answer = snapchat.exchange(snapchat.code(), redirect_uri=elsewhere)
    assert error_of(answer) == (400, "invalid_grant")


def test_a_code_lapses(snapchat, sandbox):
    code = snapchat.code()
    sandbox.advance(601)
    assert error_of(snapchat.exchange(code)) == (400, "invalid_grant")


def test_a_wrong_secret_is_an_invalid_client_and_spends_no_code(snapchat):
    code = snapchat.code()
    wrong = snapchat.exchange(code, client_secret="wrong")
    assert error_of(wrong) == (401, "invalid_client")
    assert error_of(snapchat.exchange(code, client_id="wrong")) == (401, "invalid_client")
    assert snapchat.exchange(code).status_code == 200


def test_the_secret_is_read_from_the_form_and_not_from_basic_authentication(snapchat):
    form = {"grant_type": "refresh_token", "refresh_token": snapchat.tokens()["refresh_token"]}
    url = f"{snapchat.login}/access_token"
    basic = tuple(snapchat.client.values())
    assert error_of(snapchat.http.post(url, data=form, auth=basic)) == (401, "invalid_client")


def test_another_grant_type_is_not_supported(snapchat):
    answer = snapchat.token_endpoint(grant_type="password")
    assert error_of(answer) == (400, "unsupported_grant_type")


def test_a_refresh_gives_no_refresh_token_and_the_old_one_stays_good(snapchat):
    old = snapchat.tokens()["refresh_token"]
    for _ in range(2):
        body = snapchat.refresh(old).json()
        assert "refresh_token" not in body
        assert Caller(snapchat, body["access_token"]).get("me").status_code == 200


def test_a_refresh_can_be_told_to_repeat_the_refresh_token(snapchat, sandbox):
    sandbox.fault("snapchat", "refresh_same", count=None)
    old = snapchat.tokens()["refresh_token"]
    assert snapchat.refresh(old).json()["refresh_token"] == old


def test_a_refresh_can_be_told_to_end_the_old_refresh_token(snapchat, sandbox):
    sandbox.fault("snapchat", "refresh_rotate", count=None)
    old = snapchat.tokens()["refresh_token"]
    new = snapchat.refresh(old).json()["refresh_token"]
    assert new != old
    assert error_of(snapchat.refresh(old)) == (400, "invalid_grant")
    assert snapchat.refresh(new).status_code == 200


def test_a_token_expires_with_the_emulated_time_and_the_body_is_plain_text(snapchat, sandbox):
    dana = snapchat.sign_in("Dana Data")
    sandbox.advance(1799)
    assert dana.get("me").status_code == 200
    sandbox.advance(2)
    answer = dana.get("me")
    assert (answer.status_code, answer.text) == (401, "unauthorized")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_dead_token_can_be_told_in_json(snapchat, sandbox):
    sandbox.fault("snapchat", "json_401", count=None)
    answer = Caller(snapchat, "made-up").get("me")
    assert (answer.status_code, answer.json()["request_status"]) == (401, "ERROR")


def test_tokens_live_as_long_as_they_are_told_to(snapchat, sandbox):
    sandbox.fault("snapchat", "expires_in", seconds=3600)
    tokens = snapchat.tokens()
    assert tokens["expires_in"] == 3600
    sandbox.advance(3590)
    assert Caller(snapchat, tokens["access_token"]).get("me").status_code == 200


def test_expired_access_is_renewed_and_a_revoked_grant_is_not(snapchat, sandbox):
    tokens = snapchat.tokens()
    sandbox.fault("snapchat", "expire")
    assert Caller(snapchat, tokens["access_token"]).get("me").status_code == 401
    fresh = snapchat.refresh(tokens["refresh_token"]).json()["access_token"]
    assert Caller(snapchat, fresh).get("me").status_code == 200
    sandbox.fault("snapchat", "revoke")
    assert Caller(snapchat, fresh).get("me").status_code == 401
    assert error_of(snapchat.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("fault", "status"), [("token_throttle", 429), ("token_fail", 503), ("invalid_grant", 400)]
)
def test_trouble_at_the_token_endpoint_spends_no_code(snapchat, sandbox, fault, status):
    code = snapchat.code()
    sandbox.fault("snapchat", fault)
    assert snapchat.exchange(code).status_code == status
    assert snapchat.exchange(code).status_code == 200


def test_an_invalid_grant_can_be_told_with_401(snapchat, sandbox):
    sandbox.fault("snapchat", "grant_error_401", count=None)
    assert error_of(snapchat.exchange("made-up")) == (401, "invalid_grant")
    assert error_of(snapchat.refresh("made-up")) == (401, "invalid_grant")
    assert snapchat.exchange(snapchat.code()).status_code == 200


def test_token_answers_can_come_without_a_scope(snapchat, sandbox):
    sandbox.fault("snapchat", "no_scope", count=None)
    tokens = snapchat.tokens()
    assert "scope" not in tokens
    assert "scope" not in snapchat.refresh(tokens["refresh_token"]).json()
    assert Caller(snapchat, tokens["access_token"]).get("me").status_code == 200
