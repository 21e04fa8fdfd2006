"""What is measured inside a demo: `manage.py shell -c "from benchmarks.inside_demo import ..."`."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from authorizations import tokens
from authorizations.uses import Use
from benchmarks.files import COLUMN
from benchmarks.one_run import is_address, is_hash
from destinations import audiences
from exports.models import Export
from organizations import fence
from organizations.models import Organization
from providers.connection import Connection
from providers.platform import Platform
from providers.values import Batch


def _newest() -> Export:
    for organization in Organization.objects.all():
        with fence.inside(organization.id):
            export = Export.objects.order_by("-created_at").first()
            if export is not None:
                return export
    raise LookupError("There is no export.")


def exported() -> None:
    """Print how many seconds the newest export took, from its start to its last receipt."""
    export = _newest()
    if export.started_at is None or export.finished_at is None or export.prepared_at is None:
        raise LookupError("The export has not ended.")
    prepared = (export.prepared_at - export.started_at).total_seconds()
    seconds = (export.finished_at - export.started_at).total_seconds()
    _print({"seconds": seconds, "prepared": prepared, "sent": export.identifiers})


def sequential(path: str) -> None:
    """Send a file as a plain script does, one request after the other; print the seconds."""
    export = _newest()
    target = audiences.target_of(export.organization_id, export.destination_id)
    audience = target.audience
    if audience is None:
        raise LookupError("The destination has no audience.")

    def work(platform: Platform, connection: Connection) -> tuple[int, float]:
        sent, began = 0, time.perf_counter()
        digests = _digests(Path(path))
        while part := list(islice(digests, platform.limits.batch_rows)):
            platform.add(connection, audience, Batch(("email",), [(each,) for each in part]))
            sent += len(part)
        return sent, time.perf_counter() - began

    use = Use("export", person_id=export.created_by_id, subject_id=export.id)
    sent, seconds = tokens.call(export.organization_id, target.authorization_id, use, work)
    _print({"seconds": seconds, "sent": sent})


def _digests(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as table:
        reader = csv.reader(table)
        next(reader)
        for cells in reader:
            value = cells[COLUMN].strip().lower()
            if is_address(value):
                yield hashlib.sha256(value.encode()).hexdigest()
            elif is_hash(value):
                yield value


def _print(found: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
