"""Who authorized at Pinterest, which ad accounts there are, and what their roles suffice for."""

import pytest
from responses import matchers

from providers.app import App
from providers.errors import UnknownAnswer
from providers.platforms.pinterest import Pinterest
from providers.platforms.pinterest.answers import API
from providers.platforms.pinterest.roles import judge
from providers.secret import Secret
from providers.values import Tokens, Verdict

pinterest = Pinterest()
ME = {
    "account_type": "BUSINESS",
    "id": "2783136121146311751",
    "username": "acme",
    "business_name": "ACME Tools",
    "board_count": 14,
}


@pytest.fixture
def connection():
    app = App("client", Secret("client-secret-text"))
    return pinterest.connect(app, Tokens(Secret("pina_AQEFRV")), {})


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({}, "ACME Tools (acme)"),
        ({"business_name": None}, "acme"),
        ({"business_name": "acme"}, "acme"),
        ({"account_type": "PINNER", "business_name": None}, "acme (personal account)"),
        ({"business_name": None, "username": None}, "Pinterest account"),
    ],
)
def test_a_person_is_known_by_the_id_and_shown_by_name(connection, edge, told, name):
    edge.get(f"{API}/user_account", json={**ME, **told}, match=[matchers.query_param_matcher({})])
    identity = pinterest.identify(connection, {})
    assert identity.ids == {"2783136121146311751"}
    assert identity.name == name
    assert edge.calls[0].request.headers["Authorization"] == "Bearer pina_AQEFRV"


def test_a_name_that_somebody_else_took_over_makes_nobody_the_same(connection, edge):
    edge.get(f"{API}/user_account", json=ME)
    first = pinterest.identify(connection, {})
    edge.replace("GET", f"{API}/user_account", json={**ME, "id": "1"})
    assert not first.same_as(pinterest.identify(connection, {}))


@pytest.mark.parametrize("body", [{}, {**ME, "id": None}, {"username": "acme"}])
def test_nobody_is_guessed_at(connection, edge, body):
    edge.get(f"{API}/user_account", json=body)
    with pytest.raises(UnknownAnswer):
        pinterest.identify(connection, {})


ACCOUNT = {
    "id": "549755885175",
    "name": "ACME Tools",
    "owner": {"id": "383791336903426391", "username": "acme"},
    "country": "US",
    "currency": "USD",
    "permissions": ["OWNER"],
}


def pages(edge, *found):
    """Answer the list of ad accounts, a page for each element."""
    for number, items in enumerate(found):
        asked = {"include_shared_accounts": "true", "page_size": "250"}
        if number:
            asked["bookmark"] = f"b+/={number}"
        more = f"b+/={number + 1}" if number + 1 < len(found) else None
        edge.get(
            f"{API}/ad_accounts",
            json={"items": items, "bookmark": more},
            match=[matchers.query_param_matcher(asked)],
        )


def test_ad_accounts_come_with_their_owner_and_roles(connection, edge):
    pages(edge, [ACCOUNT])
    (only,) = pinterest.ad_accounts(connection)
    assert (only.id, only.name, only.group, only.currency) == (
        "549755885175",
        "ACME Tools",
        "acme",
        "USD",
    )
    assert (only.roles, only.verdict) == (("OWNER",), Verdict.SUFFICIENT)


def test_pages_are_followed_past_the_second_and_past_an_empty_one(connection, edge):
    pages(edge, [ACCOUNT], [{**ACCOUNT, "id": "2"}], [], [{**ACCOUNT, "id": "4"}])
    assert [one.id for one in pinterest.ad_accounts(connection)] == ["549755885175", "2", "4"]


def test_a_list_ends_where_the_bookmark_is_missing(connection, edge):
    edge.get(f"{API}/ad_accounts", json={"items": [ACCOUNT]})
    assert len(list(pinterest.ad_accounts(connection))) == 1


def test_a_list_that_goes_round_in_a_circle_is_not_read_for_ever(connection, edge):
    edge.get(f"{API}/ad_accounts", json={"items": [ACCOUNT], "bookmark": "again"})
    with pytest.raises(UnknownAnswer):
        list(pinterest.ad_accounts(connection))
    assert len(edge.calls) == 2


@pytest.mark.parametrize("body", [{}, {"items": None, "bookmark": None}, {"items": {}}])
def test_an_answer_without_items_is_not_an_empty_list(connection, edge, body):
    edge.get(f"{API}/ad_accounts", json=body)
    with pytest.raises(UnknownAnswer):
        list(pinterest.ad_accounts(connection))


@pytest.mark.parametrize("told", [{}, {"owner": None, "name": None, "currency": None}])
def test_an_ad_account_may_say_no_more_than_its_id(connection, edge, told):
    edge.get(f"{API}/ad_accounts", json={"items": [{"id": "7", **told}, {"name": "no id"}]})
    (only,) = pinterest.ad_accounts(connection)
    assert (only.id, only.name, only.verdict) == ("7", "7", Verdict.UNVERIFIED)


SUFFICIENT, UNVERIFIED, INSUFFICIENT = Verdict


@pytest.mark.parametrize(
    ("permissions", "verdict"),
    [
        ({"OWNER"}, SUFFICIENT),
        ({"ADMIN"}, SUFFICIENT),
        ({"AUDIENCE_MANAGER"}, SUFFICIENT),
        ({"ANALYST", "AUDIENCE_MANAGER"}, SUFFICIENT),
        ({"RESTRICTED_OWNER", "ADMIN"}, SUFFICIENT),
        ({"RESTRICTED_OWNER"}, UNVERIFIED),
        ({"RESTRICTED_OWNER", "ANALYST"}, UNVERIFIED),
        (None, UNVERIFIED),
        (set(), INSUFFICIENT),
        *(
            ({role}, INSUFFICIENT)
            for role in (
                "ANALYST",
                "SOS_READER",
                "FINANCE_MANAGER",
                "FINANCE_VIEW",
                "FINANCE_EDIT",
                "CAMPAIGN_MANAGER",
                "CATALOGS_MANAGER",
                "PROFILE_MANAGER",
                "PROFILE_PUBLISHER",
                "RESOURCE_PINNER_LIST_OWNER",
                "RESOURCE_PINNER_LIST_READER",
                "BIZ_PINNER_LIST_SHARER",
                "RESOURCE_CONVERSION_TAGS_READER",
                "A_ROLE_THAT_NOBODY_HAS_HEARD_OF",
            )
        ),
    ],
)
def test_roles_are_judged_by_the_table(permissions, verdict):
    judged, reason = judge(None if permissions is None else frozenset(permissions))
    assert judged == verdict
    assert bool(reason) is (verdict != SUFFICIENT)
    if verdict == UNVERIFIED:
        assert "will be verified at first export" in reason
    if verdict == INSUFFICIENT:
        assert "Needed: Admin or Audience level" in reason
        assert all(role in reason for role in permissions)


def test_a_person_with_every_other_role_gets_a_reason_that_can_be_shown():
    many = frozenset(f"ROLE_NUMBER_{number}" for number in range(100))
    assert len(judge(many)[1]) <= 300
