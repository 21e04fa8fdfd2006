"""Where tasks travel: Redis in production, a database of its own on PostgreSQL without Redis.

A message is only a hint. Whatever a broker loses, the database's rows still know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import psycopg
from pgmq.install import get_embedded_install_sql

# What is short and what people wait for; batches on their way; files to prepare, which takes
# minutes where one is large: the small ones do not stand in line behind it.
SOON = "celery"
SENDING, SENDING_SMALL = "sending", "sending_small"
PREPARING, PREPARING_SMALL = "preparing", "preparing_small"
QUEUES = (SOON, SENDING, SENDING_SMALL, PREPARING, PREPARING_SMALL)

# Longer than the longest task, or a slow one would be handed out twice. In seconds.
_VISIBILITY_TIMEOUT = 1800
# Any number will do that nobody else locks in the broker's database.
_INSTALL_LOCK = 7_466_081


def broker_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of Celery's broker, with Django's `CELERY_` prefix.

    Redis where REDIS_URL is given, else the database of BROKER_DATABASE_URL, which the
    application role owns and `install_pgmq` has prepared. Without both: nothing can be sent.
    """
    if environment.get("REDIS_URL"):
        return _redis(environment["REDIS_URL"])
    if environment.get("BROKER_DATABASE_URL"):
        return _pgmq(environment["BROKER_DATABASE_URL"])
    return {}


def _redis(url: str) -> dict[str, Any]:
    return {
        "CELERY_BROKER_URL": url,
        "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            "visibility_timeout": _VISIBILITY_TIMEOUT,
            # A killed worker's tasks come back within 10 s; with the defaults it is 100 s.
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
        },
    }


def _pgmq(url: str) -> dict[str, Any]:
    return {
        "CELERY_BROKER_URL": urlsplit(url)._replace(scheme="pgmq").geturl(),
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            # Said twice because pgmq prefers the environment's DATABASE_URL to the broker's parts.
            "conn_string": url,
            "visibility_timeout": _VISIBILITY_TIMEOUT,
            # Its SQL is installed already; a server extension would need a superuser.
            "init_extension": False,
            # Wake up by NOTIFY: 7 ms for a task, not up to a second.
            "use_notify": True,
            # Else what is sent within a quarter of a second of another message waits for a poll.
            "notify_throttle_interval_ms": 0,
            # Zero, or reading holds a connection and polls ten times a second.
            "wait_time_seconds": 0,
        },
        # What is read at one wake-up; with fewer, the rest waits for the next poll.
        "CELERY_WORKER_PREFETCH_MULTIPLIER": 8,
        # Its queues' names are longer than the 47 characters that pgmq takes.
        "CELERY_WORKER_ENABLE_REMOTE_CONTROL": False,
    }


def install_pgmq(url: str) -> bool:
    """Install pgmq's tables and functions in the broker's database, as the role that owns it.

    Returns whether there was anything to do; may be called again, and by several at a time.
    """
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_INSTALL_LOCK])
        # Its script fails where the schema exists.
        known = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'pgmq'")
        if known.fetchone() is not None:
            return False
        connection.execute(get_embedded_install_sql())
        return True
