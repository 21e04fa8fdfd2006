"""Published rate limits, shared by all workers and organizations through the database.

Generic cell rate algorithm: each budget remembers when its next request may go. A reservation is
one short transaction of its own, never open while a platform is asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from authorizations.platforms import app_for
from exports.models import RateBudget
from organizations.routing import keyed_hash
from providers.declarations import Per, Rate
from providers.platform import Platform

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sender:
    """Whose requests count together: our application, the authorization, the ad account."""

    platform: Platform
    authorization_id: uuid.UUID
    ad_account_id: str


def reserve(sender: Sender, *, patience: float) -> float:
    """Reserve one request in every budget of a sender; return how many seconds to wait for it.

    Where that is longer than `patience` nothing is reserved: come back after so long.
    """
    spaced = sorted((_key(sender, rate), rate) for rate in sender.platform.limits.rates)
    with transaction.atomic():
        arrivals = _locked(key for key, _ in spaced)
        now = _clock()
        wait = max(((arrivals[key] - now).total_seconds() for key, _ in spaced), default=0.0)
        if wait > patience:
            return wait
        # In every budget it counts from when it goes, not from when that budget had a place.
        goes_at = now + timedelta(seconds=max(0.0, wait))
        for key, rate in spaced:
            following = goes_at + timedelta(seconds=rate.seconds / rate.count)
            RateBudget.objects.filter(key=key).update(theoretical_arrival=following)
    return max(0.0, wait)


def hold(sender: Sender, seconds: float) -> None:
    """Let nobody of a sender's authorization ask again before so many seconds: it was told so."""
    rates = [rate for rate in sender.platform.limits.rates if rate.per != Per.APP]
    keys = sorted(_key(sender, rate) for rate in rates)
    with transaction.atomic():
        arrivals = _locked(keys)
        until = _clock() + timedelta(seconds=seconds)
        for key in keys:
            if arrivals[key] < until:
                RateBudget.objects.filter(key=key).update(theoretical_arrival=until)


def _locked(keys: Iterable[bytes]) -> dict[bytes, datetime]:
    """Lock the budgets, always in one order, and return when each lets its next request go."""
    keys = list(keys)
    RateBudget.objects.bulk_create(
        [RateBudget(key=key, theoretical_arrival=_LONG_AGO) for key in keys],
        ignore_conflicts=True,
    )
    locked = RateBudget.objects.select_for_update().filter(key__in=keys).order_by("key")
    return {bytes(budget.key): budget.theoretical_arrival for budget in locked}


def _key(sender: Sender, rate: Rate) -> bytes:
    """Name a budget; several rates by one thing have a budget each."""
    whose = {
        Per.APP: app_for(sender.platform.key).client_id,
        Per.AUTHORIZATION: str(sender.authorization_id),
        Per.AD_ACCOUNT: sender.ad_account_id,
    }[rate.per]
    name = f"{sender.platform.key}\0{rate.per}\0{whose}\0{rate.count}/{rate.seconds}"
    return keyed_hash("rate", name)


def _clock() -> datetime:
    """Read the database's clock, which all workers share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone() or (None,)
    assert isinstance(now, datetime)
    return now
