"""Exports to every emulated platform, its published limits on: a million, and a steady minute."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.files import audience
from infosum_auth.demo import Demo, running
from infosum_auth.demo_check import expected_of
from infosum_auth.demo_walks import authorize, control, create_destination, export
from providers.platform import Platform
from providers.registry import registry

# After duplicates and what is nothing to send, just over a million are left of so many rows.
_MILLION_ROWS = 1_600_000
_MILLION = 1_000_000
# A batch so small costs hardly more than a request without anybody in it.
SMALL = 40
STEADY_SECONDS = 60
# Before and after the minute that counts: bursts at the beginning, the last batches.
_AROUND_SECONDS = 30
_SMALLEST_FILE = 3_000
_LOOKS_A_SECOND = 5


def million(keys: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Export a million identifiers to each platform; return what it took, by platform."""
    file = audience(_MILLION_ROWS)
    expected = expected_of(file)
    if len(expected.digests) < _MILLION:
        raise ValueError(f"{file} holds only {len(expected.digests):,} identifiers.")
    found = {}
    with running() as demo:
        for platform in _platforms(keys):
            with _worker_memory(demo) as peak:
                figures = _exported(demo, platform, file, "A million")
            (held,) = control(demo, f"{platform.key}/audiences")
            found[platform.key] = {
                **figures,
                "identifiers": held["held"],
                "equal": held["digest"] == expected.digest,
                "peak_worker_mb": round(max(peak)),
            }
            _say(f"million {platform.key}", found[platform.key])
    return found


def of_declared_limit(keys: Collection[str] = ()) -> dict[str, dict[str, float]]:
    """Send small batches for a steady minute; return the shares of the declared limits reached.

    By figure, then by platform: the share, and the share of all requests that came too fast.
    """
    # The programs of the demo inherit it.
    os.environ["EXPORT_BATCH_ROWS"] = str(SMALL)
    shares: dict[str, float] = {}
    throttled: dict[str, float] = {}
    try:
        with running() as demo:
            for platform in _platforms(keys):
                declared = _binding(platform)
                figures = _exported(demo, platform, _for_the_minute(declared), "A minute")
                rate = _steady_rate(control(demo, f"{platform.key}/log"))
                shares[platform.key] = round(rate / declared, 3)
                throttled[platform.key] = figures["throttled_share"]
                _say(f"of_declared_limit {platform.key}: {rate:.3f} of {declared:.3f}", figures)
    finally:
        del os.environ["EXPORT_BATCH_ROWS"]
    return {"of_declared_limit": shares, "of_declared_limit_throttled": throttled}


def _platforms(keys: Collection[str]) -> Iterator[Platform]:
    return (each for each in registry if not keys or each.key in keys)


def _binding(platform: Platform) -> float:
    """Return the requests a second of the declared rate that binds over a minute."""
    return min(rate.count / rate.seconds for rate in platform.limits.rates)


def _for_the_minute(rate: float) -> Path:
    """Return a file that is long enough for the minute that counts and what is around it."""
    batches = math.ceil(rate * (STEADY_SECONDS + _AROUND_SECONDS))
    # Two of three rows are somebody new.
    return audience(max(_SMALLEST_FILE, round(batches * SMALL * 1.6)))


def _steady_rate(log: Sequence[Mapping[str, Any]]) -> float:
    """Return the requests with people a second that passed in the minute in the middle."""
    writes = [each for each in log if each["method"] != "GET" and not each["too_fast"]]
    ((path, _),) = Counter(each["path"] for each in writes).most_common(1)
    times = [each["at"] for each in writes if each["path"] == path]
    began = (times[0] + times[-1] - STEADY_SECONDS) / 2
    if began < times[0]:
        raise ValueError(f"The sending to {path} took less than {STEADY_SECONDS} s.")
    counted = [each for each in times if began <= each < began + STEADY_SECONDS]
    return len(counted) / STEADY_SECONDS


def _exported(demo: Demo, platform: Platform, file: Path, what: str) -> dict[str, Any]:
    name = f"{what} at {platform.label}"
    authorize(demo, platform, name)
    made = create_destination(demo, platform, name, name, audience_name=name)
    before = _requests(demo, platform)
    export(demo, made.url, file)
    after = _requests(demo, platform)
    took = _inside(demo, "exported()")
    requests = after["requests"] - before["requests"]
    too_fast = after.get("too fast", 0) - before.get("too fast", 0)
    return {
        "seconds": round(took["seconds"], 1),
        "prepared_seconds": round(took["prepared"], 1),
        "requests": requests,
        "throttled_share": round(too_fast / requests, 4),
    }


def _requests(demo: Demo, platform: Platform) -> dict[str, int]:
    counts: dict[str, int] = control(demo, "requests")[platform.key]
    return {"requests": 0, **counts}


def _inside(demo: Demo, call: str) -> dict[str, float]:
    code = f"from benchmarks import inside_demo; inside_demo.{call}"
    printed = demo.manage("shell", "--no-imports", "-c", code)
    answer: dict[str, float] = json.loads(printed.splitlines()[-1])
    return answer


@contextmanager
def _worker_memory(demo: Demo) -> Iterator[list[float]]:
    """Watch the workers' processes; yield their peaks in MB, complete after the block."""
    peaks: dict[int, float] = {}
    found: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1 / _LOOKS_A_SECOND):
            peaks.update(_peaks_of_workers(demo.folder))

    watcher = threading.Thread(target=watch, daemon=True)
    # What earlier exports took does not count for this one.
    _forget_peaks(demo.folder)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
        found.extend(peaks.values() or [math.nan])


def _workers(folder: Path) -> Iterator[Path]:
    """Yield /proc of every process of this demo's workers: they know its folder."""
    mark = f"STAGING_DIR={folder / 'staging'}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_worker = b"celery" in (process / "cmdline").read_bytes()
            if is_worker and mark in (process / "environ").read_bytes().split(b"\0"):
                yield process
        except OSError:
            # It has ended, or is somebody else's.
            continue


def _peaks_of_workers(folder: Path) -> dict[int, float]:
    found = {}
    for process in _workers(folder):
        try:
            status = (process / "status").read_text()
        except OSError:
            continue
        lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        found[int(process.name)] = int(lines["VmHWM"].split()[0]) / 1024
    return found


def _forget_peaks(folder: Path) -> None:
    for process in _workers(folder):
        try:
            # 5: VmHWM begins anew with what there is now.
            (process / "clear_refs").write_text("5")
        except OSError:
            continue


def _say(what: str, figures: dict[str, Any]) -> None:
    sys.stderr.write(f"{what}: {figures}\n")
