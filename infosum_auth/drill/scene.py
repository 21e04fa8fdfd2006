"""A demo in which each injection gets two exports of its own, at the same time.

They go under different authorizations of one platform, each with its own file.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests

from infosum_auth.demo import Demo
from infosum_auth.demo_check import Audience
from infosum_auth.demo_walks import control
from infosum_auth.drill.delivery import Delivery, judge, wait_for_the_end
from infosum_auth.drill.file_server import FileServer
from infosum_auth.drill.parties import Party, parties
from infosum_auth.drill.redis_server import RedisServer
from infosum_auth.drill.score import Score
from infosum_auth.text_browser import NotOnThePageError
from providers.declarations import Replace
from providers.platform import Platform

ROWS = 250_000
# So that an export has about ten batches, and so many in flight; two exports run at a time.
BATCH_ROWS = 20_000
IN_FLIGHT_OF_ONE = 2
IN_FLIGHT = 2 * IN_FLIGHT_OF_ONE
# An export that goes on later than this after a fault has passed was stuck.
STUCK_SECONDS = 120
_SLOW_SECONDS = 1.5


class Broker(StrEnum):
    """Where the tasks of a demo travel."""

    POSTGRES = "PostgreSQL"
    REDIS = "Redis"


@dataclass(frozen=True)
class Fault:
    """What strikes: while two exports run, or before one of them starts and the other one runs.

    What strikes returns False where it came too late to meet what it is about. `may_resend` says
    how many batches may go a second time for one injection. `answer` is the HTTP status that the
    platform must have given because of it. `whole` does all of it in its own way, once. `replaces`:
    the exports are Replaces, at a platform that does it this way.
    """

    strike: Callable[[Drill], bool | None] | None = None
    before: Callable[[Drill, Delivery], None] | None = None
    may_resend: int = 0
    answer: int | None = None
    whole: Callable[[Drill, Score], None] | None = None
    broker: Broker = Broker.POSTGRES
    replaces: Replace | None = None


class Drill:
    """A demo with one platform, its parties, and new destinations for each injection.

    Where a party has two ad accounts, they are in these in turn. `files` gives the parties' files;
    `redis` is the broker, if any.
    """

    def __init__(
        self,
        demo: Demo,
        platform: Platform,
        audiences: Sequence[tuple[Audience, Audience]],
        seed: int,
        *,
        files: FileServer,
        redis: RedisServer | None = None,
    ) -> None:
        self.demo = demo
        self.files = files
        self.redis = redis
        self.platform = platform
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.parties = parties(demo, platform, audiences)
        self.deliveries: list[Delivery] = []
        self._runs = 0

    def run(self, fault: Fault, score: Score) -> bool:
        """Start two exports, let the fault strike, wait for their ends, compare.

        False where the fault came too late to meet anything; then nothing is counted.
        """
        answers = self._answers(fault.answer)
        one, other = self._begun(fault)
        has_met = fault.strike is None or fault.strike(self) is not False
        began = time.monotonic()
        for each in self.deliveries:
            wait_for_the_end(each.page)
        seconds = round(time.monotonic() - began, 1)
        # One that ended by itself may not have been needed for these exports.
        self.demo.components.check()
        has_struck = fault.answer is None or self._answers(fault.answer) > answers
        has_struck = has_struck and has_met and not self._is_pending()
        self.calm()
        if has_struck:
            score.injected += 1
            score.most_seconds = max(score.most_seconds, seconds)
            wells = [judge(one, other.audience, score), judge(other, one.audience, score)]
            score.survived += all(wells)
        return has_struck

    def _begun(self, fault: Fault) -> tuple[Delivery, Delivery]:
        """Start two exports, at new destinations."""
        self._runs += 1
        # In turn with another authorization of the same organization, and with another one's.
        first, second = self.parties[0], self.parties[1 + self._runs % 2]
        name = f"Drill {self._runs} at {self.platform.label}"
        names = (name, f"{name} beside")
        one, other = self.deliveries = [
            self.delivery(party, name, fault.replaces)
            for party, name in zip((first, second), names, strict=True)
        ]
        if fault.replaces is not None:
            for each in self.deliveries:
                each.fill_before()
        # Slow enough that a fault meets batches in flight.
        self.fault("slow", count=None, seconds=_SLOW_SECONDS)
        other.upload()
        if fault.before is not None:
            other.start()
            fault.before(self, one)
        if not one.is_started and not one.is_at_a_draft:
            one.upload()
        for each in self.deliveries:
            if not each.is_started:
                each.start()
        return one, other

    def delivery(self, party: Party, name: str, replaces: Replace | None = None) -> Delivery:
        """Return an export to a new destination of this name; no file is there yet."""
        return Delivery.to_a_new_destination(
            self.demo,
            self.platform,
            party,
            name,
            ad_account=self._runs % 2,
            batch_rows=min(BATCH_ROWS, self.platform.limits.batch_rows),
            replaces=replaces,
        )

    def sleep(self, least: float, most: float) -> None:
        """Wait for a random moment."""
        time.sleep(self.chance.uniform(least, most))

    def sleep_until_sending(self) -> None:
        """Wait until both exports' first batches arrived, and for a random moment of the next."""
        until = time.monotonic() + STUCK_SECONDS
        while not all(each.has_begun() for each in self.deliveries):
            if time.monotonic() > until:
                raise NotOnThePageError(f"No batch has arrived in {STUCK_SECONDS} s.")
            time.sleep(0.2)
        self.sleep(0, _SLOW_SECONDS)

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

    def _answers(self, status: int | None) -> int:
        """Return how many answers of a status the platform has given."""
        counted: dict[str, int] = control(self.demo, "requests")[self.platform.key]
        return counted.get(str(status), 0)

    def _is_pending(self) -> bool:
        """Say whether a fault that strikes so many times has not done so yet."""
        on = control(self.demo, f"{self.platform.key}/faults")["on"]
        return any(each["count"] is not None for each in on)
