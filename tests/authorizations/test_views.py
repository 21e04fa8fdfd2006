"""The pages of authorizations as each person sees them, scripts off."""

import uuid

import pytest
from django.urls import reverse

from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from organizations import fence, services
from organizations.roles import Role
from tests.authorizations.conftest import again, learned, state_of_attempt
from tests.people import member
from tests.sample_platform import grants, knows

pytestmark = pytest.mark.django_db

LIST, NEW = reverse("authorizations:list"), reverse("authorizations:new")


@pytest.fixture
def platform(sample_platform, network):
    grants(network)
    knows(network)
    return sample_platform


def create(client, name="Acme UK", **more):
    return client.post(NEW, {"name": name, "platform": "sample", **more})


def only_attempt(organization) -> AuthorizationAttempt:
    with fence.inside(organization.id):
        return AuthorizationAttempt.objects.get()


def approve(client, attempt, **parameters):
    parameters.setdefault("code", "code-1")
    parameters.setdefault("state", state_of_attempt(attempt))
    return client.get(reverse("authorizations:callback", args=["sample"]), parameters)


def test_create_leads_to_the_platform_by_a_page_of_ours(client_of, analyst, acme, platform):
    client = client_of(analyst)
    response = client.post(NEW, {"name": "Acme UK", "platform": "sample"}, follow=True)
    page = response.content.decode()
    assert 'http-equiv="refresh"' in page
    assert "https://login.sample.example/authorize?" in page
    assert response["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"


def test_the_whole_walk_in_the_tab(client_of, analyst, acme, platform):
    client = client_of(analyst)
    create(client)
    attempt = only_attempt(acme)
    response = approve(client, attempt)
    assert response["Location"] == reverse("authorizations:attempt_result", args=[attempt.id])
    assert "Checking" in client.get(response["Location"]).content.decode()
    learned(attempt)
    page = client.get(response["Location"], follow=True).content.decode()
    assert "Connected as Acme Ltd" in page
    assert "Acme UK" in page


def test_in_a_popup_the_last_page_stays_and_tells_the_page_behind(
    client_of, analyst, acme, platform
):
    client = client_of(analyst)
    create(client, in_popup="on")
    attempt = only_attempt(acme)
    result = approve(client, attempt)["Location"]
    learned(attempt)
    page = client.get(result).content.decode()
    assert f'data-announce-attempt="{attempt.id}"' in page
    told = client.get(reverse("authorizations:attempt_state", args=[attempt.id])).json()
    assert (told["state"], told["final"]) == ("done", True)
    assert client.get(told["next_url"])["Location"] == LIST


def test_the_callback_leaves_no_code_in_an_address_or_referrer(client_of, analyst, acme, platform):
    client = client_of(analyst)
    create(client)
    response = approve(client, only_attempt(acme))
    assert "code-1" not in response["Location"]
    assert response["Referrer-Policy"] == "no-referrer"


def test_a_callback_that_is_loaded_again_leads_to_how_it_stands(client_of, analyst, acme, platform):
    client = client_of(analyst)
    create(client)
    attempt = only_attempt(acme)
    address = reverse("authorizations:callback", args=["sample"])
    answer = {"code": "code-1", "state": state_of_attempt(attempt)}
    client.get(address, answer)
    repeated = client.get(address, answer)
    assert repeated["Location"] == reverse("authorizations:attempt_result", args=[attempt.id])
    assert again(attempt).state == AttemptState.CHECKING
    learned(attempt)
    repeated = client.get(address, answer)
    assert repeated.status_code == 400
    page = repeated.content.decode()
    assert "This answer changed nothing" in page
    assert "Nothing was created" not in page


def test_a_callback_after_signing_out_creates_nothing(client_of, analyst, acme, platform):
    client = client_of(analyst)
    create(client)
    attempt = only_attempt(acme)
    client.logout()
    response = approve(client, attempt)
    assert response.status_code == 400
    assert "not signed in" in response.content.decode()
    assert again(attempt).state == AttemptState.WAITING


def test_pressing_create_twice_begins_one_attempt(client_of, analyst, acme, platform):
    client, attempt = client_of(analyst), uuid.uuid4()
    first, second = (create(client, attempt=attempt) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert only_attempt(acme).id == attempt


def test_somebody_elses_attempt_is_not_found(client_of, analyst, admin, acme, platform):
    create(client_of(analyst))
    attempt = only_attempt(acme)
    for name in ("attempt_state", "attempt_go", "attempt_result"):
        address = reverse(f"authorizations:{name}", args=[attempt.id])
        assert client_of(admin).get(address).status_code == 404


def test_after_switching_the_organization_the_walk_still_ends_where_it_began(
    client_of, acme, globex, platform
):
    both = member(acme, "both@acme.example", Role.ANALYST)
    services.membership_create(organization=globex, person=both, role=Role.ANALYST)
    client = client_of(both)
    create(client)
    attempt = only_attempt(acme)
    client.post(reverse("organizations:switch"), {"organization": globex.id})
    result = approve(client, attempt)["Location"]
    assert client.get(result).status_code == 200
    assert learned(attempt).authorization.organization_id == acme.id


@pytest.mark.parametrize(
    ("filled", "sentence"),
    [
        ({"name": "", "platform": "sample"}, "Give the authorization a name."),
        ({"name": "   ", "platform": "sample"}, "Give the authorization a name."),
        ({"name": "New"}, "Choose a platform."),
        ({"name": "New", "platform": "nobody"}, "not set up here"),
        ({"name": "ACME uk", "platform": "sample"}, "Choose another name."),
    ],
)
def test_wrong_input_is_said_at_the_field_and_nothing_is_lost(
    client_of, analyst, authorization, filled, sentence
):
    response = client_of(analyst).post(NEW, filled)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert filled["name"].strip() in page


def test_a_platform_that_is_not_configured_is_not_offered(client_of, analyst, platform, settings):
    settings.PLATFORM_ENVIRONMENT = {}
    response = create(client_of(analyst))
    assert "not set up here" in response.content.decode()


def test_the_list_shows_the_account_under_its_name(client_of, creator, authorization):
    page = client_of(creator).get(LIST).content.decode()
    assert "Acme UK" in page
    assert "Acme Ltd" in page
    assert "Connected" in page


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("q=acme", True),
        ("q=nothing", False),
        ("platform=sample", True),
        ("platform=snapchat", False),
        ("state=Connected", True),
        ("state=Needs+reconnection", False),
        ("state=Limited", False),
        ("state=Missing+permission", False),
        ("sort=used&page=99", True),
        ("state=hostile&platform=%00", True),
    ],
)
def test_the_list_can_be_narrowed(client_of, analyst, authorization, query, there):
    page = client_of(analyst).get(f"{LIST}?{query}").content.decode()
    assert (f"/{authorization.pk}/" in page) is there


def test_no_page_shows_a_token(client_of, admin, authorization):
    for address in (LIST, reverse("authorizations:detail", args=[authorization.pk])):
        page = client_of(admin).get(address).content.decode()
        assert "access-1" not in page
        assert "refresh-1" not in page


def test_another_organizations_authorization_is_not_found(client_of, stranger, authorization):
    client = client_of(stranger)
    assert client.get(reverse("authorizations:detail", args=[authorization.pk])).status_code == 404
    for name in ("reconnect", "check_ad_accounts"):
        address = reverse(f"authorizations:{name}", args=[authorization.pk])
        assert client.post(address).status_code == 404
    assert "Acme UK" not in client.get(LIST).content.decode()


def test_who_may_reconnect(client_of, admin, analyst, creator, authorization, network):
    address = reverse("authorizations:reconnect", args=[authorization.pk])
    assert client_of(creator).post(address).status_code == 403
    assert client_of(analyst).post(address).status_code == 302  # it is theirs
    assert client_of(admin).post(address).status_code == 302


def test_a_teammate_without_the_role_is_told_who_can_help(client_of, creator, admin, authorization):
    page = client_of(creator).post(reverse("authorizations:reconnect", args=[authorization.pk]))
    assert "admin@acme.example" in page.content.decode()


def test_a_name_is_checked_while_it_is_typed(client_of, analyst, authorization):
    client, address = client_of(analyst), reverse("authorizations:name_check")
    assert client.get(address, {"name": "acme UK "}).json()["taken"] is True
    assert client.get(address, {"name": "Another"}).json() == {"taken": False, "message": ""}


def test_checking_ad_accounts_again_shows_what_is_gone(client_of, analyst, authorization, network):
    knows(network, accounts=[{"id": "a2", "name": "Acme DE"}])
    address = reverse("authorizations:check_ad_accounts", args=[authorization.pk])
    page = client_of(analyst).post(address, follow=True).content.decode()
    assert "Acme DE" in page
    with fence.inside(authorization.organization_id):
        row = Authorization.objects.get()
        assert row.ad_accounts.get(platform_id="a1").gone_at is not None


def test_the_help_says_what_each_platform_needs(client_of, analyst, platform):
    page = client_of(analyst).get(reverse("authorizations:help")).content.decode()
    assert platform.permission.text in page


def test_the_list_asks_as_much_for_one_row_as_for_many(
    client_of, analyst, authorization, django_assert_max_num_queries
):
    with fence.inside(authorization.organization_id):
        Authorization.objects.bulk_create(
            Authorization(
                organization_id=authorization.organization_id,
                name=f"Number {number}",
                platform="sample",
                authorized_by=analyst,
            )
            for number in range(20)
        )
    client = client_of(analyst)
    with django_assert_max_num_queries(25):
        client.get(LIST)
