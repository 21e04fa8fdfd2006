"""Published rate limits, shared by all workers and organizations through the database.

Generic cell rate algorithm: each budget remembers when its next request may go. A reservation is
one short transaction of its own, never open while a platform is asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from authorizations.platforms import app_for
from destinations.audiences import Target
from exports.shared_models import RateBudget
from organizations.routing import keyed_hash
from providers.declarations import Per, Rate
from providers.platform import Platform

# A little slower than what is published: clocks and ways differ, a window of the platform's begins
# when it likes, and reading an audience counts at some platforms too.
_SLOWER = 1.02
# A request waits so long for its place, or for as long as a few places are apart; for more it comes
# back, which costs a look at the export.
_PATIENCE_SECONDS, _PATIENCE_PLACES = 2.0, 3

# All organizations are held back together for so long at most: long enough to ask a platform hardly
# at all while it refuses, and not so long that they pay for a limit which was not all of theirs.
_LONGEST_FOR_ALL_SECONDS = 10.0

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sender:
    """Whose requests count together: our application, the authorization, the ad account."""

    platform: Platform
    authorization_id: uuid.UUID
    ad_account_id: str

    @classmethod
    def to(cls, target: Target) -> Sender:
        """Return who sends to a destination."""
        return cls(target.platform, target.authorization_id, target.ad_account_id)


def apart(sender: Sender) -> float:
    """Return how many seconds lie between two requests of a sender that is alone."""
    return max(map(_spacing, sender.platform.limits.rates), default=0.0)


def patience(sender: Sender) -> float:
    """Return how many seconds a request waits for its place at the most."""
    return max(_PATIENCE_SECONDS, _PATIENCE_PLACES * apart(sender))


def places_ahead(sender: Sender) -> int | None:
    """Return how many requests can wait for their places at once; None where nothing is spaced."""
    between = apart(sender)
    return int(patience(sender) / between) + 1 if between else None


def reserve(sender: Sender, *, patience: float) -> float:
    """Reserve one request in every budget of a sender; return how many seconds to wait for it.

    Where that is longer than `patience` nothing is reserved: come back after so long.
    """
    places, wait = reserve_several(sender, 1, patience=patience)
    return places[0] if places else wait


def reserve_several(sender: Sender, most: int, *, patience: float) -> tuple[list[float], float]:
    """Reserve up to so many requests; return the seconds to wait for each that has a place.

    Also returns the seconds until there is a place for the next one.
    """
    spaced = [(_key(sender, rate), rate) for rate in sender.platform.limits.rates]
    unpublished = _unpublished(sender).values()
    with _locked([key for key, _ in spaced], besides=unpublished) as (arrivals, now):
        wait = max([0.0, *((at - now).total_seconds() for at in arrivals.values())])
        # In every budget they count from when they go, not from when that budget had a place; so
        # the slowest one spaces them all.
        places = [at for each in range(most) if (at := wait + each * apart(sender)) <= patience]
        if not places:
            return [], wait
        for key, rate in spaced:
            following = now + timedelta(seconds=places[-1] + _spacing(rate))
            RateBudget.objects.filter(key=key).update(theoretical_arrival=following)
    return places, places[-1] + apart(sender)


def is_held(sender: Sender) -> bool:
    """Say whether a sender was told to wait, for longer than those before it take their places."""
    budgets = [_key(sender, rate) for rate in sender.platform.limits.rates]
    found = RateBudget.objects.filter(key__in=[*budgets, *_unpublished(sender).values()])
    arrivals = [each.theoretical_arrival for each in found]
    longest = timedelta(seconds=patience(sender) + apart(sender))
    return bool(arrivals) and max(arrivals) > _clock() + longest


def spend(sender: Sender, requests: int) -> None:
    """Count requests that go at once, without waiting: what follows them waits for their places."""
    spent = [(_key(sender, rate), rate) for rate in sender.platform.limits.rates]
    with _locked([key for key, _ in spent]) as (arrivals, now):
        for key, rate in spent:
            following = max(arrivals[key], now) + timedelta(seconds=requests * _spacing(rate))
            RateBudget.objects.filter(key=key).update(theoretical_arrival=following)


def hold(sender: Sender, seconds: float, whose: Per | None = None) -> None:
    """Let nobody under the limit that was met ask again before so many seconds: it was told so.

    `whose` limit, where the platform said that.
    """
    counted = {rate.per for rate in sender.platform.limits.rates}
    # Where nobody said, either the application's limit may have been met or one of those within it,
    # and one organization must not stop the others for what may be its own. All wait where only the
    # application's is published: each of them would be refused, and all would ask on.
    narrow = counted - {Per.APP} or counted or {Per.AUTHORIZATION}
    met = narrow if whose is None else {whose}
    if Per.APP in met:
        # Whoever asks after that is refused, and holds all of them again.
        seconds = min(seconds, _LONGEST_FOR_ALL_SECONDS)
    published = [_key(sender, rate) for rate in sender.platform.limits.rates if rate.per in met]
    keys = [*published, *(key for per, key in _unpublished(sender).items() if per in met)]
    with _locked(keys) as (arrivals, now):
        until = now + timedelta(seconds=seconds)
        for key in keys:
            if arrivals[key] < until:
                RateBudget.objects.filter(key=key).update(theoretical_arrival=until)


@contextmanager
def _locked(
    keys: Iterable[bytes], *, besides: Iterable[bytes] = ()
) -> Iterator[tuple[dict[bytes, datetime], datetime]]:
    """Lock budgets, always in one order, in a transaction that ends with the block.

    Those `besides` are not made where they are missing. Yields when each lets its next request go,
    and what time it is once all are locked.
    """
    wanted = RateBudget.objects.filter(key__in=[*keys, *besides])
    locked = wanted.select_for_update().order_by("key")
    while True:
        with transaction.atomic():
            arrivals = {bytes(each.key): each.theoretical_arrival for each in locked.all()}
            missing = [key for key in keys if key not in arrivals]
            if not missing:
                yield arrivals, _clock()
                return
        # On its own: whoever holds one budget must not wait for another to be made.
        RateBudget.objects.bulk_create(
            [RateBudget(key=key, theoretical_arrival=_LONG_AGO) for key in missing],
            ignore_conflicts=True,
        )


def _spacing(rate: Rate) -> float:
    return _SLOWER * rate.seconds / rate.count


def _key(sender: Sender, rate: Rate) -> bytes:
    """Name a budget; several rates by one thing have a budget each."""
    return _named(sender, rate.per, f"{rate.count}/{rate.seconds}")


def _named(sender: Sender, per: Per, what: str) -> bytes:
    whose = {
        Per.APP: app_for(sender.platform.key).client_id,
        Per.AUTHORIZATION: str(sender.authorization_id),
        Per.AD_ACCOUNT: sender.ad_account_id,
    }[per]
    return keyed_hash("rate", f"{sender.platform.key}\0{per}\0{whose}\0{what}")


def _unpublished(sender: Sender) -> dict[Per, bytes]:
    """Name what holds a sender back by a limit that its platform has and does not publish."""
    counted = {rate.per for rate in sender.platform.limits.rates}
    return {per: _named(sender, per, "held") for per in Per if per not in counted}


def _clock() -> datetime:
    """Read the database's clock, which all workers share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone() or (None,)
    assert isinstance(now, datetime)
    return now
