"""From an upload to sealed batches, and what becomes of a file that is none."""

import pytest

from audit.models import Entry
from exports import staging
from exports.engine import batches as encoding
from exports.models import ExportBatch
from exports.preparation import prepare
from exports.states import BatchState, ExportState, Mode
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
    batches,
    delivered,
    digests,
    drafted,
    files,
    started,
)
from tests.exports.preparing import run, sent_of
from tests.factories import change, destined, stored

pytestmark = pytest.mark.django_db


def test_a_file_becomes_sealed_batches_and_is_destroyed(destination, creator):
    export = started(destination, creator, *ADDRESSES, "n/a")
    uploaded = export.staged_name
    export = run(export)
    assert export.state == ExportState.SENDING
    assert [(batch.number, batch.identifiers) for batch in batches(export)] == [
        (1, 3),
        (2, 3),
        (3, 1),
    ]
    assert sent_of(export) == digests(*ADDRESSES)
    assert files(export) == {export.rejects_name, *(each.stored_name for each in batches(export))}
    assert uploaded not in files()
    assert (export.staged_name, export.attempts, export.lease_owner) == ("", 0, None)


@pytest.mark.parametrize(("asked", "sizes"), [(0, [3, 3, 1]), (2, [2, 2, 2, 1]), (9, [3, 3, 1])])
def test_an_operator_can_make_batches_smaller_and_never_larger(
    destination, creator, settings, asked, sizes
):
    settings.EXPORT_BATCH_ROWS = asked
    export = run(started(destination, creator))
    assert [batch.identifiers for batch in batches(export)] == sizes
    assert sent_of(export) == digests(*ADDRESSES)


def test_nothing_in_the_staging_folder_is_in_the_clear(staging_folder, destination, creator):
    run(started(destination, creator, *ADDRESSES, "not an address"))
    everything = b"".join(path.read_bytes() for path in staging_folder.rglob("*") if path.is_file())
    assert len(everything) > 300
    for digest in digests(*ADDRESSES):
        assert digest.encode() not in everything
        assert bytes.fromhex(digest) not in everything
    assert b"not an" not in everything
    assert b"example.com" not in everything


def test_the_rejects_hold_row_and_reason_and_never_the_value(destination, creator):
    export = run(started(destination, creator, "jane@example.com", "n/a", " "))
    with fence.inside(export.organization_id):
        key = staging.file_key(export)
    with staging.reading(export.rejects_name, key) as stream:
        assert stream.read() == (
            b'row,identifier,reason\n3,email,"not an e-mail address"\n4,email,"empty"\n'
        )


def test_several_types_are_sent_together(authorization, sample_platform, creator):
    destination = destined(authorization, creator)
    change(destination, identifiers=["email", "second"])
    draft = drafted(destination, creator, "second,email\njoe@example.com,jane@example.com\n")
    change(
        draft,
        state=ExportState.PREPARING,
        columns={"second": 0, "email": 1},
        started_at=draft.created_at,
    )
    export = run(draft)
    with fence.inside(export.organization_id):
        key = staging.file_key(export)
    with staging.reading(batches(export)[0].stored_name, key) as stream:
        found = encoding.decode(stream.read())
    (jane,), (joe,) = digests("jane@example.com"), digests("joe@example.com")
    assert (found.types, found.rows) == (("email", "second"), [(jane, joe)])


def test_a_file_without_anything_to_send_fails_and_empties_nothing(servers, destination, creator):
    export = delivered(started(destination, creator, "n/a", "x", mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    assert export.reason == (
        "None of the 2 rows holds an identifier that can be sent. The audience was not emptied."
    )
    assert servers.heard == []
    assert files(export) == {export.rejects_name}
    assert (export.rejected, export.identifiers) == (2, 0)
    with fence.inside(export.organization_id):
        last = Entry.objects.filter(subject_id=export.id).order_by("-at").first()
    assert (last.action, last.detail["reason"]) == ("export failed", export.reason)


def test_a_file_that_turns_out_damaged_fails_as_a_whole_with_its_row(destination, creator):
    content = "email\n" + "jane@example.com\n" * 100 + '"never closed\n' + "x\n" * 200
    export = drafted(destination, creator, content)
    change(export, state=ExportState.PREPARING, columns={"email": 0}, started_at=export.created_at)
    export = run(export)
    assert export.state == ExportState.FAILED
    assert "Row 102 opens a quotation mark" in export.reason
    assert export.reason.endswith("Nothing was sent.")
    assert (files(export), export.staged_name) == (set(), "")


@pytest.mark.parametrize("spoil", ["unlink", "cut", "swap"])
def test_an_upload_that_is_not_what_was_sealed_fails(destination, creator, staging_folder, spoil):
    export, other = started(destination, creator), started(destination, creator, "x@y.example")
    path = staging_folder / export.staged_name
    if spoil == "unlink":
        path.unlink()
    elif spoil == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.write_bytes((staging_folder / other.staged_name).read_bytes())
    export = run(export)
    assert export.state == ExportState.FAILED
    assert "not readable any more" in export.reason
    with fence.inside(export.organization_id):
        assert not ExportBatch.objects.exists()


def test_what_is_not_to_be_prepared_is_left_alone(servers, destination, creator, globex):
    export = started(destination, creator)
    prepare(globex.id, export.id)
    assert stored(export).attempts == 0
    run(export)
    before = files()
    assert run(export).state == ExportState.SENDING
    assert files() == before
    assert [batch.state for batch in batches(export)] == [BatchState.PENDING] * 3


def test_what_comes_next_begins_before_the_upload_is_destroyed(destination, creator):
    export = started(destination, creator)
    seen = []

    def go_on():
        seen.append((stored(export).state, export.staged_name in files(export)))

    prepare(export.organization_id, export.id, go_on=go_on)
    assert seen == [(ExportState.SENDING, True)]
    assert export.staged_name not in files(export)
    # Nobody else has anything to do here, and what comes next is looked at all the same.
    prepare(export.organization_id, export.id, go_on=lambda: seen.append("again"))
    assert seen[1:] == ["again"]
