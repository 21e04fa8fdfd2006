"""Put uploaded batches in effect: one change of the audience for many of them.

Under the export's lease, as it changes the audience. What is asked twice does no harm: a change is
one of sets, and a creation whose answer was lost is looked up before anything is created again.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import Error as DatabaseFault
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from authorizations.uses import Use
from destinations import audiences
from exports import breakers, gathered
from exports.export_leases import LEASE_SECONDS, LeaseLost, hold, kept, let_go
from exports.models import Export, ExportBatch
from exports.outcomes import (
    count_unknown,
    end_or_wait,
    forget_audience,
    go_on_as_answered,
    judged,
)
from exports.services import wake
from exports.states import BatchState, ExportState, Operation, WaitingFor
from exports.troubles import Trouble, fault_of_ours, not_set_up, trouble_of
from organizations import fence
from providers.app import NotConfigured
from providers.connection import Connection
from providers.errors import PlatformError
from providers.platform import Platform
from providers.values import Audience, AudienceRequest, Receipt

logger = logging.getLogger(__name__)

# A platform that takes no change now is asked again after a quarter of the time so far.
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(minutes=15)
# Whoever works on what was put in effect needs about so long at least.
CONFIRM_AFTER = timedelta(seconds=60)


def put_in_effect(organization_id: uuid.UUID, export_id: uuid.UUID) -> bool:
    """Put what is due of an export in effect, if nobody else does; say whether anything came of it.

    Harmless to call again. Outside the fence.
    """
    with fence.inside(organization_id):
        export = Export.objects.select_related("destination").filter(pk=export_id).first()
        if export is None or not _may_go(export):
            return False
        is_due = bool(gathered.due(export))
    if not is_due or (way := breakers.may_go(export.destination.platform)) == breakers.Way.SHUT:
        return False
    owner, batches = _begin(export, is_probe=way == breakers.Way.PROBE)
    if owner is None:
        return False
    try:
        with kept(export, owner):
            is_done, trouble = _what_came_of_it(export, owner, batches)
    except LeaseLost:
        logger.warning("export %s: it is over, or somebody else puts it in effect", export_id)
        with fence.inside(organization_id):
            let_go(export, owner)
        return False
    with fence.inside(organization_id):
        if not let_go(export, owner):
            # Whoever took over asks again, which is harmless.
            return False
        export = Export.objects.select_related("destination").get(pk=export_id)
        if trouble is not None:
            _note_trouble(export, batches, trouble)
        elif is_done:
            _note_effect(export, batches)
        else:
            _come_back(export, batches)
    return True


def _begin(export: Export, *, is_probe: bool) -> tuple[uuid.UUID | None, Sequence[ExportBatch]]:
    """Take the lease and what is due under it: somebody else may have done it just now."""
    with fence.inside(export.organization_id):
        owner = export.take_lease(LEASE_SECONDS)
        batches = gathered.due(export) if owner else []
        if owner and not batches:
            let_go(export, owner)
        if is_probe and not batches:
            breakers.not_probed(export.destination.platform)
        return (owner if batches else None), batches


def _may_go(export: Export) -> bool:
    return export.state in {ExportState.SENDING, ExportState.WAITING} and export.waiting_for in {
        "",
        WaitingFor.PLATFORM,
    }


def _what_came_of_it(
    export: Export, owner: uuid.UUID, batches: Sequence[ExportBatch]
) -> tuple[bool, Trouble | None]:
    """Say whether they are in effect, or what went wrong."""
    use = Use("export", person_id=export.created_by_id, subject_id=export.id)
    removes = batches[0].operation == Operation.REMOVE
    receipts = [
        Receipt(each.accepted, each.request_id, each.receipt, settled=False, in_effect=False)
        for each in batches
    ]

    def change(
        platform: Platform,
        connection: Connection,
        request: AudienceRequest,
        audience: Audience | None,
    ) -> Audience | None:
        # Whoever was frozen meanwhile must not undo what others have changed, and what was canceled
        # takes no effect.
        hold(export, owner)
        return platform.put_in_effect(connection, request, audience, receipts, removes=removes)

    target = None
    try:
        target = audiences.target_of(export.organization_id, export.destination_id)
        changed = audiences.audience_change(
            export.organization_id, export.destination_id, use, change
        )
    except audiences.NoAuthorization:
        # The next look finds the destination so and says it.
        return False, None
    except NotConfigured:
        return False, trouble_of(not_set_up(export.destination.platform_label))
    except PlatformError as error:
        breakers.note_error(export.destination.platform, error)
        return False, judged(export, error, target)
    except (DatabaseFault, LeaseLost):
        # Nothing can be noted now, or is to be.
        raise
    except Exception as error:  # noqa: BLE001 - it is logged, counted and given up in the end
        return False, judged(export, fault_of_ours(error), target)
    breakers.note_answer(export.destination.platform)
    return changed is not None, None


def _note_effect(export: Export, batches: Sequence[ExportBatch]) -> None:
    # Whatever became of the export meanwhile: it has happened.
    _uploaded(batches).update(
        state=BatchState.TAKEN,
        audience_id=export.destination.audience_id,
        not_before=Now() + CONFIRM_AFTER,
        troubled_since=None,
        hinted_until=None,
    )
    _is_answered(export)


def _note_trouble(export: Export, batches: Sequence[ExportBatch], trouble: Trouble) -> None:
    logger.info("export %s: not put in effect: %s", export.pk, trouble.reason)
    count_unknown(export, trouble)
    if trouble.again_in is not None:
        # Else they would be as due as before, and the platform asked again at once.
        again_at = Now() + timedelta(seconds=trouble.again_in)
        _uploaded(batches).update(not_before=again_at)
    if trouble.audience_is_gone:
        forget_audience(export, export.destination.audience_id)
    if trouble.of_the_export or trouble.waiting_for is not None:
        if not export.is_final:
            end_or_wait(export, trouble)
        return
    _uploaded(batches).update(
        state=BatchState.FAILED, accepted=0, error=trouble.reason[:400], finished_at=Now()
    )
    wake(export)


def _come_back(export: Export, batches: Sequence[ExportBatch]) -> None:
    """Ask again later: the platform still works on what came before."""
    since = min(each.troubled_since or timezone.now() for each in batches)
    pause = min(_LATEST, max(_SOONEST, (timezone.now() - since) / 4))
    _uploaded(batches).update(
        not_before=Now() + pause, troubled_since=Coalesce("troubled_since", Now())
    )
    _is_answered(export)
    wake(export, pause)


def _is_answered(export: Export) -> None:
    Export.objects.filter(pk=export.pk).update(attempts=0, unknown_answers=0)
    go_on_as_answered(export)


def _uploaded(batches: Sequence[ExportBatch]) -> QuerySet[ExportBatch]:
    return ExportBatch.objects.filter(
        pk__in=[each.pk for each in batches], state=BatchState.UPLOADED
    )
