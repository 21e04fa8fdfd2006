"""Destroy what an export left when its time is over; an organization says how long that is.

Two times count from an export's end: that of rejects and of what "Retry failed" would send, and
that of the delivered sets with which a Replace compares. Without a set nobody knows any more who
was in it: a Replace then adds all of its file, and whoever is not in it stays.

Runs of schedules that were skipped are forgotten after the first of these times, too.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from audit.services import record as audit
from destinations.models import Destination
from exports import staging
from exports.models import Export
from exports.record import batches_of, files_of_the_file, files_to_keep
from exports.retention_models import Retention
from exports.schedule_models import SHOWN_RUNS, RunState, ScheduleRun
from exports.states import FINAL, BatchState, ExportState, Recorded
from organizations import fence, routing
from organizations.models import Person

ROUTE = "export files"
RUNS_ROUTE = "skipped runs"


def retention_of(organization_id: uuid.UUID) -> Retention:
    """Return what holds for an organization, chosen or not. In the fence."""
    chosen = Retention.objects.filter(organization=organization_id).first()
    return chosen or Retention(organization_id=organization_id)


def retention_change(*, chosen: Retention, by: Person) -> None:
    """Keep a choice, also for what lies there already. In the fence."""
    Retention.objects.update_or_create(
        organization_id=chosen.organization_id,
        defaults={"files_days": chosen.files_days, "sets_days": chosen.sets_days},
    )
    audit(
        "retention changed",
        organization_id=chosen.organization_id,
        person=by,
        files_days=chosen.files_days,
        sets_days=chosen.sets_days,
    )
    for ended in Export.objects.filter(state__in=FINAL):
        keep_for_now(ended)
    for destination in Destination.objects.filter(pk__in=_skipped().values("destination")):
        runs_prune(destination)


def keep_for_now(export: Export) -> None:
    """Have what is left of an export that is over looked at when a time of it is over."""
    chosen = retention_of(export.organization_id)
    _look_at(export, _first_days(chosen))


def expire(*, organization_id: uuid.UUID, export_id: uuid.UUID) -> None:
    """Destroy those files of an export whose time is over; its rows stay. Outside the fence."""
    with fence.inside(organization_id):
        rows = Export.objects.select_for_update(of=("self",)).select_related("destination")
        ended = rows.filter(pk=export_id, state__in=FINAL).first()
        routing.remove(ROUTE, export_id)
        if ended is None:
            # It was retried; it will be told again when it is over.
            return
        chosen = retention_of(organization_id)
        is_left = ended.destination.deleted_at is not None
        if not is_left and not _is_over(ended, _first_days(chosen)):
            _look_at(ended, _first_days(chosen))
            return
        if ended.erasure_id is not None and ended.state == ExportState.FAILED and not is_left:
            # Only there it is written down whom "Retry failed" removes.
            _look_at(ended, chosen.files_days, again=True)
            return
        _destroy(ended, chosen, is_left=is_left)


def destination_left(destination: Destination) -> None:
    """Have all that was kept for a destination destroyed soon: it was deleted. In the fence."""
    for ended in Export.objects.filter(destination=destination.pk, state__in=FINAL):
        routing.add(
            ROUTE,
            organization_id=ended.organization_id,
            row_id=ended.id,
            due_in=timedelta(),
        )
    runs_prune(destination)


def runs_prune(destination: Destination) -> None:
    """Forget the skipped runs to a destination whose time is over. In the fence.

    Those that its page shows stay, unless it is deleted. All are looked at again when the time of
    each is over.
    """
    days = timedelta(days=retention_of(destination.organization_id).files_days)
    runs, skipped = ScheduleRun.objects.filter(destination=destination), _skipped()
    if destination.deleted_at is None:
        shown = list(runs.values_list("pk", flat=True)[:SHOWN_RUNS])
        skipped = skipped.exclude(pk__in=shown).filter(due_at__lt=timezone.now() - days)
    skipped.filter(destination=destination).delete()
    if _skipped().filter(destination=destination).exists():
        routing.add(
            RUNS_ROUTE,
            organization_id=destination.organization_id,
            row_id=destination.pk,
            due_in=days,
        )
    else:
        routing.remove(RUNS_ROUTE, destination.pk)


def runs_expire(*, organization_id: uuid.UUID, destination_id: uuid.UUID) -> None:
    """Forget what `runs_prune` forgets. Outside the fence."""
    with fence.inside(organization_id):
        destination = Destination.objects.filter(pk=destination_id).first()
        if destination is None:
            routing.remove(RUNS_ROUTE, destination_id)
        else:
            runs_prune(destination)


def _skipped() -> QuerySet[ScheduleRun]:
    return ScheduleRun.objects.filter(state=RunState.SKIPPED)


def _destroy(ended: Export, chosen: Retention, *, is_left: bool) -> None:
    files_are_over = is_left or _is_over(ended, chosen.files_days)
    sent_again = set() if files_are_over else _sent_again(ended)
    if files_are_over:
        Export.objects.filter(pk=ended.pk).update(staged_name="", rejects_name="")
        ended.staged_name = ended.rejects_name = ""
    if is_left or _is_over(ended, chosen.sets_days):
        _forget_sets(ended, but_failed=not files_are_over)
    kept = files_to_keep(ended) | sent_again
    ended.batches.exclude(stored_name__in=kept).exclude(stored_name="").update(stored_name="")
    staging.remove_all_but(ended.id, ended.staged_name, ended.rejects_name, *kept)
    if not files_are_over:
        _look_at(ended, chosen.files_days)
    elif kept and chosen.sets_days is not None:
        _look_at(ended, chosen.sets_days)


def _sent_again(ended: Export) -> set[str]:
    """Return the files that "Retry failed" may need."""
    if ended.state != ExportState.FAILED:
        return set()
    failed = ended.batches.filter(state=BatchState.FAILED)
    return files_of_the_file(ended) | set(failed.values_list("stored_name", flat=True))


def _forget_sets(ended: Export, *, but_failed: bool) -> None:
    """Note that nobody knows any more who was in an export's delivered sets.

    Also of those whose files stay for "Retry failed": what removed their people later may be
    forgotten before these files are.
    """
    own = batches_of(ended.destination).filter(export=ended)
    if but_failed and ended.state == ExportState.FAILED:
        own = own.exclude(state=BatchState.FAILED)
    own.update(recorded=Recorded.LOST)


def _first_days(chosen: Retention) -> int:
    """Return which of the two times is over first."""
    files, sets = chosen.files_days, chosen.sets_days
    return files if sets is None else min(files, sets)


def _is_over(ended: Export, days: int | None) -> bool:
    return days is not None and timezone.now() >= _end(ended) + timedelta(days=days)


def _look_at(export: Export, days: int, *, again: bool = False) -> None:
    since = timezone.now() if again else _end(export)
    due_in = max(timedelta(), since + timedelta(days=days) - timezone.now())
    routing.add(ROUTE, organization_id=export.organization_id, row_id=export.id, due_in=due_in)


def _end(export: Export) -> datetime:
    return export.finished_at or timezone.now()
