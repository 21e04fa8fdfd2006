"""PostgreSQL as kombu speaks to it, except that a worker looks again soon when it had been busy.

A worker that works on as many messages as it may takes no further one, and is not told when it may
again: what was sent meanwhile waited for the next poll, up to a second.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.pgmq import Transport as KombuTransport

# While it may take none the database is not asked.
_BUSY_SECONDS, _IDLE_SECONDS = 0.05, 1.0


class Transport(KombuTransport):
    """The transport of pgmq:// addresses, once `install` was called."""

    @property
    def polling_interval(self) -> float:  # type: ignore[override]  # kombu only reads it
        """Return how many seconds to wait for a notification before looking again."""
        busy = any(not channel.qos.can_consume() for channel in self.channels or ())
        return _BUSY_SECONDS if busy else _IDLE_SECONDS


def install() -> None:
    """Have every later connection use it."""
    TRANSPORT_ALIASES["pgmq"] = f"{__name__}:{Transport.__name__}"
