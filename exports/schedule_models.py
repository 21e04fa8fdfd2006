"""A destination that takes its file from an address by the clock, and what came of each time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone

from destinations.models import Destination
from exports.recurrence import DAY, HOUR, WEEK, Recurrence
from organizations.models import Person, Tenant

# So many of a destination's newest runs its page shows.
SHOWN_RUNS = 10


class Every(models.TextChoices):
    """How often."""

    HOURLY = HOUR, "Every hour"
    DAILY = DAY, "Every day"
    WEEKLY = WEEK, "Every week"


class Weekday(models.IntegerChoices):
    """As Python counts them."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


class Schedule(Tenant):
    """What is exported, and when. `saved_by` is in whose name; `next_at` when next.

    `columns` names the column of each identifier type, `{type: name}`; `column_names` are all of
    the file that was looked at, with `has_header` as it was read, because a person said so or not.
    """

    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="schedules", db_constraint=False
    )
    address = models.CharField(max_length=1000)
    # One of `exports.states.Mode`.
    mode = models.CharField(max_length=20)
    columns = models.JSONField(default=dict)
    column_names = models.JSONField(default=list)
    has_header = models.BooleanField(default=True)
    header_is_said = models.BooleanField(default=False)
    taking = models.JSONField(default=dict)

    every = models.CharField(max_length=10, choices=Every)
    at = models.TimeField()
    weekday = models.PositiveSmallIntegerField(choices=Weekday, default=Weekday.MONDAY)
    time_zone = models.CharField(max_length=64)

    saved_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("destination",), name="schedule_one_a_destination"),
            models.CheckConstraint(
                condition=models.Q(every__in=Every.values), name="schedule_every_known"
            ),
        )

    def __str__(self) -> str:
        return self.address

    @property
    def recurrence(self) -> Recurrence:
        """Return when it is due."""
        return Recurrence(self.every, self.at, self.weekday, self.time_zone)

    @property
    def words(self) -> str:
        """Say when it is due."""
        if self.every == Every.HOURLY:
            return f"Every hour at minute {self.at.minute}"
        if self.every == Every.DAILY:
            return f"Every day at {self.at:%H:%M}"
        return f"Every {Weekday(self.weekday).label} at {self.at:%H:%M}"

    @property
    def next_there(self) -> datetime:
        """Return when it is due next, by the clock of its time zone."""
        return self.next_at.astimezone(ZoneInfo(self.time_zone))


class RunState(models.TextChoices):
    """What came of a run."""

    FETCHING = "fetching", "Fetching the file"
    STARTED = "started", "Export started"
    SKIPPED = "skipped", "Skipped"


class ScheduleRun(Tenant):
    """One time that a schedule was due. Its id is the export's, and its fetch's before that."""

    schedule = models.ForeignKey(
        Schedule, null=True, on_delete=models.SET_NULL, related_name="runs", db_constraint=False
    )
    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    due_at = models.DateTimeField()
    # Who pressed "Run now"; nobody where the clock did.
    asked_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=RunState, default=RunState.FETCHING)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("schedule", "due_at"), name="schedule_run_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=RunState.values), name="schedule_run_state_known"
            ),
        )
        indexes = (models.Index(fields=("destination", "-due_at"), name="schedule_run_newest"),)
        ordering = ("-due_at",)

    def __str__(self) -> str:
        return str(self.due_at)
