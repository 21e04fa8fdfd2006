"""Workers that prepare: to the end, or only so far."""

from exports import batch_files, staging
from exports.engine import batches as encoding
from exports.preparation import prepare
from organizations import fence
from tests.exports.driving import (
    batches,
)
from tests.exports.sample_servers import Killed
from tests.factories import stored


def run(export):
    prepare(export.organization_id, export.id)
    return stored(export)


def interrupt(monkeypatch, what=None) -> None:
    """Let something happen after the first batch is on disk; without it the process is killed."""
    # Each batch is written when it is made.
    monkeypatch.setattr(batch_files, "_LOT_SIZE", 1)
    encode = encoding.encode_records
    seen = []

    def interrupted(types, records):
        seen.append(records)
        if len(seen) == 2:
            if what is None:
                raise Killed
            what()
        return encode(types, records)

    monkeypatch.setattr(encoding, "encode_records", interrupted)


def sent_of(export) -> set[str]:
    with fence.inside(export.organization_id):
        key = staging.file_key(export)
    found = set()
    for batch in batches(export):
        with staging.reading(batch.stored_name, key) as stream:
            found |= {digest for (digest,) in encoding.decode(stream.read()).rows}
    return found
