import errno

import pytest

from audit.models import Entry
from exports import preparation, staging
from exports.engine import batches as encoding
from exports.models import ExportBatch
from exports.preparation import LEASE_SECONDS, MOST_ATTEMPTS, prepare
from exports.services import export_cancel, export_retry, may_retry
from exports.states import BatchState, ExportState, Mode
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
    advance,
    batches,
    delivered,
    digests,
    drafted,
    files,
    is_found_by_the_sweep,
    let_leases_end,
    started,
    taken_over,
)
from tests.exports.sample_servers import Killed
from tests.factories import change, destined, stored

pytestmark = pytest.mark.django_db


def run(export):
    prepare(export.organization_id, export.id)
    return stored(export)


def interrupt(monkeypatch, what=None) -> None:
    """Let something happen after the first batch is on disk; without it the process is killed."""
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


def test_a_killed_try_leaves_nothing_that_counts_and_the_next_removes_its_files(
    destination, creator, monkeypatch
):
    export = started(destination, creator)
    with monkeypatch.context() as patch:
        interrupt(patch)
        with pytest.raises(Killed):
            run(export)
    left = files(export) - {export.staged_name}
    assert left
    assert batches(export) == []
    assert stored(export).state == ExportState.PREPARING
    # Its lease keeps others away until it has ended.
    assert run(export).attempts == 1
    assert batches(export) == []
    let_leases_end(export)
    export = run(export)
    assert export.state == ExportState.SENDING
    assert sent_of(export) == digests(*ADDRESSES)
    assert not left & files(export)


def test_a_lease_kept_by_another_is_respected(destination, creator):
    export = started(destination, creator)
    owner = taken_over(export)
    export = run(export)
    assert (export.state, export.lease_owner) == (ExportState.PREPARING, owner)
    assert batches(export) == []


def test_a_worker_that_sleeps_past_its_lease_leaves_what_the_next_has_made(
    destination, creator, monkeypatch
):
    def another_prepares():
        let_leases_end(export)
        monkeypatch.undo()
        prepare(export.organization_id, export.id)

    export = started(destination, creator)
    interrupt(monkeypatch, another_prepares)
    export = run(export)
    assert export.state == ExportState.SENDING
    assert len(batches(export)) == 3
    assert sent_of(export) == digests(*ADDRESSES)
    with fence.inside(export.organization_id):
        assert Entry.objects.filter(subject_id=export.id, action="file prepared").count() == 1


def test_a_worker_that_wakes_before_it_began_does_not_destroy_the_batches(destination, creator):
    export = started(destination, creator)
    sleeper = preparation._begin(export.organization_id, export.id)
    let_leases_end(export)
    export = run(export)
    assert export.state == ExportState.SENDING
    with pytest.raises(preparation._LeaseLost):
        preparation._prepare(sleeper)
    assert sent_of(export) == digests(*ADDRESSES)


def test_a_worker_that_lost_its_lease_cannot_fail_the_export(destination, creator):
    export = started(destination, creator)
    sleeper = preparation._begin(export.organization_id, export.id)
    let_leases_end(export)
    run(export)
    with pytest.raises(preparation._LeaseLost):
        preparation._fail(sleeper, "Its file is not there.")
    assert stored(export).state == ExportState.SENDING
    assert sent_of(stored(export)) == digests(*ADDRESSES)


def test_an_export_canceled_while_it_is_prepared_stays_canceled_and_leaves_nothing(
    destination, creator, monkeypatch
):
    def cancel():
        with fence.inside(export.organization_id):
            export_cancel(export=stored(export), by=creator)

    export = started(destination, creator)
    interrupt(monkeypatch, cancel)
    export = run(export)
    assert export.state == ExportState.CANCELED
    assert batches(export) == []
    advance(export)
    assert is_found_by_the_sweep(export)
    let_leases_end(export)
    advance(export)
    assert files() == set()
    assert not is_found_by_the_sweep(export)


def test_after_three_tries_it_fails_and_can_be_tried_again(
    servers, destination, creator, monkeypatch
):
    export = started(destination, creator)
    for _ in range(MOST_ATTEMPTS):
        with monkeypatch.context() as patch:
            interrupt(patch)
            with pytest.raises(Killed):
                run(export)
        assert stored(export).state == ExportState.PREPARING
        let_leases_end(export)
    export = run(export)
    assert export.state == ExportState.FAILED
    assert "Nothing was sent" in export.reason
    delivered(export)
    assert files(export) == {export.staged_name}
    with fence.inside(export.organization_id):
        export_retry(export=export, by=creator)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)


def no_room():
    raise OSError(errno.ENOSPC, "No space left on device")


def test_without_room_nothing_is_left_and_it_goes_on_once_there_is_some(
    servers, destination, creator, monkeypatch
):
    export = started(destination, creator)
    with monkeypatch.context() as patch:
        interrupt(patch, no_room)
        export = run(export)
    assert export.state == ExportState.PREPARING
    assert files(export) == {export.staged_name}
    let_leases_end(export)
    export = delivered(export)
    assert (export.state, export.reason) == (ExportState.SUCCEEDED, "")
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_where_there_is_no_room_for_long_it_fails_and_says_so(destination, creator, monkeypatch):
    export = started(destination, creator)
    for _ in range(MOST_ATTEMPTS):
        with monkeypatch.context() as patch:
            interrupt(patch, no_room)
            run(export)
        let_leases_end(export)
    export = run(export)
    assert export.state == ExportState.FAILED
    assert export.reason == (
        "This server has no room to prepare it; the operator must make some. Nothing was sent. "
        "“Retry failed” tries again."
    )
    with fence.inside(export.organization_id):
        assert may_retry(export)


def test_another_trouble_of_the_disk_is_not_hidden(destination, creator, monkeypatch):
    def broken():
        raise OSError(errno.EIO, "Input/output error")

    export = started(destination, creator)
    interrupt(monkeypatch, broken)
    with pytest.raises(OSError, match="Input/output"):
        run(export)


def test_the_third_try_is_not_failed_while_it_runs(destination, creator):
    export = started(destination, creator)
    change(export, attempts=MOST_ATTEMPTS)
    taken_over(export)
    assert run(export).state == ExportState.PREPARING


@pytest.mark.parametrize(("seconds", "is_seen"), [(0.0, True), (60.0, False)])
def test_the_lease_is_kept_alive_while_batches_are_made(
    destination, creator, monkeypatch, seconds, is_seen
):
    def nearly_over():
        change(export, lease_until=stored(export).lease_until.replace(year=2020))

    def look(job, prepared):
        seen.append(stored(export).lease_until.year > 2020)
        finish(job, prepared)

    seen, finish = [], preparation._finish
    export = started(destination, creator)
    monkeypatch.setattr(preparation, "SIGN_SECONDS", seconds)
    monkeypatch.setattr(preparation, "_finish", look)
    interrupt(monkeypatch, nearly_over)
    assert run(export).state == ExportState.SENDING
    assert seen == [is_seen]


def test_signs_of_life_are_given_long_before_the_lease_ends():
    assert 5 * preparation.SIGN_SECONDS <= LEASE_SECONDS
    assert LEASE_SECONDS >= 30


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
