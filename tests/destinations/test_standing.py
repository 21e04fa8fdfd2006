"""Whether a destination can be exported to, and why not."""

import pytest
from django.utils import timezone

from authorizations.models import AdAccount
from destinations.models import Destination
from destinations.standing import standing_of, standings
from organizations import fence
from tests.factories import change, destined, stored

pytestmark = pytest.mark.django_db


def standing(row):
    with fence.inside(row.organization_id):
        return standing_of(Destination.objects.get(pk=row.pk))


def ad_account_is(row, platform_id="a1", **values) -> None:
    with fence.inside(row.organization_id):
        AdAccount.objects.filter(platform_id=platform_id).update(**values)


def test_a_usable_authorization_and_ad_account_make_it_ready(destination):
    found = standing(destination)
    assert (found.words, found.tone, found.may_export) == ("Ready", "good", True)
    # One ad account of three lacks permission, which is not this destination's.
    assert found.authorization.health.value == "Limited"


@pytest.mark.parametrize(
    ("meanwhile", "words", "why"),
    [
        ({"authorization": None}, "Needs reconnection", "It has no authorization."),
        ({"ad_account_id": ""}, "Missing permission", "No ad account is chosen."),
        ({"ad_account_id": "a3"}, "Missing permission", "needs Sample Editor"),
        ({"ad_account_id": "other"}, "Missing permission", "does not reach the ad account"),
        ({"platform": "nobody"}, "Platform not installed", "does not know its platform"),
        ({"paused_at": timezone.now()}, "Paused", "until it is resumed"),
        ({"deleted_at": timezone.now()}, "Deleted", "It was deleted."),
    ],
)
def test_what_keeps_it_from_being_exported_to(destination, meanwhile, words, why):
    change(destination, **meanwhile)
    found = standing(destination)
    assert (found.words, found.may_export) == (words, False)
    assert why in found.why


@pytest.mark.parametrize(
    ("meanwhile", "words", "why"),
    [
        (
            {"broken_at": timezone.now(), "broken_reason": "The grant was revoked."},
            "Needs reconnection",
            "The grant was revoked.",
        ),
        ({"missing_scopes": ["audiences"]}, "Missing permission", "Not everything"),
    ],
)
def test_what_its_authorization_keeps_it_from(destination, authorization, meanwhile, words, why):
    change(authorization, **meanwhile)
    found = standing(destination)
    assert (found.words, found.tone, found.may_export) == (words, "bad", False)
    assert why in found.why


def test_a_removed_authorization_leaves_it_waiting_for_another(destination, authorization):
    change(
        authorization,
        removed_at=timezone.now(),
        access_sealed=None,
        refresh_sealed=None,
        secret_sealed=None,
    )
    assert standing(destination).why == "Its authorization was removed."
    with fence.inside(destination.organization_id):
        assert list(Destination.objects.needing_reconnection()) == [destination]


def test_an_ad_account_that_is_gone_or_lost_its_role_is_said(destination):
    ad_account_is(destination, gone_at=timezone.now())
    assert "any more" in standing(destination).why
    ad_account_is(destination, gone_at=None, verdict="insufficient", reason="role taken away")
    assert "role taken away" in standing(destination).why


def test_a_paused_one_that_needs_reconnection_says_what_must_be_mended(destination, authorization):
    change(destination, paused_at=timezone.now())
    change(authorization, broken_at=timezone.now())
    assert standing(destination).words == "Needs reconnection"


def test_many_are_judged_in_two_queries(
    destination, authorization, creator, django_assert_num_queries
):
    for number in range(5):
        destined(authorization, creator, name=f"Number {number}")
    with fence.inside(authorization.organization_id):
        rows = list(Destination.objects.all())
        with django_assert_num_queries(2):
            found = standings(rows)
    assert [each.may_export for each in found.values()] == [True] * 6


def test_only_the_live_ones_wait_for_reconnection(destination, authorization):
    change(authorization, broken_at=timezone.now())
    with fence.inside(destination.organization_id):
        assert Destination.objects.needing_reconnection().count() == 1
    change(destination, deleted_at=timezone.now())
    with fence.inside(destination.organization_id):
        assert Destination.objects.needing_reconnection().count() == 0
    assert stored(destination).authorization_id == authorization.pk
