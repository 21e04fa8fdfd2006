"""A batch of which some rows are refused goes again in halves, until the rows themselves are found.

What is found is a reject, said without its value; the rest is delivered.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from django.db.models import Count, Max, Q
from django.db.models.functions import Now

from exports import staging
from exports.claims import Claim, locked
from exports.engine import batches as encoding
from exports.models import ExportBatch
from exports.services import wake
from exports.states import BatchState
from exports.troubles import Trouble
from organizations import fence
from providers.errors import BadRows
from providers.values import Batch

logger = logging.getLogger(__name__)

# A bad row among thousands is found in a dozen requests; a hundred of them, spread evenly, in one
# after a hundred that were refused. Where nearly all are refused, the fault is none of single rows,
# and a request for each row would help nobody.
REFUSED_AT_FIRST, _REFUSED_FOR_EACH_ACCEPTED = 200, 10
# Of one export.
MOST_SPLIT = 2_000


def halve(claim: Claim, trouble: Trouble, error: BadRows) -> bool:
    """Put two halves in the place of a batch, or note that its single row is refused.

    False where halving does not help: then the batch fails as a whole. Outside the fence.
    """
    if claim.batch.identifiers > 1 and not _helps(claim):
        return False
    if claim.batch.identifiers <= 1:
        _refuse(claim, trouble, error)
        return True
    batch = encoding.decode(staging.content(claim.batch.stored_name, claim.key))
    middle = len(batch.rows) // 2
    parts = [batch.rows[:middle], batch.rows[middle:]]
    stored = [(_stored(claim, Batch(batch.types, rows)), len(rows)) for rows in parts]
    staging.make_names_last(claim.export.id)
    if _replaced(claim, trouble, error, stored):
        staging.remove(claim.batch.stored_name)
    else:
        for name, _ in stored:
            staging.remove(name)
    return True


def _helps(claim: Claim) -> bool:
    origin = claim.batch.origin_id or claim.batch.pk
    with fence.inside(claim.organization_id):
        of_export = ExportBatch.objects.filter(export=claim.export.pk, state=BatchState.SPLIT)
        of_batch = ExportBatch.objects.filter(Q(pk=origin) | Q(origin=origin)).aggregate(
            refused=Count("pk", filter=Q(state__in=(BatchState.SPLIT, BatchState.REFUSED))),
            accepted=Count("pk", filter=Q(state__in=(BatchState.ACCEPTED, BatchState.TAKEN))),
        )
        split = of_export.count()
    most = REFUSED_AT_FIRST + _REFUSED_FOR_EACH_ACCEPTED * of_batch["accepted"]
    return split < MOST_SPLIT and of_batch["refused"] < most


def _stored(claim: Claim, batch: Batch) -> str:
    name = staging.new_name(claim.export.id, "batch")
    with staging.writing(name, claim.key) as sealed:
        sealed.write(encoding.encode(batch))
    return name


def _replaced(
    claim: Claim, trouble: Trouble, error: BadRows, stored: list[tuple[str, int]]
) -> bool:
    """Let the halves take the batch's place, in one transaction; False where it is not ours."""
    with fence.inside(claim.organization_id):
        # Locked, so that two batches that are halved at once take different numbers.
        export = locked(claim.export.pk)
        if export is None or not _end(claim, BatchState.SPLIT, trouble, error, stored_name=""):
            return False
        last: int = export.batches.aggregate(last=Max("number"))["last"]
        ExportBatch.objects.bulk_create(
            claim.batch.part(number=number, identifiers=size, stored_name=name)
            for number, (name, size) in enumerate(stored, last + 1)
        )
        wake(export)
    return True


def _refuse(claim: Claim, trouble: Trouble, error: BadRows) -> None:
    with fence.inside(claim.organization_id):
        refused = _end(claim, BatchState.REFUSED, trouble, error, stored_name="")
    if refused:
        with suppress(OSError):
            staging.remove(claim.batch.stored_name)


def _end(claim: Claim, state: BatchState, trouble: Trouble, error: BadRows, **also: object) -> bool:
    ended = claim.row.update(
        state=state,
        error=trouble.reason[:400],
        error_code=error.code[:60],
        request_id=error.request_id[:120],
        finished_at=Now(),
        **claim.given_back(),
        **also,
    )
    return bool(ended)
