"""The product in a demo, from "Start export" to the last receipt, against a plain script."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from benchmarks.files import audience
from infosum_auth.components import Component, python
from infosum_auth.demo import Demo, running
from infosum_auth.demo_parts import worker
from infosum_auth.processes import free_port

_RUNS = 3
_SMALL_ROWS, _LARGE_ROWS = 1_000, 500_000
# An ext4 without a journal looks for other places than those of files that were removed in the last
# minute, so that a thousand new ones took half a second: each export would slow down the next.
_UNTIL_REMOVED_SECONDS = 70
# Where exports are slower than the platforms allow, docs/operations.md advises one a processor.
_SENDERS = min(2, os.cpu_count() or 1)


@dataclass
class Bench:
    """A demo whose platform is the counting receiver."""

    demo: Demo
    receiver: str

    def measured(self, what: str, *rows: int) -> dict[str, Any]:
        """Measure something inside the demo once, with files of so many rows."""
        files = [str(audience(each)) for each in rows]
        printed = self.demo.components.run(what, python("benchmarks.inside_demo", what, *files))
        found: dict[str, Any] = json.loads(printed.splitlines()[-1])
        sys.stderr.write(f"{what} {rows}: {found} {self.counted()}\n")
        return found

    def exported(self, rows: int) -> float:
        """Return how many seconds an export takes that no other one was just before."""
        time.sleep(_UNTIL_REMOVED_SECONDS)
        return float(self.measured("export", rows)["seconds"])

    def delay(self, seconds: float) -> None:
        """Let each answer take so long."""
        self._control("POST", f"?seconds={seconds}")

    def counted(self) -> dict[str, int]:
        """Return what arrived since this was last asked."""
        return self._control("GET")

    def _control(self, method: str, query: str = "") -> dict[str, int]:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self.receiver}/_control{query}", timeout=30)
        told: dict[str, int] = answer.json()
        return told


@contextmanager
def bench(settings: Mapping[str, str] | None = None, *, senders: int = 1) -> Iterator[Bench]:
    """Run a demo, with so many processes that send, and the receiver for as long as the block."""
    port = free_port()
    receiver = f"http://127.0.0.1:{port}"
    aimed = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "LOG_LEVEL": "WARNING",
        "PLATFORM_DEPOT_CLIENT_ID": "bench",
        "PLATFORM_DEPOT_CLIENT_SECRET": "bench",
        "PLATFORM_DEPOT_BASE_URL": receiver,
    }
    with running(settings={**aimed, **(settings or {})}) as demo:
        found = Bench(demo, receiver)
        command = python("benchmarks.receiver", "--port", str(port))
        demo.components.start(Component("receiver", command, lambda _log: _answers(found)))
        demo.components.wait_until_ready("receiver")
        for number in range(2, senders + 1):
            demo.components.start(worker("sender", f"sender-{number}"))
            demo.components.wait_until_ready(f"sender-{number}")
        yield found


def _answers(found: Bench) -> bool:
    try:
        return bool(found.counted())
    except requests.RequestException:
        return False


def against_a_script(rows: int) -> dict[str, float]:
    """Return how many times as fast the product is, and that with 100 ms for each answer."""
    figures = {}
    with bench(senders=_SENDERS) as here:
        # The first ones load what a worker needs for its first file.
        for few in (_SMALL_ROWS, min(_LARGE_ROWS, rows)):
            here.measured("export", few)
        ratios = []
        for _ in range(_RUNS):
            script, ours = here.measured("sequential", rows), here.exported(rows)
            ratios.append(script["seconds"] / ours)
        figures["end_to_end_vs_sequential"] = statistics.median(ratios)
        here.delay(0.1)
        # Mostly waiting, which is the same each time.
        script = here.measured("sequential", rows)
        took = [here.exported(rows) for _ in range(_RUNS)]
        figures["end_to_end_vs_sequential_100ms"] = script["seconds"] / statistics.median(took)
    return figures


def two_workers(rows: int) -> dict[str, float]:
    """Return what two sending workers send in a second over what one does, of slow answers.

    Each has one thread and so 48 requests open; four exports keep both busy.
    """
    ratios = []
    with bench({"EXPORT_BATCH_ROWS": "1000"}) as here:
        here.delay(0.5)
        second = worker("sender", "sender-2", concurrency=1)
        here.demo.components.stop_one("sender")
        here.demo.components.start(worker("sender", concurrency=1))
        here.demo.components.wait_until_ready("sender")
        here.measured("several", _SMALL_ROWS)
        for _ in range(_RUNS):
            one = here.measured("several", rows)
            here.demo.components.start(second)
            here.demo.components.wait_until_ready("sender-2")
            two = here.measured("several", rows)
            here.demo.components.stop_one("sender-2")
            ratios.append(_rate(two) / _rate(one))
    return {"two_workers_vs_one": statistics.median(ratios)}


def _rate(found: Mapping[str, float]) -> float:
    return found["sent"] / found["sending"]


def small_behind_large(rows: int) -> dict[str, float]:
    """Return how many times as long a small export takes behind a large one of others."""
    with bench(senders=_SENDERS) as here:
        here.delay(0.1)
        found = here.measured("small_behind_large", rows, _SMALL_ROWS)
    idle = statistics.median(found["idle"])
    return {
        "small_behind_large": statistics.median(found["behind"]) / idle,
        "small_behind_large_worst": max(found["behind"]) / idle,
    }
