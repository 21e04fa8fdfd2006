"""One measurement in a process of its own: `python -m benchmarks.one_run WHAT FILE FOLDER`.

Prints one line of JSON: rows, seconds by the clock and of the processor, peak memory in MB.
With `--cold` free memory is left alone before, for long enough (see `benchmarks.memory`).
"""

from __future__ import annotations

import argparse
import csv
import gc
import hashlib
import json
import os
import re
import resource
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.files import COLUMN
from benchmarks.memory import have_at_hand

_EMAIL = re.compile(r"[^@\s]+@[^@.\s]+(\.[^@.\s]+)+")
_HASH = re.compile(r"[0-9a-f]{64}")
# Linux looks every two seconds for what may be returned, a part of it each time.
_UNTIL_COLD_SECONDS = 60


def is_address(value: str) -> bool:
    """Say whether a cleaned value is an e-mail address."""
    return _EMAIL.fullmatch(value) is not None and len(value) <= 254


def is_hash(value: str) -> bool:
    """Say whether a cleaned value is a hash already."""
    return _HASH.fullmatch(value) is not None


def baseline(file: Path, _folder: Path) -> Callable[[], int]:
    """Read, validate and hash as a plain script does, row by row; nothing is kept or dropped."""

    def work() -> int:
        rows = 0
        with file.open(encoding="utf-8", newline="") as table:
            reader = csv.reader(table)
            next(reader)
            for cells in reader:
                rows += 1
                value = cells[COLUMN].strip().lower()
                if is_address(value):
                    hashlib.sha256(value.encode()).hexdigest()
                else:
                    is_hash(value)
        return rows

    return work


def sha_limit(_file: Path, _folder: Path) -> Callable[[], int]:
    """Hash nothing but blocks of 64 bytes, one for an address, without a call for each."""
    data = bytes(64 * 1024 * 1024)

    def work() -> int:
        for _ in range(10):
            hashlib.sha256(data).digest()
        return 10 * len(data) // 64

    return work


def sha_of_texts(_file: Path, _folder: Path) -> Callable[[], int]:
    """Hash addresses that are in memory already, one call of `hashlib` for each."""
    texts = [f"person{number * 7919}@example.com".encode() for number in range(50_000)]

    def work() -> int:
        for _ in range(20):
            for text in texts:
                hashlib.sha256(text).digest()
        return 20 * len(texts)

    return work


def prepare(file: Path, folder: Path) -> Callable[[], int]:
    """Do what a worker does with an upload, which has prepared one before."""
    work = prepare_first(file, folder)
    from exports.engine.vectorized.warming import warm

    warm()
    return work


def prepare_first(file: Path, folder: Path) -> Callable[[], int]:
    """Do what a worker does with an upload: unseal, ..., seal; all but three rows of a database.

    What it needs for its first file is not loaded yet.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infosum_auth.settings")
    os.environ["STAGING_DIR"] = str(folder)
    import django

    django.setup()
    # What a worker has loaded.
    import exports.tasks  # noqa: F401
    from exports import staging
    from exports.engine.reading import look_at
    from exports.engine.sealed_stream import new_key
    from exports.preparation import Source, batches_of
    from providers.registry import registry

    export_id, key = uuid.uuid4(), new_key()
    name = staging.new_name(export_id, "upload")
    with file.open("rb") as plain, staging.writing(name, key) as sealed:
        while data := plain.read(1 << 20):
            sealed.write(data)
    with staging.reading(name, key) as stream:
        shape = look_at(stream)
    platform = registry.get(os.environ.get("BENCH_PLATFORM", "pinterest"))
    source = Source(export_id, name, key, shape, platform, {"email": COLUMN})

    def work() -> int:
        return batches_of(source, alive=lambda: None).tally.rows

    return work


WHAT = {
    "baseline": baseline,
    "sha_limit": sha_limit,
    "sha_of_texts": sha_of_texts,
    "prepare": prepare,
    "prepare_first": prepare_first,
}


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_run", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    work = WHAT[options.what](options.file, options.folder)
    gc.collect()
    if options.cold:
        time.sleep(_UNTIL_COLD_SECONDS)
    else:
        have_at_hand()
    wall, cpu = time.perf_counter(), time.process_time()
    rows = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = {"rows": rows, "seconds": wall, "cpu_seconds": cpu, "peak_mb": peak}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
