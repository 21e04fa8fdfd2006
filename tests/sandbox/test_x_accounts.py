"""Ad accounts, permissions and limits at X, by the sheet's sections 3 and 4."""

import time

import pytest

from tests.sandbox.raw_x import DE, NORTH, SOUTH, UK, RawX


@pytest.fixture
def x(sandbox):
    return RawX(sandbox)


@pytest.fixture
def mia(x):
    return x.sign_in("Mia Mixed")


def code(answer):
    return answer.status_code, answer.json()["errors"][0]["code"]


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["data"]]


def test_accounts_have_the_published_shape(x):
    answer = x.sign_in("Manuel Manager").get("accounts", count=1000, sort_by="name-asc")
    body = answer.json()
    assert set(body) == {"request", "next_cursor", "data"}
    assert body["next_cursor"] is None
    (account,) = body["data"]
    assert set(account) == {
        "name",
        "business_name",
        "timezone",
        "timezone_switch_at",
        "id",
        "created_at",
        "updated_at",
        "business_id",
        "approval_status",
        "deleted",
    }
    assert answer.headers["x-current-api-version"] == "12"


def test_a_user_without_ad_accounts_sees_an_empty_list(x):
    assert ids(x.sign_in("Nora None").get("accounts")) == []


def test_accounts_are_narrowed_and_sorted(mia):
    assert ids(mia.get("accounts", sort_by="name-desc")) == [SOUTH, NORTH, UK, DE]
    assert ids(mia.get("accounts", q="client")) == [NORTH, SOUTH]
    assert ids(mia.get("accounts", account_ids=f"{DE},{NORTH}")) == [DE, NORTH]


def test_lists_are_paged_by_cursor(mia):
    first = mia.get("accounts", count=3).json()
    assert len(first["data"]) == 3
    assert first["next_cursor"]
    second = mia.get("accounts", count=3, cursor=first["next_cursor"]).json()
    assert (len(second["data"]), second["next_cursor"]) == (1, None)
    assert mia.get("accounts", with_total_count="true").json()["total_count"] == 4


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"count": 0}, "INVALID_PARAMETER"),
        ({"count": 1001}, "INVALID_PARAMETER"),
        ({"count": "many"}, "INVALID_PARAMETER"),
        ({"count": "9" * 5000}, "INVALID_PARAMETER"),
        ({"cursor": "!"}, "INVALID_PARAMETER"),
        ({"sort_by": "shoe-asc"}, "INVALID_PARAMETER"),
        ({"with_total_count": "true", "cursor": "mzzg63i"}, "EXCLUSIVE_PARAMETERS"),
    ],
)
def test_what_a_list_is_asked_for_is_checked(mia, params, word):
    assert code(mia.get("accounts", **params)) == (400, word)


def test_one_account_and_its_currency(x):
    caller = x.sign_in("Manuel Manager")
    assert caller.get(f"accounts/{UK}").json()["data"]["industry_type"]
    (instrument,) = caller.get(f"accounts/{UK}/funding_instruments").json()["data"]
    assert instrument["currency"] == "GBP"


def test_the_calling_users_permissions_are_told(x):
    answer = x.sign_in("Ada Account-Admin").get(f"accounts/{UK}/authenticated_user_access")
    assert answer.json() == {
        "data": {"user_id": "2417045708", "permissions": ["ACCOUNT_ADMIN", "TWEET_COMPOSER"]},
        "request": {"params": {"account_id": UK}},
    }


def test_an_account_out_of_reach_is_403_with_not_found(x, sandbox):
    caller = x.sign_in("Manuel Manager")
    for path in (f"accounts/{DE}", f"accounts/{DE}/authenticated_user_access", "accounts/nope"):
        assert code(caller.get(path)) == (403, "NOT_FOUND")
    sandbox.fault("x", "account_gone", account=UK, count=None)
    assert code(caller.get(f"accounts/{UK}")) == (403, "NOT_FOUND")
    assert ids(caller.get("accounts")) == []


def test_version_11_is_an_alias_and_other_paths_have_no_route(x):
    caller = x.sign_in("Manuel Manager")
    assert code(caller.get("shoes")) == (404, "ROUTE_NOT_FOUND")
    caller.version = "11"
    answer = caller.get("accounts")
    assert ids(answer) == [UK]
    assert answer.headers["x-current-api-version"] == "11"
    caller.version = "10"
    assert code(caller.get("accounts")) == (404, "ROUTE_NOT_FOUND")


def test_a_method_that_a_path_does_not_take_is_405(x):
    caller = x.sign_in("Manuel Manager")
    path = f"accounts/{UK}/custom_audiences"
    for method, there in (
        ("POST", "accounts"),
        ("PATCH", f"accounts/{UK}"),
        ("DELETE", path),
        ("POST", f"{path}/1nmth"),
        ("GET", f"{path}/1nmth/users"),
    ):
        answer = caller.send(method, there)
        assert code(answer) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["x-current-api-version"] == "12"
    assert code(caller.send("PATCH", "shoes")) == (404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize("kind", ["throttle", "fail", "garbage", "unavailable", "html_error"])
def test_every_answer_names_the_version(x, sandbox, kind):
    caller = x.sign_in("Manuel Manager")
    assert caller.get("shoes").headers["x-current-api-version"] == "12"
    sandbox.fault("x", kind)
    assert caller.get("accounts").headers["x-current-api-version"] == "12"
    sandbox.fault("x", kind)
    caller.version = "11"
    assert caller.get("accounts").headers["x-current-api-version"] == "11"


# Limits


def test_five_lists_of_accounts_a_quarter_of_an_hour(x):
    caller, other = x.sign_in("Manuel Manager"), x.sign_in("Ada Account-Admin")
    left = []
    for _ in range(5):
        answer = caller.get("accounts")
        assert answer.status_code == 200
        left.append(int(answer.headers["x-rate-limit-remaining"]))
        assert answer.headers["x-rate-limit-limit"] == "5"
    assert left == [4, 3, 2, 1, 0]
    refused = caller.get("accounts")
    assert code(refused) == (429, "TOO_MANY_REQUESTS")
    assert 880 <= int(refused.headers["x-rate-limit-reset"]) - time.time() <= 901
    assert "x-account-rate-limit-limit" not in refused.headers
    assert code(caller.get("accounts")) == (429, "TOO_MANY_REQUESTS")
    # Counted by user; calls inside an ad account go on.
    assert other.get("accounts").status_code == 200
    assert caller.get(f"accounts/{UK}").status_code == 200


def test_every_authorization_of_one_user_shares_the_five(x):
    for _ in range(5):
        assert x.sign_in("Manuel Manager").get("accounts").status_code == 200
    assert x.sign_in("Manuel Manager").get("accounts").status_code == 429


def test_refused_signatures_do_not_count(x):
    caller = x.sign_in("Manuel Manager")
    for _ in range(6):
        assert caller.send("GET", "accounts", auth=caller.signer(timestamp="1")).status_code == 401
    assert caller.get("accounts").headers["x-rate-limit-remaining"] == "4"


def test_reading_in_an_account_is_told_by_user_and_by_account(x):
    headers = x.sign_in("Manuel Manager").get(f"accounts/{UK}").headers
    assert headers["x-rate-limit-limit"] == "2000"
    assert headers["x-account-rate-limit-limit"] == "10000"


def test_an_accounts_own_limit_ends_before_the_users(x, sandbox):
    caller = x.sign_in("Manuel Manager")
    sandbox.fault("x", "account_throttle")
    headers = caller.get(f"accounts/{UK}").headers
    account, user = (
        float(headers[f"{prefix}-reset"]) for prefix in ("x-account-rate-limit", "x-rate-limit")
    )
    assert account + 300 < user


def test_limits_can_be_switched_off_and_say_88(x, sandbox):
    caller = x.sign_in("Manuel Manager")
    sandbox.fault("x", "no_rate_limits", count=None)
    assert [caller.get("accounts").status_code for _ in range(7)] == [200] * 7
    sandbox.clear_faults("x")
    sandbox.fault("x", "numeric_errors", count=None)
    for _ in range(6):
        answer = caller.get("accounts")
    assert code(answer) == (429, 88)
