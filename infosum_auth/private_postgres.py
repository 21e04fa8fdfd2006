"""A PostgreSQL server of our own, where none is given: for the demo, the tests and a developer.

`python -m infosum_auth.private_postgres [--folder DIR] [COMMAND...]` runs a command (or waits for
Ctrl-C) beside a server, whose addresses it puts into the environment.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from infosum_auth.databases import Databases
from infosum_auth.generated_secrets import application_secrets, kept
from infosum_auth.postgres_binaries import (
    ROOTS_PLACE,
    Binaries,
    find_binaries,
    reachable,
    server_user,
)
from infosum_auth.processes import free_port, interruptible, spawn, stop, wait_until

SUPERUSER, OWNER, APPLICATION = "postgres", "infosum_owner", "infosum_app"
MAIN, BROKER = "infosum", "infosum_broker"
_START_SECONDS = 60
# What a crash of the machine would lose, nobody misses.
_THROWAWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_TEMPORARY = "infosum-postgres-"


class StartError(RuntimeError):
    """The private server did not start; the message ends with its last words."""


@dataclass
class PrivateServer:
    """A running server; `process` is None where somebody else started it and will stop it."""

    home: Path
    data: Path
    port: int
    passwords: dict[str, str]
    process: subprocess.Popen[bytes] | None

    def url(self, role: str, database: str) -> str:
        return f"postgres://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    @property
    def databases(self) -> Databases:
        return Databases(
            application=self.url(APPLICATION, MAIN),
            owner=self.url(OWNER, MAIN),
            broker=self.url(APPLICATION, BROKER),
        )

    def stop(self) -> None:
        """Stop the server, if this object started it; sessions are cut off, data is kept."""
        if self.process is not None:
            # A fast shutdown in PostgreSQL's terms.
            stop(self.process, request=signal.SIGINT)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        if self.process is not None:
            shutil.rmtree(self.home, ignore_errors=True)


def start(folder: Path, *, throwaway: bool = False) -> PrivateServer:
    """Start the server whose data is kept in a folder, or join it where it runs already.

    As root, and where the unprivileged server could not reach the folder, the data is kept below
    /var/lib instead, by the folder's name. Throwaway: fast, and not safe from a power cut.
    """
    binaries = find_binaries()
    home = _home(folder)
    data = home / f"postgres-{binaries.major}"
    with _alone(home):
        passwords = kept(home / f"{data.name}.json", _fresh_passwords)
        if not data.exists():
            _initialize(binaries, data, passwords[SUPERUSER], throwaway=throwaway)
        port = _running_port(data, passwords)
        if port is not None:
            return PrivateServer(home, data, port, passwords, None)
        server = _launch(binaries, home, data, passwords, throwaway=throwaway)
        try:
            _create_roles_and_databases(server)
        except BaseException:
            server.stop()
            raise
        return server


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


def start_throwaway() -> PrivateServer:
    """Start an empty server in a temporary folder; `remove()` ends it and deletes the folder."""
    for leftover in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*-*"):
        owner = leftover.name.removeprefix(_TEMPORARY).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)) and leftover.stat().st_uid == os.getuid():
            # Its owner was killed before it could clean up.
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{os.getpid()}-"))
    try:
        return start(folder, throwaway=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _home(folder: Path) -> Path:
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if server_user() is None:
        return folder
    # Others may pass through but not look: the server's own folder inside is closed to them.
    folder.chmod(0o711)
    if reachable(folder):
        return folder
    home = ROOTS_PLACE / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    ROOTS_PLACE.chmod(0o755)
    return home


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one launcher at a time look at a folder and start its server."""
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fresh_passwords() -> dict[str, str]:
    return {role: secrets.token_hex(24) for role in (SUPERUSER, OWNER, APPLICATION)}


def _initialize(binaries: Binaries, data: Path, password: str, *, throwaway: bool) -> None:
    """Create the data folder whole or not at all."""
    unfinished = data.with_name(f"{data.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    password_file = data.with_name(f"{data.name}.password")
    password_file.touch(mode=0o600)
    user = server_user()
    try:
        password_file.write_text(password)
        if user is not None:
            os.chown(unfinished, user, -1)
            os.chown(password_file, user, -1)
        command: list[str | Path] = [binaries.folder / "initdb", "-D", unfinished]
        command += ["-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", password_file]
        command += ["-E", "UTF8", *_locale(binaries), *(["--no-sync"] if throwaway else [])]
        with (data.parent / "initdb.log").open("wb") as log:
            # Not the caller's folder: the unprivileged user may not be allowed into it.
            done = spawn(command, output=log, folder=unfinished, user=user).wait()
        if done != 0:
            raise StartError(f"initdb failed:\n{(data.parent / 'initdb.log').read_text()}")
    finally:
        password_file.unlink()
    unfinished.rename(data)


def _locale(binaries: Binaries) -> list[str]:
    """Return options under which lower() knows more than ASCII: names are unique ignoring case."""
    if binaries.major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _launch(
    binaries: Binaries, home: Path, data: Path, passwords: dict[str, str], *, throwaway: bool
) -> PrivateServer:
    port = free_port()
    options = [f"port={port}", "listen_addresses=127.0.0.1", "timezone=UTC"]
    # No unix socket at all: it would need a path below 107 characters and a place of its own.
    options += ["unix_socket_directories=", *(_THROWAWAY if throwaway else ())]
    command = [binaries.folder / "postgres", "-D", data]
    command += [argument for option in options for argument in ("-c", option)]
    log = home / "postgres.log"
    with log.open("wb") as output:
        process = spawn(
            command,
            output=output,
            folder=data,
            user=server_user(),
            on_parents_death=signal.SIGINT,
        )
    server = PrivateServer(home, data, port, passwords, process)
    answered = wait_until(
        lambda: process.poll() is not None or _answers(server), seconds=_START_SECONDS
    )
    if process.poll() is not None or not answered:
        server.stop()
        raise StartError("PostgreSQL did not start:\n" + log.read_text(errors="replace")[-2000:])
    return server


def _connect(server: PrivateServer, database: str = SUPERUSER) -> psycopg.Connection:
    return psycopg.connect(server.url(SUPERUSER, database), autocommit=True, connect_timeout=3)


def _answers(server: PrivateServer) -> bool:
    """Say whether this very server, not another one on the same port, takes connections."""
    try:
        with _connect(server) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and Path(row[0]) == server.data


def _running_port(data: Path, passwords: dict[str, str]) -> int | None:
    """Return the port of the server that runs on this folder; drop what a crashed one left."""
    pid_file = data / "postmaster.pid"

    def recorded() -> list[str]:
        with suppress(FileNotFoundError):
            return pid_file.read_text().split("\n")
        return []

    def port() -> int | None:
        lines = recorded()
        if len(lines) < 4 or not lines[3].strip():
            return None
        number = int(lines[3])
        return number if _answers(PrivateServer(data.parent, data, number, passwords, None)) else None

    def settled() -> bool:
        # Neither while it starts nor while it shuts down.
        lines = recorded()
        return not lines or not _serves(int(lines[0] or 0), data) or port() is not None

    if not wait_until(settled, seconds=_START_SECONDS):
        raise StartError(f"The PostgreSQL of {data} runs but does not answer.")
    found = port()
    if found is None:
        # The number may belong to any other program by now, which PostgreSQL would believe.
        pid_file.unlink(missing_ok=True)
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _serves(pid: int, data: Path) -> bool:
    """Say whether a process is a PostgreSQL server on this folder."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        asked = ["ps", "-o", "command=", "-p", str(pid)]
        words = subprocess.run(asked, capture_output=True, check=False).stdout.split()
    return str(data).encode() in words


def _create_roles_and_databases(server: PrivateServer) -> None:
    """Create what is missing: a launcher may have been stopped half-way."""
    create_role = "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {} PASSWORD {}"
    with _connect(server) as connection:
        # Test databases are created by the owner.
        for role, may in ((OWNER, "CREATEDB"), (APPLICATION, "NOCREATEDB")):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if known.fetchone() is None:
                name, password = sql.Identifier(role), sql.Literal(server.passwords[role])
                connection.execute(sql.SQL(create_role).format(name, sql.SQL(may), password))
        for database, owner in ((MAIN, OWNER), (BROKER, APPLICATION)):
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if known.fetchone() is None:
                names = sql.Identifier(database), sql.Identifier(owner)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))


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
