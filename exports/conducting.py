"""Bring an export one step further: whatever is due, found in the rows, harmless to do again.

The sweep calls this for every export that is under way, and each batch that ended does too. What
comes once before the batches (finding the audience, emptying it) runs under the export's lease.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import Error as DatabaseFault
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from audit.services import record as audit
from authorizations import tokens
from authorizations.uses import Use
from destinations import audiences
from destinations.models import Destination
from destinations.standing import NEEDS_RECONNECTION, standing_of
from exports import (
    audience_sizes,
    breakers,
    completeness,
    erasures,
    folding,
    gathered,
    rates,
    record,
    retention,
    staging,
)
from exports.export_leases import LEASE_SECONDS, kept
from exports.in_flight import room_for
from exports.models import (
    FINAL,
    UNENDED,
    BatchState,
    Export,
    ExportBatch,
    ExportState,
    Mode,
    WaitingFor,
    not_leased,
)
from exports.services import ROUTE, wake
from exports.troubles import Trouble, fault_of_ours, not_set_up, trouble_of
from organizations import fence, routing
from providers.app import NotConfigured
from providers.errors import PlatformError
from providers.values import Audience

logger = logging.getLogger(__name__)

# What the platform worked on at its own pace, asked for at a time.
_ASKED_AT_ONCE = 8
# Looking the audience up, creating and emptying it: not what is waited for, but counted.
_REQUESTS_ONCE = 3
LOOK_AGAIN = timedelta(seconds=10)

_UNCONFIRMED = (
    "The platform was asked to create the audience and did not answer. Look there whether it was "
    "created: if so, put its id into the destination; then choose “Go on”."
)


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
    if _is_over(organization_id, export_id):
        with fence.inside(organization_id):
            ended = Export.objects.select_related("destination").get(pk=export_id)
            return Next(fold=ended.is_final and folding.is_due(ended))
    with fence.inside(organization_id):
        export = Export.objects.select_related("destination").filter(pk=export_id).first()
        if export is None:
            routing.remove(ROUTE, export_id)
            return Next()
        following = _what_is_clear(export)
        if following is not None:
            return following
        to_do_once = _what_comes_once(export)
    if to_do_once and not _done_once(export):
        return Next()
    with fence.inside(organization_id):
        if to_do_once:
            export = Export.objects.select_related("destination").get(pk=export_id)
        if record.awaits_comparison(export):
            return Next(compare=True, is_small=export.has_small_file)
        return Next(
            send=_due_batches(export),
            confirm=_to_confirm(export),
            put_in_effect=bool(gathered.due(export)),
        )


def _is_over(organization_id: uuid.UUID, export_id: uuid.UUID) -> bool:
    """Tidy up after an export that is over; say whether it is."""
    is_tidy = False
    while not is_tidy:
        with fence.inside(organization_id):
            export = Export.objects.select_related("destination").filter(pk=export_id).first()
            if export is None or not export.is_final:
                return False
            is_tidy = _tidy_up(export)
    return True


def _what_is_clear(export: Export) -> Next | None:
    """Return what follows without asking a platform; None where batches are to be sent."""
    if export.prepared_at is None:
        is_due = export.state == ExportState.PREPARING
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
        return _finish(export)
    return None if _may_send(export) else Next()


def _to_erase(export: Export) -> Next:
    """Look for a person as soon as no other export can change what is there."""
    if somebody_is_before(export):
        wait(export, WaitingFor.TURN, "An earlier export to this destination is on its way.")
        return Next()
    if export.state == ExportState.WAITING:
        export.move(ExportState.SENDING)
    return Next(erase=True)


def _may_send(export: Export) -> bool:
    """Wait, or stop waiting, as things stand now."""
    if export.waiting_for == WaitingFor.PERSON:
        return False
    standing = standing_of(export.destination)
    if not standing.may_export:
        is_gone = standing.words == NEEDS_RECONNECTION
        waiting_for = WaitingFor.RECONNECTION if is_gone else WaitingFor.DESTINATION
        wait(export, waiting_for, standing.why)
        return False
    if somebody_is_before(export):
        wait(export, WaitingFor.TURN, "An earlier export to this destination is on its way.")
        return False
    since = breakers.shut_since(export.destination.platform)
    if since is not None:
        wait(export, WaitingFor.PLATFORM, _not_there(export.destination.platform_label, since))
        return False
    if _asks_first(export):
        return False
    if export.state == ExportState.WAITING and export.waiting_for != WaitingFor.PLATFORM:
        return export.move(ExportState.SENDING)
    return True


def _asks_first(export: Export) -> bool:
    """Ask a person before an audience is emptied for a much smaller one; say whether it waits."""
    if export.asked_at is not None or not _is_to_be_emptied(export):
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


def wait(export: Export, waiting_for: WaitingFor, reason: str) -> None:
    """Let an export wait, and say why; nothing is lost. In the fence."""
    said = {"waiting_for": waiting_for, "reason": reason[:400]}
    if export.state == ExportState.WAITING:
        if (export.waiting_for, export.reason) != (waiting_for, reason[:400]):
            Export.objects.filter(pk=export.pk, state=ExportState.WAITING).update(**said)
    elif export.move(ExportState.WAITING, **said):
        # Messages that are on their way find it waiting and do nothing.
        export.batches.filter(state=BatchState.PENDING).update(hinted_until=None)
        audit(
            "export waits",
            organization_id=export.organization_id,
            subject=export,
            reason=reason,
        )
    wake(export, LOOK_AGAIN)


def somebody_is_before(export: Export) -> bool:
    """Say whether an export that started earlier may still change the audience.

    One that is over may, as long as a worker holds a lease on it or on one of its batches: it may
    be frozen with a request half sent.
    """
    others = Export.objects.filter(destination=export.destination_id).exclude(pk=export.pk)
    earlier = Q(started_at__lt=export.started_at) | Q(
        started_at=export.started_at, pk__lt=export.pk
    )
    is_at_it = Q(state__in=FINAL, lease_until__gte=Now())
    if others.filter(is_at_it).exists() or others.under_way().filter(earlier).exists():
        return True
    return ExportBatch.objects.filter(
        export__in=others, state=BatchState.SENDING, lease_until__gte=Now()
    ).exists()


def _what_comes_once(export: Export) -> bool:
    has_one = export.destination.audience_id or gathered.gathers(export)
    return not has_one or _is_to_be_emptied(export)


def _is_to_be_emptied(export: Export) -> bool:
    """Say whether the audience is emptied first: a Replace where the platform has a call for it."""
    if export.mode != Mode.REPLACE or export.cleared_at is not None:
        return False
    return not record.replaces_by_difference(export)


def _done_once(export: Export) -> bool:
    """Find or create the audience and empty it for a Replace; say whether batches may go."""
    if breakers.may_go(export.destination.platform) == breakers.Way.SHUT:
        return False
    with fence.inside(export.organization_id):
        owner = export.take_lease(LEASE_SECONDS)
    if owner is None:
        return False
    with kept(export, owner):
        asked_about, trouble = _what_came_of_it(export)
    with fence.inside(export.organization_id):
        mine = Export.objects.filter(pk=export.pk, lease_owner=owner)
        if not mine.update(lease_owner=None, lease_until=None):
            return False
        export = Export.objects.select_related("destination").get(pk=export.pk)
        if trouble is not None:
            if trouble.audience_is_gone:
                forget_audience(export, asked_about)
            end_or_wait(export, trouble)
            return False
        Export.objects.filter(pk=export.pk).update(attempts=0)
        if export.waiting_for == WaitingFor.PLATFORM:
            export.move(ExportState.SENDING)
        return export.state == ExportState.SENDING and not _what_comes_once(export)


def _what_came_of_it(export: Export) -> tuple[str, Trouble | None]:
    """Return the id of the audience that was asked about, and what went wrong."""
    use = Use("export", person_id=export.created_by_id, subject_id=export.id)
    audience_id = ""
    try:
        target = audiences.target_of(export.organization_id, export.destination_id)
        rates.spend(rates.Sender.to(target), _REQUESTS_ONCE)
        audience = audiences.audience_ensure(export.organization_id, export.destination_id, use)
        audience_id = audience.id
        if _is_to_be_emptied(export):
            _clear(export, audience, use)
    except audiences.NoAuthorization:
        # The next look finds the destination so and says it.
        return audience_id, None
    except audiences.AudienceUnconfirmed:
        return audience_id, Trouble(WaitingFor.PERSON, _UNCONFIRMED)
    except NotConfigured:
        return audience_id, trouble_of(not_set_up(export.destination.platform_label))
    except PlatformError as error:
        breakers.note_error(export.destination.platform, error)
        return audience_id, trouble_of(error, troubles=export.attempts)
    except DatabaseFault:
        # Nothing can be noted now; the lease ends by itself.
        raise
    except Exception as error:  # noqa: BLE001 - it is logged, counted and given up in the end
        return audience_id, trouble_of(fault_of_ours(error), troubles=export.attempts)
    breakers.note_answer(export.destination.platform)
    return audience_id, None


def end_or_wait(export: Export, trouble: Trouble) -> None:
    """Let the whole export wait or fail for a trouble that is not one batch's. In the fence."""
    if trouble.waiting_for is not None:
        wait(export, trouble.waiting_for, trouble.reason)
        if trouble.look_again is not None:
            wake(export, trouble.look_again)
        return
    if trouble.audience_is_gone:
        # What it had accepted went with it.
        Export.objects.filter(pk=export.pk).update(cleared_at=None)
        export.batches.filter(state=BatchState.ACCEPTED).update(**_failed(trouble.reason))
    fail(export, trouble.reason)


def fail(export: Export, reason: str) -> None:
    """Let an export fail with all that it has not sent. In the fence."""
    unsent = export.batches.filter(state__in=(BatchState.PENDING, BatchState.UPLOADED))
    unsent.update(**_failed(reason))
    if export.move(ExportState.FAILED, reason=reason[:400]):
        wake(export)
        audit(
            "export failed",
            organization_id=export.organization_id,
            subject=export,
            reason=reason,
        )
        completeness.note(export)


def _failed(reason: str) -> dict[str, object]:
    return {"state": BatchState.FAILED, "error": reason[:400], "finished_at": Now()}


def forget_audience(export: Export, audience_id: str) -> None:
    """Forget an audience that the platform does not know any more, and the record of it."""
    audiences.audience_forget(export.organization_id, export.destination_id, audience_id)
    with fence.inside(export.organization_id):
        record.doubt(export.destination_id, audience_id)


def _clear(export: Export, audience: Audience, use: Use) -> None:
    with fence.inside(export.organization_id):
        authorization_id = Destination.objects.get(pk=export.destination_id).authorization_id
    if authorization_id is None:
        raise audiences.NoAuthorization

    # Emptied again if its answer is lost: no batch goes before this is written down.
    tokens.call(
        export.organization_id,
        authorization_id,
        use,
        lambda platform, connection: platform.clear(connection, audience),
    )
    with fence.inside(export.organization_id):
        Export.objects.filter(pk=export.pk).update(cleared_at=Now())
        audit("audience emptied", organization_id=export.organization_id, subject=export)


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

    A message that is lost is sent again after `LOOK_AGAIN`, by the sweep.
    """
    unhinted = batches.filter(Q(hinted_until=None) | Q(hinted_until__lt=Now()))
    locked = unhinted.select_for_update(skip_locked=True)
    due = list(locked.values_list("pk", flat=True)[:at_most])
    ExportBatch.objects.filter(pk__in=due).update(hinted_until=Now() + LOOK_AGAIN)
    return due


def _finish(export: Export) -> Next:
    """End an export all of whose batches have ended. In the fence."""
    states = set(export.batches.values_list("state", flat=True))
    failed = export.batches.filter(state=BatchState.FAILED).count()
    if failed:
        to, reason = ExportState.FAILED, _some_failed(export, failed)
    elif BatchState.REFUSED in states and BatchState.ACCEPTED not in states:
        to, reason = ExportState.FAILED, _all_refused(export)
    elif export.rejected or BatchState.REFUSED in states:
        to, reason = ExportState.SUCCEEDED_WITH_REJECTS, ""
    else:
        to, reason = ExportState.SUCCEEDED, ""
    if not export.move(to, reason=reason):
        return Next()
    wake(export)
    audit(
        "export finished",
        organization_id=export.organization_id,
        subject=export,
        state=export.get_state_display(),
    )
    completeness.note(export)
    if BatchState.ACCEPTED in states:
        audience_sizes.look_soon(export)
    return Next()


def _some_failed(export: Export, failed: int) -> str:
    total = export.batches.sent().exclude(state=BatchState.SPLIT).count()
    first = export.batches.filter(state=BatchState.FAILED).first()
    why = f" {first.error}" if first else ""
    rest = " The others were delivered." if failed < total else ""
    return f"{failed:,} of {total:,} batches failed.{why}{rest}"[:400]


def _all_refused(export: Export) -> str:
    first = export.batches.filter(state=BatchState.REFUSED).first()
    said = first.error if first else ""
    return f"{export.destination.platform_label} took none of the identifiers. {said}"[:400]


def _is_at_work(export: Export) -> bool:
    sending = export.batches.filter(state=BatchState.SENDING)
    return sending.filter(lease_until__gte=Now()).exists()


def _tidy_up(export: Export) -> bool:
    """Destroy what an export that is over does not need, once no worker has a part of it.

    A failed one keeps what "Retry failed" sends again, each what the record of its audience needs.
    Say whether that was all: no file is destroyed before it is stored that nobody needs it.
    """
    # Locked, so that a retry does not begin while its files are destroyed.
    locked = Export.objects.select_for_update().filter(pk=export.pk, state=export.state)
    if not locked.filter(not_leased()) or _is_at_work(export):
        return True
    kept = {export.rejects_name}
    unended = export.batches.filter(state__in=UNENDED)
    if export.state == ExportState.FAILED:
        # Their worker is gone, or gave them back after the export had failed.
        unended.update(**_failed(export.reason))
        failed = export.batches.filter(state=BatchState.FAILED)
        kept |= {export.staged_name, *failed.values_list("stored_name", flat=True)}
        kept |= record.files_of_the_file(export)
    else:
        # What the platform has taken cannot be called back.
        unended = unended.exclude(state=BatchState.TAKEN)
        unended.update(state=BatchState.CANCELED, finished_at=Now())
    if record.fold_what_was_before(export):
        return False
    kept |= record.files_to_keep(export)
    export.batches.exclude(stored_name="").exclude(stored_name__in=kept).update(stored_name="")
    staging.remove_all_but(export.id, *kept)
    record.destroy_what_is_folded(export)
    if export.erasure is not None:
        erasures.finish_if_done(export.erasure)
    routing.remove(ROUTE, export.id)
    retention.keep_for_now(export)
    return True
