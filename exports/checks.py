"""“Check”: read a whole draft and say what an export of it would send, without sending.

A worker does it under a lease, as it prepares; the row keeps the newest answer of a draft.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from exports import record, staging
from exports.check_models import Check
from exports.engine.checking import Counted, counted
from exports.engine.reading import FileRefused, FileShape, rows
from exports.engine.sealed_stream import SealBroken as FileSealBroken
from exports.engine.suspicions import Looked, looked_through
from exports.engine.taking import AS_THEY_ARE, Taking
from exports.known import Known, known_of
from exports.members import Members
from exports.models import Export, not_leased
from exports.services import NotNow
from exports.signs_of_life import SignsOfLife
from exports.states import ExportState, Mode
from organizations import fence, routing
from organizations.sealing import SealBroken
from providers.registry import registry

logger = logging.getLogger(__name__)

ROUTE = "export check"
LOOK_AGAIN = timedelta(seconds=10)
_LEASE = timedelta(seconds=40)
_SIGN_SECONDS = 2.0
_MOST_ATTEMPTS = 3
_UNREADABLE = "The uploaded file is not readable any more. Discard it and upload it again."
_GIVEN_UP = "It could not be checked; the operator finds why in the log."


class _LeaseLost(Exception):
    """Somebody else checks the draft, something else was asked, or it is no draft any more."""


def check_ask(
    *, export: Export, mode: Mode, columns: Mapping[str, int], taking: Taking = AS_THEY_ARE
) -> None:
    """Have a draft checked. What was found before is forgotten. In the fence. Raises NotNow."""
    draft = Export.objects.select_for_update().filter(pk=export.pk, state=ExportState.DRAFT)
    if not draft:
        raise NotNow
    asked = {
        "organization_id": export.organization_id,
        "mode": mode,
        "columns": dict(columns),
        "taking": taking.as_json(),
        "asked_at": Now(),
        "finished_at": None,
        "refusal": "",
        "report": {},
        "lease_owner": None,
        "lease_until": None,
        "attempts": 0,
    }
    Check.objects.update_or_create(export=export, defaults=asked)
    routing.add(
        ROUTE,
        organization_id=export.organization_id,
        row_id=export.id,
        due_in=timedelta(),
    )


def check_forget(*, export: Export) -> None:
    """Forget a check that does not fit its draft any more. In the fence."""
    Check.objects.filter(export=export).delete()
    routing.remove(ROUTE, export.id)


def carry_out(organization_id: uuid.UUID, export_id: uuid.UUID) -> None:
    """Check a draft if that was asked and nobody else does it. Outside the fence."""
    work = _claim(organization_id, export_id)
    if work is None:
        return
    try:
        found = work.found()
    except _LeaseLost:
        logger.info("export %s: its check is somebody else's, or over", export_id)
    except FileRefused as refused:
        at = f" (row {refused.row:,})" if refused.row else ""
        work.finish(refusal=f"{refused.sentence}{at}"[:400])
    except (SealBroken, FileSealBroken, FileNotFoundError):
        if not work.is_wanted():
            logger.info("export %s: its file was prepared, or discarded, meanwhile", export_id)
            return
        logger.exception("export %s: its file is not readable", export_id)
        work.finish(refusal=_UNREADABLE)
    else:
        work.finish(report=found)


def _claim(organization_id: uuid.UUID, export_id: uuid.UUID) -> _Work | None:
    with fence.inside(organization_id):
        export = Export.objects.select_related("destination").filter(pk=export_id).first()
        asked = Check.objects.filter(export=export_id, finished_at=None)
        if export is None or export.state != ExportState.DRAFT or not asked:
            routing.remove(ROUTE, export_id)
            return None
        if asked.filter(not_leased(), attempts__gte=_MOST_ATTEMPTS).update(
            finished_at=Now(), refusal=_GIVEN_UP
        ):
            routing.remove(ROUTE, export_id)
            return None
        owner = uuid.uuid4()
        if not asked.filter(not_leased()).update(
            lease_owner=owner, lease_until=Now() + _LEASE, attempts=F("attempts") + 1
        ):
            return None
        to = export.destination
        known = known_of(to) if record.is_kept_for(to) else None
        return _Work(export, asked.get(), owner, staging.file_key(export), known)


class _Work:
    """One check, held by a lease."""

    def __init__(
        self, export: Export, check: Check, owner: uuid.UUID, key: bytes, known: Known | None
    ) -> None:
        self._export = export
        self._check = check
        self._owner = owner
        self._key = key
        self._known = known
        self._alive = SignsOfLife(self._stay_alive, seconds=_SIGN_SECONDS)

    def found(self) -> dict[str, Any]:
        """Read the file twice: its first rows as they are written, then all of it as it is sent."""
        export = self._export
        platform = registry.get(export.destination.platform)
        columns = {key: int(number) for key, number in self._check.columns.items()}
        kinds = platform.identifiers_taken(columns, export.destination.settings)
        shape, taking = FileShape.from_json(export.shape), Taking.from_json(self._check.taking)
        with staging.reading(export.staged_name, self._key) as stream:
            written = rows(stream, shape, only=columns.values())
            looked = looked_through(written, columns, kinds, alive=self._alive, taking=taking)
            with ExitStack() as stack:
                members = None
                if self._known is not None:
                    keys = [kind.key for kind in kinds]
                    members = stack.enter_context(Members(self._known, keys, platform))
                sums = counted(
                    stream,
                    shape,
                    columns,
                    kinds,
                    folder=staging.folder(),
                    look=members.take if members else _nothing_more,
                    alive=self._alive,
                    taking=taking,
                )
                found = members.counted(self._alive) if members else None
        return report_of(sums, looked, found)

    def finish(self, **what: object) -> None:
        """Keep what was found, unless something else was asked meanwhile."""
        with fence.inside(self._export.organization_id):
            if self._mine().update(finished_at=Now(), lease_owner=None, lease_until=None, **what):
                routing.remove(ROUTE, self._export.id)

    def is_wanted(self) -> bool:
        """Say whether it still is a draft, and ours to check."""
        try:
            self._stay_alive()
        except _LeaseLost:
            return False
        return True

    def _mine(self) -> QuerySet[Check]:
        return Check.objects.filter(pk=self._check.pk, lease_owner=self._owner)

    def _stay_alive(self) -> None:
        with fence.inside(self._export.organization_id):
            still = Export.objects.filter(pk=self._export.pk, state=ExportState.DRAFT)
            if not still or not self._mine().update(lease_until=Now() + _LEASE):
                raise _LeaseLost


def _nothing_more(_records: object) -> None:
    """Look at people no further."""


def report_of(
    sums: Counted, looked: Mapping[str, Looked], members: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return what is stored of a check; `members` is what `Members.counted` gave, if it is known.

    `{"rows", "rejected", "people", "distinct", "members", "types": {key: {"valid", "distinct",
    "invalid": {reason: count}, "raw", "hashed", "suspicions": {words: count}, "samples": {of:
    [masked]}}}}`
    """
    return {
        "rows": sums.rows,
        "rejected": sums.rejected,
        "people": sums.people,
        "distinct": sums.distinct,
        "members": dict(members) if members is not None else None,
        "types": {
            key: {
                "valid": each.valid,
                "distinct": each.distinct,
                "invalid": dict(each.invalid),
                "raw": looked[key].raw,
                "hashed": looked[key].hashed,
                "suspicions": dict(looked[key].suspicions),
                "samples": looked[key].samples,
            }
            for key, each in sums.types.items()
        },
    }
