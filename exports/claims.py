"""Who sends a batch, and until when: a lease on its row, by the database's clock.

A claim counts as one request. It is renewed where the request does not begin at once, and for each
further one; so a worker that was frozen past its lease neither sends nor writes.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from exports import record
from exports.in_flight import room_for
from exports.models import Export, ExportBatch
from exports.states import BatchState, ExportState, WaitingFor
from organizations import fence

# A request that begins within so many seconds needs no second look at its lease.
FRESH_SECONDS = 5.0
# Longer than that and one request take together (providers.transport: under 100 s).
LEASE = timedelta(seconds=110)


class LeaseLost(Exception):
    """The lease ran out before anything was sent: somebody else sends this batch."""


class Over(Exception):
    """The export ended before anything was sent: it was canceled, or has failed."""


@dataclass
class Claim:
    """A batch that is ours to send. `requests` have begun under this claim.

    `taken_at` is before the lease began, by the monotonic clock.
    """

    organization_id: uuid.UUID
    batch: ExportBatch
    export: Export
    owner: uuid.UUID
    key: bytes = field(repr=False)
    taken_at: float
    requests: int = 0

    @property
    def row(self) -> QuerySet[ExportBatch]:
        """Return the batch's row, as long as it is ours."""
        return ExportBatch.objects.filter(pk=self.batch.pk, lease_owner=self.owner)

    def begin_request(self) -> None:
        """Make sure of the lease for one request, and count it. Outside the fence.

        Raises LeaseLost, and Over where it looks.
        """
        is_counted = not self.requests
        if not is_counted or time.monotonic() - self.taken_at > FRESH_SECONDS:
            with fence.inside(self.organization_id):
                self._look()
                renewed = self.row.filter(lease_until__gte=Now(), state=BatchState.SENDING)
                more = 0 if is_counted else 1
                if not renewed.update(lease_until=Now() + LEASE, attempts=F("attempts") + more):
                    raise LeaseLost
        self.requests += 1

    def make_sure_it_goes_on(self) -> None:
        """Make sure that the export is not over, once something was waited for. Outside the fence.

        Raises Over.
        """
        with fence.inside(self.organization_id):
            self._look()

    def _look(self) -> None:
        if not Export.objects.under_way().filter(pk=self.export.pk).exists():
            raise Over

    def given_back(self) -> dict[str, object]:
        """Return the columns of a batch that nobody holds any more."""
        uncounted = {} if self.requests else {"attempts": F("attempts") - 1}
        return {"lease_owner": None, "lease_until": None, **uncounted}


def locked(export_id: uuid.UUID) -> Export | None:
    """Lock an export's row, so that a cancel is either seen here or finds the leases. In the fence.

    Whoever changes its batches in number comes by here, so they are counted rightly.
    """
    rows = Export.objects.select_for_update(of=("self",)).select_related("destination")
    return rows.filter(pk=export_id).first()


def claim_due(export: Export, audience_id: str, key: bytes, *, at_most: int) -> list[Claim]:
    """Claim batches that are due, of an export that is locked; none where it may not go on.

    `audience_id` is where they would be sent to, `key` opens the export's files. In the fence.
    """
    if export.state not in {ExportState.SENDING, ExportState.WAITING}:
        return []
    if export.waiting_for not in {"", WaitingFor.PLATFORM}:
        return []
    if export.destination.audience_id != audience_id:
        # Forgotten or changed meanwhile; the next look at the export goes by what it is now.
        return []
    if record.awaits_comparison(export) or export.awaits_erasing:
        return []
    due = export.batches.due().filter(record.in_order(export))
    rows = list(due[: min(at_most, room_for(export))])
    if not rows:
        return []
    owner, taken_at = uuid.uuid4(), time.monotonic()
    ExportBatch.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=BatchState.SENDING,
        audience_id=audience_id,
        lease_owner=owner,
        lease_until=Now() + LEASE,
        hinted_until=None,
        attempts=F("attempts") + 1,
    )
    return [Claim(export.organization_id, row, export, owner, key, taken_at) for row in rows]
