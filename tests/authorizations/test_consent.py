"""The walk to the platform and back, without a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Entry
from authorizations import consent, learning
from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from organizations import fence
from organizations.models import Membership, Route
from tests.authorizations.conftest import SESSION, again, begin, learned, state_of_attempt
from tests.sample_platform import BASE, TOKEN_URL, grants, knows

pytestmark = pytest.mark.django_db


def answer(attempt, person, *, platform="sample", session=SESSION, **parameters):
    return consent.answer(
        platform_key=platform, parameters=parameters, person=person, session_secret=session
    )


def test_an_approval_becomes_a_named_authorization(walk, analyst):
    attempt = learned(walk("Acme UK"))
    row = attempt.authorization
    assert attempt.state == AttemptState.DONE
    assert (row.name, row.account_name, row.authorized_by) == ("Acme UK", "Acme Ltd", analyst)
    assert attempt.message == "Connected as Acme Ltd. 1 usable ad account."


def test_checking_twice_creates_one(walk, acme):
    attempt = walk()
    learned(attempt)
    learned(attempt)
    with fence.inside(acme.id):
        assert Authorization.objects.count() == 1


def test_an_answer_counts_once(walk, analyst):
    attempt = walk()
    with pytest.raises(consent.CallbackRefused):
        answer(attempt, analyst, code="code-1", state="whatever the first one used")
    assert again(attempt).state == AttemptState.CHECKING


def test_a_second_answer_with_the_same_state_changes_nothing(
    acme, analyst, sample_platform, network
):
    grants(network)
    attempt = begin(acme, analyst)
    state = state_of_attempt(attempt)
    answer(attempt, analyst, code="code-1", state=state)
    repeated = answer(attempt, analyst, code="code-2", state=state)
    assert (repeated.pk, repeated.state) == (attempt.pk, AttemptState.CHECKING)
    # Somebody went back to the platform while it was checked, and that had trouble then.
    repeated = answer(attempt, analyst, error="server_error", state=state)
    assert repeated.state == AttemptState.CHECKING
    knows(network)
    assert learned(attempt).state == AttemptState.DONE
    assert len([call for call in network.calls if call.request.url == TOKEN_URL]) == 1


@pytest.mark.parametrize("parameters", [{}, {"code": "c"}, {"code": "c", "state": "guessed"}])
def test_an_answer_that_belongs_to_nothing_is_refused(acme, analyst, sample_platform, parameters):
    attempt = begin(acme, analyst)
    with pytest.raises(consent.CallbackRefused):
        answer(attempt, analyst, **parameters)
    assert again(attempt).state == AttemptState.WAITING


def test_another_session_cannot_answer(acme, analyst, sample_platform):
    attempt = begin(acme, analyst)
    state = state_of_attempt(attempt)
    with pytest.raises(consent.CallbackRefused, match="another browser session"):
        answer(attempt, analyst, session="other", code="code-1", state=state)
    assert again(attempt).state == AttemptState.WAITING


def test_another_person_cannot_answer(acme, analyst, stranger, sample_platform):
    attempt = begin(acme, analyst)
    with pytest.raises(consent.CallbackRefused):
        answer(attempt, stranger, code="code-1", state=state_of_attempt(attempt))
    assert again(attempt).state == AttemptState.WAITING


def test_an_answer_at_another_platforms_address_is_refused(acme, analyst, sample_platform):
    attempt = begin(acme, analyst)
    state = state_of_attempt(attempt)
    for platform in ("snapchat", "nobody"):
        with pytest.raises(consent.CallbackRefused):
            answer(attempt, analyst, platform=platform, code="code-1", state=state)
    assert again(attempt).state == AttemptState.WAITING


def test_somebody_who_lost_their_membership_cannot_answer(acme, analyst, sample_platform):
    attempt = begin(acme, analyst)
    state = state_of_attempt(attempt)
    with fence.inside(acme.id):
        Membership.objects.filter(person=analyst).delete()
    with pytest.raises(consent.CallbackRefused, match="no longer a member"):
        answer(attempt, analyst, code="code-1", state=state)


@pytest.mark.parametrize("parameters", [{"error": "access_denied"}, {}, {"code": ""}])
def test_a_refusal_in_every_form_ends_the_attempt(acme, analyst, sample_platform, parameters):
    attempt = begin(acme, analyst)
    ended = answer(attempt, analyst, state=state_of_attempt(attempt), **parameters)
    assert ended.state == AttemptState.REFUSED
    assert "Nothing was created" in ended.message
    with fence.inside(acme.id):
        assert not Authorization.objects.exists()


def test_a_late_answer_finds_the_attempt_expired(acme, analyst, sample_platform):
    attempt = begin(acme, analyst)
    state = state_of_attempt(attempt)
    with fence.inside(acme.id):
        AuthorizationAttempt.objects.update(expires_at=timezone.now())
    assert answer(attempt, analyst, code="c", state=state).state == AttemptState.EXPIRED


def test_a_refused_exchange_ends_in_words(walk, network, acme):
    network.upsert("POST", TOKEN_URL, json={"error": "invalid_grant"}, status=400)
    attempt = walk()
    assert attempt.state == AttemptState.FAILED
    assert "Nothing was created" in attempt.message
    with fence.inside(acme.id):
        assert not Authorization.objects.exists()


def test_tokens_are_sealed_as_soon_as_they_are_there_and_forgotten_at_the_end(walk):
    attempt = again(walk())
    assert attempt.access_sealed is not None
    assert b"access-1" not in bytes(attempt.access_sealed)
    ended = learned(attempt)
    assert ended.access_sealed is None
    assert ended.refresh_sealed is None


def test_a_platform_that_is_down_leaves_the_attempt_checking_until_it_answers(walk, network):
    network.upsert("GET", f"{BASE}/me", status=503)
    attempt = learned(walk())
    assert attempt.state == AttemptState.CHECKING
    knows(network)
    assert learned(attempt).state == AttemptState.DONE


def test_a_platform_that_stays_down_is_said_at_last(walk, network, acme):
    network.upsert("GET", f"{BASE}/me", status=503)
    attempt = walk()
    with fence.inside(acme.id):
        AuthorizationAttempt.objects.update(created_at=timezone.now() - timedelta(hours=1))
    ended = learned(attempt)
    assert ended.state == AttemptState.FAILED
    assert "try again" in ended.message


def test_a_name_taken_meanwhile_is_saved_with_a_number_and_said(walk):
    learned(walk("Acme UK"))
    second = learned(walk("ACME uk"))
    assert second.authorization.name == "ACME uk (2)"
    assert "taken meanwhile" in second.message


def test_a_wrong_role_is_kept_and_says_what_is_missing(walk, network):
    bad = [{"id": "a1", "name": "Acme UK", "role": "viewer", "verdict": "insufficient"}]
    knows(network, accounts=bad)
    ended = learned(walk())
    assert ended.title == "Missing permission"
    assert "Sample Admin or Sample Editor" in ended.message


def test_a_scope_that_was_not_granted_is_missing_permission(walk, network):
    grants(network, scope="something else")
    ended = learned(walk())
    assert ended.title == "Missing permission"
    assert ended.authorization.missing_scopes == ["audiences"]


def test_no_ad_account_at_all_is_said(walk, network):
    knows(network, accounts=[])
    assert "reaches no ad account" in learned(walk()).message


def test_some_ad_accounts_without_permission_are_counted(walk, network):
    accounts = [
        {"id": "a1", "name": "One"},
        {"id": "a2", "name": "Two", "verdict": "insufficient"},
    ]
    knows(network, accounts=accounts)
    assert "1 of 2 ad accounts lack permission" in learned(walk()).message


def test_what_nobody_came_back_for_is_abandoned(acme, analyst, sample_platform):
    attempt = begin(acme, analyst)
    with fence.inside(acme.id):
        AuthorizationAttempt.objects.update(expires_at=timezone.now())
    Route.objects.update(due_at=timezone.now())
    assert learning.sweep() == []
    assert again(attempt).state == AttemptState.ABANDONED
    assert not Route.objects.exists()


def test_a_lost_message_is_made_up_for_by_the_sweep(walk):
    attempt = walk()
    Route.objects.update(due_at=timezone.now())
    (found,) = learning.sweep()
    assert found.row_id == attempt.id


def test_reconnecting_as_the_same_account_keeps_name_and_id(walk, network):
    row = learned(walk("Acme UK")).authorization
    grants(network, access="access-2", refresh=None)
    attempt = learned(walk(row.name, reconnects=row))
    assert attempt.authorization == row
    assert attempt.authorization.token_version == row.token_version + 1
    assert attempt.authorization.refresh_sealed is None  # not the old grant's


def test_reconnecting_as_another_account_changes_nothing(walk, network):
    row = learned(walk("Acme UK")).authorization
    knows(network, person="p2", name="Other Ltd")
    attempt = learned(walk(row.name, reconnects=row))
    assert attempt.state == AttemptState.DECIDING
    assert "Other Ltd" in attempt.message
    assert "Acme Ltd" in attempt.message
    assert again(attempt).authorization.token_version == row.token_version


def test_the_audit_log_tells_of_it_without_a_secret(walk, acme):
    learned(walk())
    with fence.inside(acme.id):
        told = [(entry.action, str(entry.detail)) for entry in Entry.objects.all()]
    assert "authorized" in {action for action, _ in told}
    assert not any(secret in str(told) for secret in ("access-1", "refresh-1", "code-1"))


def test_an_approval_that_cannot_be_checked_here_ends_at_last(walk, acme):
    attempt = walk()
    with fence.inside(acme.id):
        AuthorizationAttempt.objects.update(created_at=timezone.now() - timedelta(hours=1))
        Route.objects.update(due_at=timezone.now())
    assert learning.sweep() == []
    ended = again(attempt)
    assert ended.state == AttemptState.FAILED
    assert "could not be checked here" in ended.message
    assert ended.access_sealed is None
