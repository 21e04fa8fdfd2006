"""Who authorized at TikTok, which ad accounts there are, and what their roles suffice for."""

import json

import pytest
from responses import matchers

from providers.app import App
from providers.errors import PermissionMissing, PlatformDown, TokenRejected, UnknownAnswer
from providers.platforms.tiktok import TikTok
from providers.platforms.tiktok.advertisers import judge
from providers.platforms.tiktok.answers import API
from providers.secret import Secret
from providers.values import Tokens, Verdict

ME = f"{API}/user/info/"
REACHED = f"{API}/oauth2/advertiser/get/"
INFO = f"{API}/advertiser/info/"
CENTERS = f"{API}/bc/get/"
ASSETS = f"{API}/bc/asset/get/"

tiktok = TikTok()


@pytest.fixture
def connection():
    app = App("7000000000000000001", Secret("client-secret-text"))
    return tiktok.connect(app, Tokens(Secret("token")), {})


def said(data=None, code=0, message="OK"):
    return {"code": code, "message": message, "request_id": "r-1", "data": data}


def listed(*rows, page=1, pages=1):
    info = {"page": page, "page_size": 50, "total_number": len(rows), "total_page": pages}
    return said({"list": list(rows), "page_info": info})


PERSON = {
    "core_user_id": "7200000000000000001",
    "display_name": "Acme Ads",
    "email": "a***@b***",
    "create_time": 1672341876,
}


def test_a_person_is_known_by_core_user_id_and_never_by_a_masked_address(connection, edge):
    edge.get(ME, json=said(PERSON))
    identity = tiktok.identify(connection, {})
    assert identity.ids == {"7200000000000000001"}
    assert (identity.name, identity.username) == ("Acme Ads", "")


def test_two_people_with_one_masked_address_are_told_apart(connection, edge):
    edge.get(ME, json=said(PERSON))
    edge.get(ME, json=said({**PERSON, "core_user_id": "7200000000000000002"}))
    assert not tiktok.identify(connection, {}).same_as(tiktok.identify(connection, {}))


@pytest.mark.parametrize("status", [404, 405])
def test_where_get_is_not_known_the_person_is_asked_for_by_post(connection, edge, status):
    edge.get(ME, status=status, body="404 page not found")
    edge.post(ME, json=said(PERSON))
    assert tiktok.identify(connection, {}).name == "Acme Ads"


@pytest.mark.parametrize("data", [None, [], {}, {"display_name": "x"}, {"core_user_id": ""}])
def test_nobody_is_guessed_at(connection, edge, data):
    edge.get(ME, json=said(data))
    with pytest.raises(UnknownAnswer):
        tiktok.identify(connection, {})


def test_a_dead_token_inside_http_200_is_rejected(connection, edge):
    edge.get(ME, json=said(code=40105))
    with pytest.raises(TokenRejected):
        tiktok.identify(connection, {})


def reaches(edge, *ids):
    rows = [{"advertiser_id": one, "advertiser_name": f"Reached {one}"} for one in ids]
    edge.get(
        REACHED,
        json=said({"list": rows}),
        match=[
            matchers.query_param_matcher(
                {"app_id": "7000000000000000001", "secret": "client-secret-text"}
            )
        ],
    )


def info(id_, **more):
    row = {"advertiser_id": id_, "name": f"Name {id_}", "company": "Acme", "currency": "USD"}
    return {**row, "status": "STATUS_ENABLE", "role": "ROLE_ADVERTISER", **more}


def center(id_, name):
    return {"bc_info": {"bc_id": id_, "name": name}, "user_role": "STANDARD", "ext_user_role": {}}


def asset(id_, role):
    return {"asset_id": id_, "asset_name": "x", "advertiser_role": role}


def test_ad_accounts_come_with_state_currency_business_center_and_role(connection, edge):
    reaches(edge, "1", "2")
    edge.get(INFO, json=said({"list": [info("1"), info("2", currency="GBP")]}))
    edge.get(CENTERS, json=listed(center("b1", "Acme Group")))
    edge.get(ASSETS, json=listed(asset("1", "OPERATOR"), asset("9", "ADMIN")))
    first, second = tiktok.ad_accounts(connection)
    assert (first.id, first.name, first.currency) == ("1", "Name 1", "USD")
    assert (first.group, first.roles, first.verdict) == (
        "Acme Group",
        ("OPERATOR",),
        Verdict.SUFFICIENT,
    )
    # The ad account's own role, ROLE_ADVERTISER, is nobody's permission.
    assert (second.group, second.roles, second.verdict) == ("Acme", (), Verdict.UNVERIFIED)
    asked = edge.calls[1].request.params
    assert json.loads(asked["advertiser_ids"]) == ["1", "2"]
    assert {"name", "currency", "status"} <= set(json.loads(asked["fields"]))
    about = edge.calls[3].request.params
    assert about == {"bc_id": "b1", "asset_type": "ADVERTISER", "page": "1", "page_size": "50"}


@pytest.mark.parametrize("data", [{"list": []}, {"list": None}, {}])
def test_an_approval_can_reach_no_ad_account(connection, edge, data):
    edge.get(REACHED, json=said(data))
    assert list(tiktok.ad_accounts(connection)) == []


def test_details_are_asked_for_a_hundred_at_a_time(connection, edge):
    ids = [str(number) for number in range(250)]
    reaches(edge, *ids)
    edge.get(INFO, json=said({"list": []}))
    edge.get(CENTERS, json=listed())
    assert [one.id for one in tiktok.ad_accounts(connection)] == ids
    asked = [
        call.request.params["advertiser_ids"] for call in edge.calls if "info" in call.request.url
    ]
    assert [len(json.loads(one)) for one in asked] == [100, 100, 50]


@pytest.mark.parametrize("code", [40001, 40002, 40118, 40300])
def test_what_may_not_be_asked_leaves_names_and_an_open_verdict(connection, edge, code):
    reaches(edge, "1")
    edge.get(INFO, json=said({}, code))
    edge.get(CENTERS, json=said({}, code))
    (only,) = tiktok.ad_accounts(connection)
    assert (only.id, only.name, only.verdict) == ("1", "Reached 1", Verdict.UNVERIFIED)
    assert "will be verified at first export" in only.reason


def test_one_business_center_that_may_not_be_asked_does_not_hide_the_other(connection, edge):
    reaches(edge, "1", "2")
    edge.get(INFO, json=said({"list": [info("1"), info("2")]}))
    edge.get(CENTERS, json=listed(center("b1", "Closed"), center("b2", "Open")))
    edge.get(ASSETS, json=said({}, 40001))
    edge.get(ASSETS, json=listed(asset("2", "ADMIN")))
    first, second = tiktok.ad_accounts(connection)
    assert (first.verdict, second.verdict) == (Verdict.UNVERIFIED, Verdict.SUFFICIENT)


@pytest.mark.parametrize(("at", "code"), [(REACHED, 50000), (INFO, 50000), (CENTERS, 51305)])
def test_an_outage_is_no_lack_of_ad_accounts_or_roles(connection, edge, at, code):
    if at != REACHED:
        reaches(edge, "1")
    if at == CENTERS:
        edge.get(INFO, json=said({"list": [info("1")]}))
    edge.get(at, json=said({}, code))
    with pytest.raises(PlatformDown):
        list(tiktok.ad_accounts(connection))


def test_ad_accounts_that_may_not_be_listed_are_said(connection, edge):
    edge.get(REACHED, json=said({}, 40001, "No permission"))
    with pytest.raises(PermissionMissing):
        list(tiktok.ad_accounts(connection))


def test_roles_are_read_from_every_page(connection, edge):
    reaches(edge, "1", "2")
    edge.get(INFO, json=said({"list": [info("1"), info("2")]}))
    edge.get(CENTERS, json=listed(center("b1", "Acme")))
    edge.get(ASSETS, json=listed(asset("1", "ADMIN"), pages=2))
    edge.get(ASSETS, json=listed(asset("2", "ANALYST"), page=2, pages=2))
    assert [one.verdict for one in tiktok.ad_accounts(connection)] == [
        Verdict.SUFFICIENT,
        Verdict.INSUFFICIENT,
    ]
    assert [call.request.params["page"] for call in list(edge.calls)[-2:]] == ["1", "2"]


SUFFICIENT, UNVERIFIED, INSUFFICIENT = Verdict


@pytest.mark.parametrize(
    ("status", "roles", "verdict"),
    [
        ("STATUS_ENABLE", {"ADMIN"}, SUFFICIENT),
        ("STATUS_ENABLE", {"OPERATOR"}, SUFFICIENT),
        ("STATUS_ENABLE", {"OPERATOR", "ANALYST"}, SUFFICIENT),
        ("STATUS_ENABLE", {"ANALYST"}, INSUFFICIENT),
        ("STATUS_ENABLE", set(), UNVERIFIED),
        ("STATUS_ENABLE", {"SOMETHING_NEW"}, UNVERIFIED),
        ("", {"ADMIN"}, SUFFICIENT),
        ("", set(), UNVERIFIED),
        ("STATUS_DISABLE", {"ADMIN"}, INSUFFICIENT),
        ("STATUS_LIMIT", set(), INSUFFICIENT),
        ("STATUS_PENDING_CONFIRM", {"OPERATOR"}, INSUFFICIENT),
    ],
)
def test_roles_and_states_are_judged(status, roles, verdict):
    judged, reason = judge(status, roles)
    assert judged == verdict
    assert bool(reason) is (verdict != SUFFICIENT)


def test_an_analyst_is_told_which_role_is_needed():
    assert '"Ad Account Operator" or "Ad Account Admin"' in judge("", {"ANALYST"})[1]
