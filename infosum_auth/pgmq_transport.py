"""PostgreSQL as kombu speaks to it, except for three things that hurt several workers.

A worker that works on as many messages as it may takes no further one, and is not told when it may
again: what was sent meanwhile waited for the next poll, up to a second. And workers that started at
the same time ended with an error now and then: each makes the queues tell what arrives in them, by
a trigger that is dropped and made anew. And a message went to whoever read first: to a worker that
had its hands full as often as to one that had nothing to do. (Redis serves who has waited longest.)
"""

from __future__ import annotations

import time
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.pgmq import Channel as KombuChannel
from kombu.transport.pgmq import Transport as KombuTransport
from psycopg import errors

from infosum_auth.broker import SENDING, SENDING_SMALL

# While it may take none the database is not asked.
_BUSY_SECONDS, _IDLE_SECONDS = 0.05, 1.0
# For so long a busy worker leaves these queues' messages to an idle one. Not those of others: their
# tasks are so short that it would be felt.
_LEFT_TO_IDLE_SECONDS = 0.02
_LEFT_TO_IDLE = frozenset({SENDING, SENDING_SMALL})
# What one of two hears who change the same trigger.
_SOMEBODY_ELSE = (
    errors.DuplicateObject,
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.InternalError_,
)
_MOST_TRIES = 5


class Channel(KombuChannel):
    """A channel that shares the queues and their triggers with others."""

    def _get_bulk(self, queue: str, *args: Any, **how: Any) -> None:
        if queue in _LEFT_TO_IDLE and self._is_at_work:
            time.sleep(_LEFT_TO_IDLE_SECONDS)
        super()._get_bulk(queue, *args, **how)  # type: ignore[no-untyped-call]  # of kombu

    @property
    def _is_at_work(self) -> bool:
        """Say whether there are messages that were taken and whose tasks have not ended."""
        most: int = self.qos.prefetch_count
        return bool(most) and self.qos.can_consume_max_estimate() < most

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
