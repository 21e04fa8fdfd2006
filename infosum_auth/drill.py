"""Break things while exports are under way, and count what was lost (`make drill`).

Each fault strikes a demo of the drill's own at a random moment, several times. What the emulated
platform holds afterwards is compared with an independent computation. Prints one JSON line; exits 0
only if nothing was lost, nothing went under a wrong account, and not more was sent again than was
in flight.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

from infosum_auth.components import ComponentError
from infosum_auth.demo import Demo, running
from infosum_auth.demo_check import (
    authorize,
    control,
    create_destination,
    expected_of,
    signed_in,
)
from infosum_auth.demo_parts import WORKERS, DemoError
from infosum_auth.processes import interruptible
from infosum_auth.sample_audience import messy_rows
from infosum_auth.text_browser import NotOnThePageError, TextBrowser
from providers.platform import Platform
from providers.registry import registry

ROWS = 450_000
# Batches that its workers may have in flight, of the four to five of an export.
IN_FLIGHT = 2
PATIENCE_SECONDS = 400


@dataclass
class Score:
    """What came of one fault. `lost`: identifiers missing or too many, summed."""

    injected: int = 0
    survived: int = 0
    lost: int = 0
    resent_batches: int = 0
    wrong_account: int = 0


class Drill:
    """A demo with one platform, one authorization, and a new destination for each injection."""

    def __init__(self, demo: Demo, platform: Platform, file: Path, seed: int) -> None:
        self.demo = demo
        self.platform = platform
        self.file = file
        self.expected = expected_of(file)
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.authorization = f"Drill at {platform.label}"
        authorize(demo, platform, self.authorization)
        self._runs = 0

    def run(self, fault: Callable[[Drill], None], score: Score) -> None:
        """Start an export, let the fault strike, wait for the end, compare."""
        self._runs += 1
        name = f"Drill {self._runs}"
        url = create_destination(
            self.demo, self.platform, self.authorization, name, audience_name=name
        )
        page = self.started(url)
        score.injected += 1
        fault(self)
        page.wait_for("Export finished", seconds=PATIENCE_SECONDS)
        self.calm()
        self._judge(page, name, score)

    def started(self, destination_url: str) -> TextBrowser:
        """Return the page of a started export of the file."""
        browser = signed_in(self.demo, "creator@acme.example")
        browser.open(destination_url)
        browser.click("New export")
        form = browser.form_with("Upload")
        form.attach("File", self.file)
        # Slow enough that a fault meets batches in flight.
        self.fault("slow", count=None, seconds=1.5)
        browser.press(form, "Upload")
        browser.click("Start export")
        return browser

    def sleep(self, least: float, most: float) -> None:
        """Wait for a random moment."""
        time.sleep(self.chance.uniform(least, most))

    def fault(self, kind: str, *, count: int | None = 1, **more: float) -> None:
        """Switch a fault of the platform on."""
        self._control("POST", f"{self.platform.key}/faults", {"kind": kind, "count": count, **more})

    def calm(self) -> None:
        """Switch every fault of the platform off."""
        self._control("DELETE", f"{self.platform.key}/faults")

    def _judge(self, page: TextBrowser, name: str, score: Score) -> None:
        held = {each["name"]: each for each in control(self.demo, f"{self.platform.key}/audiences")}
        mine = held.get(name, {"held": 0, "digest": "", "requests": 0, "account": ""})
        is_whole = mine["digest"] == self.expected.digest
        accounts = {each["account"] for each in held.values()}
        score.survived += is_whole and "Succeeded" in page.text
        score.lost += 0 if is_whole else max(1, abs(mine["held"] - len(self.expected.digests)))
        score.wrong_account += len(accounts) - 1
        batches = -(-len(self.expected.digests) // self.platform.limits.batch_rows)
        score.resent_batches += max(0, mine["requests"] - batches)

    def _control(self, method: str, path: str, body: Any = None) -> None:
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.demo.sandbox_url}/_control/{path}"
            session.request(method, url, json=body, timeout=30).raise_for_status()


def worker_killed(drill: Drill) -> None:
    """Kill -9 of all worker processes, at some moment between the click and the last batch."""
    drill.sleep(0.5, 8)
    _kill_workers(drill)


def worker_killed_while_sending(drill: Drill) -> None:
    """Kill -9 of all worker processes while requests are under way."""
    _wait_for_requests(drill)
    drill.sleep(0, 1.5)
    _kill_workers(drill)


def _kill_workers(drill: Drill) -> None:
    for name in WORKERS:
        drill.demo.components.kill(name)
    for name in WORKERS:
        drill.demo.components.restart(name)


def beat_killed(drill: Drill) -> None:
    """Kill -9 of the scheduler."""
    drill.sleep(0.5, 6)
    drill.demo.components.kill("beat")
    drill.demo.components.restart("beat")


def web_killed(drill: Drill) -> None:
    """Kill -9 of the web server while an export runs."""
    drill.sleep(0.5, 6)
    drill.demo.components.kill("web")
    drill.demo.components.restart("web")


def platform_throttles(drill: Drill) -> None:
    """HTTP 429, several times."""
    drill.sleep(1, 4)
    drill.fault("throttle", count=6)


def platform_fails(drill: Drill) -> None:
    """HTTP 500, several times."""
    drill.sleep(1, 4)
    drill.fault("fail", count=4)


def tokens_expire(drill: Drill) -> None:
    """HTTP 401 in the middle."""
    _wait_for_requests(drill)
    drill.fault("expire")


def platform_says_garbage(drill: Drill) -> None:
    """Carried out, and answered by something that is not the platform's."""
    _wait_for_requests(drill)
    drill.fault("garbage", count=2)


def answers_are_cut(drill: Drill) -> None:
    """Carried out, the answer cut in the middle."""
    _wait_for_requests(drill)
    drill.fault("half_body", count=2)


FAULTS: dict[str, tuple[Callable[[Drill], None], int]] = {
    # Each with how many batches may be sent again for one injection.
    "worker_killed": (worker_killed, IN_FLIGHT),
    "worker_killed_while_sending": (worker_killed_while_sending, IN_FLIGHT),
    "beat_killed": (beat_killed, 0),
    "web_killed": (web_killed, 0),
    "platform_throttles": (platform_throttles, 0),
    "platform_fails": (platform_fails, 0),
    "tokens_expire": (tokens_expire, 0),
    "platform_says_garbage": (platform_says_garbage, 2),
    "answers_are_cut": (answers_are_cut, 2),
}


def _wait_for_requests(drill: Drill) -> None:
    """Wait until the first batch has arrived."""
    name = f"Drill {drill._runs}"  # noqa: SLF001 - one module
    until = time.monotonic() + 120
    while time.monotonic() < until:
        audiences = control(drill.demo, f"{drill.platform.key}/audiences")
        if any(each["name"] == name and each["requests"] for each in audiences):
            return
        time.sleep(0.2)
    raise NotOnThePageError("No batch has arrived in two minutes.")


def run(names: list[str], times: int, seed: int) -> dict[str, Any]:
    """Inject each fault so many times; return the figures."""
    scores = {name: Score() for name in names}
    with tempfile.TemporaryDirectory() as folder, _running() as demo:
        file = Path(folder) / "audience.csv"
        file.write_text("".join(messy_rows(ROWS, seed=seed)), encoding="utf-8")
        # The largest batches: what is measured are the failures, not the rate.
        platform = max(registry, key=lambda each: each.limits.batch_rows)
        drill = Drill(demo, platform, file, seed)
        for name in names:
            for _ in range(times):
                drill.run(FAULTS[name][0], scores[name])
                sys.stderr.write(f"{name}: {scores[name]}\n")
    is_ok = all(_held(scores[name], FAULTS[name][1]) for name in names)
    return {"ok": is_ok, "faults": {name: asdict(score) for name, score in scores.items()}}


def _running() -> AbstractContextManager[Demo]:
    return running(settings={"EXPORT_IN_FLIGHT": str(IN_FLIGHT)})


def _held(score: Score, may_be_resent: int) -> bool:
    return (
        score.survived == score.injected > 0
        and not score.lost
        and not score.wrong_account
        and score.resent_batches <= may_be_resent * score.injected
    )


def main() -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infosum_auth.drill", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="how often each fault is injected")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(FAULTS))
    options = parser.parse_args()
    if unknown := set(options.faults) - set(FAULTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    sys.stderr.write(f"seed {options.seed}\n")
    try:
        with interruptible():
            figures = run(options.faults or list(FAULTS), options.times, options.seed)
    except KeyboardInterrupt:
        return 130
    except (ComponentError, DemoError, NotOnThePageError, requests.RequestException) as error:
        figures = {"ok": False, "error": f"{type(error).__name__}: {error}"[:1000]}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
