"""TikTok's consent, tokens and ad accounts in the sandbox, by its sheet."""

import re

import pytest
import requests

from tests.consent_pages import Browser
from tests.sandbox.raw_tiktok import DE, NORTH, REDIRECT_URI, UK, RawTikTok


@pytest.fixture
def tiktok(sandbox):
    return RawTikTok(sandbox)


def test_an_approval_returns_auth_code_and_state(tiktok):
    assert set(tiktok.consent("Oscar Operator").came_back) == {"auth_code", "state"}


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("code", {"code", "state"}),
        ("both", {"code", "auth_code", "state"}),
        ("stateless", {"auth_code"}),
    ],
)
def test_the_way_back_can_take_the_forms_that_peers_report(tiktok, sandbox, form, names):
    sandbox.fault("tiktok", "callback_form", form=form)
    assert set(tiktok.consent("Oscar Operator").came_back) == names


def test_a_cancel_brings_the_state_alone_or_nobody(tiktok, sandbox):
    assert tiktok.consent("Oscar Operator", "Cancel").came_back == {"state": "s"}
    sandbox.fault("tiktok", "cancel_never_returns")
    assert tiktok.consent("Oscar Operator", "Cancel").came_back is None


@pytest.mark.parametrize(
    "changes", [{"app_id": "1"}, {"redirect_uri": "https://evil.example/"}, {"redirect_uri": ""}]
)
def test_consent_is_refused_for_a_wrong_app_or_way_back(tiktok, changes):
    assert requests.get(tiktok.consent_address(**changes), timeout=10).status_code == 400


def test_the_older_consent_address_leads_to_the_newer(tiktok, sandbox):
    older = tiktok.consent_address().replace(
        "business-api.tiktok.com/portal/auth", "ads.tiktok.com/marketing_api/auth"
    )
    browser = Browser(REDIRECT_URI)
    browser.open(older)
    browser.press("Oscar Operator")
    browser.press("Allow")
    assert "auth_code" in browser.came_back


def test_a_code_becomes_a_token_without_an_end_or_a_refresh(tiktok):
    body = tiktok.exchange(tiktok.code())
    assert (body["code"], body["message"]) == (0, "OK")
    assert set(body["data"]) == {"access_token", "advertiser_ids", "scope"}
    assert re.fullmatch(r"[0-9a-f]{40}", body["data"]["access_token"])
    assert body["data"]["advertiser_ids"] == [UK]
    assert body["data"]["scope"] == [1, 3, 15]


def test_the_ids_of_ad_accounts_can_be_left_out(tiktok):
    data = tiktok.exchange(tiktok.code(), return_advertiser_ids=False)["data"]
    assert set(data) == {"access_token", "scope"}


def test_an_approval_can_bring_less(tiktok, sandbox):
    assert tiktok.exchange(tiktok.code("Nora None"))["data"]["advertiser_ids"] == []
    assert tiktok.exchange(tiktok.code("Sam Scopeless"))["data"]["scope"] == [1]
    sandbox.fault("tiktok", "granted_scopes", granted=[1, 31])
    assert tiktok.exchange(tiktok.code())["data"]["scope"] == [1, 31]
    sandbox.fault("tiktok", "no_advertisers")
    assert tiktok.exchange(tiktok.code())["data"]["advertiser_ids"] == []


def test_a_code_counts_once_and_for_an_hour(tiktok, sandbox):
    code = tiktok.code()
    assert tiktok.exchange(code)["code"] == 0
    assert tiktok.exchange(code)["code"] == 40110
    in_time, late = tiktok.code(), tiktok.code()
    sandbox.advance(3590)
    assert tiktok.exchange(in_time)["code"] == 0
    sandbox.advance(20)
    assert tiktok.exchange(late)["code"] == 40110


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"auth_code": "made-up"}, 40101),
        ({"secret": "wrong"}, 40101),
        ({"app_id": "7000000000000000009"}, 40113),
        ({"auth_code": ""}, 40002),
        ({"secret": None}, 40002),
        ({"app_id": 7}, 40002),
    ],
)
def test_a_bad_exchange_is_refused_inside_http_200(tiktok, changes, code):
    good = tiktok.code()
    assert tiktok.exchange(good, **changes)["code"] == code
    # The code was not used up by it.
    assert tiktok.exchange(good)["code"] == 0


def test_a_form_is_not_read_at_the_exchange(tiktok):
    form = {**tiktok.app, "auth_code": tiktok.code()}
    answer = tiktok.raw("POST", "/oauth2/access_token/", data=form)
    assert (answer.status_code, answer.json()["code"]) == (200, 40002)


NO_TOKEN = "Access token is null, you should set it in http header with key Access-Token."


def test_only_the_bare_token_in_its_header_is_taken(tiktok):
    token = tiktok.sign_in()
    assert tiktok.get("/user/info/", token)["code"] == 0
    absent = tiktok.get("/user/info/")
    assert (absent["code"], absent["message"], absent["data"]) == (40104, NO_TOKEN, {})
    assert tiktok.get("/user/info/", f"Bearer {token}")["code"] == 40105
    assert tiktok.get("/user/info/", "made-up")["code"] == 40105
    in_query = tiktok.raw("GET", "/user/info/", params={"access_token": token})
    assert in_query.json()["code"] == 40104
    as_bearer = tiktok.raw("GET", "/user/info/", headers={"Authorization": f"Bearer {token}"})
    assert as_bearer.json()["code"] == 40104


def test_a_dead_token_is_told_by_its_code(tiktok, sandbox):
    token = tiktok.sign_in()
    sandbox.fault("tiktok", "expire")
    assert tiktok.get("/user/info/", token)["code"] == 40102
    token = tiktok.sign_in()
    sandbox.fault("tiktok", "revoke")
    assert tiktok.get("/user/info/", token)["code"] == 40105
    sandbox.fault("tiktok", "dead_code", code=40001)
    assert tiktok.get("/user/info/", token)["code"] == 40001


def test_a_token_is_revoked_by_the_app_that_has_it(tiktok):
    first, second = tiktok.sign_in(), tiktok.sign_in()
    body = {**tiktok.app, "access_token": first}
    wrong = {**body, "secret": "wrong"}
    assert tiktok.post("/oauth2/revoke_token/", wrong)["code"] == 40101
    revoked = tiktok.post("/oauth2/revoke_token/", body)
    assert revoked["data"] == {"app_id": tiktok.app["app_id"], "advertiser_ids": [UK]}
    assert tiktok.get("/user/info/", first)["code"] == 40105
    assert tiktok.get("/user/info/", second)["code"] == 0
    assert tiktok.post("/oauth2/revoke_token/", body)["code"] == 40105


def test_a_persons_grants_can_be_one(tiktok, sandbox):
    other = tiktok.sign_in("Ada Admin")
    first = tiktok.sign_in()
    sandbox.fault("tiktok", "one_grant_a_person", count=None)
    second = tiktok.sign_in()
    assert tiktok.get("/user/info/", first)["code"] == 40105
    assert tiktok.get("/user/info/", second)["code"] == 0
    assert tiktok.get("/user/info/", other)["code"] == 0


def test_there_is_no_refresh(tiktok):
    body = {**tiktok.app, "refresh_token": tiktok.sign_in(), "grant_type": "refresh_token"}
    assert tiktok.post("/tt_user/oauth2/refresh_token/", body)["code"] == 40107


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/segment/mapping"),
        ("POST", "/segment/audience"),
        ("POST", "/oauth2/access_token"),
        ("GET", "/segment/mapping/"),
        ("POST", "/advertiser/info/"),
        ("GET", "/no/such/path/"),
        ("POST", "/no/such/path/"),
    ],
)
def test_a_wrong_path_or_method_or_a_missing_slash_is_not_found(tiktok, method, path):
    answer = tiktok.raw(method, path)
    assert (answer.status_code, answer.text) == (404, "404 page not found")


def test_a_missing_slash_is_forgiven_with_get(tiktok):
    assert tiktok.get("/user/info", tiktok.sign_in())["code"] == 0


def test_a_person_is_told_with_a_masked_address(tiktok, sandbox):
    token = tiktok.sign_in()
    person = tiktok.get("/user/info/", token)["data"]
    assert (person["core_user_id"], person["display_name"]) == (
        "7200000000000000002",
        "Oscar Operator",
    )
    assert "***" in person["email"]
    assert tiktok.post("/user/info/", {}, token)["data"] == person
    sandbox.fault("tiktok", "user_info_post", count=None)
    assert tiktok.raw("GET", "/user/info/", headers={"Access-Token": token}).status_code == 404


def test_ad_accounts_are_listed_for_the_right_app_only(tiktok):
    token = tiktok.sign_in("Ada Admin")
    found = tiktok.get("/oauth2/advertiser/get/", token, **tiktok.app)["data"]
    assert found == {
        "list": [
            {"advertiser_id": UK, "advertiser_name": "Acme Retail UK"},
            {"advertiser_id": DE, "advertiser_name": "Acme Retail DE"},
        ]
    }
    wrong = {**tiktok.app, "secret": "wrong"}
    assert tiktok.get("/oauth2/advertiser/get/", token, **wrong)["code"] == 40101


def test_details_of_ad_accounts_are_asked_for_in_json_lists(tiktok):
    token = tiktok.sign_in("Oscar Operator")
    (row,) = tiktok.get("/advertiser/info/", token, advertiser_ids=[UK])["data"]["list"]
    assert (row["role"], row["status"]) == ("ROLE_ADVERTISER", "STATUS_ENABLE")
    # Told to admins of the owning Business Center alone.
    assert "owner_bc_id" not in row
    asked = {"advertiser_ids": [UK], "fields": ["name", "currency"]}
    (row,) = tiktok.get("/advertiser/info/", token, **asked)["data"]["list"]
    assert row == {"advertiser_id": UK, "name": "Acme Retail UK", "currency": "GBP"}
    assert tiktok.get("/advertiser/info/", token, advertiser_ids=UK)["code"] == 40002
    assert tiktok.get("/advertiser/info/", token, advertiser_ids=[UK] * 101)["code"] == 40011
    assert tiktok.get("/advertiser/info/", token, advertiser_ids=[NORTH])["code"] == 40001


def test_an_admin_of_the_business_center_is_told_that_it_owns_the_ad_account(tiktok):
    token = tiktok.sign_in("Ada Admin")
    (row,) = tiktok.get("/advertiser/info/", token, advertiser_ids=[UK])["data"]["list"]
    assert row["owner_bc_id"] == "7100000000000000001"


def test_roles_are_told_by_business_center_where_its_scope_was_approved(tiktok):
    token = tiktok.sign_in("Mia Mixed")
    centers = tiktok.get("/bc/get/", token, page_size=50)["data"]["list"]
    assert [(each["bc_info"]["name"], each["user_role"]) for each in centers] == [
        ("Acme Retail Ltd", "STANDARD"),
        ("North Star Agency", "STANDARD"),
    ]
    asked = {"bc_id": "7100000000000000001", "asset_type": "ADVERTISER"}
    assets = tiktok.get("/bc/asset/get/", token, **asked)["data"]
    assert [each["advertiser_role"] for each in assets["list"]] == ["OPERATOR", "ANALYST", "ADMIN"]
    assert assets["page_info"]["total_number"] == 3
    assert tiktok.get("/bc/get/", token, page_size=51)["code"] == 40002
    untold = tiktok.sign_in("Uma Untold")
    refused = tiktok.get("/bc/get/", untold)
    assert (refused["code"], refused["message"]) == (
        40001,
        "advertiser does not grant you /bc/get/:GET permission",
    )


def test_basics_limits_are_held_inside_http_200(tiktok):
    token = tiktok.sign_in()
    codes = [tiktok.get("/user/info/", token)["code"] for _ in range(60)]
    assert codes[:10] == [0] * 10
    assert 40100 in codes[10:]


def test_audience_segments_may_be_faster(tiktok, sandbox):
    token = tiktok.sign_in()
    sandbox.fault("tiktok", "streaming_limits", count=None)
    # What is sent is refused for itself, never for its pace.
    assert {tiktok.post("/segment/mapping/", {}, token)["code"] for _ in range(40)} == {40002}
    codes = [tiktok.get("/user/info/", token)["code"] for _ in range(40)]
    assert 40100 in codes[10:]
    # Each endpoint has its own.
    assert tiktok.get("/bc/get/", token)["code"] == 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", 40100),
        ("fail", 50000),
        ("throttle_advertiser", 40133),
        ("blocked_country", 41000),
        ("other_app", 40000),
    ],
)
def test_faults_come_as_codes_inside_http_200(tiktok, sandbox, kind, code):
    token = tiktok.sign_in()
    sandbox.fault("tiktok", kind)
    assert tiktok.get("/user/info/", token)["code"] == code
    assert tiktok.get("/user/info/", token)["code"] == 0
