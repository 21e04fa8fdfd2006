"""A platform that is asked too fast: who waits, for how long, and who does not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports.rates import Sender, reserve
from exports.shared_models import RateBudget
from exports.states import BatchState, ExportState
from providers.declarations import Limits, Per, Rate
from providers.values import AdAccount, Verdict
from tests.exports.driving import (
    ADDRESSES,
    advance,
    batches,
    delivered,
    digests,
    let_time_pass,
    prepared,
    send_next,
    started,
    states,
)
from tests.factories import authorized, destined

pytestmark = pytest.mark.django_db

TOO_FAST = (429, {"Retry-After": "30"})


@pytest.fixture
def elsewhere(globex, stranger, servers):
    """Return a destination of another organization at the same platform."""
    accounts = [AdAccount("a2", "Globex UK", verdict=Verdict.SUFFICIENT)]
    row = authorized(globex, stranger, accounts=accounts)
    return destined(row, stranger, ad_account="a2", audience_name="Theirs")


def count_by(platform, *what: Per) -> None:
    platform.limits = Limits(batch_rows=3, rates=tuple(Rate(1000, 1, per) for per in what))


def test_it_waits_as_told_and_is_no_failure(servers, sample_platform, destination, creator):
    count_by(sample_platform, Per.APP)
    servers.answer("add", TOO_FAST)
    export = delivered(started(destination, creator))
    assert export.state == ExportState.SENDING
    first, *others = batches(export)
    assert (first.state, first.troubles) == (BatchState.PENDING, 1)
    left = first.not_before - timezone.now()
    assert timedelta(seconds=25) < left <= timedelta(seconds=30)
    # They came too early, which is nobody's trouble.
    assert [(each.state, each.troubles) for each in others] == [(BatchState.PENDING, 0)] * 2
    assert all(each.not_before for each in others)
    assert servers.count("add") == 1
    let_time_pass(export)
    RateBudget.objects.all().delete()
    export = delivered(export)
    assert export.state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)
    assert [batch.attempts for batch in batches(export)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("counted", "whose", "all_wait"),
    [
        # Each would be refused too, and all would ask on.
        ([Per.APP], None, True),
        ([Per.APP], Per.APP, True),
        # What was met may be one organization's own.
        ([Per.APP], Per.AD_ACCOUNT, False),
        ([Per.APP, Per.AUTHORIZATION], None, False),
        ([Per.AD_ACCOUNT], None, False),
    ],
)
def test_others_wait_only_where_the_limit_is_theirs_too(
    servers, sample_platform, destination, creator, elsewhere, stranger, counted, whose, all_wait
):
    count_by(sample_platform, *counted)
    headers = {**TOO_FAST[1], **({"Whose-Limit": whose.value} if whose else {})}
    servers.answer("add", (429, headers))
    ours = delivered(started(destination, creator))
    assert servers.count("add") == 1
    assert states(ours) == [BatchState.PENDING] * 3
    theirs = delivered(started(elsewhere, stranger))
    assert servers.count("add") == (1 if all_wait else 1 + 3)
    assert theirs.is_final != all_wait
    assert states(ours) == [BatchState.PENDING] * 3


def test_where_nothing_is_told_it_is_held_longer_each_time(
    servers, sample_platform, destination, creator
):
    count_by(sample_platform, Per.AUTHORIZATION)
    export = prepared(destination, creator, "jane@example.com")
    advance(export)
    waits = []
    for _ in range(5):
        servers.answer("add", 429)
        assert send_next(export)
        sender = Sender(sample_platform, destination.authorization_id, destination.ad_account_id)
        waits.append(reserve(sender, patience=0))
        RateBudget.objects.all().delete()
        let_time_pass(export)
    assert servers.count("add") == 5
    for wait, pause in zip(waits, (1, 2, 4, 8, 16), strict=True):
        # Up to a quarter longer, so that workers do not meet; and some time has passed.
        assert pause - 0.5 < wait <= 1.25 * pause
