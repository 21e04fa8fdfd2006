"""Who authorized at Snapchat, which ad accounts there are, and what their roles suffice for."""

import pytest
from responses import matchers

from providers.app import App
from providers.errors import PlatformDown, UnknownAnswer
from providers.platforms.snapchat import API, Snapchat
from providers.platforms.snapchat.roles import judge
from providers.secret import Secret
from providers.values import Tokens, Verdict

snapchat = Snapchat()


@pytest.fixture
def connection():
    app = App("client", Secret("client-secret-text"))
    return snapchat.connect(app, Tokens(Secret("access-0.MGQC")), {})


def envelope(plural, kind, *things, **more):
    items = [{"sub_request_status": "SUCCESS", kind: thing} for thing in things]
    return {"request_status": "SUCCESS", "request_id": "r-1", plural: items, **more}


def test_a_person_is_the_set_of_their_memberships(connection, edge):
    me = {"id": "m1", "display_name": "Integration User", "snapchat_username": "exampleuser"}
    members = [{"id": "m2", "email": "user@example.com"}, {"id": "m1"}, {"no": "id"}, "odd"]
    edge.get(f"{API}/me", json={"request_status": "success", "me": me, "members": members})
    identity = snapchat.identify(connection, {})
    assert identity.ids == {"m1", "m2"}
    assert (identity.name, identity.username) == ("Integration User", "exampleuser")


def test_an_old_answer_knows_no_members_and_no_username(connection, edge):
    me = {"id": "m1", "email": "user@example.com", "organization_id": "o", "display_name": "Old"}
    edge.get(f"{API}/me", json={"request_status": "SUCCESS", "me": me})
    identity = snapchat.identify(connection, {})
    assert (identity.ids, identity.name, identity.username) == ({"m1"}, "Old", "")


@pytest.mark.parametrize("me", [None, {}, [], {"display_name": "No id"}])
def test_nobody_is_guessed_at(connection, edge, me):
    edge.get(f"{API}/me", json={"request_status": "SUCCESS", "me": me})
    with pytest.raises(UnknownAnswer):
        snapchat.identify(connection, {})


ORGANIZATIONS = f"{API}/me/organizations"


def organization(id_="o1", *, org_roles=("member",), **more):
    return {"id": id_, "name": f"Org {id_}", "roles": list(org_roles), **more}


def ad_account(id_="a1", **more):
    return {"id": id_, "name": f"Account {id_}", "currency": "USD", **more}


def test_ad_accounts_come_with_their_organization_and_roles(connection, edge):
    found = organization(ad_accounts=[ad_account(roles=["admin"])])
    edge.get(
        ORGANIZATIONS,
        json=envelope("organizations", "organization", found),
        match=[matchers.query_param_matcher({"with_ad_accounts": "true"})],
    )
    (only,) = snapchat.ad_accounts(connection)
    assert (only.id, only.name, only.group, only.currency) == ("a1", "Account a1", "Org o1", "USD")
    assert only.roles == ("admin", "organization member")
    assert only.verdict == Verdict.SUFFICIENT


def test_an_organization_that_fails_inside_a_good_list_is_left_out(connection, edge):
    body = envelope(
        "organizations", "organization", organization(ad_accounts=[ad_account(roles=["audience"])])
    )
    body["organizations"].insert(
        0, {"sub_request_status": "ERROR", "sub_request_error_reason": "Error code: E3004"}
    )
    edge.get(ORGANIZATIONS, json=body)
    assert [found.id for found in snapchat.ad_accounts(connection)] == ["a1"]


def test_a_list_in_which_everything_fails_is_not_an_empty_list(connection, edge):
    failed = {"sub_request_status": "ERROR", "sub_request_error_reason": "Error code: E4001, x"}
    edge.get(ORGANIZATIONS, json={"request_status": "SUCCESS", "organizations": [failed]})
    with pytest.raises(PlatformDown):
        list(snapchat.ad_accounts(connection))


@pytest.mark.parametrize("told", [{}, {"ad_accounts": None}, {"ad_accounts": []}])
def test_an_organization_without_ad_accounts_is_asked_itself(connection, edge, told):
    edge.get(ORGANIZATIONS, json=envelope("organizations", "organization", organization(**told)))
    edge.get(
        f"{API}/organizations/o1/adaccounts",
        json=envelope("adaccounts", "adaccount", ad_account("a7")),
    )
    (only,) = snapchat.ad_accounts(connection)
    assert (only.id, only.verdict) == ("a7", Verdict.UNVERIFIED)
    assert "will be verified at first export" in only.reason


def test_an_organization_that_shows_nothing_has_no_ad_accounts(connection, edge):
    edge.get(ORGANIZATIONS, json=envelope("organizations", "organization", organization()))
    edge.get(
        f"{API}/organizations/o1/adaccounts",
        status=403,
        json={"request_status": "ERROR", "error_code": "E3002"},
    )
    assert list(snapchat.ad_accounts(connection)) == []


SUFFICIENT, UNVERIFIED, INSUFFICIENT = Verdict


@pytest.mark.parametrize(
    ("of_organization", "of_ad_account", "verdict"),
    [
        ({"admin"}, set(), SUFFICIENT),
        ({"admin"}, None, SUFFICIENT),
        ({"admin"}, {"reports"}, SUFFICIENT),
        ({"agency_member"}, set(), SUFFICIENT),
        ({"agency_admin"}, set(), SUFFICIENT),
        ({"member"}, {"agency_member"}, SUFFICIENT),
        ({"member"}, {"admin"}, SUFFICIENT),
        ({"member"}, {"audience"}, SUFFICIENT),
        ({"data_admin"}, {"audience"}, SUFFICIENT),
        ({"member"}, {"general", "audience"}, SUFFICIENT),
        ({"member"}, {"general"}, UNVERIFIED),
        ({"business_admin"}, {"general"}, UNVERIFIED),
        ({"member"}, None, UNVERIFIED),
        ({"member"}, set(), INSUFFICIENT),
        ({"member"}, {"creative"}, INSUFFICIENT),
        ({"member"}, {"reports"}, INSUFFICIENT),
        ({"member"}, {"creative", "reports"}, INSUFFICIENT),
        ({"member"}, {"data_manager"}, INSUFFICIENT),
        ({"data_admin"}, set(), INSUFFICIENT),
        ({"data_admin"}, None, INSUFFICIENT),
        ({"business_admin"}, set(), INSUFFICIENT),
        ({"business_admin"}, None, INSUFFICIENT),
        (set(), set(), INSUFFICIENT),
    ],
)
def test_roles_are_judged_by_the_table(of_organization, of_ad_account, verdict):
    known = None if of_ad_account is None else frozenset(of_ad_account)
    judged, reason = judge(frozenset(of_organization), known)
    assert judged == verdict
    assert bool(reason) is (verdict != SUFFICIENT)
    assert len(reason) <= 300
    if verdict == UNVERIFIED:
        assert "will be verified at first export" in reason
    if verdict == INSUFFICIENT:
        assert "Needed: Organizational Admin" in reason
        for role in {*of_organization, *(of_ad_account or ())}:
            assert role in reason


def test_data_admin_is_told_apart_from_data_manager():
    assert "not a Data Manager" in judge(frozenset({"data_admin"}), frozenset())[1]
    assert "not a Data Manager" not in judge(frozenset({"member"}), frozenset())[1]
