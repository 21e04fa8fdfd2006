"""A worker is killed in the middle of fetching a file: asked for by a person, and by a schedule."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from infosum_auth.drill.delivery import Delivery
from infosum_auth.drill.programs import kill_workers
from infosum_auth.drill.scene import IN_FLIGHT, STUCK_SECONDS, Drill, Fault
from infosum_auth.processes import wait_until
from infosum_auth.text_browser import NotOnThePageError, TextBrowser

# What a fetch takes, and how long after it was killed another worker may begin with it.
_SECONDS = 8.0
_STARTED = "Export started"


def worker_killed_while_fetching(drill: Drill, delivery: Delivery) -> None:
    """Kill -9 of the workers while one fetches the file for a person who waits for it."""
    _killed_in_the_middle(drill, lambda: _fetch(drill, delivery))
    _wait_for(delivery.page, lambda: delivery.is_at_a_draft)


def worker_killed_in_scheduled_run(drill: Drill, delivery: Delivery) -> None:
    """Kill -9 of the workers while one fetches the file that a schedule is to export."""
    _fetch(drill, delivery)
    page = delivery.page
    _wait_for(page, lambda: delivery.is_at_a_draft)
    page.click("Schedule")
    form = page.form_with("Save schedule")
    form.choose("How often", "Every hour")
    # Of the next minute there may be too little left.
    form.fill("At", f"{datetime.now(UTC) + timedelta(seconds=65):%H:%M}")
    form.choose("Time zone", "UTC")
    _killed_in_the_middle(drill, lambda: page.press(form, "Save schedule"))
    page.open(delivery.url)
    _wait_for(page, lambda: _STARTED in page.text)
    # It would run again in an hour.
    page.click("Pause schedule")
    page.click(delivery.audience.file.name)
    delivery.is_started = True


def _fetch(drill: Drill, delivery: Delivery) -> None:
    delivery.page = delivery.at_the_form()
    form = delivery.page.form_with("Fetch the file")
    form.fill("Address", drill.files.address(delivery.audience.file))
    delivery.page.press(form, "Fetch the file")


def _killed_in_the_middle(drill: Drill, begin: Callable[[], None]) -> None:
    """Let a slow fetch begin, kill the workers at a random moment of it, start them again."""
    files = drill.files
    files.seconds = _SECONDS
    begun, ended = files.begun, files.ended
    begin()
    if not wait_until(lambda: files.begun > begun, seconds=STUCK_SECONDS):
        raise NotOnThePageError("Nobody has begun to fetch the file.")
    drill.sleep(0, 0.9 * _SECONDS)
    is_over = files.ended > ended
    kill_workers(drill)
    files.seconds = 0.0
    if is_over:
        raise RuntimeError("The file was there before the workers were killed.")


def _wait_for(page: TextBrowser, true: Callable[[], bool]) -> None:
    """Load a page again until something is true of it."""
    until = time.monotonic() + STUCK_SECONDS
    while not true():
        if time.monotonic() > until:
            raise NotOnThePageError(f"The file does not come: {page.text}")
        time.sleep(0.3)
        page.open(page.url)


FAULTS = {
    "worker_killed_while_fetching": Fault(
        before=worker_killed_while_fetching, may_resend=IN_FLIGHT
    ),
    "worker_killed_in_scheduled_run": Fault(
        before=worker_killed_in_scheduled_run, may_resend=IN_FLIGHT
    ),
}
