"""How far an export is, from its batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum
from django.utils import timezone

from exports.models import Export
from exports.states import BatchState, ExportState

# A rate over less than this is a guess.
_SHORTEST = timedelta(seconds=2)


@dataclass(frozen=True)
class Progress:
    """What the page of an export shows of its batches.

    `rate` is identifiers a second, since the export waited last.
    """

    accepted: int
    sent: int
    batches: int
    batches_done: int
    batches_failed: int
    rate: float | None
    seconds_left: float | None
    batches_taken: int = 0
    refused: int = 0
    to_send: int = 0

    @property
    def time_left(self) -> str:
        """Return the time left in words."""
        if self.seconds_left is None:
            return ""
        if self.seconds_left < 90:
            return f"{max(1, round(self.seconds_left))} s"
        minutes = round(self.seconds_left / 60)
        return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"


def progress_of(export: Export) -> Progress:
    """Sum up an export's batches. In the fence."""
    done = Q(state=BatchState.ACCEPTED)
    lately = Q(finished_at__gte=export.sending_at) if export.sending_at else Q(pk=None)
    there = Q(state__in=(BatchState.TAKEN, BatchState.UPLOADED))
    refused = Q(state=BatchState.REFUSED)
    found = (
        export.batches.sent()
        .exclude(state=BatchState.SPLIT)
        .aggregate(
            batches=Count("pk"),
            to_send=Sum("identifiers", default=0),
            batches_done=Count("pk", filter=done | refused),
            batches_failed=Count("pk", filter=Q(state=BatchState.FAILED)),
            batches_taken=Count("pk", filter=there),
            accepted=Sum("accepted", filter=done, default=0),
            sent=Sum("identifiers", filter=done | refused | there, default=0),
            refused=Sum("identifiers", filter=refused, default=0),
            given_up=Sum("identifiers", filter=Q(state=BatchState.FAILED), default=0),
            # Of what is worked on there it is not known since when; as a rule it is not long ago.
            lately=Sum("identifiers", filter=((done | refused) & lately) | there, default=0),
        )
    )
    rate = _rate(export, found.pop("lately"))
    left = found["to_send"] - found["sent"] - found.pop("given_up")
    is_sending = export.state == ExportState.SENDING
    return Progress(
        **found,
        rate=rate,
        seconds_left=left / rate if rate and left > 0 and is_sending else None,
    )


def said_of(export: Export, progress: Progress) -> str:
    """Say where an export stands, for those who listen; it changes with each quarter."""
    words = export.get_state_display()
    if export.state == ExportState.WAITING:
        return f"{words} for {export.get_waiting_for_display()}. {export.reason}".strip()
    if export.state == ExportState.SENDING and progress.to_send:
        quarters = progress.sent * 4 // progress.to_send
        return f"{words}: {quarters * 25} % sent."
    return f"{words}. {export.reason}".strip()


def _rate(export: Export, sent: int) -> float | None:
    began, until = export.sending_at, _until(export)
    if export.state == ExportState.WAITING or began is None or not sent:
        return None
    if until - began < _SHORTEST:
        return None
    return sent / (until - began).total_seconds()


def _until(export: Export) -> datetime:
    return export.finished_at or timezone.now()
