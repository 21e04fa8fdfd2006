"""PostgreSQL as kombu speaks to it, except for two things that hurt several workers of one machine.

A worker that works on as many messages as it may takes no further one, and is not told when it may
again: what was sent meanwhile waited for the next poll, up to a second. And workers that started at
the same time ended with an error now and then: each makes the queues tell what arrives in them, by
a trigger that is dropped and made anew.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.pgmq import Channel as KombuChannel
from kombu.transport.pgmq import Transport as KombuTransport
from psycopg import errors

# While it may take none the database is not asked.
_BUSY_SECONDS, _IDLE_SECONDS = 0.05, 1.0
# What one of two hears who change the same trigger.
_SOMEBODY_ELSE = (
    errors.DuplicateObject,
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.InternalError_,
)
_MOST_TRIES = 5


class Channel(KombuChannel):
    """A channel that shares the queues' triggers with others."""

    def _maybe_enable_notify(self, queue: str, queue_name: str | None = None) -> None:
        for tries_left in reversed(range(_MOST_TRIES)):
            try:
                super()._maybe_enable_notify(  # type: ignore[no-untyped-call]  # of kombu
                    queue, queue_name=queue_name
                )
            except _SOMEBODY_ELSE:
                if not tries_left:
                    raise
            else:
                return


class Transport(KombuTransport):
    """The transport of pgmq:// addresses, once `install` was called."""

    Channel = Channel

    @property
    def polling_interval(self) -> float:  # type: ignore[override]  # kombu only reads it
        """Return how many seconds to wait for a notification before looking again."""
        busy = any(not channel.qos.can_consume() for channel in self.channels or ())
        return _BUSY_SECONDS if busy else _IDLE_SECONDS


def install() -> None:
    """Have every later connection use it."""
    TRANSPORT_ALIASES["pgmq"] = f"{__name__}:{Transport.__name__}"
