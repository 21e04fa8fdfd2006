"""A destination takes its file by the clock: once each time, or it is said why not."""

import re
from datetime import time, timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from audit.models import Entry
from destinations.services import destination_delete, destination_pause
from exports import schedule_runs, schedules, services
from exports.engine.taking import AS_THEY_ARE
from exports.models import Export
from exports.recurrence import DAY, Recurrence
from exports.schedule_models import RunState, Schedule, ScheduleRun
from exports.states import ExportState, Mode
from organizations import fence, routing
from organizations.models import Route
from tests.exports.driving import files
from tests.exports.fetches import draft_of, go, wanted
from tests.factories import change, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(destination, creator, server) -> Export:
    """Return a file from an address that somebody looks at."""
    row = wanted(destination, creator, server.address())
    go(row)
    return draft_of(row)


@pytest.fixture
def schedule(draft, creator) -> Schedule:
    when = Recurrence(DAY, time(6, 0), 0, "Europe/Berlin")
    with fence.inside(draft.organization_id):
        found = schedules.schedule_create(
            draft=draft,
            by=creator,
            wish=schedules.Wish(draft.address, Mode.ADD, when),
            columns={"email": 0},
            taking=AS_THEY_ARE,
        )
        services.draft_discard(export=draft)
    return found


def due(schedule, *, since=timedelta(minutes=1)) -> ScheduleRun | None:
    """Let its time come, and sweep."""
    with fence.inside(schedule.organization_id):
        Schedule.objects.filter(pk=schedule.pk).update(next_at=Now() - since)
    return schedule_runs.run_due(schedule.organization_id, schedule.pk)


def fetched(run) -> ScheduleRun:
    schedule_runs.run_advance(run.organization_id, run.pk)
    with fence.inside(run.organization_id):
        fetch = schedule_runs.Fetch.objects.get(pk=run.pk)
    go(fetch)
    schedule_runs.run_advance(run.organization_id, run.pk)
    return stored(run)


def runs(organization) -> list[ScheduleRun]:
    with fence.inside(organization.id):
        return list(ScheduleRun.objects.all())


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


def test_a_person_saves_one_by_the_file_that_was_looked_at(
    client_of, creator, draft, destination, acme
):
    client = client_of(creator)
    start = client.get(reverse("exports:start", args=[draft.pk])).content.decode()
    save = reverse("exports:schedule_save", args=[draft.pk])
    assert save in start
    page = client.get(save).content.decode()
    assert "Save schedule" in page
    filled = {
        "every": "week",
        "at": "07:30",
        "weekday": "2",
        "time_zone": "America/New_York",
        "mode": "add",
        "column-email": "0",
    }
    assert client.post(save, {**filled, "time_zone": "Mars/Olympus"}).status_code == 422
    answer = client.post(save, filled)
    assert answer["Location"] == reverse("destinations:detail", args=[destination.pk])
    with fence.inside(acme.id):
        row = Schedule.objects.get()
        assert not Export.objects.exists()
        assert Entry.objects.filter(action="schedule created").exists()
    assert row.columns == {"email": "email"}
    shown = client.get(answer["Location"]).content.decode()
    assert "Every Wednesday at 07:30" in shown
    assert re.search(r"Wednesday, \d+ \w+ \d{4}, 07:30 E[SD]T", shown)


def test_a_person_runs_it_now_edits_pauses_and_deletes_it(
    client_of, admin, schedule, destination, acme, server
):
    client = client_of(admin)

    def post(what, **filled):
        return client.post(reverse(f"exports:schedule_{what}", args=[schedule.pk]), filled)

    post("run_now")
    [run] = runs(acme)
    assert run.asked_by == admin
    assert fetched(run).state == RunState.STARTED
    shown = client.get(reverse("destinations:detail", args=[destination.pk])).content.decode()
    assert reverse("exports:detail", args=[run.pk]) in shown
    filled = {"mode": "remove", "every": "hour", "at": "00:15", "weekday": "0", "time_zone": "UTC"}
    assert post("edit", address="https://evil.example/a.csv", **filled).status_code == 422
    assert post("edit", address=server.address("files/other.csv"), **filled).status_code == 302
    row = stored(schedule)
    assert (row.mode, row.saved_by, row.next_at.minute) == ("remove", admin, 15)
    post("pause")
    assert stored(schedule).paused_at is not None
    post("resume")
    assert stored(schedule).paused_at is None
    post("delete")
    with fence.inside(acme.id):
        assert not Schedule.objects.exists()
        said = set(Entry.objects.values_list("action", flat=True))
    assert {f"schedule {word}" for word in ("changed", "paused", "resumed", "deleted")} <= said


def test_that_of_a_deleted_destination_runs_no_more(schedule, destination, creator, acme):
    with fence.inside(acme.id):
        destination_delete(destination=destination, by=creator)
    assert due(schedule) is None
    assert runs(acme) == []
    assert not Route.objects.filter(kind=schedules.ROUTE).exists()
