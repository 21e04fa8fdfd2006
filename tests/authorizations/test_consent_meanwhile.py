"""What can change while the popup is open, and what the person is then told."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from authorizations import learning
from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from organizations import fence, services
from organizations.models import Membership, Route
from organizations.roles import Role
from tests.authorizations.conftest import again, learned, state_of_attempt
from tests.factories import change, stored
from tests.people import member
from tests.sample_platform import TOKEN_URL, grants, knows

pytestmark = pytest.mark.django_db

LIST, NEW = reverse("authorizations:list"), reverse("authorizations:new")
INSUFFICIENT = [{"id": "a1", "name": "Acme UK", "role": "viewer", "verdict": "insufficient"}]


@pytest.fixture
def platform(sample_platform, network):
    grants(network)
    knows(network)
    return sample_platform


@pytest.fixture
def analyst_client(client_of, analyst) -> Client:
    return client_of(analyst)


def begun(client, acme, address=NEW, **more) -> AuthorizationAttempt:
    attempt_id = uuid.uuid4()
    filled = {"name": "Acme UK", "platform": "sample", "attempt": attempt_id, "in_popup": "on"}
    response = client.post(address, {**filled, **more})
    assert response.status_code == 302, response.content.decode()
    with fence.inside(acme.id):
        return AuthorizationAttempt.objects.get(pk=attempt_id)


def answered(client, attempt, **parameters):
    """Come back from the platform; follow to the popup's last page."""
    if "state" not in parameters:
        parameters["state"] = state_of_attempt(attempt)
    address = reverse("authorizations:callback", args=["sample"])
    return client.get(address, parameters, follow=True)


def address_of(attempt, what="result") -> str:
    return reverse(f"authorizations:attempt_{what}", args=[attempt.pk])


def told(client, attempt) -> dict:
    return client.get(address_of(attempt, "state")).json()


def page_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_stopped_waiting_a_later_approval_is_refused(analyst_client, acme, platform, network):
    attempt = begun(analyst_client, acme)
    state = state_of_attempt(attempt)
    stopped = analyst_client.post(
        address_of(attempt, "stop"), headers={"Accept": "application/json"}
    ).json()
    assert (stopped["state"], stopped["final"], stopped["title"]) == ("abandoned", True, "Stopped")
    response = answered(analyst_client, attempt, code="c", state=state)
    assert response.status_code == 400
    assert "stopped before" in page_of(response)
    assert not [call for call in network.calls if call.request.url == TOKEN_URL]


def test_stopping_what_is_being_checked_does_not_lose_it(analyst_client, acme, platform):
    attempt = begun(analyst_client, acme)
    answered(analyst_client, attempt, code="c")
    page = page_of(analyst_client.post(address_of(attempt, "stop"), follow=True))
    assert "Checking" in page
    assert learned(attempt).state == AttemptState.DONE


def test_without_a_script_the_waiting_page_leads_on_or_stops(analyst_client, acme, platform):
    attempt = begun(analyst_client, acme)
    page = page_of(analyst_client.get(address_of(attempt)))
    assert "Waiting for approval at Sample Ads" in page
    assert address_of(attempt, "go") in page
    stopped = analyst_client.post(address_of(attempt, "stop"), follow=True)
    assert "You stopped waiting for Sample Ads" in page_of(stopped)


def test_time_that_is_over_is_said_when_anybody_looks_without_waiting_for_the_sweep(
    analyst_client, acme, platform
):
    attempt = begun(analyst_client, acme)
    change(attempt, expires_at=timezone.now())
    assert told(analyst_client, attempt)["title"] == "Abandoned"
    page = page_of(analyst_client.get(address_of(attempt, "go"), follow=True))
    assert "Nobody came back from Sample Ads within 15 minutes" in page
    assert "Try again" in page
    assert not Route.objects.filter(row_id=attempt.pk).exists()


def test_an_answer_that_is_being_exchanged_as_the_time_ends_is_not_cut_off(walk, acme):
    attempt = walk()
    change(attempt, state=AttemptState.EXCHANGING, expires_at=timezone.now())
    Route.objects.update(due_at=timezone.now())
    learning.sweep()
    assert again(attempt).state == AttemptState.EXCHANGING
    change(attempt, expires_at=timezone.now() - timedelta(minutes=3))
    Route.objects.update(due_at=timezone.now())
    learning.sweep()
    assert again(attempt).title == "Cut off"


def test_a_lost_membership_creates_nothing(analyst_client, analyst, acme, globex, platform):
    attempt = begun(analyst_client, acme)
    with fence.inside(acme.id):
        Membership.objects.filter(person=analyst).delete()
    assert "no longer a member of any" in page_of(answered(analyst_client, attempt, code="c"))
    services.membership_create(organization=globex, person=analyst, role=Role.ANALYST)
    assert "no longer a member of that" in page_of(answered(analyst_client, attempt, code="c"))
    assert analyst_client.get(address_of(attempt, "state")).status_code == 404
    assert again(attempt).state == AttemptState.WAITING


def test_an_admin_who_lost_the_role_cannot_finish_reconnecting_somebody_elses(
    client_of, admin, acme, authorization, platform
):
    client = client_of(admin)
    address = reverse("authorizations:reconnect", args=[authorization.pk])
    attempt = begun(client, acme, address)
    with fence.inside(acme.id):
        Membership.objects.filter(person=admin).update(role=Role.CREATOR)
    page = page_of(answered(client, attempt, code="c"))
    assert "Your role does not suffice" in page
    assert "Nothing was changed." in page
    assert stored(authorization).token_version == authorization.token_version


def test_a_smaller_role_can_still_finish_what_it_may_do(client_of, admin, acme, platform):
    client = client_of(admin)
    attempt = begun(client, acme)
    with fence.inside(acme.id):
        Membership.objects.filter(person=admin).update(role=Role.ANALYST)
    answered(client, attempt, code="c")
    assert learned(attempt).state == AttemptState.DONE


def test_a_form_of_one_organization_is_not_sent_in_another(client_of, acme, globex, platform):
    both = member(acme, "both@acme.example", Role.ANALYST)
    services.membership_create(organization=globex, person=both, role=Role.ANALYST)
    client = client_of(both)
    assert str(acme.id) in client.get(NEW).content.decode()
    client.post(reverse("organizations:switch"), {"organization": globex.id})
    filled = {"name": "Acme UK", "platform": "sample", "organization": acme.id}
    response = client.post(NEW, filled)
    assert response.status_code == 422
    assert "You switched to Globex" in page_of(response)
    for organization in (acme, globex):
        with fence.inside(organization.id):
            assert not AuthorizationAttempt.objects.exists()


def test_after_switching_the_page_behind_is_told_where_the_account_is(
    client_of, acme, globex, platform
):
    both = member(acme, "both@acme.example", Role.ANALYST)
    services.membership_create(organization=globex, person=both, role=Role.ANALYST)
    client = client_of(both)
    attempt = begun(client, acme)
    client.post(reverse("organizations:switch"), {"organization": globex.id})
    answered(client, attempt, code="c")
    learned(attempt)
    page = page_of(client.get(told(client, attempt)["next_url"], follow=True))
    assert "It is in Acme." in page


def test_a_missing_permission_leads_the_page_behind_to_where_it_is_mended(
    analyst_client, acme, platform, network
):
    knows(network, accounts=INSUFFICIENT)
    attempt = begun(analyst_client, acme)
    answered(analyst_client, attempt, code="c")
    row = learned(attempt).authorization
    window = page_of(analyst_client.get(address_of(attempt)))
    assert "data-closes" not in window
    assert "Missing permission" in window
    assert platform.permission.help_url in window
    behind = analyst_client.get(told(analyst_client, attempt)["next_url"])
    assert behind["Location"] == reverse("authorizations:detail", args=[row.pk])


def test_a_success_closes_by_itself(analyst_client, acme, platform):
    attempt = begun(analyst_client, acme)
    answered(analyst_client, attempt, code="c")
    learned(attempt)
    assert "data-closes" in page_of(analyst_client.get(address_of(attempt)))


@pytest.mark.parametrize(
    ("error", "state", "sentence"),
    [
        ("access_denied", AttemptState.REFUSED, "declined or canceled"),
        ("user_canceled_authorize", AttemptState.REFUSED, "declined or canceled"),
        ("server_error", AttemptState.FAILED, "Wait a moment and try again."),
        ("temporarily_unavailable", AttemptState.FAILED, "Wait a moment and try again."),
        ("invalid_scope", AttemptState.FAILED, "Tell the operator of this product."),
        ("unauthorized_client", AttemptState.FAILED, "Tell the operator of this product."),
    ],
)
def test_what_the_platform_sends_back_instead_of_an_approval_is_told_apart(
    analyst_client, acme, platform, error, state, sentence
):
    attempt = begun(analyst_client, acme)
    page = page_of(answered(analyst_client, attempt, error=error))
    assert sentence in page
    assert "Nothing was created." in page
    assert again(attempt).state == state


def test_a_platform_that_left_the_environment_meanwhile_is_said(
    analyst_client, acme, platform, settings
):
    attempt, late = begun(analyst_client, acme), begun(analyst_client, acme)
    answered(analyst_client, late, code="c")
    settings.PLATFORM_ENVIRONMENT = {}
    assert "not set up here any more" in page_of(answered(analyst_client, attempt, code="c"))
    assert again(attempt).state == AttemptState.FAILED
    assert "not set up here any more" in learned(late).message


def test_checking_ad_accounts_of_a_platform_that_is_not_set_up_is_said(
    analyst_client, authorization, settings
):
    settings.PLATFORM_ENVIRONMENT = {}
    address = reverse("authorizations:check_ad_accounts", args=[authorization.pk])
    assert "not set up here" in page_of(analyst_client.post(address, follow=True))


def test_very_long_words_of_a_platform_still_end_the_attempt(
    analyst_client, acme, platform, network
):
    words = {"error": "invalid_grant", "error_description": "no " * 600}
    network.upsert("POST", TOKEN_URL, json=words, status=400)
    attempt = begun(analyst_client, acme)
    answered(analyst_client, attempt, code="c")
    assert again(attempt).state == AttemptState.FAILED


def test_a_refused_form_in_the_window_says_why_there_and_to_the_page_behind(
    analyst_client, authorization, network
):
    attempt_id = uuid.uuid4()
    filled = {"name": "ACME uk", "platform": "sample", "in_popup": "on", "attempt": attempt_id}
    response = analyst_client.post(NEW, filled)
    assert response.status_code == 422
    page = page_of(response)
    assert f'data-announce-attempt="{attempt_id}" data-not-begun' in page
    assert "Choose another name" in page


def test_reconnecting_twice_with_one_press_is_one_attempt(
    analyst_client, acme, authorization, network
):
    address = reverse("authorizations:reconnect", args=[authorization.pk])
    first = begun(analyst_client, acme, address)
    again_ = analyst_client.post(address, {"attempt": first.pk, "in_popup": "on"})
    assert again_["Location"] == address_of(first, "go")
    with fence.inside(acme.id):
        assert AuthorizationAttempt.objects.filter(reconnects=True).count() == 1
        assert Authorization.objects.count() == 1


def test_a_name_that_holds_a_null_character_is_only_not_taken(analyst_client, authorization):
    address = reverse("authorizations:name_check")
    assert analyst_client.get(address, {"name": "Ac\0me"}).json()["taken"] is False
