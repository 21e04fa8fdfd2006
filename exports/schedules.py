"""What people do with schedules: save, change, pause, resume, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now

from audit.services import record
from destinations.models import Destination
from exports.engine.taking import Taking
from exports.models import Export
from exports.recurrence import Recurrence
from exports.schedule_models import Schedule
from exports.states import Mode
from organizations import routing
from organizations.models import Organization, Person

ROUTE = "schedule"


@dataclass(frozen=True)
class Wish:
    """What is delivered how, and when."""

    address: str
    mode: Mode
    when: Recurrence


def schedule_create(
    *, draft: Export, by: Person, wish: Wish, columns: Mapping[str, int], taking: Taking
) -> Schedule:
    """Save a schedule by the file that was looked at; it replaces the destination's. In the fence.

    `columns` are the numbers of the draft's columns; the schedule goes by their names.
    """
    names = draft.shape["column_names"]
    # One for each destination, whoever saves at the same time.
    Destination.objects.select_for_update(no_key=True).get(pk=draft.destination_id)
    # Held, so that a run begins either before this or with what is saved here.
    rows = Schedule.objects.select_for_update(of=("self",))
    before = rows.filter(destination=draft.destination_id).first()
    row = before or Schedule(
        organization_id=draft.organization_id, destination_id=draft.destination_id
    )
    row.columns = {key: names[number] for key, number in columns.items()}
    row.column_names = list(names)
    row.has_header = bool(draft.shape["has_header"])
    row.header_is_said = bool(draft.shape.get("header_is_said"))
    row.taking = taking.as_json()
    row.paused_at = None
    return _save(row, by, wish, "schedule replaced" if before else "schedule created")


def schedule_update(*, schedule: Schedule, by: Person, wish: Wish) -> Schedule:
    """Change when or what; from now on it runs in the name of who saves it. In the fence."""
    row = Schedule.objects.select_for_update(of=("self",)).get(pk=schedule.pk)
    return _save(row, by, wish, "schedule changed")


def schedule_pause(*, schedule: Schedule, by: Person) -> None:
    """Let it not run until it is resumed. In the fence."""
    if Schedule.objects.filter(pk=schedule.pk, paused_at=None).update(paused_at=Now()):
        routing.remove(ROUTE, schedule.pk)
        _record("schedule paused", schedule, by)


def schedule_resume(*, schedule: Schedule, by: Person) -> None:
    """Let it run from its next time on; what was missed is not made up for. In the fence."""
    next_at = schedule.recurrence.after(database_now())
    paused = Schedule.objects.filter(pk=schedule.pk, paused_at__isnull=False)
    if paused.update(paused_at=None, next_at=next_at):
        schedule.refresh_from_db()
        wake(schedule)
        _record("schedule resumed", schedule, by)


def schedule_delete(*, schedule: Schedule, by: Person) -> None:
    """Forget a schedule; what came of it stays. In the fence."""
    _record("schedule deleted", schedule, by)
    routing.remove(ROUTE, schedule.pk)
    schedule.delete()


def wake(schedule: Schedule) -> None:
    """Let the sweep find a schedule at its next time. In the fence."""
    routing.add(
        ROUTE,
        organization_id=schedule.organization_id,
        row_id=schedule.pk,
        due_in=schedule.next_at - database_now(),
    )


def database_now() -> datetime:
    """Return the time by the clock that all workers share. In the fence."""
    now: datetime = Organization.objects.annotate(now=Now()).values_list("now", flat=True)[0]
    return now


def _save(row: Schedule, by: Person, wish: Wish, action: str) -> Schedule:
    row.address, row.mode = wish.address, wish.mode
    row.every, row.at = wish.when.every, wish.when.at
    row.weekday, row.time_zone = wish.when.weekday, wish.when.time_zone
    row.saved_by, row.saved_at = by, database_now()
    row.next_at = wish.when.after(row.saved_at)
    row.save()
    if row.paused_at is None:
        wake(row)
    _record(action, row, by)
    return row


def _record(action: str, row: Schedule, by: Person) -> None:
    record(
        action,
        organization_id=row.organization_id,
        person=by,
        subject=row.destination,
        address=row.address,
        when=f"{row.words} ({row.time_zone})",
        mode=Mode(row.mode).label,
    )
