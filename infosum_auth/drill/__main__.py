"""Inject each fault several times at random moments into a demo of the drill's own.

Prints one JSON line; exits 0 only if nothing was lost, nothing went under a wrong account, not more
was sent again than was in flight, and every export went on within two minutes. "skipped" names what
could not be tried, and why; "errors" say what broke the drill itself off, whose figures until then
are told all the same. The whole takes about an hour on two cores: each fault twice, and then
a third time as far as an hour allows. Name faults, or give --times, for less.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import requests

from infosum_auth.components import ComponentError
from infosum_auth.demo import Demo, running
from infosum_auth.demo_check import Audience
from infosum_auth.demo_parts import DemoError
from infosum_auth.drill import (
    answers,
    fetches,
    file_server,
    hostile_files,
    programs,
    redis_broker,
    redis_server,
    replacing,
    stores,
    uploads,
)
from infosum_auth.drill.file_server import FileServer
from infosum_auth.drill.parties import PEOPLE
from infosum_auth.drill.redis_server import RedisServer
from infosum_auth.drill.scene import (
    BATCH_ROWS,
    IN_FLIGHT_OF_ONE,
    ROWS,
    STUCK_SECONDS,
    Broker,
    Drill,
    Fault,
)
from infosum_auth.drill.score import Score
from infosum_auth.postgres_cluster import StartError
from infosum_auth.processes import interruptible
from infosum_auth.sample_audience import messy_rows
from infosum_auth.text_browser import NotOnThePageError
from providers.platform import Platform
from providers.registry import registry

FAULTS: dict[str, Fault] = {
    **programs.FAULTS,
    **uploads.FAULTS,
    **fetches.FAULTS,
    **stores.FAULTS,
    **answers.FAULTS,
    **replacing.FAULTS,
    **hostile_files.FAULTS,
    **redis_broker.FAULTS,
}
# A fault that comes too late for what it should meet is tried again.
_MOST_TRIES = 3
_TURNS_IN_ANY_CASE = 2
_NO_REDIS = "no redis-server on the PATH"
_TROUBLES = (
    ComponentError,
    DemoError,
    NotOnThePageError,
    RuntimeError,
    StartError,
    psycopg.Error,
    requests.RequestException,
)


@dataclass(frozen=True)
class HowMuch:
    """Each fault so many times; from the third on only until a time of the monotonic clock."""

    times: int
    until: float


def run(names: list[str], much: HowMuch, seed: int) -> dict[str, Any]:
    """Inject the faults; return the figures."""
    scores = {name: Score() for name in names}
    is_ok, errors = True, []
    with tempfile.TemporaryDirectory() as folder:
        audiences = [_audiences(Path(folder), number, seed + number) for number in range(2)]
        for broker in Broker:
            mine = {name: scores[name] for name in names if FAULTS[name].broker == broker}
            if not mine:
                continue
            if broker == Broker.REDIS and not redis_server.is_installed():
                for name in mine:
                    del scores[name]
                continue
            try:
                with (
                    file_server.serving(Path(folder)) as files,
                    _running(broker, Path(folder), files) as (demo, redis),
                ):
                    begin = partial(
                        Drill, demo, audiences=audiences, seed=seed, files=files, redis=redis
                    )
                    is_ok &= _all_held(begin, mine, much)
            except _TROUBLES as error:
                errors.append(f"{broker}: {type(error).__name__}: {error}"[:1000])
    skipped = {name: _NO_REDIS for name in names if name not in scores}
    figures = {name: asdict(score) for name, score in scores.items()}
    is_ok = is_ok and bool(scores) and not errors
    return {"ok": is_ok, "faults": figures, "skipped": skipped, "errors": errors}


def _audiences(folder: Path, number: int, seed: int) -> tuple[Audience, Audience]:
    """Return what is exported, and what is there before it replaces that."""
    lines = list(messy_rows(ROWS, seed=seed))
    # Fewer leave than the share from which on a person is asked whether that is meant.
    others = ROWS // 7
    leave = islice(messy_rows(ROWS, seed=seed + 1000), 1, others)
    before = Audience.written(folder / f"before-{number}.csv", [*lines[:-others], *leave])
    return Audience.written(folder / f"audience-{number}.csv", lines), before


def _all_held(
    begin: Callable[[Platform], Drill], scores: Mapping[str, Score], much: HowMuch
) -> bool:
    """Inject faults into one demo; say whether it stood them all."""
    usual, drills = Score(), {}
    for fault in (Fault(), *(FAULTS[name] for name in scores)):
        platform = _platform(fault)
        if platform.key not in drills:
            drills[platform.key] = begin(platform)
    drills[_platform(Fault()).key].run(Fault(), usual)
    sys.stderr.write(f"undisturbed: {usual}\n")
    for turn in range(1, much.times + 1):
        for name, score in scores.items():
            if turn <= _TURNS_IN_ANY_CASE or time.monotonic() < much.until:
                _inject(drills[_platform(FAULTS[name]).key], FAULTS[name], turn, score)
                sys.stderr.write(f"{name}: {score}\n")
    within = usual.most_seconds + STUCK_SECONDS
    return _held(usual, 0, within) and all(
        _held(score, FAULTS[name].may_resend, within) and _is_enough(FAULTS[name], score, much)
        for name, score in scores.items()
    )


def _is_enough(fault: Fault, score: Score, much: HowMuch) -> bool:
    """Say whether a fault was injected as often as is promised; late ones do not count."""
    return fault.whole is not None or score.injected >= min(much.times, _TURNS_IN_ANY_CASE)


def _platform(fault: Fault) -> Platform:
    """Return where a fault is injected: with the largest batches, as it is not about the rate."""
    known = (each for each in registry if each.key in PEOPLE)
    fitting = (each for each in known if fault.replaces in {None, each.replace})
    return max(fitting, key=lambda each: each.limits.batch_rows)


def _inject(drill: Drill, fault: Fault, turn: int, score: Score) -> None:
    """Inject a fault once more; one that does everything by itself does it at the first turn."""
    if fault.whole is not None:
        if turn == 1:
            fault.whole(drill, score)
        return
    for _ in range(_MOST_TRIES):
        try:
            drill.run(fault, score)
        finally:
            drill.calm()
        if score.injected >= turn:
            return


@contextmanager
def _running(
    broker: Broker, folder: Path, files: FileServer
) -> Iterator[tuple[Demo, RedisServer | None]]:
    """Run a demo for the drill alone, with servers that it may break."""
    if os.environ.get("REDIS_URL") or os.environ.get("DATABASE_URL"):
        raise DemoError("The drill breaks only servers of its own: unset DATABASE_URL, REDIS_URL.")
    settings = {
        "EXPORT_IN_FLIGHT": str(IN_FLIGHT_OF_ONE),
        "EXPORT_BATCH_ROWS": str(BATCH_ROWS),
        "INTAKE_ADDRESSES": files.folder_address,
    }
    if broker == Broker.POSTGRES:
        with running(settings=settings) as demo:
            yield demo, None
        return
    with (
        redis_server.running(folder) as redis,
        running(settings={**settings, "REDIS_URL": redis.url}) as demo,
    ):
        yield demo, redis


def _held(score: Score, may_be_resent: int, within: float) -> bool:
    return (
        score.survived == score.injected > 0
        and not score.lost
        and not score.wrong_account
        and score.resent_batches <= may_be_resent * score.injected
        and score.most_seconds <= within
    )


def main() -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infosum_auth.drill", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="how often each at the most")
    parser.add_argument("--minutes", type=int, default=60, help="after which none a third time")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(FAULTS))
    options = parser.parse_args()
    if unknown := set(options.faults) - set(FAULTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    sys.stderr.write(f"seed {options.seed}\n")
    try:
        with interruptible():
            much = HowMuch(options.times, time.monotonic() + 60 * options.minutes)
            figures = run(options.faults or list(FAULTS), much, options.seed)
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
