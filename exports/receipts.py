"""Write the receipts of many batches in one statement."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

from django.db import connection

from exports.claims import Claim
from exports.models import ExportBatch
from exports.states import BatchState
from providers.values import Receipt

_TABLE = ExportBatch._meta.db_table  # noqa: SLF001 - Django's documented way to a table's name

# Platforms that work on a batch after they have taken it need about so long at least.
CONFIRM_AFTER_SECONDS = 60.0

# Each only as long as its lease is still the one under which it was sent.
_WRITE = f"""
UPDATE {_TABLE} AS batch SET
    state = told.state,
    not_before = CASE WHEN told.is_worked_on
        THEN clock_timestamp() + make_interval(secs => %(confirm_after)s) END,
    finished_at = CASE WHEN told.is_settled THEN clock_timestamp() END,
    accepted = told.accepted, request_id = told.request_id, receipt = told.facts,
    error = '', error_code = '', troubles = 0, troubled_since = NULL, unknown_answers = 0,
    lease_owner = NULL, lease_until = NULL
FROM jsonb_to_recordset(%(told)s::jsonb) AS told (
    id uuid, owner uuid, state text, is_settled boolean, is_worked_on boolean,
    accepted integer, request_id text, facts jsonb
)
WHERE batch.id = told.id AND batch.lease_owner = told.owner
RETURNING batch.id
"""  # noqa: S608 - the table's own name


def write_receipts(received: Sequence[tuple[Claim, Receipt]]) -> set[uuid.UUID]:
    """Write what a platform answered; return the ids of the batches that were still ours.

    In the fence. With the ORM it is a statement a batch, and building those is most of the work.
    """
    told = [_told(claim, receipt) for claim, receipt in received]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"confirm_after": CONFIRM_AFTER_SECONDS, "told": json.dumps(told)})
        return {row[0] for row in cursor.fetchall()}


def _told(claim: Claim, receipt: Receipt) -> dict[str, object]:
    return {
        "id": str(claim.batch.pk),
        "owner": str(claim.owner),
        "state": _state_after(receipt),
        "is_settled": receipt.settled,
        "is_worked_on": receipt.in_effect and not receipt.settled,
        "accepted": accepted_of(receipt, claim.batch),
        "request_id": receipt.request_id[:120],
        "facts": dict(receipt.facts),
    }


def accepted_of(receipt: Receipt, batch: ExportBatch) -> int:
    """Return how many a platform says it took; never more than were sent, whatever it counts."""
    return min(max(0, receipt.accepted), batch.identifiers)


def _state_after(receipt: Receipt) -> BatchState:
    if not receipt.in_effect:
        return BatchState.UPLOADED
    return BatchState.ACCEPTED if receipt.settled else BatchState.TAKEN
