"""What programs keep things in goes away: the database, the broker, the disk."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from infosum_auth.drill.delivery import Delivery
from infosum_auth.drill.scene import IN_FLIGHT, Drill, Fault
from infosum_auth.postgres_cluster import BROKER, SUPERUSER
from infosum_auth.private_postgres import PrivateServer

# A file may grow to this: less than an upload or a batch of the drill needs. Logs stay below it.
_FULL_AT = 512 * 1024
_NO_ROOM = "There is no room for the file on this server just now."
_PREPARERS = ("preparer", "preparer_small")
# What they log then (exports.preparation).
_NOTHING_PREPARED = "no room to prepare it"


def database_killed(drill: Drill) -> None:
    """Kill -9 of PostgreSQL, and with it of the broker; some seconds later it starts again."""
    drill.sleep(0.5, 8)
    server = _own_postgres(drill)
    port = server.port
    server.kill()
    drill.sleep(0.5, 5)
    server.launch()
    if server.port != port:
        raise RuntimeError("Somebody else took the database's port.")


def broker_lost(drill: Drill) -> None:
    """Every message is lost and the broker is gone for some seconds."""
    drill.sleep(0.5, 8)
    server = _own_postgres(drill)
    with _connected(server, BROKER) as broker, _connected(server, SUPERUSER) as outside:
        outside.execute(_allowing_connections("false"))
        try:
            broker.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            for (name,) in broker.execute("SELECT queue_name FROM pgmq.list_queues()").fetchall():
                broker.execute("SELECT pgmq.purge_queue(%s)", [name])
            drill.sleep(2, 6)
        finally:
            outside.execute(_allowing_connections("true"))


def _connected(server: PrivateServer, database: str) -> psycopg.Connection:
    return psycopg.connect(server.url(SUPERUSER, database), autocommit=True)


def _allowing_connections(allowed: str) -> sql.Composed:
    change = "ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}"
    return sql.SQL(change).format(sql.Identifier(BROKER), sql.SQL(allowed))


def _own_postgres(drill: Drill) -> PrivateServer:
    if drill.demo.postgres is None or drill.demo.postgres.process is None:
        raise RuntimeError("This fault needs the drill's own PostgreSQL: unset DATABASE_URL.")
    return drill.demo.postgres


def disk_full_at_upload(drill: Drill, delivery: Delivery) -> None:
    """No room for the upload: it is said, and nothing is kept; then there is room again."""
    before = {each.parent for each in staged(drill)}
    with _full_disk(drill, "web"):
        delivery.upload().must_say(_NO_ROOM)
    # Each export has a folder: that which runs beside it had its own before.
    if {each.parent for each in staged(drill)} - before:
        raise RuntimeError("Something is left of an upload for which there was no room.")


def disk_full_while_preparing(drill: Drill) -> bool:
    """No room for what is prepared, for some seconds."""
    before = _tries_without_room(drill)
    with _full_disk(drill, *_PREPARERS):
        drill.sleep(3, 8)
    return _tries_without_room(drill) > before


def _tries_without_room(drill: Drill) -> int:
    logs = (drill.demo.components.log(name) for name in _PREPARERS)
    return sum(log.read_text(errors="replace").count(_NOTHING_PREPARED) for log in logs)


@contextmanager
def _full_disk(drill: Drill, *names: str) -> Iterator[None]:
    """Let programs of the demo write no large file, as where no room is left."""
    processes = [pid for name in names for pid in drill.demo.components.processes(name)]
    usual = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in processes}
    for pid, (_, hard) in usual.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL_AT, hard))
    try:
        yield
    finally:
        # Those that were started meanwhile have what their parents had.
        for name in names:
            for pid in drill.demo.components.processes(name):
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def staged(drill: Drill) -> set[Path]:
    """Return the files in staging."""
    folder = Path(drill.demo.components.environment["STAGING_DIR"])
    return {Path(root) / name for root, _, names in os.walk(folder) for name in names}


FAULTS = {
    "database_killed": Fault(database_killed, may_resend=IN_FLIGHT),
    "broker_lost": Fault(broker_lost),
    "disk_full_at_upload": Fault(before=disk_full_at_upload),
    "disk_full_while_preparing": Fault(disk_full_while_preparing),
}
