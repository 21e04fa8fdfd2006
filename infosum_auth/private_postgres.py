"""A PostgreSQL server of our own, where none is given: for the demo, the tests and a developer.

`python -m infosum_auth.private_postgres [--folder DIR] [COMMAND...]` runs a command (or waits for
Ctrl-C) beside a server, whose addresses it puts into the environment.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from infosum_auth.databases import Databases
from infosum_auth.generated_secrets import application_secrets, kept
from infosum_auth.postgres_binaries import (
    ROOTS_PLACE,
    Binaries,
    find_binaries,
    reachable,
    server_user,
)
from infosum_auth.postgres_cluster import (
    APPLICATION,
    BROKER,
    MAIN,
    OWNER,
    SUPERUSER,
    StartError,
    create_roles_and_databases,
    fresh_passwords,
    initialize,
)
from infosum_auth.processes import (
    alive,
    command_of,
    free_port,
    interruptible,
    is_free,
    spawn,
    stop,
    wait_until,
)

_START_SECONDS = 60
# What a crash of the machine would lose, nobody misses.
_THROWAWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_TEMPORARY = "infosum-postgres-"


@dataclass
class PrivateServer:
    """A server on a data folder; `process` is None where somebody else started it."""

    binaries: Binaries
    data: Path
    durable: bool
    port: int = 0
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def databases(self) -> Databases:
        return Databases(
            application=self.url(APPLICATION, MAIN),
            owner=self.url(OWNER, MAIN),
            broker=self.url(APPLICATION, BROKER),
        )

    def url(self, role: str, database: str) -> str:
        return f"postgres://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def connect(self) -> psycopg.Connection:
        url = self.url(SUPERUSER, SUPERUSER)
        return psycopg.connect(url, autocommit=True, connect_timeout=3)

    def answers(self) -> bool:
        """Say whether this very server, not another one on the same port, takes connections."""
        try:
            with self.connect() as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]) == self.data

    def launch(self) -> None:
        """Start the server's process, on the port of last time if it is free, and wait for it."""
        for attempts_left in (2, 1, 0):
            self._choose_port()
            self.process = self._spawn()
            if self._comes_up(self.process):
                return
            self.stop()
            if not attempts_left:
                words = self._log.read_text(errors="replace")[-2000:]
                raise StartError(f"PostgreSQL did not start:\n{words}")
            # Somebody else took the port, or a killed server's children have not all noticed yet.
            time.sleep(1)

    def _comes_up(self, process: subprocess.Popen[bytes]) -> bool:
        wait_until(lambda: process.poll() is not None or self.answers(), seconds=_START_SECONDS)
        return process.poll() is None and self.answers()

    @property
    def _log(self) -> Path:
        return self.data.parent / "postgres.log"

    def _choose_port(self) -> None:
        remembered = self.data.parent / "port"
        if not self.port and remembered.exists():
            self.port = int(remembered.read_text())
        if not self.port or not is_free(self.port):
            self.port = free_port()
        remembered.write_text(str(self.port))

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", "timezone=UTC"]
        # No unix socket at all: it would need a path below 107 characters and a place of its own.
        options += ["unix_socket_directories=", *(() if self.durable else _THROWAWAY)]
        command: list[str | Path] = [self.binaries.folder / "postgres", "-D", self.data]
        command += [argument for option in options for argument in ("-c", option)]
        with self._log.open("wb") as log:
            return spawn(
                command,
                output=log,
                folder=self.data,
                user=server_user(),
                on_parents_death=signal.SIGINT,
            )

    def stop(self) -> None:
        """Stop the server, if this object started it; sessions are cut off, data is kept."""
        if self.process is not None:
            # A fast shutdown in PostgreSQL's terms.
            stop(self.process, request=signal.SIGINT)

    def kill(self) -> None:
        """Kill the server at once, if this object started it; its children follow by themselves."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def restart(self, *, crash: bool = False) -> None:
        """Stop the server, or crash it as a power cut would, and start it on the same port."""
        if self.process is not None and crash:
            self.process.send_signal(signal.SIGQUIT)
        self.stop()
        self.launch()

    def remove(self) -> None:
        """Stop the server, if this object started it, and then delete its data."""
        self.stop()
        if self.process is not None:
            shutil.rmtree(self.data.parent, ignore_errors=True)


def start(folder: Path, *, durable: bool = True) -> PrivateServer:
    """Start the server whose data is kept in a folder, or join it where it runs already.

    As root, and where the unprivileged server could not reach the folder, the data is kept below
    /var/lib instead, by the folder's name. Not durable: fast, and not safe from a power cut.
    """
    binaries = find_binaries()
    home = home_of(folder)
    data = home / f"postgres-{binaries.major}"
    server = PrivateServer(binaries, data, durable)
    with _alone(home):
        server.passwords = kept(home / f"{data.name}.json", fresh_passwords)
        if not data.exists():
            initialize(binaries, data, server.passwords[SUPERUSER], durable=durable)
        if _joined(server):
            return server
        server.launch()
        try:
            with server.connect() as connection:
                create_roles_and_databases(connection, server.passwords)
        except BaseException:
            server.stop()
            raise
        return server


def start_throwaway() -> PrivateServer:
    """Start an empty server in a temporary folder; `remove()` ends it and deletes the folder."""
    for leftover in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*-*"):
        owner = leftover.name.removeprefix(_TEMPORARY).partition("-")[0]
        if owner.isdigit() and not alive(int(owner)) and leftover.stat().st_uid == os.getuid():
            # Its owner was killed before it could clean up.
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{os.getpid()}-"))
    try:
        return start(folder, durable=False)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def private_server(folder: Path | None = None) -> Iterator[Databases]:
    """Run the server of a folder, or without one a throwaway server, for as long as the block."""
    server = start_throwaway() if folder is None else start(folder)
    try:
        yield server.databases
    finally:
        if folder is None:
            server.remove()
        else:
            server.stop()


def home_of(folder: Path) -> Path:
    """Return where the data of a folder's server is: there, or as root perhaps below /var/lib."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if server_user() is None:
        return folder
    # Others may pass through but not look: the server's own folder inside is closed to them.
    folder.chmod(0o711)
    if reachable(folder):
        return folder
    home = ROOTS_PLACE / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
    ROOTS_PLACE.chmod(0o755)
    return home


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one launcher at a time look at a folder and start its server."""
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _joined(server: PrivateServer) -> bool:
    """Take the port of the server that runs on the folder already; say whether there is one."""
    pid_file = server.data / "postmaster.pid"

    def recorded() -> list[str]:
        with suppress(FileNotFoundError):
            return pid_file.read_text().split("\n")
        return []

    def serves() -> bool:
        lines = recorded()
        return bool(lines and lines[0]) and str(server.data) in command_of(int(lines[0]))

    def answers() -> bool:
        lines = recorded()
        # The fourth line is the port.
        server.port = int(lines[3]) if len(lines) > 3 and lines[3].strip() else 0
        return bool(server.port) and server.answers()

    # Neither while it starts nor while it shuts down.
    if not wait_until(lambda: not serves() or answers(), seconds=_START_SECONDS):
        raise StartError(f"The PostgreSQL of {server.data} runs but does not answer.")
    if serves():
        return True
    server.port = 0
    lines = recorded()
    if lines and lines[0] and alive(int(lines[0])):
        # A crashed server's number, now another program's: PostgreSQL would believe it is its own.
        # In every other case it must see the file, to wait for a killed server's children.
        pid_file.unlink()
    return False


def main() -> int:
    """Run a command beside a server; without a command, print the addresses and wait."""
    parser = argparse.ArgumentParser(prog="python -m infosum_auth.private_postgres")
    parser.add_argument("--folder", type=Path, help="keep the data here (default: throw it away)")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run beside the server")
    options = parser.parse_args()
    command = [word for index, word in enumerate(options.command) if index or word != "--"]
    with interruptible(), suppress(KeyboardInterrupt), private_server(options.folder) as databases:
        if command:
            environment = {**application_secrets(), **os.environ, **databases.environment()}
            return subprocess.run(command, env=environment, check=False).returncode
        for name, url in databases.environment().items():
            sys.stdout.write(f"export {name}={shlex.quote(url)}\n")
        sys.stdout.flush()
        signal.pause()
    return 130


if __name__ == "__main__":
    sys.exit(main())
