"""Redis as kombu speaks to it, except that a worker outlives a Redis that was away.

A channel whose connection was given up still holds the messages that nobody acknowledged. When it
is closed, and when their tasks end, kombu 5.7 fails by an AttributeError, for which a worker ends;
a connection error is what it expects there.
"""

from __future__ import annotations

from typing import Any

import redis
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel as KombuChannel
from kombu.transport.redis import Transport as KombuTransport


class Channel(KombuChannel):
    """A channel that says so when its connection was given up."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
        # Whichever of the two was cut already.
        if getattr(self.connection, "client", None) is None:
            raise redis.ConnectionError("This channel's connection was given up.")
        found: dict[str, Any] = super()._connparams(  # type: ignore[misc]  # the stubs leave it out
            asynchronous=asynchronous
        )
        return found


class Transport(KombuTransport):
    """The transport of redis:// and rediss:// addresses, once `install` was called."""

    Channel = Channel


def install() -> None:
    """Have every later connection use it."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
