"""From the click on "Start export" to the last receipt, in a demo, against a plain script."""

from __future__ import annotations

import json
import statistics
import sys
from typing import Any

import requests

from benchmarks.files import audience
from infosum_auth.demo import Demo, running
from infosum_auth.demo_check import authorize, create_destination, export
from providers.registry import registry

# Of its batches of 100,000 it takes ten a second: neither way is slowed down by that.
_PLATFORM = "snapchat"
_RUNS = 3


def compare(rows: int, delays: dict[str, float]) -> dict[str, Any]:
    """Return how many times as fast the product is, by figure and delay of each answer."""
    file = audience(rows)
    platform = registry.get(_PLATFORM)
    found: dict[str, Any] = {}
    with running() as demo:
        authorize(demo, platform, "Bench")
        for figure, seconds in delays.items():
            _delay(demo, seconds)
            ratios = []
            for run in range(_RUNS):
                name = f"{figure} {run}"
                url = create_destination(demo, platform, "Bench", name, audience_name=name)
                export(demo, url, file)
                ours = _inside(demo, "exported()")
                theirs = _inside(demo, f"sequential({str(file)!r})")
                sys.stderr.write(f"{name}: {ours} {theirs}\n")
                ratios.append(theirs["seconds"] / ours["seconds"])
            found[figure] = round(statistics.median(ratios), 2)
    return found


def _inside(demo: Demo, call: str) -> dict[str, float]:
    code = f"from benchmarks import inside_demo; inside_demo.{call}"
    printed = demo.manage("shell", "--no-imports", "-c", code)
    answer: dict[str, float] = json.loads(printed.splitlines()[-1])
    return answer


def _delay(demo: Demo, seconds: float) -> None:
    url = f"{demo.sandbox_url}/_control/{_PLATFORM}/faults"
    with requests.Session() as session:
        session.trust_env = False
        session.delete(url, timeout=30).raise_for_status()
        if seconds:
            body = {"kind": "slow", "count": None, "seconds": seconds}
            session.post(url, json=body, timeout=30).raise_for_status()
