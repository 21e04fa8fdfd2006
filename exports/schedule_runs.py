"""Run schedules: have the file fetched when one is due, then start its export, or say why not.

The rows are the truth. A schedule moves to its next time by compare-and-set in the transaction
that makes the run, so two sweeps start one run, and what was missed while nobody swept runs once.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models.functions import Now

from audit.services import record
from destinations.standing import standing_of
from exports import retention, services
from exports.addresses import parsed
from exports.engine.column_names import score_of
from exports.engine.reading import FileRefused
from exports.engine.taking import Taking
from exports.fetch_models import Fetch
from exports.fetch_services import fetch_begin
from exports.models import Export
from exports.schedule_models import RunState, Schedule, ScheduleRun
from exports.schedules import ROUTE as SCHEDULE_ROUTE
from exports.schedules import database_now, wake
from exports.states import ExportState, Mode
from organizations import fence, routing
from organizations.models import Membership, Person
from organizations.roles import May
from providers.registry import registry

ROUTE = "schedule run"
LOOK_AGAIN = timedelta(seconds=5)
DUE_AGAIN = timedelta(minutes=1)
_BUSY = "The last one is still under way."


def run_due(organization_id: uuid.UUID, schedule_id: uuid.UUID) -> ScheduleRun | None:
    """Begin the run of a schedule whose time has come, if nobody else did. Outside the fence."""
    with fence.inside(organization_id):
        row = Schedule.objects.select_related("destination", "saved_by").filter(pk=schedule_id)
        schedule = row.first()
        if schedule is None or schedule.paused_at or schedule.destination.deleted_at:
            routing.remove(SCHEDULE_ROUTE, schedule_id)
            return None
        due_at = schedule.next_at
        now = database_now()
        following = schedule.recurrence.after(now)
        mine = Schedule.objects.filter(
            pk=schedule_id, next_at=due_at, next_at__lte=Now(), paused_at=None
        )
        run = None
        if mine.update(next_at=following):
            run = _begin(_held(schedule), due_at, late=_late(schedule, due_at, now))
        schedule.refresh_from_db()
        wake(schedule)
        return run


def run_now(*, schedule: Schedule, by: Person) -> ScheduleRun:
    """Run a schedule at once, besides its times. In the fence."""
    held = _held(schedule)
    # Asked for the time only now: whoever changed the schedule before this did so before the run.
    return _begin(held, database_now(), asked_by=by)


def _held(schedule: Schedule) -> Schedule:
    """Read a schedule anew, and let nobody change it until the run's row is there.

    So the run fetches what the schedule says when it is due, and of two runs at once the second
    sees the first.
    """
    rows = Schedule.objects.select_for_update(of=("self",))
    return rows.select_related("destination", "saved_by").get(pk=schedule.pk)


def _begin(
    schedule: Schedule, due_at: datetime, *, asked_by: Person | None = None, late: str = ""
) -> ScheduleRun:
    reason = _BUSY if _is_busy(schedule) else _why_not(schedule)
    run = ScheduleRun(
        organization_id=schedule.organization_id,
        schedule=schedule,
        destination=schedule.destination,
        due_at=due_at,
        asked_by=asked_by,
        reason=late,
    )
    run.save(force_insert=True)
    if reason:
        _end(run, RunState.SKIPPED, reason)
        return run
    fetch_begin(
        destination=schedule.destination,
        by=schedule.saved_by,
        address=parsed(schedule.address, plain_http=True),
        fetch_id=run.pk,
    )
    routing.add(ROUTE, organization_id=run.organization_id, row_id=run.pk, due_in=LOOK_AGAIN)
    return run


def run_advance(organization_id: uuid.UUID, run_id: uuid.UUID) -> Export | None:
    """Bring a run one step further; return the export that it started. Outside the fence."""
    with fence.inside(organization_id):
        run = (
            ScheduleRun.objects.select_for_update(of=("self",))
            .filter(pk=run_id, state=RunState.FETCHING)
            .first()
        )
        if run is None:
            routing.remove(ROUTE, run_id)
            return None
        fetch = Fetch.objects.filter(pk=run_id).first()
        if fetch is not None and fetch.failed_at is None:
            return None
        draft = Export.objects.select_related("destination").filter(pk=run_id).first()
        if draft is None:
            reason = fetch.trouble if fetch else "The file was discarded."
            _end(run, RunState.SKIPPED, reason)
        elif draft.state != ExportState.DRAFT:
            _end(run, RunState.STARTED)
        else:
            return _started(run, draft)
    services.upload_forget_unless_kept(organization_id=organization_id, export_id=run_id)
    return None


def _started(run: ScheduleRun, draft: Export) -> Export | None:
    """Start the export of a draft, or skip the run and say why. In the fence."""
    schedule = run.schedule
    if schedule is None:
        reason = "The schedule was deleted meanwhile."
    else:
        reason = (
            _what_was_done(schedule, since=run.due_at)
            or _why_not(schedule)
            or _not_read(schedule, draft)
            or _what_changed(schedule, draft)
        )
    if schedule is None or reason:
        services.draft_discard(export=draft)
        _end(run, RunState.SKIPPED, reason)
        return None
    names = draft.shape["column_names"]
    services.export_start(
        export=draft,
        by=schedule.saved_by,
        mode=Mode(schedule.mode),
        columns={key: names.index(name) for key, name in schedule.columns.items()},
        taking=Taking.from_json(schedule.taking),
    )
    _end(run, RunState.STARTED)
    return draft


def _is_busy(schedule: Schedule) -> bool:
    runs = ScheduleRun.objects.filter(schedule=schedule)
    if runs.filter(state=RunState.FETCHING).exists():
        return True
    ids = runs.filter(state=RunState.STARTED).values("pk")
    return Export.objects.under_way().filter(pk__in=ids).exists()


def _late(schedule: Schedule, due_at: datetime, now: datetime) -> str:
    """Say since when nobody looked, where more times than this one passed; empty elsewhere."""
    if schedule.recurrence.after(due_at) > now:
        return ""
    there = now.astimezone(ZoneInfo(schedule.time_zone))
    return (
        f"This server did not look at schedules until {there:%-d %B %Y, %H:%M %Z}."
        " The times in between are not made up for."
    )


def _what_was_done(schedule: Schedule, *, since: datetime) -> str:
    """Say what a person did to a schedule while a run's file was fetched; empty where nothing.

    Counted from when the run was due, however late it began: whoever saves or resumes a schedule
    moves its next time behind that moment, so what was done before a run began is before its time.
    """
    if schedule.saved_at > since:
        return "The schedule was changed while its file was fetched."
    # One that was paused before can still be asked for by "Run now".
    if schedule.paused_at is not None and schedule.paused_at > since:
        return "The schedule was paused."
    return ""


def _why_not(schedule: Schedule) -> str:
    """Say why nothing may be exported now; empty where it may."""
    standing = standing_of(schedule.destination)
    if not standing.may_export:
        return f"{standing.words}: {standing.why}"
    person = schedule.saved_by
    membership = Membership.objects.filter(person=person).first()
    if not person.is_active or membership is None or not membership.may(May.DELIVER):
        return f"{person.email}, who saved the schedule, may not run exports any more."
    to = schedule.destination
    taken = registry.get(to.platform).identifiers_taken(to.identifiers, to.settings)
    if set(schedule.columns) - {kind.key for kind in taken}:
        return (
            "The destination takes other identifiers now. Have the file fetched, look at it anew,"
            " and save the schedule again."
        )
    return ""


def _not_read(schedule: Schedule, draft: Export) -> str:
    """Read a draft's first row as a header, or as data, where a person said so of the first file.

    Say why it is not; empty where it is.
    """
    if not schedule.header_is_said:
        return ""
    names = draft.shape["column_names"] if draft.shape["has_header"] else ()
    kinds = registry.get(draft.destination.platform).identifiers
    if not schedule.has_header and any(
        score_of(name, (), kind) for name in names for kind in kinds
    ):
        # Read as data, its columns would be taken for others if they are in another order now.
        return "The columns changed: the file has a header now."
    try:
        services.draft_reread(export=draft, has_header=schedule.has_header)
    except FileRefused as refused:
        return refused.sentence
    return ""


def _what_changed(schedule: Schedule, draft: Export) -> str:
    """Say how the file's columns differ from what was looked at; empty where they fit."""
    names = draft.shape["column_names"]
    if bool(draft.shape["has_header"]) != schedule.has_header:
        return "The columns changed: the file has a header no more, or has one now."
    if not schedule.has_header and list(names) != schedule.column_names:
        return "The columns changed: there is another number of them."
    for name in schedule.columns.values():
        if names.count(name) != 1:
            how_often = "is there more than once" if name in names else "is not there"
            return f"The columns changed: “{name}” {how_often}."
    return ""


def _end(run: ScheduleRun, state: RunState, reason: str = "") -> None:
    # Behind it stays what was said when the run began: that it was late.
    said = f"{reason} {run.reason}".strip()
    ScheduleRun.objects.filter(pk=run.pk).update(state=state, reason=said[:400])
    run.refresh_from_db()
    routing.remove(ROUTE, run.pk)
    if state == RunState.SKIPPED:
        record(
            "scheduled export skipped",
            organization_id=run.organization_id,
            subject=run.destination,
            reason=reason,
        )
    retention.runs_prune(run.destination)
