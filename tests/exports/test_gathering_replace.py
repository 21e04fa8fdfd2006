"""A Replace of an audience that is made of files: by difference, the removals in effect first."""

import pytest

from exports import gathering
from exports.states import BatchState, ExportState, Mode, Operation
from tests.exports.driving import batches, retried, started
from tests.exports.made_of_files import PEOPLE, ended, held, set_of, step
from tests.factories import stored
from tests.sandbox.raw_tiktok import UK, RawTikTok

pytestmark = pytest.mark.django_db


@pytest.fixture
def destination(made_of_files):
    return made_of_files


@pytest.fixture
def filled(destination, creator):
    """The destination, after an export of most of the people."""
    assert ended(started(destination, creator, *PEOPLE[:1_800])).state == ExportState.SUCCEEDED
    return stored(destination)


def by_operation(export):
    found = {}
    for batch in batches(export):
        found.setdefault(Operation(batch.operation), []).append(batch)
    return found


def people(export):
    return {
        operation: sum(batch.identifiers for batch in rows)
        for operation, rows in by_operation(export).items()
    }


def is_worked_on(sandbox, audience_id):
    """Let the platform come to an end with a change; the emulated one does so by looks at it."""
    tiktok = RawTikTok(sandbox)
    token = tiktok.sign_in()
    asked = {"advertiser_id": UK, "custom_audience_ids": [audience_id]}
    for _ in range(3):
        assert tiktok.get("/dmp/custom_audience/get/", token, **asked)["code"] == 0


def until_removed(export):
    """Work until the removals are in effect, and no addition is."""
    for _ in range(40):
        removals = by_operation(stored(export)).get(Operation.REMOVE, [])
        if removals and {each.state for each in removals} == {BatchState.TAKEN}:
            return
        step(export)
    raise AssertionError([(each.operation, each.state) for each in batches(export)])


def test_the_audience_is_the_file_afterwards(sandbox, filled, creator):
    export = ended(started(filled, creator, *PEOPLE[200:], mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE[200:])]
    assert people(export) == {Operation.REMOVE: 200, Operation.ADD: 200, Operation.KEEP: 1_600}


def test_those_who_leave_are_gone_before_anybody_is_added(sandbox, filled, creator):
    export = started(filled, creator, *PEOPLE[200:], mode=Mode.REPLACE)
    until_removed(export)
    assert held(sandbox) == [set_of(*PEOPLE[200:1_800])]
    additions = by_operation(export)[Operation.ADD]
    assert {each.state for each in additions} == {BatchState.PENDING}
    assert ended(export).state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE[200:])]


def test_the_first_export_may_be_one(sandbox, destination, creator):
    export = ended(started(destination, creator, *PEOPLE, mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE)]


def test_the_same_file_again_changes_nothing(sandbox, filled, creator):
    (before,) = sandbox.audiences("tiktok")
    export = ended(started(filled, creator, *PEOPLE[:1_800], mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert sandbox.audiences("tiktok") == [before]


@pytest.mark.parametrize("lost", ["removal", "addition"])
def test_a_change_whose_answer_was_lost_is_made_again_and_does_no_harm(
    sandbox, filled, creator, lost
):
    export = started(filled, creator, *PEOPLE[200:], mode=Mode.REPLACE)
    if lost == "addition":
        until_removed(export)
    for _ in range(40):
        uploaded = [each for each in batches(export) if each.state == BatchState.UPLOADED]
        if uploaded:
            break
        step(export)
    (before,) = sandbox.audiences("tiktok")
    sandbox.fault("tiktok", "half_body")
    gathering.put_in_effect(export.organization_id, export.id)
    (changed,) = sandbox.audiences("tiktok")
    assert changed["digest"] != before["digest"]
    assert BatchState.UPLOADED in {each.state for each in batches(export)}
    is_worked_on(sandbox, changed["id"])
    assert ended(export).state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE[200:])]


def test_one_that_would_leave_too_few_in_between_says_so_and_retry_makes_it_whole(
    sandbox, destination, creator
):
    ended(started(destination, creator, *PEOPLE[:1_200]))
    export = ended(started(destination, creator, *PEOPLE[300:], mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    assert "at least 1000 users" in export.reason
    # Nobody is missing; those who should leave are still there.
    assert held(sandbox) == [set_of(*PEOPLE)]
    retried(export, creator)
    assert ended(export).state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE[300:])]
