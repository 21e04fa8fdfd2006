from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from audit.models import Entry
from destinations.services import destination_delete
from exports import retention, tasks
from exports.models import Export
from exports.services import (
    DRAFT_ROUTE,
    DRAFTS_LIVE,
    NotNow,
    draft_discard,
    draft_reread,
    export_cancel,
    export_go_on,
    export_retry,
    export_start,
    file_discard,
    may_retry,
    shape_of,
    upload_expect,
    upload_forget_unless_kept,
)
from exports.staging import file_key
from exports.states import EXPORT_MOVES, FINAL, BatchState, ExportState, Mode, WaitingFor
from organizations import fence
from organizations.models import Route
from tests.exports.driving import (
    batches,
    delivered,
    drafted,
    files,
    is_found_by_the_sweep,
    prepared,
    started,
)
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

LEGAL = [(before, after) for before, moves in EXPORT_MOVES.items() for after in moves]
ILLEGAL = [
    (before, after)
    for before in ExportState
    for after in ExportState
    if (before, after) not in LEGAL
]


def put(export, state, **values):
    """Let an export be in a state, and return it as read there."""
    waiting = WaitingFor.TURN if state == ExportState.WAITING else ""
    change(export, state=state, **{"waiting_for": waiting, "reason": "", **values})
    return stored(export)


def inside(row):
    return fence.inside(row.organization_id)


@pytest.fixture
def export(destination, creator) -> Export:
    return drafted(destination, creator)


def test_every_legal_move_is_made_once(export):
    for before, after in LEGAL:
        one, other = put(export, before), put(export, before)
        also = {"waiting_for": WaitingFor.PLATFORM} if after == ExportState.WAITING else {}
        with inside(export):
            assert one.move(after, **also), (before, after)
            # The other read it before: somebody was faster.
            assert not other.move(after, **also) or before == after
        assert stored(export).state == after
        assert one.state == after


def test_an_illegal_move_changes_nothing(export):
    assert len(ILLEGAL) > 40
    for before, after in ILLEGAL:
        row = put(export, before)
        with inside(export):
            assert not row.move(after, reason="never"), (before, after)
        assert (stored(export).state, stored(export).reason) == (before, "")


def test_a_move_forgets_what_it_waited_for_and_notes_the_end(export):
    row = put(export, ExportState.WAITING, reason="An earlier export is on its way.")
    with inside(export):
        assert row.move(ExportState.CANCELED)
    assert (row.waiting_for, row.reason) == ("", "")
    assert row.finished_at is not None
    assert row.is_final


def test_every_way_ends_and_only_failure_has_a_way_out():
    assert set(EXPORT_MOVES) | FINAL == set(ExportState)
    assert set(EXPORT_MOVES) & FINAL == {ExportState.FAILED}


@pytest.mark.parametrize(
    "values",
    [
        {"state": "sleeping"},
        {"mode": "merge"},
        {"state": "waiting", "waiting_for": ""},
        {"state": "sending", "waiting_for": "turn"},
    ],
)
def test_the_database_refuses_what_no_export_is(export, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        change(export, **values)


def test_a_draft_keeps_what_its_file_is_and_no_value_of_it(export, creator):
    assert export.state == ExportState.DRAFT
    assert (export.shape["column_names"], export.shape["has_header"]) == (["email"], True)
    assert "example.com" not in str(export.shape)
    assert export.created_by == creator
    with inside(export):
        key = file_key(export)
    assert shape_of(export, key).sample_rows[0] == ("person0@example.com",)


def test_a_draft_is_read_again_as_a_person_says(export):
    with inside(export):
        draft_reread(export=export, has_header=False)
    assert stored(export).shape["has_header"] is False
    assert stored(export).shape["column_names"] == ["Column 1"]


def test_a_started_export_is_not_read_again(destination, creator):
    export = started(destination, creator)
    with inside(export):
        draft_reread(export=export, has_header=False)
    assert stored(export).shape["has_header"] is True


def test_starting_twice_starts_once(export, creator, admin):
    with inside(export):
        other = Export.objects.get(pk=export.pk)
        export_start(export=export, by=creator, mode=Mode.ADD, columns={"email": 0})
        with pytest.raises(NotNow):
            export_start(export=other, by=admin, mode=Mode.REMOVE, columns={"email": 0})
        now = Export.objects.get(pk=export.pk)
        entry = Entry.objects.get(subject_id=export.id)
    assert (now.mode, now.created_by_id, now.columns) == (Mode.ADD, creator.id, {"email": 0})
    assert now.started_at is not None
    assert (entry.action, entry.person_id) == ("export started", creator.id)
    assert is_found_by_the_sweep(export)
    assert not Route.objects.filter(kind=DRAFT_ROUTE).exists()


def test_a_discarded_draft_leaves_nothing(export):
    assert files(export)
    with inside(export):
        draft_discard(export=export)
        assert not Export.objects.exists()
    assert files() == set()
    assert not Route.objects.filter(kind=DRAFT_ROUTE).exists()


def test_a_draft_expires_after_a_day(export):
    due = Route.objects.get(kind=DRAFT_ROUTE).due_at
    assert due - export.created_at > DRAFTS_LIVE - timedelta(minutes=1)
    tasks.sweep_drafts()
    with inside(export):
        assert Export.objects.exists()
    Route.objects.update(due_at=Now())
    tasks.sweep_drafts()
    with inside(export):
        assert not Export.objects.exists()
    assert files() == set()
    assert not Route.objects.filter(kind=DRAFT_ROUTE).exists()


def test_files_that_nobody_started_go_with_their_destination(destination, creator, acme):
    drafted(destination, creator)
    with fence.inside(acme.id):
        destination_delete(destination=destination, by=creator)
    tasks.sweep_drafts()
    assert files() == set()
    with fence.inside(acme.id):
        assert not Export.objects.exists()


def test_a_started_export_does_not_expire(destination, creator):
    export = started(destination, creator)
    file_discard(organization_id=export.organization_id, export_id=export.id)
    assert stored(export).state == ExportState.PREPARING
    assert files(export) == {export.staged_name}


def test_an_upload_whose_process_was_killed_is_found_and_destroyed(acme, staging_folder, export):
    gone = export.id.__class__(int=7)
    with fence.inside(acme.id):
        upload_expect(organization_id=acme.id, export_id=gone)
    (staging_folder / str(gone)).mkdir()
    (staging_folder / str(gone) / "upload-1").write_bytes(b"half")
    Route.objects.filter(row_id=gone).update(due_at=Now())
    tasks.sweep_drafts()
    assert files() == {export.staged_name}
    assert not Route.objects.filter(row_id=gone).exists()


def test_a_kept_upload_is_not_forgotten(export):
    upload_forget_unless_kept(organization_id=export.organization_id, export_id=export.id)
    assert files(export) == {export.staged_name}
    assert Route.objects.filter(kind=DRAFT_ROUTE).exists()


@pytest.mark.parametrize("state", [ExportState.PREPARING, ExportState.SENDING, ExportState.WAITING])
def test_what_is_under_way_can_be_canceled(destination, creator, state):
    row = put(prepared(destination, creator), state)
    with inside(row):
        export_cancel(export=row, by=creator)
        assert Entry.objects.filter(action="export canceled", person_id=creator.id).exists()
    assert stored(row).state == ExportState.CANCELED
    assert {batch.state for batch in batches(row)} == {BatchState.CANCELED}
    assert is_found_by_the_sweep(row)


@pytest.mark.parametrize("state", [ExportState.DRAFT, *sorted(FINAL)])
def test_what_is_over_or_never_began_cannot_be_canceled(export, creator, state):
    row = put(export, state)
    with inside(row), pytest.raises(NotNow):
        export_cancel(export=row, by=creator)
    assert stored(row).state == state


@pytest.mark.parametrize("waiting_for", sorted(set(WaitingFor) - {WaitingFor.PERSON}))
def test_go_on_is_for_what_waits_for_a_person(export, creator, waiting_for):
    row = put(export, ExportState.WAITING, waiting_for=waiting_for)
    with inside(row), pytest.raises(NotNow):
        export_go_on(export=row, by=creator)
    assert stored(row).waiting_for == waiting_for


def test_only_what_failed_and_is_still_there_can_be_retried(servers, destination, creator):
    def can_be(row) -> bool:
        with inside(row):
            return may_retry(row)

    row = prepared(destination, creator)
    for state in sorted(set(ExportState) - {ExportState.FAILED}):
        assert not can_be(put(row, state))
    assert not can_be(put(row, ExportState.FAILED))
    change(batches(row)[0], state=BatchState.FAILED)
    assert can_be(put(row, ExportState.FAILED))
    unprepared = put(started(destination, creator), ExportState.FAILED)
    assert can_be(unprepared)
    assert not can_be(put(unprepared, ExportState.FAILED, staged_name=""))


def test_retry_forgets_the_failure(servers, destination, creator):
    servers.answer("add", 400)
    export = delivered(started(destination, creator))
    with inside(export):
        export_retry(export=export, by=creator)
    now, batch = stored(export), batches(export)[0]
    assert (now.state, now.reason, now.finished_at) == (ExportState.SENDING, "", None)
    assert (batch.state, batch.error, batch.finished_at) == (BatchState.PENDING, "", None)
    assert is_found_by_the_sweep(export)


def test_batches_are_numbered_once(destination, creator):
    first, second, _ = batches(prepared(destination, creator))
    with pytest.raises(IntegrityError), transaction.atomic():
        change(second, number=first.number)


def test_the_order_of_the_turn_is_the_order_of_the_start(destination, creator):
    exports = [started(destination, creator) for _ in range(3)]
    assert all(one.started_at < other.started_at for one, other in pairwise(exports))


def test_what_is_left_of_an_export_is_destroyed_after_thirty_days(
    servers, destination, creator, staging_folder
):
    servers.answer("add", 400)
    export = delivered(started(destination, creator))
    assert list((staging_folder / str(export.id)).iterdir())
    with fence.inside(export.organization_id):
        assert may_retry(export)
        Route.objects.filter(kind=retention.ROUTE).update(due_at=timezone.now())
    change(export, finished_at=timezone.now() - timedelta(days=31))
    tasks.sweep_drafts()
    assert not (staging_folder / str(export.id)).exists()
    export = stored(export)
    with fence.inside(export.organization_id):
        assert not may_retry(export)
    assert (export.rejects_name, export.state) == ("", ExportState.FAILED)


def test_nothing_is_started_at_a_deleted_destination(export, creator):
    with fence.inside(export.organization_id):
        destination_delete(destination=export.destination, by=creator)
        with pytest.raises(NotNow):
            export_start(export=export, by=creator, mode=Mode.ADD, columns={"email": 0})
