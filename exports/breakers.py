"""A platform that is down is left alone: one probe at a time, and on it goes once that is answered.

What counts is trouble on the platform's side, from whichever worker and organization. Throttling is
none, nor is anything that an authorization, a person or a file could be blamed for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from authorizations.tokens import BeingRenewed
from exports.shared_models import Breaker
from providers.errors import PlatformDown, PlatformError

# Outages in a row, of all workers together, before nobody asks any more.
OPENS_AFTER = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 5, 60
# A probe that brought no news in this time, as its worker was killed, is followed by another.
_PROBE_LASTS = timedelta(seconds=30)


class Way(Enum):
    """Whether requests may go to a platform now."""

    CLEAR = auto()
    PROBE = auto()
    SHUT = auto()


def may_go(platform: str) -> Way:
    """Say whether requests may go now. Whoever is told to probe sends a single one."""
    is_open = Breaker.objects.filter(platform=platform).exclude(opened_at=None)
    if not is_open.exists():
        return Way.CLEAR
    is_mine = is_open.filter(probe_at__lte=Now()).update(
        probe_at=Now() + _PROBE_LASTS, is_probed=True
    )
    return Way.PROBE if is_mine else Way.SHUT


def not_probed(platform: str) -> None:
    """Let somebody else probe: whoever was told to found nothing to send."""
    mine = Breaker.objects.filter(platform=platform, is_probed=True)
    mine.update(probe_at=Now(), is_probed=False)


def shut_since(platform: str) -> datetime | None:
    """Return since when a platform is left alone; None where it is not, or is to be probed now."""
    shut = Breaker.objects.filter(platform=platform, probe_at__gt=Now())
    return shut.values_list("opened_at", flat=True).first()


def note_answer(platform: str) -> bool:
    """Note that a platform answers; say whether it had been left alone."""
    known = Breaker.objects.filter(platform=platform)
    # Nearly always there is none.
    opened = list(known.values_list("opened_at", flat=True))
    if opened:
        known.delete()
    return any(at is not None for at in opened)


def note_error(platform: str, error: PlatformError) -> None:
    """Note that a platform did not answer well; any other error of its is an answer."""
    if isinstance(error, BeingRenewed):
        return
    if isinstance(error, PlatformDown):
        _note_outage(platform)
    elif error.status is not None:
        note_answer(platform)


def _note_outage(platform: str) -> None:
    with transaction.atomic():
        Breaker.objects.get_or_create(platform=platform)
        breaker = Breaker.objects.select_for_update().filter(platform=platform).first()
        if breaker is None:
            # It answered somebody else at this moment.
            return
        breaker.outages += 1
        if breaker.opened_at is None and breaker.outages >= OPENS_AFTER:
            breaker.opened_at, breaker.pause_seconds = timezone.now(), _FIRST_PAUSE
        elif breaker.is_probed:
            breaker.pause_seconds = min(_LONGEST_PAUSE, 2 * breaker.pause_seconds)
        else:
            # Not yet often enough, or late news of a request that went before it opened.
            breaker.save(update_fields=["outages"])
            return
        breaker.is_probed = False
        breaker.save()
        Breaker.objects.filter(pk=platform).update(
            probe_at=Now() + timedelta(seconds=breaker.pause_seconds)
        )
