"""A destination takes its file by the clock: once each time, or it is said why not."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from audit.models import Entry
from destinations.services import destination_delete, destination_pause
from exports import schedule_runs, schedules, services
from exports.models import Export
from exports.schedule_models import RunState, Schedule
from exports.states import ExportState, Mode
from organizations import fence, routing
from organizations.models import Route
from tests.exports.driving import files
from tests.exports.fetches import draft_of, go, wanted
from tests.exports.scheduling import draft, due, fetched, runs, saved, schedule
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

__all__ = ("draft", "schedule")


def test_a_run_fetches_the_file_and_starts_an_export_in_the_name_of_who_saved(schedule, creator):
    run = fetched(due(schedule))
    assert run.state == RunState.STARTED
    with fence.inside(run.organization_id):
        export = Export.objects.get(pk=run.pk)
    assert export.state == ExportState.PREPARING
    assert export.created_by == creator
    assert (export.mode, export.columns) == (Mode.ADD, {"email": 0})
    # Found again by the sweep at its next time, and by nothing else.
    assert stored(schedule).next_at > export.started_at
    assert not Route.objects.filter(kind=schedule_runs.ROUTE).exists()


def test_before_its_time_nothing_runs(schedule, acme):
    assert schedule_runs.run_due(schedule.organization_id, schedule.pk) is None
    assert runs(acme) == []


def test_two_sweeps_start_one_run(schedule, acme):
    first = due(schedule)
    assert first is not None
    assert schedule_runs.run_due(schedule.organization_id, schedule.pk) is None
    assert len(runs(acme)) == 1


def test_a_sweep_that_read_an_older_time_starts_nothing(schedule, acme, monkeypatch):
    """Both have read the same row; the second one writes after the first."""
    real = schedule_runs.database_now
    seen = []

    def other_comes_first():
        if not seen:
            seen.append(1)
            schedule_runs.run_due(schedule.organization_id, schedule.pk)
        return real()

    with fence.inside(schedule.organization_id):
        Schedule.objects.filter(pk=schedule.pk).update(next_at=Now() - timedelta(minutes=1))
    monkeypatch.setattr(schedule_runs, "database_now", other_comes_first)
    assert schedule_runs.run_due(schedule.organization_id, schedule.pk) is None
    assert len(runs(acme)) == 1


def test_what_was_missed_runs_once_and_late(schedule, acme):
    assert due(schedule, since=timedelta(days=9)) is not None
    assert schedule_runs.run_due(schedule.organization_id, schedule.pk) is None
    assert len(runs(acme)) == 1
    with fence.inside(acme.id):
        assert stored(schedule).next_at > schedules.database_now()


def test_the_next_run_is_found_by_its_route(schedule, acme):
    route = Route.objects.get(kind=schedules.ROUTE, row_id=schedule.pk)
    assert abs(route.due_at - schedule.next_at) < timedelta(seconds=5)
    Route.objects.filter(pk=route.pk).update(due_at=Now() - timedelta(seconds=1))
    found = routing.take_due(schedules.ROUTE, again_in=schedule_runs.DUE_AGAIN)
    assert [each.row_id for each in found] == [schedule.pk]


def test_a_file_that_is_not_there_is_said(schedule, server):
    server.statuses = [404]
    run = fetched(due(schedule))
    assert run.state == RunState.SKIPPED
    assert "no file at the address" in run.reason
    assert files() == set()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"mail,city\na@example.com,Oslo\n", "“email” is not there"),
        (b"email,email\na@example.com,b@example.com\n", "more than once"),
        (b"a@example.com\nb@example.com\n", "header"),
    ],
)
def test_a_file_whose_columns_changed_is_skipped_and_destroyed(
    schedule, server, acme, content, words
):
    server.content = content
    run = fetched(due(schedule))
    assert run.state == RunState.SKIPPED
    assert words in run.reason
    assert files() == set()
    with fence.inside(acme.id):
        assert not Export.objects.exists()
        assert Entry.objects.filter(action="scheduled export skipped").exists()


def test_a_column_that_moved_is_found_by_its_name(schedule, server):
    server.content = b"city,email\nOslo,a@example.com\n"
    run = fetched(due(schedule))
    with fence.inside(run.organization_id):
        assert Export.objects.get(pk=run.pk).columns == {"email": 1}


def corrected_by_a_person(destination, creator, server, *, has_header) -> Schedule:
    row = wanted(destination, creator, server.address())
    go(row)
    found = draft_of(row)
    with fence.inside(found.organization_id):
        assert found.shape["has_header"] is not has_header
        services.draft_reread(export=found, has_header=has_header)
    return saved(found, creator)


@pytest.fixture
def corrected(destination, creator, server) -> Schedule:
    """Return a schedule whose file has a header that looks like data: a person said so."""
    server.content = b"email,2244994945\na@example.com,x\n"
    return corrected_by_a_person(destination, creator, server, has_header=True)


@pytest.fixture
def without_header(destination, creator, server) -> Schedule:
    """Return a schedule whose file begins with data that looks like a header."""
    server.content = b"not given,Oslo\na@example.com,Rome\n"
    return corrected_by_a_person(destination, creator, server, has_header=False)


@pytest.mark.parametrize(
    "content", [b"not given,Rome\nb@example.com,Oslo\n", b"c@example.com,Oslo\n"]
)
def test_a_first_row_that_a_person_took_for_data_is_data_at_every_run(
    without_header, server, content
):
    server.content = content
    run = fetched(due(without_header))
    assert (run.state, run.reason) == (RunState.STARTED, "")
    with fence.inside(run.organization_id):
        export = Export.objects.get(pk=run.pk)
    assert (export.shape["has_header"], export.columns) == (False, {"email": 0})


def test_a_header_where_there_was_none_is_not_read_as_data(without_header, server):
    """Its columns may be in another order now, and hashes do not show what they are of."""
    server.content = b"city,E-Mail\nOslo,a@example.com\n"
    run = fetched(due(without_header))
    assert run.state == RunState.SKIPPED
    assert "has a header now" in run.reason


def test_a_header_that_a_person_recognized_is_one_at_every_run(corrected):
    run = fetched(due(corrected))
    assert (run.state, run.reason) == (RunState.STARTED, "")
    with fence.inside(run.organization_id):
        assert Export.objects.get(pk=run.pk).shape["has_header"] is True


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"email,2244994945\n", "a header but no rows"),
        (b"b@example.com,2244994945\na@example.com,x\n", "“email” is not there"),
    ],
)
def test_a_file_that_does_not_fit_that_header_is_skipped(corrected, server, content, words):
    server.content = content
    run = fetched(due(corrected))
    assert run.state == RunState.SKIPPED
    assert words in run.reason
    assert files() == set()


def test_as_long_as_the_last_one_is_under_way_the_next_is_skipped(schedule):
    first = due(schedule)
    second = due(schedule)
    assert (second.state, "still under way" in second.reason) == (RunState.SKIPPED, True)
    fetched(first)
    third = due(schedule)
    assert third.state == RunState.SKIPPED
    with fence.inside(schedule.organization_id):
        Export.objects.filter(pk=first.pk).update(state=ExportState.SUCCEEDED)
    assert due(schedule).state == RunState.FETCHING


def test_who_lost_the_right_to_deliver_delivers_nothing(schedule, creator, acme):
    run = due(schedule)
    with fence.inside(acme.id):
        creator.memberships.update(role="analyst")
    # Looked at again when the file is here.
    assert "may not run exports" in fetched(run).reason
    assert "may not run exports" in due(schedule).reason
    with fence.inside(acme.id):
        creator.memberships.all().delete()
    assert "may not run exports" in due(schedule).reason
    with fence.inside(acme.id):
        assert not Export.objects.exists()


def test_a_destination_that_needs_reconnection_is_the_reason(schedule, destination, creator, acme):
    change(destination, authorization=None)
    assert "Needs reconnection" in due(schedule).reason


def test_a_paused_destination_is_the_reason(schedule, destination, creator, acme):
    with fence.inside(acme.id):
        destination_pause(destination=destination, by=creator)
    assert "Paused" in due(schedule).reason


def test_paused_it_does_not_run_and_resumed_it_makes_up_for_nothing(schedule, creator, acme):
    with fence.inside(acme.id):
        schedules.schedule_pause(schedule=schedule, by=creator)
    assert due(schedule) is None
    with fence.inside(acme.id):
        schedules.schedule_resume(schedule=stored(schedule), by=creator)
    assert schedule_runs.run_due(schedule.organization_id, schedule.pk) is None
    assert runs(acme) == []


def test_deleted_meanwhile_it_sends_nothing_and_its_runs_stay(schedule, creator, acme):
    run = due(schedule)
    with fence.inside(acme.id):
        schedules.schedule_delete(schedule=schedule, by=creator)
    assert "deleted" in fetched(run).reason
    assert len(runs(acme)) == 1


def test_that_of_a_deleted_destination_runs_no_more(schedule, destination, creator, acme):
    with fence.inside(acme.id):
        destination_delete(destination=destination, by=creator)
    assert due(schedule) is None
    assert runs(acme) == []
    assert not Route.objects.filter(kind=schedules.ROUTE).exists()
