"""The record of many exports, said by the files of the newest."""

import pytest

from exports import conducting, folding, preparation, record, tasks
from exports.models import ExportBatch
from exports.services import export_cancel
from exports.states import Mode, Operation, Recorded
from organizations import fence
from tests.exports.driving import (
    batches,
    delivered,
    digests,
    files,
    is_found_by_the_sweep,
    let_leases_end,
    retried,
    send_next,
    started,
    table,
    taken_over,
    work,
)
from tests.exports.replacing import begun, by_difference, nobody_is_asked
from tests.exports.sample_servers import LOST
from tests.factories import stored

__all__ = ("by_difference", "nobody_is_asked")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

PEOPLE = [f"person{number}@example.com" for number in range(9)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(folding, "LEAST_PEOPLE", 4)


def held(export) -> list[tuple[int, int]]:
    with fence.inside(export.organization_id):
        rows = ExportBatch.objects.filter(operation=Operation.HELD, recorded=Recorded.YES)
        return sorted(rows.values_list("identifiers", "accepted"))


def test_additions_are_folded_when_more_came_than_was_there(servers, destination, creator):
    first = delivered(started(destination, creator, *PEOPLE[:3]))
    assert any("batch" in name for name in files(first))
    second = delivered(started(destination, creator, *PEOPLE[1:5]))
    assert held(second) == [(5, 5)]
    assert files(first) == {first.rejects_name}
    assert len([name for name in files(second) if "batch" in name]) == 1
    third = delivered(started(destination, creator, *PEOPLE[4:7]))
    assert held(third) == [(5, 5)]
    delivered(started(destination, creator, *PEOPLE[2:4], mode=Mode.REPLACE))
    assert servers.held == {"au1": digests(*PEOPLE[2:4])}


def test_what_may_be_there_is_folded_as_that(servers, destination, creator):
    servers.answer("add", LOST)
    export = begun(destination, creator, table(*PEOPLE[:2]), mode=Mode.ADD)
    work(export)
    with fence.inside(export.organization_id):
        export_cancel(export=stored(export), by=creator)
    delivered(export)
    second = delivered(started(destination, creator, *PEOPLE[3:7]))
    assert held(second) == [(2, 0), (4, 4)]
    last = delivered(started(destination, creator, *PEOPLE[1:4], mode=Mode.REPLACE))
    assert servers.held == {"au1": digests(*PEOPLE[1:4])}
    assert last.comparison["kept"] == 1


def test_nothing_is_folded_over_what_may_be_sent_again(servers, destination, creator):
    servers.answer("add", 400)
    failed = delivered(started(destination, creator, *PEOPLE[:2]))
    second = delivered(started(destination, creator, *PEOPLE[:6]))
    assert held(second) == []
    retried(failed, creator)
    assert servers.held == {"au1": digests(*PEOPLE[:6])}


def test_a_file_that_is_not_readable_is_lost_and_the_others_are_folded(
    servers, destination, creator, staging_folder
):
    first = delivered(started(destination, creator, *PEOPLE[:2]))
    (row,) = batches(first)
    (staging_folder / row.stored_name).write_bytes(b"broken")
    delivered(started(destination, creator, *PEOPLE[2:4]))
    # With it the record is due. Not folded over and over: this comes to rest.
    last = delivered(started(destination, creator, *PEOPLE[3:6]))
    assert held(last) == [(4, 4)]
    with fence.inside(last.organization_id):
        assert not folding.is_due(last)
        assert record.unknown(last.destination) == 2


def test_after_a_removal_that_is_not_readable_nobody_of_before_is_there_for_sure(
    servers, destination, creator, staging_folder
):
    delivered(started(destination, creator, *PEOPLE[:3]))
    (row,) = batches(delivered(started(destination, creator, PEOPLE[0], mode=Mode.REMOVE)))
    (staging_folder / row.stored_name).write_bytes(b"broken")
    # With it the record is due, and found broken.
    delivered(started(destination, creator, *PEOPLE[3:6]))
    last = delivered(started(destination, creator, *PEOPLE[:4], mode=Mode.REPLACE))
    assert (last.comparison["added"], last.comparison["kept"]) == (3, 1)
    assert servers.held == {"au1": digests(*PEOPLE[:4])}


def test_who_wakes_past_the_lease_folds_nothing(servers, destination, creator, monkeypatch):
    made = folding._held

    def frozen(export, *more):
        found = made(export, *more)
        let_leases_end(export)
        return found

    monkeypatch.setattr(folding, "_held", frozen)
    delivered(started(destination, creator, *PEOPLE[:3]))
    second = started(destination, creator, *PEOPLE[1:5])
    preparation.prepare(second.organization_id, second.id)
    for _ in range(3):
        conducting.advance(second.organization_id, second.id)
        send_next(second)
    conducting.advance(second.organization_id, second.id)
    assert conducting.advance(second.organization_id, second.id).fold
    folding.fold(second.organization_id, second.id)
    assert held(second) == []


def test_while_somebody_folds_nobody_is_told_but_the_sweep(
    servers, destination, creator, monkeypatch
):
    hints = []
    monkeypatch.setattr(tasks, "hint", lambda task, *_ids: hints.append(task.name))
    monkeypatch.setattr(folding, "LEAST_PEOPLE", 100)
    delivered(started(destination, creator, *PEOPLE[:3]))
    second = delivered(started(destination, creator, *PEOPLE[1:5]))
    monkeypatch.setattr(folding, "LEAST_PEOPLE", 4)
    assert not is_found_by_the_sweep(second)
    taken_over(second)
    tasks.fold(str(second.organization_id), str(second.id))
    assert hints == []
    assert is_found_by_the_sweep(second)
    let_leases_end(second)
    tasks.fold(str(second.organization_id), str(second.id))
    assert hints == ["exports.tasks.advance"]
    assert held(second) == [(5, 5)]


def test_who_was_removed_is_not_held(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:4]))
    export = delivered(started(destination, creator, *PEOPLE[:2], mode=Mode.REMOVE))
    assert held(export) == [(2, 2)]


@pytest.mark.parametrize(("few", "people"), [(2, []), (5, [(7, 7)])])
def test_what_one_export_brought_is_folded_only_where_it_lies_in_many_small_files(
    servers, destination, creator, monkeypatch, few, people
):
    monkeypatch.setattr(folding, "LEAST_FILES", 2)
    monkeypatch.setattr(folding, "FEW_PEOPLE", few)
    export = delivered(started(destination, creator, *PEOPLE[:7]))
    assert len([name for name in files(export) if "batch" in name]) == (1 if people else 3)
    assert held(export) == people
    assert servers.held == {"au1": digests(*PEOPLE[:7])}
