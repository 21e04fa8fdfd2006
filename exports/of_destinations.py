"""What the pages of destinations show of exports."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from authorizations.usage import UnderWay
from destinations.extensions import LastDelivery, Panel
from destinations.models import Destination
from destinations.standing import NEEDS_RECONNECTION, PAUSED, Standing, standing_of
from exports import erasures
from exports.completeness import incomplete_since
from exports.models import Export
from exports.retention import destination_left
from exports.services import files_discard_soon, may_retry, wake
from exports.states import ExportState, WaitingFor

_SHOWN = 12
_TO_DO = {NEEDS_RECONNECTION: "Reconnect the destination", PAUSED: "Resume the destination"}

TONES = {
    ExportState.DRAFT: "rest",
    ExportState.PREPARING: "rest",
    ExportState.SENDING: "rest",
    ExportState.WAITING: "warn",
    ExportState.SUCCEEDED: "good",
    ExportState.SUCCEEDED_WITH_REJECTS: "good",
    ExportState.FAILED: "bad",
    ExportState.CANCELED: "rest",
}


def tone_of(export: Export) -> str:
    """Return the tone of an export's state."""
    return TONES[ExportState(export.state)]


@dataclass(frozen=True)
class Bar:
    """One export in the chart: sent and rejected in units of a hundred a side."""

    export: Export
    tone: str
    x: int
    sent_height: float
    rejected_height: float

    @property
    def sent_y(self) -> float:
        """Return where the bar of what was sent begins."""
        return 100 - self.sent_height

    @property
    def rejected_y(self) -> float:
        """Return where the bar of what was rejected begins, on top of the other."""
        return self.sent_y - self.rejected_height


class ExportsOfDestinations:
    """What this room answers to the room of destinations."""

    def last_deliveries(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, LastDelivery]:
        """Return the newest export of each destination."""
        newest = (
            Export.objects.started()
            .filter(destination__in=ids)
            .order_by("destination_id", "-started_at")
            .distinct("destination_id")
        )
        return {
            export.destination_id: LastDelivery(
                words=export.get_state_display(),
                tone=tone_of(export),
                at=export.started_at or export.created_at,
                url=reverse("exports:detail", args=[export.pk]),
            )
            for export in newest
        }

    def panel(self, destination: Destination) -> Panel:
        """Return the newest exports, as a chart and as a table."""
        newest = list(
            Export.objects.started()
            .filter(destination=destination)
            .order_by("-started_at")[:_SHOWN]
        )
        lines = [(export, tone_of(export)) for export in newest]
        context = {"lines": lines, "bars": _bars(newest[::-1]), "destination": destination}
        context["incomplete"] = incomplete = incomplete_since(destination)
        context["may_be_retried"] = incomplete is not None and may_retry(incomplete)
        return Panel("exports/_of_destination.html", context)

    def why_busy(self, destination: Destination) -> str:
        """Say that an export is under way, or an erasure, which nobody cancels."""
        under_way = Export.objects.under_way().filter(destination=destination)
        if under_way.filter(erasure=None).exists():
            return (
                "An export is on its way to this destination. "
                "Cancel it first, or wait until it has ended."
            )
        erasing = under_way.first()
        return _erasing(erasing, standing_of(destination)) if erasing else ""

    def under_way(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Sequence[UnderWay]]:
        """Return the exports that are not over, by destination."""
        found: dict[uuid.UUID, list[UnderWay]] = {}
        for export in Export.objects.under_way().filter(destination__in=ids).order_by("started_at"):
            url = reverse("exports:detail", args=[export.pk])
            one = UnderWay(export.file_name, url, export.get_state_display())
            found.setdefault(export.destination_id, []).append(one)
        return found

    def resumed(self, destination: Destination) -> None:
        """Let what waits for the destination go on."""
        for export in Export.objects.under_way().filter(destination=destination):
            wake(export)

    def deleted(self, destination: Destination) -> None:
        """Have all that was kept for the destination destroyed."""
        erasures.destination_left(destination)
        files_discard_soon(destination)
        destination_left(destination)


def _erasing(export: Export, standing: Standing) -> str:
    """Say that somebody is being erased, and who has to do what where it waits."""
    if not standing.may_export:
        to_do = _TO_DO.get(standing.words, "Mend that")
        then = f"That waits: {standing.why} {to_do} first, then wait until that has ended."
    elif export.waiting_for == WaitingFor.PERSON:
        then = f"That waits, as its page under Exports shows: {export.reason}"
    else:
        then = "Wait until that has ended."
    return f"Somebody is being erased from its audience. {then}"


def _bars(exports: Sequence[Export]) -> list[Bar]:
    largest = max((each.identifiers + each.rejected for each in exports), default=0)
    if not largest:
        return []
    return [
        Bar(
            export=each,
            tone=tone_of(each),
            x=place * 20,
            sent_height=round(each.identifiers / largest * 100, 1),
            rejected_height=round(each.rejected / largest * 100, 1),
        )
        for place, each in enumerate(exports)
    ]
