"""Who authorized at X, which ad accounts there are, and what their permissions suffice for."""

import pytest
from responses import matchers

from providers.app import App
from providers.errors import (
    AppMisconfigured,
    NotThere,
    PermissionMissing,
    PlatformDown,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.platforms.x import API, X
from providers.platforms.x.roles import judge
from providers.secret import Secret
from providers.values import Tokens, Verdict

x = X()
ACCOUNTS = f"{API}/accounts"
FIRST_PAGE = {"count": 1000, "sort_by": "name-asc"}


def connect(access="6253282-eWudHldSbIaelX7swmsiHImEL4"):
    app = App("api-key", Secret("api-key-secret-text"))
    return x.connect(app, Tokens(Secret(access), secret=Secret("access-secret")), {})


def account(id_="18ce54d4x5t", **more):
    return {"id": id_, "name": f"Account {id_}", "approval_status": "ACCEPTED", **more}


def listed(*accounts, cursor=None):
    return {"request": {"params": {}}, "next_cursor": cursor, "data": list(accounts)}


def tells(edge, *permissions, id_="18ce54d4x5t", **how):
    body = {"data": {"user_id": "6253282", "permissions": list(permissions)}, "request": {}}
    edge.get(f"{ACCOUNTS}/{id_}/authenticated_user_access", **(how or {"json": body}))


def error(code):
    return {"errors": [{"code": code, "message": "x"}], "request": {"params": {}}}


def test_the_grant_says_who_authorized_without_a_call(edge):
    identity = x.identify(connect(), {"user_id": "6253282", "screen_name": "xapi"})
    assert (identity.ids, identity.name) == ({"6253282"}, "@xapi")
    assert len(edge.calls) == 0


def test_a_screen_name_makes_nobody_the_same():
    before = x.identify(connect(), {"user_id": "1", "screen_name": "xapi"})
    assert not before.same_as(x.identify(connect(), {"user_id": "2", "screen_name": "xapi"}))
    assert before.same_as(x.identify(connect(), {"user_id": "1", "screen_name": "renamed"}))


def test_where_the_grant_does_not_say_an_ad_account_tells(edge):
    one = [matchers.query_param_matcher({"count": 1})]
    edge.get(ACCOUNTS, json=listed(account(), cursor="more"), match=one)
    tells(edge, "AD_MANAGER")
    assert x.identify(connect("abc"), {}).ids == {"6253282"}
    assert len(edge.calls) == 2


def test_a_user_without_ad_accounts_is_read_from_the_token(edge):
    edge.get(ACCOUNTS, json=listed())
    identity = x.identify(connect(), {})
    assert (identity.ids, identity.name) == ({"6253282"}, "X user 6253282")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "TOO_MANY_REQUESTS", Throttled),
        (503, "OVER_CAPACITY", PlatformDown),
        (403, "ACTION_NOT_ALLOWED", PermissionMissing),
        (403, "NOT_FOUND", NotThere),
    ],
)
@pytest.mark.parametrize("at", ["list", "account"])
def test_where_x_cannot_be_asked_the_token_tells(edge, at, status, code, kind):
    trouble = {"status": status, "json": error(code)}
    edge.get(ACCOUNTS, **(trouble if at == "list" else {"json": listed(account())}))
    if at == "account":
        tells(edge, **trouble)
    assert x.identify(connect(), {}).ids == {"6253282"}
    with pytest.raises(kind):
        x.identify(connect("abc"), {})


def test_a_dead_token_does_not_say_who_authorized(edge):
    edge.get(ACCOUNTS, status=401, json=error(89))
    with pytest.raises(TokenRejected):
        x.identify(connect(), {})


@pytest.mark.parametrize("access", ["abc", "abc-def", "-def", "6253282", "٣-def"])
def test_nobody_is_guessed_at(edge, access):
    edge.get(ACCOUNTS, json=listed())
    with pytest.raises(UnknownAnswer):
        x.identify(connect(access), {})


def test_ad_accounts_cost_one_list_and_a_call_each(edge):
    edge.get(
        ACCOUNTS,
        json=listed(account("a", business_name="Acme Ltd"), account("b", deleted=True)),
        match=[matchers.query_param_matcher(FIRST_PAGE)],
    )
    tells(edge, "TWEET_COMPOSER", "ACCOUNT_ADMIN", id_="a")
    (only,) = x.ad_accounts(connect())
    assert (only.id, only.name, only.group, only.currency) == ("a", "Account a", "Acme Ltd", "")
    assert only.roles == ("ACCOUNT_ADMIN", "TWEET_COMPOSER")
    assert only.verdict == Verdict.SUFFICIENT
    assert len(edge.calls) == 2


def test_the_list_is_followed_by_its_cursor(edge):
    edge.get(
        ACCOUNTS,
        json=listed(account("a"), cursor="c2"),
        match=[matchers.query_param_matcher(FIRST_PAGE)],
    )
    edge.get(
        ACCOUNTS,
        json=listed(account("b")),
        match=[matchers.query_param_matcher({**FIRST_PAGE, "cursor": "c2"})],
    )
    for id_ in "ab":
        tells(edge, "AD_MANAGER", id_=id_)
    assert [each.id for each in x.ad_accounts(connect())] == ["a", "b"]


@pytest.mark.parametrize("cursor", ["same", 7])
def test_a_list_without_an_end_is_not_followed_for_ever(edge, cursor):
    edge.get(ACCOUNTS, json=listed(cursor=cursor))
    with pytest.raises(UnknownAnswer):
        list(x.ad_accounts(connect()))
    assert len(edge.calls) <= 2


@pytest.mark.parametrize("how", [{"status": 503}, {"status": 429}, {"json": {"data": {}}}])
def test_trouble_at_one_ad_account_does_not_spend_another_list(edge, how):
    edge.get(ACCOUNTS, json=listed(account("a")))
    tells(edge, id_="a", **how)
    (only,) = x.ad_accounts(connect())
    assert only.verdict == Verdict.UNVERIFIED
    assert "will be verified at first export" in only.reason


def test_in_trouble_the_other_ad_accounts_are_not_asked_about(edge):
    edge.get(ACCOUNTS, json=listed(account("a"), account("b"), account("c")))
    tells(edge, id_="a", status=503)
    verdicts = [each.verdict for each in x.ad_accounts(connect())]
    assert verdicts == [Verdict.UNVERIFIED] * 3
    assert len(edge.calls) == 2


def test_an_ad_account_that_was_lost_meanwhile_is_not_usable(edge):
    edge.get(ACCOUNTS, json=listed(account("a")))
    tells(edge, id_="a", status=403, json=error("NOT_FOUND"))
    (only,) = x.ad_accounts(connect())
    assert only.verdict == Verdict.INSUFFICIENT


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 89, TokenRejected),
        (403, "UNAUTHORIZED_CLIENT_APPLICATION", AppMisconfigured),
        (429, "TOO_MANY_REQUESTS", Throttled),
    ],
)
def test_a_list_that_fails_is_not_an_empty_list(edge, status, code, kind):
    edge.get(ACCOUNTS, status=status, json=error(code))
    with pytest.raises(kind):
        list(x.ad_accounts(connect()))


SUFFICIENT, UNVERIFIED, INSUFFICIENT = Verdict


@pytest.mark.parametrize(
    ("permissions", "status", "verdict"),
    [
        ({"ACCOUNT_ADMIN"}, "ACCEPTED", SUFFICIENT),
        ({"AD_MANAGER"}, "ACCEPTED", SUFFICIENT),
        ({"AD_MANAGER"}, "", SUFFICIENT),
        ({"AD_MANAGER", "TWEET_COMPOSER"}, "ACCEPTED", SUFFICIENT),
        ({"AD_MANAGER"}, "UNDER_REVIEW", UNVERIFIED),
        ({"ACCOUNT_ADMIN"}, "REJECTED", UNVERIFIED),
        ({"PARTNER_AUDIENCE_MANAGER"}, "ACCEPTED", UNVERIFIED),
        (None, "ACCEPTED", UNVERIFIED),
        ({"CREATIVE_MANAGER"}, "ACCEPTED", INSUFFICIENT),
        ({"CAMPAIGN_ANALYST"}, "ACCEPTED", INSUFFICIENT),
        ({"ANALYST"}, "ACCEPTED", INSUFFICIENT),
        ({"TWEET_COMPOSER"}, "ACCEPTED", INSUFFICIENT),
        ({"NEW_ROLE"}, "ACCEPTED", INSUFFICIENT),
        (set(), "ACCEPTED", INSUFFICIENT),
    ],
)
def test_permissions_are_judged_by_the_table(permissions, status, verdict):
    judged, reason = judge(None if permissions is None else frozenset(permissions), status)
    assert judged == verdict
    assert bool(reason) is (verdict != SUFFICIENT)
    assert ("will be verified at first export" in reason) is (verdict == UNVERIFIED)
    assert ("Needed: Ad Manager or Account Admin" in reason) is (verdict == INSUFFICIENT)
