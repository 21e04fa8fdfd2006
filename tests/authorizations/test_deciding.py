"""Reconnecting with another account at the platform: keep, replace, or save as a new one."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from authorizations import consent, deciding, learning, sealed_tokens
from authorizations.deciding import CannotDecide
from authorizations.models import AtPlatform, AttemptState, Authorization, SharedGrant
from organizations import fence
from organizations.models import Route
from tests.authorizations.revoking import let_access_be_revoked, revoked
from tests.factories import (
    SESSION,
    again,
    begin,
    change,
    destined,
    learned,
    state_of_attempt,
    stored,
)
from tests.sample_platform import grants, knows

pytestmark = pytest.mark.django_db

OTHER = [
    {"id": "a7", "name": "Other UK", "group": "Other", "verdict": "sufficient"},
    {"id": "a8", "name": "Other DE", "verdict": "insufficient"},
]


@pytest.fixture
def attempt(walk, authorization, network):
    """The analyst reconnected "Acme UK" and approved as another account."""
    grants(network, access="access-2", refresh="refresh-2", expires_in=3600)
    knows(network, person="p2", name="Other Ltd", accounts=OTHER)
    return learned(walk("Acme UK", reconnects=authorization))


@pytest.fixture
def address(attempt) -> str:
    return reverse("authorizations:decide", args=[attempt.pk])


def access_of(row) -> str:
    with fence.inside(row.organization_id):
        return sealed_tokens.of_authorization(Authorization.objects.get(pk=row.pk)).access.reveal()


def let_time_be_over(attempt) -> None:
    change(attempt, expires_at=timezone.now())
    Route.objects.filter(row_id=attempt.pk).update(due_at=timezone.now())


def let_the_sweep_work() -> None:
    for found in learning.sweep():
        learning.learn(found.organization_id, found.row_id)


def save_as_new(attempt, name):
    with fence.inside(attempt.organization_id):
        return deciding.save_as_new(attempt=attempt, name=name)


def test_nothing_is_changed_until_somebody_decides(attempt, authorization):
    assert attempt.state == AttemptState.DECIDING
    assert "You approved as Other Ltd" in attempt.message
    assert "“Acme UK” is connected as Acme Ltd" in attempt.message
    row = stored(authorization)
    assert (row.account_name, row.token_version) == ("Acme Ltd", authorization.token_version)
    assert access_of(row) == "access-1"
    with fence.inside(row.organization_id):
        assert set(row.ad_accounts.values_list("platform_id", flat=True)) == {"a1"}


def test_the_tokens_wait_sealed_on_the_attempt(attempt):
    assert b"access-2" not in bytes(attempt.access_sealed)
    assert "access-2" not in str(attempt.learned) + str(attempt.grant)
    with fence.inside(attempt.organization_id):
        assert sealed_tokens.of_attempt(attempt).access.reveal() == "access-2"


def test_keeping_the_old_one_forgets_the_new_one(attempt, authorization):
    assert deciding.keep_old(attempt=attempt) == AtPlatform.BY_PERSON
    ended = again(attempt)
    assert (ended.state, ended.access_sealed) == (AttemptState.ABANDONED, None)
    assert access_of(authorization) == "access-1"
    assert not Route.objects.filter(row_id=attempt.pk).exists()


def test_replacing_keeps_name_and_destinations_and_swaps_all_else(attempt, authorization, creator):
    destination = destined(authorization, creator)
    assert deciding.replace_old(attempt=attempt) == AtPlatform.BY_PERSON
    row = stored(authorization)
    assert (row.name, row.account_name, row.identity_ids) == ("Acme UK", "Other Ltd", ["p2"])
    assert access_of(row) == "access-2"
    with fence.inside(row.organization_id):
        there = row.ad_accounts.filter(gone_at=None)
        told = {each.platform_id: each.verdict for each in there}
    assert told == {"a7": "sufficient", "a8": "insufficient"}
    assert stored(destination).authorization_id == row.pk
    ended = again(attempt)
    assert (ended.state, ended.access_sealed) == (AttemptState.DONE, None)


def test_the_new_tokens_life_is_counted_from_when_they_were_granted(attempt, authorization):
    kept = {**attempt.grant, "at": (timezone.now() - timedelta(minutes=50)).isoformat()}
    change(attempt, grant=kept)
    deciding.replace_old(attempt=again(attempt))
    left = stored(authorization).access_expires_at - timezone.now()
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


def test_saved_as_a_new_one_both_are_there(attempt, authorization, analyst):
    row = save_as_new(attempt, "Other UK")
    assert (row.name, row.account_name, row.authorized_by) == ("Other UK", "Other Ltd", analyst)
    assert access_of(row) == "access-2"
    assert access_of(authorization) == "access-1"
    assert stored(authorization).account_name == "Acme Ltd"
    assert again(attempt).authorization == row


@pytest.mark.parametrize("first", ["keep", "replace", "new"])
def test_it_is_decided_once(attempt, acme, first):
    stale = again(attempt)
    decisions = {
        "keep": lambda row: deciding.keep_old(attempt=row),
        "replace": lambda row: deciding.replace_old(attempt=row),
        "new": lambda row: save_as_new(row, "Other UK"),
    }
    decisions[first](attempt)
    for decide in decisions.values():
        with pytest.raises(CannotDecide):
            decide(stale)
    with fence.inside(acme.id):
        assert Authorization.objects.count() == (2 if first == "new" else 1)


def test_what_nobody_decides_is_ended_in_time_and_nothing_is_changed(attempt, authorization):
    assert learning.sweep() == []
    assert again(attempt).state == AttemptState.DECIDING
    let_time_be_over(attempt)
    let_the_sweep_work()
    ended = again(attempt)
    assert (ended.state, ended.access_sealed) == (AttemptState.ABANDONED, None)
    assert "Nothing was changed." in ended.message
    assert access_of(authorization) == "access-1"
    with pytest.raises(CannotDecide):
        deciding.replace_old(attempt=ended)


def test_access_that_nobody_wanted_is_ended_at_the_platform(
    attempt, sample_platform, network, monkeypatch
):
    let_access_be_revoked(sample_platform, network, monkeypatch)
    let_time_be_over(attempt)
    let_the_sweep_work()
    assert revoked(network) == ["access-2"]
    let_the_sweep_work()
    assert revoked(network) == ["access-2"]


def test_an_undecided_one_that_does_not_open_ends_all_the_same(attempt):
    change(attempt, access_sealed=b"broken")
    change(attempt, expires_at=timezone.now() - timedelta(hours=2))
    Route.objects.filter(row_id=attempt.pk).update(due_at=timezone.now())
    learning.sweep()
    assert again(attempt).state == AttemptState.ABANDONED


def test_one_that_was_removed_meanwhile_is_not_replaced(attempt, authorization):
    change(authorization, removed_at=timezone.now(), access_sealed=None, refresh_sealed=None)
    with pytest.raises(CannotDecide, match="removed meanwhile"):
        deciding.replace_old(attempt=attempt)
    assert stored(authorization).access_sealed is None
    assert again(attempt).state == AttemptState.DECIDING
    # Its name is free again.
    assert save_as_new(attempt, "Acme UK").name == "Acme UK"


def test_the_access_that_is_not_used_any_more_is_ended_there(
    attempt, authorization, sample_platform, network, monkeypatch
):
    let_access_be_revoked(sample_platform, network, monkeypatch)
    assert deciding.replace_old(attempt=attempt) == AtPlatform.REVOKED
    assert revoked(network) == ["access-1"]


def test_an_approval_by_mistake_is_ended_there_unless_somebody_needs_it(
    attempt, authorization, acme, analyst, sample_platform, network, monkeypatch
):
    let_access_be_revoked(sample_platform, network, monkeypatch, shared=True)
    other = save_as_new(attempt, "Other UK")
    second = learned(again_approved(authorization, acme, analyst))
    assert deciding.keep_old(attempt=second) == AtPlatform.SHARED
    assert revoked(network) == []
    assert access_of(other) == "access-2"


def again_approved(authorization, organization, person):
    attempt = begin(organization, person, authorization.name, reconnects=authorization)
    return consent.answer(
        platform_key="sample",
        parameters={"code": "code-2", "state": state_of_attempt(attempt)},
        person=person,
        session_secret=SESSION,
    )


def test_while_it_waits_the_approval_counts_as_held(attempt, acme, analyst, admin):
    held = SharedGrant.objects.count()
    deciding.keep_old(attempt=attempt)
    assert SharedGrant.objects.count() == held - 2


def test_the_history_tells_of_it(attempt, authorization):
    with fence.inside(authorization.organization_id):
        entry = Entry.objects.get(action="another account approved")
    assert (entry.subject_id, entry.detail) == (authorization.pk, {"account": "Other Ltd"})


def test_the_page_shows_both_side_by_side_with_the_destinations_concerned(
    client_of, analyst, creator, authorization, attempt, address
):
    destined(authorization, creator)
    page = client_of(analyst).get(address).content.decode()
    for words in ("Acme Ltd", "Other Ltd", "1 usable of 1", "1 usable of 2", "Loyal customers"):
        assert words in page
    row = page.split("Loyal customers")[1].split("</tr>")[0]
    assert row.index("Reaches it") < row.index("Does not reach it")
    for words in ("Keep the old one", "Replace it", "Save as a new authorization"):
        assert f">{words}</button>" in page
    assert 'value="Acme UK (2)"' in page
    assert "access-2" not in page


@pytest.mark.parametrize(
    ("filled", "sentence", "account", "count"),
    [
        ({"choice": "keep"}, "Nothing was changed.", "Acme Ltd", 1),
        ({"choice": "replace"}, "Connected as Other Ltd.", "Other Ltd", 1),
        ({"choice": "new", "name": "Other UK"}, "“Other UK” was saved beside", "Acme Ltd", 2),
        ({"choice": "hostile"}, "Choose one of the three.", "Acme Ltd", 1),
    ],
)
def test_a_press_decides(
    client_of, analyst, authorization, acme, attempt, address, filled, sentence, account, count
):
    page = client_of(analyst).post(address, filled, follow=True).content.decode()
    assert sentence in page
    assert stored(authorization).account_name == account
    with fence.inside(acme.id):
        assert Authorization.objects.count() == count


@pytest.mark.parametrize(
    ("name", "sentence"), [("ACME uk", "Choose another name."), ("", "Give the new authorization")]
)
def test_a_wrong_name_is_said_at_the_field_and_the_decision_stays_open(
    client_of, analyst, acme, attempt, address, name, sentence
):
    answer = client_of(analyst).post(address, {"choice": "new", "name": name})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert again(attempt).state == AttemptState.DECIDING


def test_in_a_tab_the_walk_leads_to_the_page(client_of, analyst, attempt, address):
    result = reverse("authorizations:attempt_result", args=[attempt.pk])
    assert client_of(analyst).get(result)["Location"] == address


def test_in_a_popup_the_last_page_and_the_page_behind_lead_there(
    client_of, analyst, attempt, address
):
    change(attempt, in_popup=True)
    client = client_of(analyst)
    page = client.get(reverse("authorizations:attempt_result", args=[attempt.pk])).content.decode()
    assert f'href="{address}">Decide</a>' in page
    assert f'data-announce-attempt="{attempt.pk}"' in page
    assert "Nothing is changed until you decide." in page
    told = client.get(reverse("authorizations:attempt_state", args=[attempt.pk])).json()
    assert (told["state"], told["final"]) == ("deciding", False)
    assert client.get(told["next_url"])["Location"] == address


def test_the_authorizations_page_leads_there_too_until_it_is_decided(
    client_of, analyst, admin, authorization, attempt, address
):
    detail = reverse("authorizations:detail", args=[authorization.pk])
    assert f'href="{address}"' in client_of(analyst).get(detail).content.decode()
    assert address not in client_of(admin).get(detail).content.decode()
    client_of(analyst).post(address, {"choice": "keep"})
    assert address not in client_of(analyst).get(detail).content.decode()


def test_once_decided_the_page_leads_to_how_it_ended(client_of, analyst, attempt, address):
    client = client_of(analyst)
    client.post(address, {"choice": "keep"})
    page = client.get(address, follow=True).content.decode()
    assert "Nothing was changed" in page
    assert client.post(address, {"choice": "replace"}).status_code == 302
    assert again(attempt).state == AttemptState.ABANDONED


def test_nobody_else_decides(client_of, admin, creator, stranger, attempt, address):
    for person in (admin, creator, stranger):
        client = client_of(person)
        assert client.get(address).status_code == 404
        assert client.post(address, {"choice": "replace"}).status_code == 404
    assert again(attempt).state == AttemptState.DECIDING


def test_who_may_not_reconnect_it_any_more_may_keep_or_save_but_not_replace(
    client_of, analyst, admin, authorization, attempt, address
):
    # An admin has reconnected it meanwhile, so it is theirs.
    change(authorization, authorized_by=admin)
    client = client_of(analyst)
    page = client.get(address).content.decode()
    assert ">Replace it</button>" not in page
    assert "Only admin@acme.example or an admin can do that." in page
    assert client.post(address, {"choice": "replace"}).status_code == 403
    assert stored(authorization).account_name == "Acme Ltd"
    assert client.post(address, {"choice": "new", "name": "Other UK"}).status_code == 302


def test_names_are_shown_as_text(client_of, analyst, walk, authorization, network):
    grants(network)
    knows(network, person="p2", name="<script>alert(1)</script>", accounts=OTHER)
    attempt = learned(walk("Acme UK", reconnects=authorization))
    client = client_of(analyst)
    for name in ("decide", "attempt_result"):
        page = client.get(reverse(f"authorizations:{name}", args=[attempt.pk]), follow=True)
        assert "<script>alert" not in page.content.decode()


def test_the_same_account_is_reconnected_without_asking(walk, authorization, network):
    knows(network, person="p1", name="Acme Ltd renamed")
    attempt = learned(walk("Acme UK", reconnects=authorization))
    assert attempt.state == AttemptState.DONE
    assert stored(authorization).account_name == "Acme Ltd renamed"
