"""What a destination's page shows of its schedule."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from authorizations.usage import UnderWay
from destinations.extensions import LastDelivery, Panel
from destinations.models import Destination
from exports import fetch_services
from exports.models import Export
from exports.schedule_models import SHOWN_RUNS, RunState, Schedule, ScheduleRun

_FETCHING = "The file of its schedule is being fetched. Wait until that has ended."
_TONES = {RunState.FETCHING: "rest", RunState.STARTED: "good", RunState.SKIPPED: "warn"}


class SchedulesOfDestinations:
    """What schedules answer to the room of destinations."""

    def last_deliveries(
        self,
        ids: Sequence[uuid.UUID],  # noqa: ARG002 - exports answer it
    ) -> Mapping[uuid.UUID, LastDelivery]:
        """Return nothing: what a schedule delivers is an export."""
        return {}

    def panel(self, destination: Destination) -> Panel:
        """Return the schedule and what came of its newest runs."""
        runs = list(ScheduleRun.objects.filter(destination=destination)[:SHOWN_RUNS])
        exports = Export.objects.in_bulk([run.pk for run in runs if run.state == RunState.STARTED])
        schedule = (
            Schedule.objects.select_related("saved_by").filter(destination=destination).first()
        )
        context = {
            "destination": destination,
            "schedule": schedule,
            # By the schedule's clock: a template would turn it into the person's.
            "next_words": f"{schedule.next_there:%A, %-d %B %Y, %H:%M %Z}" if schedule else "",
            "runs": [(run, _TONES[RunState(run.state)], exports.get(run.pk)) for run in runs],
            "is_offered": fetch_services.is_offered() and destination.deleted_at is None,
        }
        return Panel("exports/_schedule.html", context)

    def why_busy(self, destination: Destination) -> str:
        """Say that a file is fetched for it just now."""
        fetching = ScheduleRun.objects.filter(destination=destination, state=RunState.FETCHING)
        return _FETCHING if fetching.exists() else ""

    def under_way(
        self,
        ids: Sequence[uuid.UUID],  # noqa: ARG002 - exports answer it
    ) -> Mapping[uuid.UUID, Sequence[UnderWay]]:
        """Return nothing, as above."""
        return {}

    def deleted(self, destination: Destination) -> None:
        """Nothing of it is kept in files; a run finds the destination deleted."""

    def resumed(self, destination: Destination) -> None:
        """Do nothing: what was skipped is not made up for."""
