"""When a schedule is due next: every hour, day or week, by the clock of a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR, DAY, WEEK = "hour", "day", "week"


@dataclass(frozen=True)
class Recurrence:
    """`weekday` is 0 for Monday and counts for weeks only; of `at` the minute counts for hours."""

    every: str
    at: time
    weekday: int
    time_zone: str

    def after(self, moment: datetime) -> datetime:
        """Return the first moment after this one at which it is due, in UTC.

        A time that a clock leaves out when it is put forward is due as much later as it is put
        forward; one that comes twice is due the first time. Hours are hours that pass.
        """
        zone = ZoneInfo(self.time_zone)
        if self.every == HOUR:
            return self._next_hour(moment, zone)
        today = moment.astimezone(zone).date()
        # From yesterday on: where the hour before midnight is left out, its due time is today.
        for days in range(-1, 9):
            day = today + timedelta(days=days)
            if self.every == WEEK and day.weekday() != self.weekday:
                continue
            due = datetime.combine(day, self.at, zone).astimezone(UTC)
            if due > moment:
                return due
        raise AssertionError("A week has each of its days.")

    def _next_hour(self, moment: datetime, zone: ZoneInfo) -> datetime:
        due = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        # By the minute: zones differ from each other by parts of an hour, too.
        while due.astimezone(zone).minute != self.at.minute:
            due += timedelta(minutes=1)
        return due
