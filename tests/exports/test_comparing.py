"""A Replace by difference is compared once, whoever is killed, frozen or down meanwhile."""

import pytest

from exports import comparing, tasks
from exports.outcomes import wait
from exports.states import ExportState, Mode, Operation, WaitingFor
from organizations import fence
from tests.exports.driving import (
    advance,
    batches,
    delivered,
    digests,
    files,
    let_leases_end,
    prepared,
    started,
    table,
    taken_over,
    work,
)
from tests.exports.replacing import begun, by_difference, counts, nobody_is_asked
from tests.exports.sample_servers import Killed
from tests.exports.test_breakers import let_the_pause_be_over, opened
from tests.factories import stored

__all__ = ("by_difference", "nobody_is_asked")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

PEOPLE = [f"person{number}@example.com" for number in range(9)]


def killed_at(step, export, monkeypatch):
    """Work on an export until a worker is killed where it would begin a step of comparing."""

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(comparing, step, killed)
        with pytest.raises(Killed):
            work(export)


def test_comparing_goes_on_after_its_worker_was_killed(servers, destination, creator, monkeypatch):
    delivered(started(destination, creator, *PEOPLE[:4]))
    export = begun(destination, creator, table(*PEOPLE[2:6]))
    killed_at("_finish", export, monkeypatch)
    comparing.compare(export.organization_id, export.id)
    assert not stored(export).comparison
    # Whoever is told of it while somebody may be at it finds that, and another message tells it on.
    assert not advance(export).compare
    let_leases_end(export)
    assert advance(export).compare
    export = delivered(export)
    assert servers.held == {"au1": digests(*PEOPLE[2:6])}
    assert {name for name in files(export) if "batch" in name} == {
        row.stored_name for row in batches(export) if row.operation != Operation.REMOVE
    }


def slept_through(export):
    """Return the work of one who was frozen while another compared the export."""
    sleeper = comparing._begin(export.organization_id, export.id)
    let_leases_end(export)
    comparing.compare(export.organization_id, export.id)
    assert stored(export).comparison
    return sleeper


@pytest.fixture
def compared_by_others(servers, destination, creator, monkeypatch):
    delivered(started(destination, creator, *PEOPLE[:4]))
    export = begun(destination, creator, table(*PEOPLE[2:6]))
    killed_at("compare", export, monkeypatch)
    return export, slept_through(export)


def test_comparing_does_not_wait_for_a_platform_that_is_down(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:6]))
    heard = list(servers.heard)
    opened()
    export = prepared(destination, creator, *PEOPLE[1:8], mode=Mode.REPLACE)
    work(export)
    export = stored(export)
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PLATFORM)
    assert counts(export) == {"held": 6, "removed": 1, "added": 2, "kept": 5}
    assert servers.heard == heard
    let_the_pause_be_over()
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[1:8])}


def test_one_that_waited_for_its_platform_before_it_was_compared_goes_on(
    servers, destination, creator
):
    delivered(started(destination, creator, *PEOPLE[:6]))
    export = prepared(destination, creator, *PEOPLE[1:8], mode=Mode.REPLACE)
    with fence.inside(export.organization_id):
        wait(export, WaitingFor.PLATFORM, "Sample Ads does not answer.")
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[1:8])}


def test_a_message_to_compare_what_somebody_compares_tells_nobody(
    servers, destination, creator, monkeypatch
):
    hints = []
    monkeypatch.setattr(tasks, "hint", lambda task, *_ids: hints.append(task.name))
    delivered(started(destination, creator, *PEOPLE[:6]))
    export = prepared(destination, creator, *PEOPLE[1:8], mode=Mode.REPLACE)
    advance(export)
    taken_over(export)
    tasks.compare(str(export.organization_id), str(export.id))
    assert hints == []
    let_leases_end(export)
    tasks.compare(str(export.organization_id), str(export.id))
    assert hints == ["exports.tasks.advance"]


def test_one_who_wakes_before_comparing_does_not_destroy_the_batches(compared_by_others, servers):
    export, sleeper = compared_by_others
    with pytest.raises(comparing._LeaseLost):
        comparing._compared(sleeper)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[2:6])}


def test_one_who_wakes_to_files_that_are_gone_does_not_fail_the_export(
    compared_by_others, servers, monkeypatch
):
    export, sleeper = compared_by_others
    monkeypatch.setattr(comparing, "_begin", lambda *_: sleeper)
    monkeypatch.setattr(comparing, "_compared", lambda job: job.file[0].types())
    comparing.compare(export.organization_id, export.id)
    assert stored(export).state == ExportState.SENDING
    assert delivered(export).state == ExportState.SUCCEEDED
