import uuid
from datetime import timedelta

import pytest
from django.db.models import F

from exports.rates import Sender, hold, patience, places_ahead, reserve, reserve_several, spend
from exports.shared_models import RateBudget
from providers.declarations import Limits, Per, Rate
from tests.sample_platform import SamplePlatform

pytestmark = pytest.mark.django_db

ALWAYS = 1e9


def sender(platform, *rates: Rate, authorization=1, ad_account="a1") -> Sender:
    platform.limits = Limits(batch_rows=3, rates=rates)
    return Sender(platform, uuid.UUID(int=authorization), ad_account)


def let_pass(seconds: float) -> None:
    """Let the database's clock seem later, by bringing every budget nearer."""
    RateBudget.objects.update(
        theoretical_arrival=F("theoretical_arrival") - timedelta(seconds=seconds)
    )


def test_requests_are_spaced_by_the_rate(sample_platform):
    who = sender(sample_platform, Rate(2, 10, Per.APP))
    waits = [reserve(who, patience=ALWAYS) for _ in range(4)]
    assert waits == pytest.approx([0, 5, 10, 15], abs=0.5)


def test_what_was_not_used_is_not_saved_up(sample_platform):
    who = sender(sample_platform, Rate(2, 10, Per.APP))
    reserve(who, patience=ALWAYS)
    let_pass(1000)
    waits = [reserve(who, patience=ALWAYS) for _ in range(3)]
    assert waits == pytest.approx([0, 5, 10], abs=0.5)


def test_more_than_ones_patience_reserves_nothing(sample_platform):
    who = sender(sample_platform, Rate(1, 10, Per.APP))
    reserve(who, patience=2)
    waits = [reserve(who, patience=2) for _ in range(3)]
    assert waits == pytest.approx([10, 10, 10], abs=0.5)
    let_pass(9)
    assert reserve(who, patience=2) == pytest.approx(1, abs=0.5)
    assert reserve(who, patience=2) == pytest.approx(11, abs=0.5)


def test_every_budget_must_have_room(sample_platform):
    rates = (Rate(1, 1, Per.APP), Rate(2, 60, Per.APP), Rate(1, 10, Per.AD_ACCOUNT))
    who = sender(sample_platform, *rates)
    waits = [reserve(who, patience=ALWAYS) for _ in range(3)]
    assert waits == pytest.approx([0, 30.6, 61.2], abs=0.5)
    assert RateBudget.objects.count() == 3


def test_a_request_counts_in_every_budget_from_when_it_goes(sample_platform):
    rates = (Rate(1, 1, Per.APP), Rate(1, 10, Per.AUTHORIZATION))
    one = sender(sample_platform, *rates)
    other = sender(sample_platform, *rates, authorization=2)
    assert [reserve(one, patience=ALWAYS) for _ in range(2)] == pytest.approx([0, 10], abs=0.5)
    let_pass(10)
    # The second request of the first goes now, so the application has no room for a second.
    assert reserve(other, patience=ALWAYS) == pytest.approx(1, abs=0.5)


def test_who_shares_a_budget_depends_on_what_it_counts_by(sample_platform):
    def waits(per: Per) -> list[float]:
        RateBudget.objects.all().delete()
        rate = Rate(1, 10, per)
        senders = [
            sender(sample_platform, rate, authorization=authorization, ad_account=ad)
            for authorization, ad in ((1, "a1"), (2, "a1"), (2, "a2"))
        ]
        return [round(reserve(each, patience=ALWAYS)) for each in senders]

    # Two organizations have two authorizations; the application is one.
    assert waits(Per.APP) == [0, 10, 20]
    assert waits(Per.AUTHORIZATION) == [0, 0, 10]
    assert waits(Per.AD_ACCOUNT) == [0, 10, 0]


def test_two_platforms_share_nothing(sample_platform, settings):
    class OtherPlatform(SamplePlatform):
        key = "other"

    settings.PLATFORM_ENVIRONMENT = {
        **settings.PLATFORM_ENVIRONMENT,
        "PLATFORM_OTHER_CLIENT_ID": "client",
        "PLATFORM_OTHER_CLIENT_SECRET": "secret",
    }
    rate = Rate(1, 10, Per.APP)
    senders = [sender(each, rate) for each in (sample_platform, OtherPlatform())]
    assert [reserve(each, patience=ALWAYS) for each in senders] == [0, 0]


def test_a_platform_without_a_published_rate_is_not_waited_for(sample_platform):
    who = sender(sample_platform)
    assert [reserve(who, patience=0) for _ in range(3)] == [0, 0, 0]


def test_who_was_told_to_wait_is_held_and_others_are_not(sample_platform):
    rates = (Rate(100, 1, Per.APP), Rate(100, 1, Per.AUTHORIZATION))
    one = sender(sample_platform, *rates)
    other = sender(sample_platform, *rates, authorization=2)
    hold(one, 30)
    assert reserve(one, patience=2) == pytest.approx(30, abs=0.5)
    assert reserve(other, patience=2) == pytest.approx(0, abs=0.5)


def test_where_only_the_application_is_counted_all_are_held_for_ten_seconds_at_most(
    sample_platform,
):
    one = sender(sample_platform, Rate(100, 1, Per.APP), Rate(1000, 60, Per.APP))
    other = sender(sample_platform, *sample_platform.limits.rates, authorization=2, ad_account="a2")
    hold(one, 3)
    assert reserve(other, patience=2) == pytest.approx(3, abs=0.5)
    hold(one, 3600)
    assert reserve(other, patience=2) == pytest.approx(10, abs=0.5)


def test_the_platform_may_say_whose_limit_was_met(sample_platform):
    rates = (Rate(100, 1, Per.APP), Rate(100, 1, Per.AUTHORIZATION))
    one = sender(sample_platform, *rates)
    colleague = sender(sample_platform, *rates, ad_account="a2")
    stranger = sender(sample_platform, *rates, authorization=2, ad_account="a3")

    def waits() -> list[float]:
        return [round(reserve(each, patience=2)) for each in (one, colleague, stranger)]

    # Nothing is published by ad account, and still it is held.
    hold(one, 30, Per.AD_ACCOUNT)
    assert waits() == [30, 0, 0]
    hold(one, 40, Per.AUTHORIZATION)
    assert waits() == [40, 40, 0]
    let_pass(60)
    hold(one, 40, Per.APP)
    assert waits() == [10, 10, 10]


def test_who_is_held_by_an_ad_account_of_a_platform_that_counts_by_none_is_not_spaced(
    sample_platform,
):
    one = sender(sample_platform, Rate(100, 1, Per.APP))
    hold(one, 30, Per.AD_ACCOUNT)
    let_pass(31)
    places, _ = reserve_several(one, 5, patience=2)
    assert places == pytest.approx([0, 0.01, 0.02, 0.03, 0.04], abs=0.02)


def test_a_platform_without_a_published_rate_holds_the_authorization(sample_platform):
    one, other = sender(sample_platform), sender(sample_platform, authorization=2)
    hold(one, 30)
    assert reserve(one, patience=2) == pytest.approx(30, abs=0.5)
    assert reserve(other, patience=2) == 0


def test_a_hold_is_never_shortened(sample_platform):
    who = sender(sample_platform, Rate(100, 1, Per.AUTHORIZATION))
    hold(who, 30)
    hold(who, 5)
    assert reserve(who, patience=2) == pytest.approx(30, abs=0.5)


def test_budgets_name_nobody(sample_platform):
    reserve(sender(sample_platform, Rate(1, 1, Per.AD_ACCOUNT), ad_account="a1"), patience=0)
    (budget,) = RateBudget.objects.all()
    assert len(bytes(budget.key)) == 32
    assert b"a1" not in bytes(budget.key)


def test_what_goes_without_waiting_is_counted_and_waited_for_by_what_follows(sample_platform):
    who = sender(sample_platform, Rate(1, 10, Per.APP), Rate(1, 5, Per.AD_ACCOUNT))
    spend(who, 2)
    assert reserve(who, patience=ALWAYS) == pytest.approx(20, abs=0.7)
    spend(who, 1)
    assert reserve(who, patience=ALWAYS) == pytest.approx(40, abs=1.2)


def test_a_request_waits_two_seconds_or_for_a_few_places(sample_platform):
    assert patience(sender(sample_platform, Rate(100, 1, Per.APP))) == 2
    slow = sender(sample_platform, Rate(3600, 3600, Per.APP), Rate(1, 2, Per.AD_ACCOUNT))
    assert patience(slow) == pytest.approx(6, abs=0.2)
    assert places_ahead(slow) == 4
    assert patience(sender(sample_platform)) == 2
    assert places_ahead(sender(sample_platform)) is None


def test_no_more_is_sent_than_the_platform_publishes_and_hardly_less(sample_platform):
    who = sender(sample_platform, Rate(450, 60, Per.APP))
    places, _ = reserve_several(who, 10_000, patience=60)
    assert 0.97 * 450 < len(places) <= 450
