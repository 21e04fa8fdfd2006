"""Who authorized at Amazon, which ad accounts there are, and what their roles suffice for."""

import pytest
from responses import matchers

from providers.app import App
from providers.errors import (
    AppMisconfigured,
    PermissionMissing,
    PlatformDown,
    TokenRejected,
    UnknownAnswer,
)
from providers.platforms.amazon_ads import AmazonAds
from providers.secret import Secret
from providers.values import Tokens, Verdict

amazon = AmazonAds()
CLIENT = "amzn1.application-oa2-client.abc"
NA, EU, FE = (
    "https://advertising-api.amazon.com",
    "https://advertising-api-eu.amazon.com",
    "https://advertising-api-fe.amazon.com",
)
LOGIN = "https://api.amazon.com"
AGENCY = {
    "profileId": 3213213213213,
    "countryCode": "US",
    "accountInfo": {"id": "ENTITY2AB3", "type": "agency", "name": "Acme DSP"},
}
SELLER = {
    "profileId": 7,
    "accountInfo": {"id": "A1B2", "type": "seller", "name": "Acme Shop"},
}


@pytest.fixture
def connection():
    app = App(CLIENT, Secret("client-secret-text"))
    return amazon.connect(app, Tokens(Secret("Atza|access")), {})


# Who


def token_info(edge, status=200, **body):
    url = f"{LOGIN}/auth/o2/tokeninfo"
    match = [matchers.query_param_matcher({"access_token": "Atza|access"})]
    edge.get(
        url, status=status, json={"aud": CLIENT, **body} if status == 200 else body, match=match
    )


def no_profile(edge):
    body = {"error": "insufficient_scope", "error_description": "no"}
    edge.get(f"{LOGIN}/user/profile", status=401, json=body)


def test_a_person_is_their_amazon_account(connection, edge):
    token_info(edge, user_id="amzn1.account.K2L")
    person = {"user_id": "amzn1.account.K2L", "email": "jo@acme.example", "name": "Jo Doe"}
    edge.get(f"{LOGIN}/user/profile", json=person)
    identity = amazon.identify(connection, {})
    assert (identity.ids, identity.name) == ({"amzn1.account.K2L"}, "Jo Doe")
    assert edge.calls[1].request.headers["Authorization"] == "Bearer Atza|access"
    assert "Authorization" not in edge.calls[0].request.headers


def test_without_a_profile_scope_the_name_is_that_of_their_account(connection, edge):
    token_info(edge, user_id="amzn1.account.K2L")
    no_profile(edge)
    edge.get(f"{NA}/v2/profiles", json=[SELLER, AGENCY])
    identity = amazon.identify(connection, {})
    assert (identity.ids, identity.name) == ({"amzn1.account.K2L"}, "Acme DSP")


def test_without_any_name_a_person_is_still_somebody(connection, edge):
    token_info(edge, user_id="amzn1.account.K2LABC")
    no_profile(edge)
    edge.get(f"{NA}/v2/profiles", json=[])
    assert amazon.identify(connection, {}).name == "Amazon user K2LABC"


def test_a_token_that_names_nobody_leaves_the_customer_of_the_connections(connection, edge):
    token_info(edge)
    no_profile(edge)
    edge.get(f"{NA}/v2/profiles", json=[AGENCY])
    found = {"connections": [{"connectionId": "c"}, {"connectionId": "d", "customerId": "A3CUST"}]}
    edge.get(f"{NA}/amc/audiences/connections", json=found)
    assert amazon.identify(connection, {}).ids == {"A3CUST"}


def test_the_last_resort_is_the_set_of_their_accounts(connection, edge):
    for profiles in ([AGENCY, SELLER], [SELLER, AGENCY, AGENCY]):
        token_info(edge)
        no_profile(edge)
        edge.get(f"{NA}/v2/profiles", json=profiles)
        edge.get(f"{NA}/amc/audiences/connections", status=403, json={"message": "no"})
    one, again = amazon.identify(connection, {}), amazon.identify(connection, {})
    assert one.ids == again.ids
    assert one.ids != {""}


def test_nobody_is_guessed_at(connection, edge):
    token_info(edge)
    no_profile(edge)
    edge.get(f"{NA}/v2/profiles", json=[])
    edge.get(f"{NA}/amc/audiences/connections", json={"connections": []})
    with pytest.raises(UnknownAnswer):
        amazon.identify(connection, {})


def test_a_token_of_another_application_is_not_taken(connection, edge):
    token_info(edge, aud="amzn1.application-oa2-client.other", user_id="amzn1.account.K2L")
    with pytest.raises(AppMisconfigured):
        amazon.identify(connection, {})


def test_an_outage_of_the_login_does_not_change_who_somebody_is(connection, edge):
    edge.get(f"{LOGIN}/auth/o2/tokeninfo", status=503)
    with pytest.raises(PlatformDown):
        amazon.identify(connection, {})


# A 401 that does not say what it is about

UNAUTHORIZED = {"code": "401", "details": "Authentication failed", "requestId": "r-1"}


def test_a_refusal_with_a_token_that_is_alive_is_a_permission(connection, edge):
    edge.get(f"{NA}/v2/profiles", status=401, json=UNAUTHORIZED)
    token_info(edge, user_id="u")
    with pytest.raises(PermissionMissing) as caught:
        list(amazon.ad_accounts(connection))
    assert "approval of this application" in caught.value.message
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, {"error": "invalid_token"}), (500, {}), (200, {"aud": "another"})],
)
def test_a_refusal_with_a_token_that_is_not_known_to_be_alive_is_the_tokens(
    connection, edge, status, body
):
    edge.get(f"{NA}/v2/profiles", status=401, json=UNAUTHORIZED)
    edge.get(f"{LOGIN}/auth/o2/tokeninfo", status=status, json=body)
    with pytest.raises(TokenRejected):
        list(amazon.ad_accounts(connection))


# Which ad accounts


def profiles(edge, api, *, view=(), edit=(), edit_status=200):
    for level, found, status in (("view", view, 200), ("edit", edit, edit_status)):
        asked = {"accessLevel": level, "profileTypeFilter": "agency"}
        body = list(found) if status == 200 else {"message": "no"}
        match = [matchers.query_param_matcher(asked)]
        edge.get(f"{api}/v2/profiles", status=status, json=body, match=match)


def advertisers(edge, api, *found, profile=AGENCY, start=0, total=None, status=200):
    rows = [{"advertiserId": each, "name": f"Adv {each}", "currency": "USD"} for each in found]
    edge.get(
        f"{api}/dsp/advertisers",
        status=status,
        json={"totalResults": total or len(rows), "response": rows},
        match=[
            matchers.query_param_matcher({"startIndex": start, "count": 100}),
            matchers.header_matcher(
                {
                    "Amazon-Advertising-API-Scope": str(profile["profileId"]),
                    "Amazon-Advertising-API-ClientId": CLIENT,
                    "Authorization": "Bearer Atza|access",
                }
            ),
        ],
    )


def managers(edge, api, *linked):
    found = [{"managerAccountName": "Acme Group", "linkedAccounts": list(linked)}] if linked else []
    edge.get(f"{api}/managerAccounts", json={"managerAccounts": found})


def test_an_advertiser_of_an_editable_profile_suffices(connection, edge):
    profiles(edge, NA, view=[AGENCY], edit=[AGENCY])
    advertisers(edge, NA, "585806696618602999")
    managers(edge, NA)
    (only,) = amazon.ad_accounts(connection)
    assert (only.id, only.name, only.group) == (
        "585806696618602999",
        "Adv 585806696618602999",
        "Acme DSP",
    )
    assert (only.roles, only.verdict, only.currency) == (("edit",), Verdict.SUFFICIENT, "USD")


def test_who_may_only_look_is_told_so(connection, edge):
    profiles(edge, NA, view=[AGENCY])
    advertisers(edge, NA, "1")
    managers(edge, NA)
    (only,) = amazon.ad_accounts(connection)
    assert only.verdict == Verdict.INSUFFICIENT
    assert only.reason.startswith("Your role can only view. Needed: Editor or Admin")


def test_a_level_that_is_not_told_is_verified_at_the_first_export(connection, edge):
    profiles(edge, NA, view=[AGENCY], edit_status=403)
    advertisers(edge, NA, "1")
    managers(edge, NA)
    (only,) = amazon.ad_accounts(connection)
    assert only.verdict == Verdict.UNVERIFIED
    assert "will be verified at first export" in only.reason


def test_advertisers_are_read_to_their_last_page(connection, edge):
    profiles(edge, NA, view=[AGENCY], edit=[AGENCY])
    advertisers(edge, NA, "1", "2", total=3)
    advertisers(edge, NA, "3", start=2, total=3)
    managers(edge, NA)
    assert [one.id for one in amazon.ad_accounts(connection)] == ["1", "2", "3"]


def test_an_advertiser_of_two_profiles_is_one_with_the_better_role(connection, edge):
    other = {**AGENCY, "profileId": 2}
    profiles(edge, NA, view=[AGENCY, other, SELLER], edit=[other])
    advertisers(edge, NA, "1")
    advertisers(edge, NA, "1", profile=other)
    managers(edge, NA)
    (only,) = amazon.ad_accounts(connection)
    assert only.verdict == Verdict.SUFFICIENT


def test_a_profile_whose_advertisers_may_not_be_seen_hides_no_others(connection, edge):
    other = {**AGENCY, "profileId": 2}
    profiles(edge, NA, view=[AGENCY, other], edit=[AGENCY, other])
    advertisers(edge, NA, status=403)
    advertisers(edge, NA, "5", profile=other)
    managers(edge, NA)
    assert [one.id for one in amazon.ad_accounts(connection)] == ["5"]


def test_accounts_of_marketing_cloud_are_listed_with_an_unknown_role(connection, edge):
    profiles_view_only(edge, NA)
    linked = {"accountId": "ENTITY9", "accountName": "Cloud", "accountType": "MARKETING_CLOUD"}
    seller = {"accountId": "A1", "accountName": "Shop", "accountType": "SELLER"}
    managers(edge, NA, linked, linked, seller)
    (only,) = amazon.ad_accounts(connection)
    assert (only.id, only.name, only.group) == ("ENTITY9", "Cloud", "Acme Group")
    assert only.verdict == Verdict.UNVERIFIED


def profiles_view_only(edge, api, status=200):
    """Where there is nothing to see, nobody asks what may be edited."""
    asked = {"accessLevel": "view", "profileTypeFilter": "agency"}
    match = [matchers.query_param_matcher(asked)]
    body = [] if status == 200 else {"message": "no"}
    edge.get(f"{api}/v2/profiles", status=status, json=body, match=match)


def test_other_regions_are_asked_where_this_one_has_nothing(connection, edge):
    profiles_view_only(edge, NA)
    managers(edge, NA)
    profiles(edge, EU, view=[AGENCY], edit=[AGENCY])
    advertisers(edge, EU, "6")
    managers(edge, EU)
    (only,) = amazon.ad_accounts(connection)
    assert (only.id, only.group) == ("EU:6", "Acme DSP (Europe)")


def test_no_ad_accounts_anywhere_is_no_missing_permission(connection, edge):
    profiles_view_only(edge, NA)
    managers(edge, NA)
    profiles_view_only(edge, EU, status=403)
    profiles_view_only(edge, FE)
    managers(edge, FE)
    assert list(amazon.ad_accounts(connection)) == []


def test_a_list_of_profiles_that_is_none_is_not_an_empty_one(connection, edge):
    edge.get(f"{NA}/v2/profiles", json={"profiles": []})
    with pytest.raises(UnknownAnswer):
        list(amazon.ad_accounts(connection))
