"""Measure, and print one line of JSON (`make bench`). What each figure includes: README.md here."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import at_platforms
from benchmarks.end_to_end import against_a_script, small_behind_large, two_workers
from benchmarks.files import audience
from infosum_auth.components import python

_TIMED_ROWS = 10_000_000
_ROWS = (1_000_000, 10_000_000)
_MOST_ROWS = 50_000_000
_RUNS = 3
# Sent four times at once, in batches of a thousand.
_SHARED_ROWS = 1_000_000
# What is measured in a demo, by part; each is given the rows of its file.
_IN_DEMO = {
    "end_to_end": against_a_script,
    "two_workers": two_workers,
    "fairness": small_behind_large,
}
# Whose settings one needs; each demo has databases and keys of its own, and must see no others.
_BESIDE_POSTGRES = python("infosum_auth.private_postgres", "--")
_PARTS = ("speed", "memory", *_IN_DEMO, "million", "of_declared_limit")

Run = dict[str, float]


def measured(what: str, file: Path, *how: str, runs: int = _RUNS) -> Run:
    """Run something several times, each in a process of its own; return the medians."""
    found: list[Run] = []
    # What they write is removed after all of them. ext4 looks for other places than those of files
    # that were removed in the last minute, so each run would slow down the next.
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        for _ in range(runs):
            one_run = python("benchmarks.one_run", what, str(file), folder, *how)
            command = [*_BESIDE_POSTGRES, *one_run]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            found.append(json.loads(printed.splitlines()[-1]))
            sys.stderr.write(f"{what} {file.name} {' '.join(how)}: {found[-1]}\n")
    return {key: statistics.median(run[key] for run in found) for key in found[0]}


def speed(rows: int) -> dict[str, float]:
    """Compare preparing with a plain script, and with hashing alone."""
    file = audience(rows)
    # One after the other, so that what else the machine does meets all of them.
    baseline, prepare = measured("baseline", file), measured("prepare", file)
    first, cold = measured("prepare_first", file), measured("prepare", file, "--cold")
    limit, texts = measured("sha_limit", file), measured("sha_of_texts", file)
    per_core = prepare["rows"] / prepare["cpu_seconds"]
    per_core_cold = cold["rows"] / cold["cpu_seconds"]
    return {
        "prepare_vs_baseline": baseline["seconds"] / prepare["seconds"],
        "prepare_vs_baseline_cold": baseline["seconds"] / cold["seconds"],
        "prepare_vs_baseline_cpu": baseline["cpu_seconds"] / prepare["cpu_seconds"],
        "prepare_first_vs_baseline": baseline["seconds"] / first["seconds"],
        "prepare_vs_sha_limit_per_core": per_core * limit["cpu_seconds"] / limit["rows"],
        "prepare_vs_sha_limit_per_core_cold": per_core_cold * limit["cpu_seconds"] / limit["rows"],
        "prepare_vs_sha_of_texts_per_core": per_core * texts["cpu_seconds"] / texts["rows"],
        "prepare_million_rows_a_second": prepare["rows"] / prepare["seconds"] / 1e6,
    }


def memory(sizes: tuple[int, ...]) -> dict[str, float]:
    """Return the peak memory of preparing, in MB, by rows."""
    return {str(rows): measured("prepare", audience(rows), runs=1)["peak_mb"] for rows in sizes}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=_TIMED_ROWS, help="of the file that is timed")
    parser.add_argument("--large", action="store_true", help="memory at 50 million rows too")
    parser.add_argument("--skip", nargs="*", default=(), choices=_PARTS)
    parser.add_argument("--platforms", nargs="*", default=(), help="all, where none is named")
    parser.add_argument("--only", nargs="*", default=_PARTS, choices=_PARTS)
    options = parser.parse_args()
    parts = [part for part in options.only if part not in options.skip]
    figures: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    if "speed" in parts:
        figures |= {key: round(value, 3) for key, value in speed(options.rows).items()}
    if "memory" in parts:
        sizes = (*_ROWS, _MOST_ROWS) if options.large else _ROWS
        figures["peak_rss_mb"] = memory(sizes)
    for part, measure in _IN_DEMO.items():
        if part in parts:
            rows = min(options.rows, _SHARED_ROWS) if part == "two_workers" else options.rows
            figures |= {key: round(value, 2) for key, value in measure(rows).items()}
    if "million" in parts:
        figures["million"] = at_platforms.million(options.platforms)
    if "of_declared_limit" in parts:
        figures |= at_platforms.of_declared_limit(options.platforms)
    figures["load_after"] = os.getloadavg()[0]
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
