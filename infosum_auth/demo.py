"""The whole product on one machine, with sample people and emulated platforms (`make demo`).

PostgreSQL of its own, migrations, sample data, the sandbox, the web server, workers and beat.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from infosum_auth.broker import install_pgmq
from infosum_auth.components import ComponentError, Components
from infosum_auth.databases import Databases, PartialDatabasesError, resolve_databases
from infosum_auth.demo_parts import (
    CHECKOUT,
    DemoError,
    Ports,
    environment,
    platform_environment,
    programs,
    sandbox_url,
    web_url,
)
from infosum_auth.postgres_binaries import NoPostgresError
from infosum_auth.postgres_cluster import StartError
from infosum_auth.private_postgres import PrivateServer, home_of
from infosum_auth.private_postgres import start as start_postgres
from infosum_auth.processes import interruptible, uninterrupted
from infosum_auth.sample_audience import messy_rows

FOLDER = CHECKOUT / ".demo"
_SAMPLE_ROWS = 5_000
_MANAGE = str(CHECKOUT / "manage.py")


@dataclass
class Demo:
    """A running demo: where it is, who is in it, and the programs, to be killed in drills.

    The programs are `sandbox`, `web`, `beat` and those of `demo_parts.WORKERS`; `postgres` is None
    where the environment names a server of somebody else.
    """

    ports: Ports
    folder: Path
    databases: Databases
    people: list[dict[str, str]]
    components: Components
    postgres: PrivateServer | None

    @property
    def url(self) -> str:
        return web_url(self.ports)

    @property
    def sandbox_url(self) -> str:
        return sandbox_url(self.ports)

    @property
    def audience(self) -> Path:
        return self.folder / "audience.csv"

    def manage(self, *words: str) -> str:
        """Run a management command of this demo; return what it prints."""
        return self.components.run("manage", [sys.executable, _MANAGE, *words])


@contextmanager
def running(
    ports: Ports | None = None,
    folder: Path | None = None,
    *,
    verbose: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Demo]:
    """Run a demo for as long as the block; without a folder in one that is removed afterwards.

    `settings` are environment variables that differ from the usual.
    Raises DemoError, ComponentError or StartError where it does not come up. Call it from the main
    thread: the programs end with the thread that started them.
    """
    stack = ExitStack()
    try:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="infosum-demo-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.callback(shutil.rmtree, home_of(folder / "postgres"), ignore_errors=True)
        folder.mkdir(exist_ok=True)
        stack.enter_context(_only_one(folder))
        ports = ports or Ports.free()
        yield _start(ports, folder, stack, verbose=verbose, settings=settings or {})
    finally:
        with uninterrupted():
            stack.close()


def _start(
    ports: Ports, folder: Path, stack: ExitStack, *, verbose: bool, settings: Mapping[str, str]
) -> Demo:
    postgres, databases = _databases(folder, stack)
    given = environment(ports, folder, databases)
    if postgres is not None:
        # A private demo uses nobody else's Redis; an empty one hides REDIS_URL_FILE, too.
        given["REDIS_URL"] = ""
    given |= settings
    components = Components(folder, given, verbose=verbose)
    stack.callback(components.stop)
    if postgres is None:
        # Somebody's own databases are refused before anything is changed in them.
        components.run("check", [sys.executable, _MANAGE, "seed_demo", "--only-check"])
    if databases.broker and not given.get("REDIS_URL"):
        install_pgmq(databases.broker)
    parts = programs(ports, folder)
    components.start(parts["sandbox"])
    migrate = ["migrate", "--database", "owner", "--no-input"]
    components.run("migrate", [sys.executable, _MANAGE, *migrate])
    seeded = json.loads(components.run("seed", [sys.executable, _MANAGE, "seed_demo"]))
    audience = folder / "audience.csv"
    if not audience.exists():
        audience.write_text("".join(messy_rows(_SAMPLE_ROWS)), encoding="utf-8")
    # Else each worker would do it at its start, all at the same time.
    components.run("compile", [sys.executable, "-m", "exports.engine.vectorized.warming"])
    components.wait_until_ready("sandbox")
    components.environment.update(platform_environment(sandbox_url(ports)))
    ours = [name for name in parts if name != "sandbox"]
    for name in ours:
        components.start(parts[name])
    components.wait_until_ready(*ours)
    return Demo(ports, folder, databases, seeded["people"], components, postgres)


def _databases(folder: Path, stack: ExitStack) -> tuple[PrivateServer | None, Databases]:
    given = resolve_databases(os.environ)
    if given is not None:
        return None, given
    postgres = start_postgres(folder / "postgres")
    stack.callback(postgres.stop)
    return postgres, postgres.databases


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one demo at a time use a folder."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("A demo of this checkout is running already.") from None
        yield


def _announce(demo: Demo, seconds: float) -> None:
    width = max(len(person["email"]) for person in demo.people)
    lines = [
        "",
        f"The demo runs at {demo.url} (ready after {seconds:.0f} s).",
        "",
        "Sign in as:",
        *(
            f"  {person['email']:<{width}}  {person['password']}"
            f"  {person['role']} of {person['organization']}"
            for person in demo.people
        ),
        "",
        f"Emulated platforms: {demo.sandbox_url}",
        f"Sample audience:    {demo.audience}",
        f"Logs:               {demo.folder}{os.sep}*.log",
        "",
        "Ctrl-C stops everything; the next start begins from nothing.",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _remove_data() -> None:
    if FOLDER.exists():
        with _only_one(FOLDER):
            shutil.rmtree(home_of(FOLDER / "postgres"), ignore_errors=True)
            shutil.rmtree(FOLDER, ignore_errors=True)


def main() -> int:
    """Run the demo until Ctrl-C; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infosum_auth.demo", description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="show the programs' logs here too")
    parser.add_argument("--remove-data", action="store_true", help="forget what the demo kept")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        if options.remove_data:
            _remove_data()
            return 0
        # The emulated platforms forget their grants when they stop: what an earlier demo kept
        # would need to be reconnected, and may be of an older version.
        _remove_data()
        with (
            interruptible(),
            running(Ports.of(os.environ), FOLDER, verbose=options.verbose) as demo,
        ):
            _announce(demo, time.monotonic() - began)
            while True:
                demo.components.check()
                demo.components.show_logs()
                time.sleep(0.3)
    except KeyboardInterrupt:
        sys.stdout.write("\nStopped.\n")
        return 0
    except (
        ComponentError,
        DemoError,
        NoPostgresError,
        PartialDatabasesError,
        StartError,
    ) as error:
        with contextlib.suppress(BrokenPipeError):
            sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
