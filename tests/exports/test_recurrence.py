"""When a schedule is due next, also where clocks are put forward and back."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest

from exports.recurrence import DAY, HOUR, WEEK, Recurrence

BERLIN = "Europe/Berlin"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def dues(recurrence: Recurrence, moment: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        moment = recurrence.after(moment)
        found.append(moment)
    return found


def test_a_day_keeps_its_time_when_the_clock_is_put_forward():
    daily = Recurrence(DAY, time(6, 0), 0, BERLIN)
    assert dues(daily, utc(2026, 3, 27, 12), 3) == [
        utc(2026, 3, 28, 5),
        utc(2026, 3, 29, 4),
        utc(2026, 3, 30, 4),
    ]


def test_a_time_that_is_left_out_is_due_an_hour_later_that_day():
    daily = Recurrence(DAY, time(2, 30), 0, BERLIN)
    # On 29 March 2026 half past two does not exist in Berlin: half past three it is.
    assert dues(daily, utc(2026, 3, 28, 12), 2) == [
        utc(2026, 3, 29, 1, 30),
        utc(2026, 3, 30, 0, 30),
    ]


def test_a_time_that_comes_twice_is_due_once():
    daily = Recurrence(DAY, time(2, 30), 0, BERLIN)
    # On 25 October 2026 half past two comes twice in Berlin.
    assert dues(daily, utc(2026, 10, 24, 12), 2) == [
        utc(2026, 10, 25, 0, 30),
        utc(2026, 10, 26, 1, 30),
    ]


@pytest.mark.parametrize("begin", [utc(2026, 3, 28, 22, 20), utc(2026, 10, 24, 22, 20)])
def test_every_hour_is_every_hour_that_passes_at_both_changes(begin):
    found = dues(Recurrence(HOUR, time(0, 15), 0, BERLIN), begin, 6)
    assert found[0] == begin.replace(hour=23, minute=15)
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}


def test_a_zone_of_half_hours_has_its_own_minutes():
    hourly = Recurrence(HOUR, time(0, 0), 0, "Asia/Kolkata")
    assert hourly.after(utc(2026, 5, 1, 10, 0)) == utc(2026, 5, 1, 10, 30)


def test_a_week_keeps_its_day_there_not_here():
    weekly = Recurrence(WEEK, time(0, 30), 0, "Asia/Tokyo")
    # Monday in Tokyo is Sunday in London.
    assert dues(weekly, utc(2026, 11, 27, 12), 2) == [
        utc(2026, 11, 29, 15, 30),
        utc(2026, 12, 6, 15, 30),
    ]


def test_the_moment_itself_is_not_after_it():
    daily = Recurrence(DAY, time(6, 0), 0, "UTC")
    assert daily.after(utc(2026, 5, 1, 6)) == utc(2026, 5, 2, 6)
    assert daily.after(utc(2026, 5, 1, 5, 59)) == utc(2026, 5, 1, 6)


def test_a_time_before_midnight_that_is_left_out_is_due_after_midnight():
    daily = Recurrence(DAY, time(23, 30), 0, "America/Nuuk")
    # On 28 March 2026 the clock goes from 23:00 to midnight there: it is due at half past midnight.
    due = utc(2026, 3, 29, 1, 30)
    assert daily.after(utc(2026, 3, 28, 12)) == due
    assert daily.after(due - timedelta(minutes=10)) == due
