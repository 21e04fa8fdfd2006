import pytest

from tests.sandbox.raw_amazon_ads import ACME_CA, ACME_US, CANADA, OUTDOOR, SHOP, US, RawAmazon


@pytest.fixture
def amazon(sandbox):
    return RawAmazon(sandbox)


@pytest.fixture
def ada(amazon):
    """An admin of two marketplaces."""
    return amazon.sign_in("Ada Admin")


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [each["profileId"] for each in answer.json()]


def test_profiles_have_numbers_for_ids_and_one_account_in_all_marketplaces(ada):
    found = ada.get("v2/profiles", accessLevel="view", profileTypeFilter="agency").json()
    assert [each["profileId"] for each in found] == [ACME_US, ACME_CA]
    assert {each["accountInfo"]["id"] for each in found} == {"ENTITY2AB3C4D5E6F7"}
    assert [each["accountInfo"]["marketplaceStringId"] for each in found] == [
        "ATVPDKIKX0DER",
        "A2EUQ1WTGCTBG2",
    ]


def test_profiles_are_told_by_level_and_type(amazon, sandbox):
    vera, sally = amazon.sign_in("Vera Viewer"), amazon.sign_in("Sally Seller")
    assert ids(vera.get("v2/profiles", accessLevel="view")) == [ACME_US]
    assert ids(vera.get("v2/profiles", accessLevel="edit")) == []
    assert ids(vera.get("v2/profiles")) == []
    assert ids(sally.get("v2/profiles")) == [SHOP]
    assert ids(sally.get("v2/profiles", profileTypeFilter="vendor,seller")) == [SHOP]
    assert ids(sally.get("v2/profiles", profileTypeFilter="agency")) == []
    # Another copy of the description has another default.
    sandbox.fault("amazon_ads", "profiles_view", count=None)
    assert ids(vera.get("v2/profiles")) == [ACME_US]


@pytest.mark.parametrize(
    "wrong",
    [
        {"accessLevel": "admin"},
        {"profileTypeFilter": "agency,bank"},
        {"apiProgram": "x"},
        {"validPaymentMethodFilter": "yes"},
    ],
)
def test_a_filter_that_is_not_known_is_refused(ada, wrong):
    answer = ada.get("v2/profiles", **wrong)
    assert (answer.status_code, set(answer.json())) == (400, {"code", "details"})


def test_a_region_shows_its_own_profiles_alone(amazon):
    eva = amazon.sign_in("Eva Europe")
    assert ids(eva.get("v2/profiles", accessLevel="view")) == []
    eva.api = "advertising-api-eu.amazon.com"
    found = eva.get("v2/profiles", accessLevel="view").json()
    assert [each["countryCode"] for each in found] == ["DE", "UK"]
    eva.api = "advertising-api-fe.amazon.com"
    assert ids(eva.get("v2/profiles", accessLevel="view")) == []


def test_advertisers_are_told_for_a_profile_with_texts_for_ids(ada):
    body = ada.get("dsp/advertisers", ACME_US).json()
    assert body["totalResults"] == 2
    assert [each["advertiserId"] for each in body["response"]] == [str(US), str(OUTDOOR)]
    (only,) = ada.get("dsp/advertisers", ACME_CA).json()["response"]
    assert (only["advertiserId"], only["currency"]) == (str(CANADA), "CAD")


def test_advertisers_come_in_pages_and_by_their_ids(ada):
    page = ada.get("dsp/advertisers", ACME_US, startIndex=1, count=1).json()
    assert (page["totalResults"], page["response"][0]["advertiserId"]) == (2, str(OUTDOOR))
    only = ada.get("dsp/advertisers", ACME_US, advertiserIdFilter=f"1,{OUTDOOR}").json()
    assert [each["advertiserId"] for each in only["response"]] == [str(OUTDOOR)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 101},
        {"startIndex": 29_901},
        {"startIndex": "x"},
        {"startIndex": "1" * 5_000},
    ],
)
def test_a_page_is_of_one_to_a_hundred(ada, wrong):
    answer = ada.get("dsp/advertisers", ACME_US, **wrong)
    assert answer.status_code == 400
    assert set(answer.json()) == {"requestId", "message", "errors"}


@pytest.mark.parametrize(
    ("scope", "details"),
    [
        (None, "Scope header is missing"),
        (1, "Not authorized to access scope"),
        (SHOP, "Not authorized to access scope"),
    ],
)
def test_a_profile_that_is_missing_or_another_persons_is_a_401(ada, scope, details):
    answer = ada.get("dsp/advertisers", scope)
    assert (answer.status_code, answer.json()) == (
        401,
        {"code": "UNAUTHORIZED", "details": details},
    )


def test_a_sellers_profile_has_no_advertisers(amazon):
    answer = amazon.sign_in("Sally Seller").get("dsp/advertisers", SHOP)
    assert answer.json()["details"] == "No matching advertiser found for scope"


def test_manager_accounts_link_marketing_cloud(ada, amazon):
    (manager,) = ada.get("managerAccounts").json()["managerAccounts"]
    (linked,) = manager["linkedAccounts"]
    assert (linked["accountType"], linked["dspAdvertiserId"]) == ("MARKETING_CLOUD", None)
    assert amazon.sign_in("Ed Editor").get("managerAccounts").json() == {"managerAccounts": []}


def test_ads_accounts_have_a_state(ada):
    (only,) = ada.post("adsAccounts/list", {"maxResults": 100}, "application/json").json()[
        "adsAccounts"
    ]
    assert (only["status"], only["countryCodes"]) == ("CREATED", ["US", "CA"])


def listed(caller, **asked):
    answer = caller.post("adsAccounts/list", asked, "application/json")
    assert answer.status_code == 200
    body = answer.json()
    return [each["accountName"] for each in body["adsAccounts"]], body.get("nextToken")


def test_ads_accounts_come_in_pages(amazon, sandbox):
    mia = amazon.sign_in("Mia Mixed")
    assert listed(mia) == (["Acme DSP", "North Star"], None)
    first, token = listed(mia, maxResults=1)
    assert (first, bool(token)) == (["Acme DSP"], True)
    assert listed(mia, maxResults=1, nextToken=token) == (["North Star"], None)
    sandbox.fault("amazon_ads", "small_pages", count=None)
    assert listed(mia, maxResults=1) == (["Acme DSP", "North Star"], None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"maxResults": 0},
        {"maxResults": 101},
        {"maxResults": "5"},
        {"maxResults": []},
        {"nextToken": "x"},
        {"nextToken": 5},
        {"nextToken": ["page-1"]},
        {"nextToken": "page-" + "1" * 5_000},
    ],
)
def test_a_page_of_ads_accounts_that_is_not_known_is_refused(ada, wrong):
    assert ada.post("adsAccounts/list", wrong, "application/json").status_code == 400


def test_profiles_are_told_by_their_way_to_pay(ada):
    assert ids(ada.get("v2/profiles", validPaymentMethodFilter="true")) == [ACME_US]
    assert ids(ada.get("v2/profiles", validPaymentMethodFilter="false")) == [ACME_CA]
    assert "subType" in ada.get("v2/profiles").json()[0]["accountInfo"]


# The token


def test_both_headers_are_needed_whatever_their_case(ada):
    path = "v2/profiles"
    assert ada.get(path).status_code == 200
    known = {"AMAZON-ADVERTISING-API-CLIENTID": ada.platform.client["client_id"]}
    url = f"{ada.platform.root}/{ada.api}/{path}"
    bearer = {"Authorization": f"Bearer {ada.token}"}
    for headers, status in (
        (bearer | known, 200),
        (bearer, 401),
        (known, 401),
        (known | {"Authorization": ada.token}, 401),
    ):
        assert ada.platform.http.get(url, headers=headers, timeout=10).status_code == status


def test_a_dead_token_is_told_in_the_words_of_the_api(ada, sandbox):
    sandbox.advance(3601)
    old = ada.get("v2/profiles")
    assert old.status_code == 401
    assert old.json() | {"requestId": ""} == {
        "code": "401",
        "details": "Authentication failed",
        "requestId": "",
    }
    new = ada.get("amc/audiences/metadata/1")
    assert (new.status_code, new.json()) == (401, {"message": "Unauthorized"})
    sandbox.fault("amazon_ads", "bare_401", count=None)
    assert ada.get("v2/profiles").json()["code"] == "UNAUTHORIZED"


def test_an_application_that_is_not_on_the_list_is_refused_with_a_good_token(ada, sandbox):
    sandbox.fault("amazon_ads", "not_on_list", count=None)
    assert ada.get("v2/profiles").status_code == 401
    url = f"{ada.platform.root}/api.amazon.com/auth/o2/tokeninfo"
    told = ada.platform.http.get(url, params={"access_token": ada.token}, timeout=10)
    assert told.status_code == 200


def test_a_scope_opens_its_own_part(amazon, sandbox):
    code = amazon.code(scope="advertising::audiences")
    narrow = amazon.sign_in("Ed Editor")
    narrow.token = amazon.exchange(code).json()["access_token"]
    # A public client's way; whether it always suffices is not confirmed.
    assert narrow.get("v2/profiles").status_code == 200
    assert narrow.get("dsp/advertisers", ACME_US).status_code == 401
    sandbox.fault("amazon_ads", "profiles_need_campaigns", count=None)
    assert narrow.get("v2/profiles").status_code == 401
    assert narrow.create().status_code == 201
    code = amazon.code(scope="advertising::campaign_management")
    narrow.token = amazon.exchange(code).json()["access_token"]
    assert narrow.get("v2/profiles").status_code == 200
    # Whether it opens audiences too is not confirmed.
    assert narrow.create().status_code == 201
    sandbox.fault("amazon_ads", "audiences_scope_needed", count=None)
    assert narrow.create().status_code == 401


def test_too_fast_says_how_long_to_wait_or_nothing(ada, sandbox):
    sandbox.fault("amazon_ads", "throttle", count=2)
    answer = ada.get("v2/profiles")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    sandbox.fault("amazon_ads", "no_retry_after", count=None)
    assert "Retry-After" not in ada.get("v2/profiles").headers
