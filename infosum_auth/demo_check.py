"""Do the main job in a demo of its own, over HTTP as its people, and compare what arrived.

`make demo-check` prints one JSON line and exits 0 only if every platform holds exactly the set that
an independent computation in plain Python says: of a file, and of a smaller one that replaces it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
import tempfile
import time
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from infosum_auth.components import ComponentError
from infosum_auth.demo import Demo, running
from infosum_auth.demo_parts import DemoError
from infosum_auth.demo_walks import authorize, control, create_destination, export
from infosum_auth.postgres_binaries import NoPostgresError
from infosum_auth.postgres_cluster import StartError
from infosum_auth.processes import interruptible
from infosum_auth.sample_audience import messy_rows
from infosum_auth.text_browser import NotOnThePageError
from providers.platform import Platform
from providers.registry import registry

ROWS = 100_000


@dataclass(frozen=True)
class Expected:
    """What a file should become: the digests to be held, and how many rows hold none."""

    digests: frozenset[str]
    rejected: int

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(sorted(self.digests)).encode()).hexdigest()


@dataclass(frozen=True)
class Audience:
    """A file, and what must arrive of it."""

    file: Path

    @cached_property
    def expected(self) -> Expected:
        return expected_of(self.file)

    @classmethod
    def written(cls, file: Path, lines: Iterable[str]) -> Audience:
        """Write the lines of a file."""
        file.write_text("".join(lines), encoding="utf-8")
        return cls(file)


@dataclass(frozen=True)
class Figures:
    """What came of one platform: of a file that was added, of a smaller one that replaced it."""

    expected: int
    held: int
    digest_equal: bool
    rejected: int
    seconds: float
    replaced_equal: bool
    replace_seconds: float


def expected_of(path: Path) -> Expected:
    """Compute from a file of e-mail addresses what must arrive, without any code of the product."""
    digests, rejected = set(), 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value = row["E-Mail Address"].strip().lower()
            if re.fullmatch("[0-9a-f]{64}", value):
                digests.add(value)
            elif _is_address(value):
                digests.add(hashlib.sha256(value.encode()).hexdigest())
            else:
                rejected += 1
    return Expected(frozenset(digests), rejected)


def _is_address(value: str) -> bool:
    name, _, domain = value.rpartition("@")
    return (
        len(value) <= 254
        and value.count("@") == 1
        and bool(name)
        and "." in domain
        and all(domain.split("."))
        and not any(letter.isspace() for letter in value)
    )


def check(demo: Demo, platform: Platform, audience: Audience, smaller: Audience) -> Figures:
    """Walk the whole way at one platform."""
    began = time.monotonic()
    authorization, destination = f"Acme at {platform.label}", f"Buyers at {platform.label}"
    authorize(demo, platform, authorization)
    made = create_destination(demo, platform, authorization, destination)
    rejected = export(demo, made.url, audience.file)
    (held,) = control(demo, f"{platform.key}/audiences")
    added = time.monotonic()
    export(demo, made.url, smaller.file, "Replace")
    (replaced,) = control(demo, f"{platform.key}/audiences")
    return Figures(
        expected=len(audience.expected.digests),
        held=held["held"],
        digest_equal=held["digest"] == audience.expected.digest,
        rejected=rejected,
        seconds=round(added - began, 1),
        replaced_equal=replaced["digest"] == smaller.expected.digest,
        replace_seconds=round(time.monotonic() - added, 1),
    )


def audiences(folder: Path, rows: int, seed: int) -> tuple[Audience, Audience]:
    """Write a file of so many rows, and one without its last ones, which replaces it."""
    lines = list(messy_rows(rows, seed=seed))
    whole = Audience.written(folder / "audience.csv", lines)
    return whole, Audience.written(folder / "smaller.csv", lines[: -(rows // 50)])


def run(keys: Collection[str] = (), rows: int = ROWS) -> dict[str, Any]:
    """Start a demo, check every platform or those with these keys, return the figures."""
    began = time.monotonic()
    platforms: dict[str, Any] = {}
    is_ok = True
    with tempfile.TemporaryDirectory() as folder, running() as demo:
        audience, smaller = audiences(Path(folder), rows, seed=11)
        emulated = control(demo, "people")
        for platform in registry:
            if keys and platform.key not in keys:
                continue
            if platform.key not in emulated:
                raise NotOnThePageError(f"{platform.label} has no emulator.")
            found = check(demo, platform, audience, smaller)
            sys.stderr.write(f"{platform.key}: {found}\n")
            platforms[platform.key] = asdict(found)
            is_ok &= found.digest_equal and found.held == found.expected
            is_ok &= found.rejected == audience.expected.rejected and found.replaced_equal
    seconds = round(time.monotonic() - began, 1)
    return {"ok": is_ok and bool(platforms), "seconds": seconds, "platforms": platforms}


def main() -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infosum_auth.demo_check", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the file that is exported")
    parser.add_argument("keys", nargs="*", metavar="PLATFORM", help="default: all of them")
    options = parser.parse_args()
    try:
        with interruptible():
            figures = run(options.keys, options.rows)
    except KeyboardInterrupt:
        return 130
    except (
        ComponentError,
        DemoError,
        NoPostgresError,
        NotOnThePageError,
        StartError,
        requests.RequestException,
    ) as error:
        sys.stderr.write(f"{error}\n")
        figures = {"ok": False, "error": f"{type(error).__name__}: {error}"[:500]}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
