"""What a private PostgreSQL holds: its data folder, two roles and their databases."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from infosum_auth.postgres_binaries import Binaries, server_user
from infosum_auth.processes import spawn

SUPERUSER, OWNER, APPLICATION = "postgres", "infosum_owner", "infosum_app"
MAIN, BROKER = "infosum", "infosum_broker"


class StartError(RuntimeError):
    """The private server did not start; the message ends with its last words."""


def fresh_passwords() -> dict[str, str]:
    return {role: secrets.token_hex(24) for role in (SUPERUSER, OWNER, APPLICATION)}


def initialize(binaries: Binaries, data: Path, password: str, *, durable: bool) -> None:
    """Create the data folder whole or not at all, with the superuser's password."""
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
        command += ["-E", "UTF8", *_locale(binaries), *([] if durable else ["--no-sync"])]
        log = data.parent / "initdb.log"
        with log.open("wb") as output:
            # Not the caller's folder: the unprivileged user may not be allowed into it.
            done = spawn(command, output=output, folder=unfinished, user=user).wait()
        if done != 0:
            raise StartError(f"initdb failed:\n{log.read_text(errors='replace')[-2000:]}")
    finally:
        password_file.unlink()
    unfinished.rename(data)


def _locale(binaries: Binaries) -> list[str]:
    """Return options under which lower() knows more than ASCII: names are unique ignoring case."""
    if binaries.major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def create_roles_and_databases(
    connection: psycopg.Connection, passwords: Mapping[str, str]
) -> None:
    """Create what is missing, as the superuser: a launcher may have been stopped half-way."""
    create_role = "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {} PASSWORD {}"
    # Test databases are created by the owner.
    for role, may in ((OWNER, "CREATEDB"), (APPLICATION, "NOCREATEDB")):
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if known.fetchone() is None:
            name, password = sql.Identifier(role), sql.Literal(passwords[role])
            connection.execute(sql.SQL(create_role).format(name, sql.SQL(may), password))
    for database, owner in ((MAIN, OWNER), (BROKER, APPLICATION)):
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if known.fetchone() is None:
            names = sql.Identifier(database), sql.Identifier(owner)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
