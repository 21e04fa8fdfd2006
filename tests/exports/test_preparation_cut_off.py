"""Preparing that is killed, frozen, canceled or has no room: nothing is lost or left."""

import errno

import pytest

from audit.models import Entry
from exports import preparation
from exports.preparation import LEASE_SECONDS, MOST_ATTEMPTS, prepare
from exports.services import export_cancel, export_retry, may_retry
from exports.states import ExportState
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
    advance,
    batches,
    delivered,
    digests,
    files,
    is_found_by_the_sweep,
    let_leases_end,
    started,
    taken_over,
)
from tests.exports.preparing import interrupt, run, sent_of
from tests.exports.sample_servers import Killed
from tests.factories import change, stored

pytestmark = pytest.mark.django_db


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


def test_while_somebody_prepares_it_no_other_worker_is_told(destination, creator, monkeypatch):
    told = []
    export = started(destination, creator)
    assert advance(export).prepare
    interrupt(monkeypatch, lambda: told.append(advance(export).prepare))
    assert run(export).state == ExportState.SENDING
    assert told == [False]


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
