"""A demo with one platform, where each injection gets an export of its own; and how it is judged.

What the emulated platform holds afterwards is compared with an independent computation.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from infosum_auth.demo import Demo
from infosum_auth.demo_check import (
    authorize,
    control,
    create_destination,
    expected_of,
    signed_in,
)
from infosum_auth.text_browser import NotOnThePageError, TextBrowser
from providers.platform import Platform

ROWS = 250_000
# So that an export has about ten batches, and this many in flight.
BATCH_ROWS = 20_000
IN_FLIGHT = 2
# An export that goes on later than this after a fault has passed was stuck.
STUCK_SECONDS = 120
PATIENCE_SECONDS = 400
_SLOW_SECONDS = 1.5


@dataclass
class Score:
    """What came of one fault. `lost`: identifiers missing or too many, summed.

    `most_seconds`: the longest from when the fault had passed to the export's end.
    """

    injected: int = 0
    survived: int = 0
    lost: int = 0
    resent_batches: int = 0
    wrong_account: int = 0
    most_seconds: float = 0.0


@dataclass(frozen=True)
class Fault:
    """What strikes: while an export runs, or before it starts, at the destination's address.

    `may_resend` says how many batches may go a second time for one injection. `answer` is the HTTP
    status that the platform must have given because of it. `whole` does all of it in its own way,
    once.
    """

    strike: Callable[[Drill], None] | None = None
    before: Callable[[Drill, str], None] | None = None
    may_resend: int = 0
    answer: int | None = None
    whole: Callable[[Drill, Score], None] | None = None


class Drill:
    """A demo with one platform, one authorization, and a new destination for each injection.

    They are in two ad accounts in turn.
    """

    def __init__(self, demo: Demo, platform: Platform, file: Path, seed: int) -> None:
        self.demo = demo
        self.platform = platform
        self.file = file
        self.expected = expected_of(file)
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.authorization = f"Drill at {platform.label}"
        self.name = ""
        self._runs = 0
        # What was seen of the ad accounts that the exports go to in turn.
        self._accounts: tuple[set[str], set[str]] = (set(), set())
        authorize(demo, platform, self.authorization)

    def run(self, fault: Fault, score: Score) -> bool:
        """Start an export, let the fault strike, wait for the end, compare.

        False where the fault came too late to meet anything; then nothing is counted.
        """
        self._runs += 1
        self.name = f"Drill {self._runs}"
        url = create_destination(
            self.demo,
            self.platform,
            self.authorization,
            self.name,
            audience_name=self.name,
            ad_account=self.turn,
        )
        if fault.before is not None:
            fault.before(self, url)
        answers = self._answers(fault.answer)
        page = self.started(url)
        if fault.strike is not None:
            fault.strike(self)
        began = time.monotonic()
        wait_for_the_end(page)
        seconds = round(time.monotonic() - began, 1)
        has_struck = fault.answer is None or self._answers(fault.answer) > answers
        has_struck = has_struck and not self._is_pending()
        self.calm()
        if has_struck:
            score.injected += 1
            score.most_seconds = max(score.most_seconds, seconds)
            self._judge(page, score)
        return has_struck

    def started(self, destination_url: str) -> TextBrowser:
        """Return the page of a started export of the file."""
        browser = self.uploaded(destination_url)
        browser.click("Start export")
        return browser

    def uploaded(self, destination_url: str) -> TextBrowser:
        """Return the page that an upload of the file leads to."""
        browser = signed_in(self.demo, "creator@acme.example")
        browser.open(destination_url)
        browser.click("New export")
        form = browser.form_with("Upload")
        form.attach("File", self.file)
        # Slow enough that a fault meets batches in flight.
        self.fault("slow", count=None, seconds=_SLOW_SECONDS)
        browser.press(form, "Upload")
        return browser

    @property
    def turn(self) -> int:
        """Return which of its two ad accounts the export that runs now goes to."""
        return self._runs % 2

    def sleep(self, least: float, most: float) -> None:
        """Wait for a random moment."""
        time.sleep(self.chance.uniform(least, most))

    def sleep_until_sending(self) -> None:
        """Wait until the first batch has arrived, and for a random moment of the following."""
        until = time.monotonic() + STUCK_SECONDS
        while not self.held()["requests"]:
            if time.monotonic() > until:
                raise NotOnThePageError(f"No batch has arrived in {STUCK_SECONDS} s.")
            time.sleep(0.2)
        self.sleep(0, _SLOW_SECONDS)

    def held(self) -> dict[str, Any]:
        """Return what the platform holds of the export that runs now."""
        nothing = {"name": self.name, "held": 0, "digest": "", "requests": 0, "account": ""}
        path = f"{self.platform.key}/audiences?name={quote(self.name)}"
        found: list[dict[str, Any]] = control(self.demo, path)
        self._accounts[self.turn].update(each["account"] for each in found)
        return found[0] if found else nothing

    def fault(self, kind: str, *, count: int | None = 1, **more: float) -> None:
        """Switch a fault of the platform on."""
        self.tell("POST", f"{self.platform.key}/faults", {"kind": kind, "count": count, **more})

    def calm(self) -> None:
        """Switch every fault of the platform off."""
        self.tell("DELETE", f"{self.platform.key}/faults")

    def tell(self, method: str, path: str, body: Any = None) -> None:
        """Tell the emulated platforms something."""
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.demo.sandbox_url}/_control/{path}"
            session.request(method, url, json=body, timeout=30).raise_for_status()

    def _judge(self, page: TextBrowser, score: Score) -> None:
        held = self.held()
        is_whole = held["digest"] == self.expected.digest
        is_said = "Succeeded" in page.text
        score.survived += is_whole and is_said
        score.lost += 0 if is_whole else max(1, abs(held["held"] - len(self.expected.digests)))
        score.wrong_account += self._wrong_accounts()
        batches = -(-len(self.expected.digests) // BATCH_ROWS)
        score.resent_batches += max(0, held["requests"] - batches)

    def _wrong_accounts(self) -> int:
        """Count ad accounts that hold what should have gone to the other one, or to none."""
        own, other = self._accounts[self.turn], self._accounts[1 - self.turn]
        return max(0, len(own) - 1) + len(own & other)

    def _answers(self, status: int | None) -> int:
        """Return how many answers of a status the platform has given."""
        counted: dict[str, int] = control(self.demo, "requests")[self.platform.key]
        return counted.get(str(status), 0)

    def _is_pending(self) -> bool:
        """Say whether a fault that strikes so many times has not done so yet."""
        on = control(self.demo, f"{self.platform.key}/faults")["on"]
        return any(each["count"] is not None for each in on)


def wait_for_the_end(page: TextBrowser) -> None:
    """Reload an export's page until its history has an end; a server may be down meanwhile."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not ("Export finished" in page.text or "Export failed" in page.text):
        if time.monotonic() > until:
            raise NotOnThePageError(f"The export does not end: {page.text}")
        time.sleep(0.3)
        with suppress(NotOnThePageError, requests.RequestException):
            page.open(page.url)
