"""Runs of schedules that were skipped: kept as long as an organization says, and the newest."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from destinations.services import destination_delete, destination_pause
from exports import retention, tasks
from exports.retention_models import Retention
from exports.schedule_models import SHOWN_RUNS, RunState, ScheduleRun
from organizations import fence
from organizations.models import Route
from tests.exports.scheduling import draft, due, fetched, runs, schedule
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

__all__ = ("draft", "schedule")

OLD, YOUNG = timedelta(days=31), timedelta(days=29)


def skipped(schedule, count, age) -> list[ScheduleRun]:
    """Return runs that were skipped so long ago, as `schedule_runs` leaves them."""
    made = [
        ScheduleRun(
            organization_id=schedule.organization_id,
            schedule=schedule,
            destination=schedule.destination,
            due_at=timezone.now() - age - timedelta(minutes=number),
            state=RunState.SKIPPED,
            reason="The last one is still under way.",
        )
        for number in range(count)
    ]
    with fence.inside(schedule.organization_id):
        return ScheduleRun.objects.bulk_create(made)


def ids(rows) -> set:
    return {row.pk for row in rows}


def is_told() -> bool:
    return Route.objects.filter(kind=retention.RUNS_ROUTE).exists()


def let_time_pass() -> None:
    """Let the sweep come by when it is told to."""
    Route.objects.filter(kind=retention.RUNS_ROUTE).update(due_at=timezone.now())
    tasks.sweep_drafts()


def test_each_run_forgets_those_whose_time_is_over(schedule, acme):
    skipped(schedule, 20, OLD)
    young = skipped(schedule, SHOWN_RUNS, YOUNG)
    run = fetched(due(schedule))
    assert run.state == RunState.STARTED
    assert ids(runs(acme)) == {run.pk, *ids(young)}


def test_the_newest_stay_as_the_page_shows_them(schedule, destination, acme, client_of, creator):
    old = skipped(schedule, 20, OLD)
    run = fetched(due(schedule))
    assert ids(runs(acme)) == {run.pk, *ids(old[: SHOWN_RUNS - 1])}
    page = client_of(creator).get(reverse("destinations:detail", args=[destination.pk]))
    assert page.content.decode().count("still under way") == SHOWN_RUNS - 1


def test_where_nothing_runs_any_more_the_clock_forgets_them(schedule, destination, creator, acme):
    with fence.inside(acme.id):
        destination_pause(destination=destination, by=creator)
    assert due(schedule).state == RunState.SKIPPED
    assert is_told()
    skipped(schedule, 20, YOUNG)
    let_time_pass()
    assert len(runs(acme)) == 21
    with fence.inside(acme.id):
        ScheduleRun.objects.update(due_at=F("due_at") - OLD)
    let_time_pass()
    assert len(runs(acme)) == SHOWN_RUNS


def test_what_started_an_export_stays(schedule, acme):
    started = fetched(due(schedule))
    change(started, due_at=timezone.now() - 10 * OLD)
    skipped(schedule, 20, YOUNG)
    with fence.inside(acme.id):
        retention.runs_prune(schedule.destination)
    assert started.pk in ids(runs(acme))


def test_a_choice_holds_for_what_lies_there_already(schedule, admin, acme):
    young = skipped(schedule, 20, YOUNG)
    with fence.inside(acme.id):
        row = Retention(organization_id=acme.id, files_days=28)
        retention.retention_change(chosen=row, by=admin)
    assert ids(runs(acme)) == ids(young[:SHOWN_RUNS])


def test_all_of_a_deleted_destination_go(schedule, destination, creator, acme):
    skipped(schedule, 3, YOUNG)
    with fence.inside(acme.id):
        destination_delete(destination=stored(destination), by=creator)
    assert runs(acme) == []
    assert not is_told()


def test_others_lose_nothing(schedule, globex, acme):
    skipped(schedule, 20, OLD)
    retention.runs_expire(organization_id=globex.id, destination_id=schedule.destination_id)
    assert len(runs(acme)) == 20
