"""A schedule as a creator leaves it, and its runs as the clock and workers bring them on."""

from datetime import time, timedelta

import pytest
from django.db.models.functions import Now

from exports import schedule_runs, schedules, services
from exports.engine.taking import AS_THEY_ARE
from exports.models import Export
from exports.recurrence import DAY, Recurrence
from exports.schedule_models import Schedule, ScheduleRun
from exports.states import Mode
from organizations import fence
from tests.exports.fetches import draft_of, go, wanted
from tests.factories import stored


@pytest.fixture
def draft(destination, creator, server) -> Export:
    """Return a file from an address that somebody looks at."""
    row = wanted(destination, creator, server.address())
    go(row)
    return draft_of(row)


@pytest.fixture
def schedule(draft, creator) -> Schedule:
    return saved(draft, creator)


def saved(draft, creator) -> Schedule:
    """Return the schedule that a creator saves by a draft."""
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


def come(schedule, *, since=timedelta(minutes=1)) -> None:
    """Let its time come: as always, it was saved before that."""
    with fence.inside(schedule.organization_id):
        Schedule.objects.filter(pk=schedule.pk).update(
            next_at=Now() - since, saved_at=Now() - since - timedelta(minutes=1)
        )


def due(schedule, *, since=timedelta(minutes=1)) -> ScheduleRun | None:
    """Let its time come, and sweep."""
    come(schedule, since=since)
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
