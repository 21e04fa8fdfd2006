"""Bring an export one step further: whatever is due, found in the rows, harmless to do again.

The sweep calls this for every export that is under way, and each batch that ended does too.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from destinations.standing import standing_of
from exports import breakers, completeness, first_steps, folding, gathered, record
from exports.finishing import finish, tidy_up
from exports.in_flight import room_for
from exports.models import Export, ExportBatch
from exports.outcomes import LOOK_AGAIN, somebody_is_before, wait, wait_for_destination
from exports.services import ROUTE, stop_waiting, wake
from exports.states import UNENDED, BatchState, ExportState, WaitingFor
from organizations import fence, routing

# What the platform worked on at its own pace, asked for at a time.
_ASKED_AT_ONCE = 8
# A message that stands in line for longer, behind stints of others, is taken for lost. Each that is
# sent too early is a stint too many, and lets the others wait for longer still.
_HINT_LASTS = timedelta(seconds=30)


@dataclass(frozen=True)
class Next:
    """What workers are to do now: prepare a file, send some batches, ask about others."""

    prepare: bool = False
    compare: bool = False
    erase: bool = False
    fold: bool = False
    is_small: bool = False
    send: Sequence[uuid.UUID] = field(default=())
    confirm: Sequence[uuid.UUID] = field(default=())
    put_in_effect: bool = False


def advance(organization_id: uuid.UUID, export_id: uuid.UUID) -> Next:
    """Bring an export one step further; return what workers are to do. Outside the fence."""
    with fence.inside(organization_id):
        export = Export.objects.select_related("destination").filter(pk=export_id).first()
        if export is None:
            routing.remove(ROUTE, export_id)
            return Next()
        is_over = export.is_final
        if not is_over:
            following = _what_is_clear(export)
            if following is not None:
                return following
            to_do_once = first_steps.is_missing(export)
    if is_over:
        return _after_its_end(organization_id, export_id)
    if to_do_once and not first_steps.done(export):
        return Next()
    with fence.inside(organization_id):
        if to_do_once:
            export = Export.objects.select_related("destination").get(pk=export_id)
        if record.awaits_comparison(export):
            return Next(compare=not export.is_held(), is_small=export.has_small_file)
        return Next(
            send=_due_batches(export),
            is_small=export.has_small_file,
            confirm=_to_confirm(export),
            put_in_effect=bool(gathered.due(export)),
        )


def _after_its_end(organization_id: uuid.UUID, export_id: uuid.UUID) -> Next:
    """Tidy up after an export that is over, in steps; fold the record that ends with it if due."""
    while True:
        with fence.inside(organization_id):
            export = Export.objects.select_related("destination").filter(pk=export_id).first()
            if export is None or not export.is_final:
                # It is tried again, and whoever did that looks at it.
                return Next()
            if tidy_up(export):
                return Next(fold=folding.is_due(export))


def _what_is_clear(export: Export) -> Next | None:
    """Return what follows without asking a platform; None where batches are to be sent."""
    if export.prepared_at is None:
        is_due = export.state == ExportState.PREPARING and not export.is_held()
        return Next(prepare=is_due, is_small=export.has_small_file)
    if export.awaits_erasing:
        return _to_erase(export)
    if export.erasure_id is not None and not export.destination.audience_id:
        # Gone with all who were in it.
        export.batches.filter(state=BatchState.PENDING).update(
            state=BatchState.CANCELED, finished_at=Now()
        )
    if not export.batches.filter(state__in=UNENDED).exists():
        # Whatever has become of its destination: nothing is left to be sent.
        finish(export)
        return Next()
    return None if _may_send(export) else Next()


def _to_erase(export: Export) -> Next:
    """Look for a person as soon as no other export can change what is there."""
    if somebody_is_before(export):
        wait(export, WaitingFor.TURN, "An earlier export to this destination is on its way.")
        return Next()
    if export.state == ExportState.WAITING:
        stop_waiting(export)
    if export.is_held() or export.batches.under_way().exists():
        # Told of it once more each time, workers would turn in circles.
        wake(export, LOOK_AGAIN)
        return Next()
    return Next(erase=True)


def _may_send(export: Export) -> bool:
    """Wait, or stop waiting, as things stand now."""
    if export.waiting_for == WaitingFor.PERSON:
        return False
    standing = standing_of(export.destination)
    if not standing.may_export:
        wait_for_destination(export, standing)
        return False
    if somebody_is_before(export):
        wait(export, WaitingFor.TURN, "An earlier export to this destination is on its way.")
        return False
    # To compare, no platform is asked: it neither waits for one, nor would an answer let it go on.
    asks_platform = not record.awaits_comparison(export) or first_steps.is_missing(export)
    since = breakers.shut_since(export.destination.platform) if asks_platform else None
    if since is not None:
        wait(export, WaitingFor.PLATFORM, _not_there(export.destination.platform_label, since))
        return False
    if _asks_first(export):
        return False
    waits_for_answer = export.waiting_for == WaitingFor.PLATFORM and asks_platform
    if export.state == ExportState.WAITING and not waits_for_answer:
        return stop_waiting(export)
    return True


def _asks_first(export: Export) -> bool:
    """Ask a person before an audience is emptied for a much smaller one; say whether it waits."""
    if export.asked_at is not None or not first_steps.is_to_be_emptied(export):
        return False
    asked = completeness.question_before_emptying(export)
    if asked:
        completeness.ask(export)
        wait(export, WaitingFor.PERSON, asked)
    return bool(asked)


def _not_there(platform_label: str, since: datetime) -> str:
    at = since.astimezone(UTC)
    return (
        f"{platform_label} has not answered since {at:%H:%M} UTC. It is asked again every minute, "
        "and then this goes on by itself."
    )


def _due_batches(export: Export) -> list[uuid.UUID]:
    """Return batches to send now: new ones, and those whose worker is gone. In the fence."""
    # Locked by this, so that two who look at once do not each fill the places that are left.
    Export.objects.filter(pk=export.pk).update(sending_at=Coalesce("sending_at", Now()))
    due = export.batches.due().filter(record.in_order(export))
    told = due.filter(hinted_until__gte=Now()).count()
    return _to_hint(due, at_most=room_for(export, besides=told))


def _to_confirm(export: Export) -> list[uuid.UUID]:
    """Return batches that the platform has taken and should have worked on by now. In the fence."""
    taken = export.batches.filter(state=BatchState.TAKEN, not_before__lte=Now())
    return _to_hint(taken, at_most=_ASKED_AT_ONCE)


def _to_hint(batches: QuerySet[ExportBatch], *, at_most: int) -> list[uuid.UUID]:
    """Return batches of which no message is on its way, and note that one is now. In the fence.

    A message that is lost is sent again after `_HINT_LASTS`, by the sweep.
    """
    unhinted = batches.filter(Q(hinted_until=None) | Q(hinted_until__lt=Now()))
    locked = unhinted.select_for_update(skip_locked=True)
    due = list(locked.values_list("pk", flat=True)[:at_most])
    ExportBatch.objects.filter(pk__in=due).update(hinted_until=Now() + _HINT_LASTS)
    return due
