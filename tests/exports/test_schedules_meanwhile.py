"""What people do, and what does not run, between the times of a schedule and during its fetches."""

from datetime import UTC, datetime, time, timedelta

import pytest

from exports import schedule_runs, schedules
from exports.engine.taking import AS_THEY_ARE
from exports.models import Export
from exports.recurrence import DAY, HOUR, Recurrence
from exports.schedule_models import RunState, Schedule, ScheduleRun
from exports.states import Mode
from organizations import fence
from tests.exports.driving import files
from tests.exports.fetches import draft_of, go, wanted
from tests.exports.scheduling import come, draft, due, fetched, runs, schedule
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

__all__ = ("draft", "schedule")

CHANGED = "The schedule was changed while its file was fetched."
PAUSED = "The schedule was paused."


def asked(schedule, by) -> ScheduleRun:
    """Press "Run now"."""
    with fence.inside(schedule.organization_id):
        return schedule_runs.run_now(schedule=schedule, by=by)


def edit(schedule, by, address, mode=Mode.REMOVE) -> Schedule:
    with fence.inside(schedule.organization_id):
        wish = schedules.Wish(address, mode, schedule.recurrence)
        return schedules.schedule_update(schedule=schedule, by=by, wish=wish)


def pause(schedule, by) -> None:
    with fence.inside(schedule.organization_id):
        schedules.schedule_pause(schedule=schedule, by=by)


def resume(schedule, by) -> None:
    with fence.inside(schedule.organization_id):
        schedules.schedule_resume(schedule=stored(schedule), by=by)


def nothing_was_exported(run) -> bool:
    with fence.inside(run.organization_id):
        return not Export.objects.exists() and files() == set()


@pytest.mark.parametrize("begin", [due, lambda row: asked(row, row.saved_by)])
@pytest.mark.parametrize("name", ["files/members.csv", "files/unsubscribed.csv"])
def test_a_file_is_not_exported_by_what_was_saved_while_it_was_fetched(
    schedule, creator, server, begin, name
):
    run = begin(schedule)
    edit(schedule, creator, server.address(name))
    run = fetched(run)
    assert (run.state, run.reason) == (RunState.SKIPPED, CHANGED)
    assert nothing_was_exported(run)


def test_nor_by_the_schedule_that_took_the_place_meanwhile(schedule, destination, creator, server):
    other = wanted(destination, creator, server.address("files/other.csv"))
    go(other)
    looked_at = draft_of(other)
    run = due(schedule)
    with fence.inside(run.organization_id):
        when = Recurrence(DAY, time(6, 0), 0, "UTC")
        wish = schedules.Wish(looked_at.address, Mode.REMOVE, when)
        schedules.schedule_create(
            draft=looked_at, by=creator, wish=wish, columns={"email": 0}, taking=AS_THEY_ARE
        )
    assert fetched(run).reason == CHANGED


def test_what_was_saved_before_a_run_is_what_it_does(schedule, creator, server):
    come(schedule)
    saved = edit(schedule, creator, server.address("files/unsubscribed.csv"))
    # Overdue when it was saved: what it has now is a new time.
    assert schedule_runs.run_due(schedule.organization_id, schedule.pk) is None
    assert saved.next_at > saved.saved_at
    run = fetched(asked(schedule, creator))
    assert run.state == RunState.STARTED
    with fence.inside(run.organization_id):
        export = Export.objects.get(pk=run.pk)
    assert (export.mode, export.file_name) == (Mode.REMOVE, "unsubscribed.csv")


def test_a_run_that_begins_late_is_not_taken_for_a_changed_one(schedule):
    run = fetched(due(schedule, since=timedelta(days=3)))
    assert run.state == RunState.STARTED


def test_pausing_stops_the_run_whose_file_is_fetched(schedule, creator):
    run = due(schedule)
    pause(schedule, creator)
    run = fetched(run)
    assert (run.state, run.reason) == (RunState.SKIPPED, PAUSED)
    assert nothing_was_exported(run)


def test_what_is_asked_for_while_it_is_paused_runs(schedule, creator):
    pause(schedule, creator)
    run = fetched(asked(stored(schedule), creator))
    assert (run.state, run.reason) == (RunState.STARTED, "")


def test_pausing_again_stops_what_was_asked_for(schedule, creator):
    pause(schedule, creator)
    run = asked(stored(schedule), creator)
    resume(schedule, creator)
    pause(schedule, creator)
    assert fetched(run).reason == PAUSED


def test_paused_and_resumed_before_the_file_is_here_it_goes_on(schedule, creator):
    run = due(schedule)
    pause(schedule, creator)
    resume(schedule, creator)
    assert fetched(run).state == RunState.STARTED


def test_identifiers_that_the_destination_does_not_take_any_more_are_not_sent(
    schedule, destination
):
    run = due(schedule)
    change(destination, identifiers=["second"])
    run = fetched(run)
    assert (run.state, "takes other identifiers now" in run.reason) == (RunState.SKIPPED, True)
    assert nothing_was_exported(run)
    # Nor is the file fetched for that.
    assert due(schedule).state == RunState.SKIPPED
    change(destination, identifiers=["email", "second"])
    assert fetched(due(schedule)).state == RunState.STARTED


@pytest.fixture
def hourly(schedule) -> Schedule:
    """Return a schedule of every hour that was due at 05:00 in Berlin."""
    change(
        schedule,
        every=HOUR,
        at=time(0, 0),
        next_at=datetime(2025, 6, 1, 3, 0, tzinfo=UTC),
        saved_at=datetime(2025, 6, 1, 2, 30, tzinfo=UTC),
    )
    return stored(schedule)


@pytest.fixture
def swept_at(hourly, monkeypatch):
    """Return how somebody looks at the schedule again, at a time of that morning in UTC."""

    def sweep(hour, minute) -> ScheduleRun:
        moment = datetime(2025, 6, 1, hour, minute, tzinfo=UTC)
        monkeypatch.setattr(schedule_runs, "database_now", lambda: moment)
        return schedule_runs.run_due(hourly.organization_id, hourly.pk)

    return sweep


LATE = (
    "This server did not look at schedules until 1 June 2025, 09:30 CEST."
    " The times in between are not made up for."
)


def test_times_at_which_nobody_looked_are_explained(swept_at):
    run = swept_at(7, 30)
    assert run.reason == LATE
    run = fetched(run)
    assert (run.state, run.reason) == (RunState.STARTED, LATE)


def test_also_where_the_run_is_skipped(swept_at, server):
    server.statuses = [404]
    run = fetched(swept_at(7, 30))
    assert run.state == RunState.SKIPPED
    assert "no file at the address" in run.reason
    assert run.reason.endswith(LATE)


def test_a_run_that_is_late_but_misses_no_other_time_says_nothing(swept_at, acme):
    assert swept_at(3, 59).reason == ""
    assert len(runs(acme)) == 1
