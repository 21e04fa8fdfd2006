"""Redis, where it is the broker, loses what is in it or goes away."""

from __future__ import annotations

from infosum_auth.drill.redis_server import RedisServer
from infosum_auth.drill.scene import Broker, Drill, Fault


def flushed(drill: Drill) -> None:
    """Every message is lost, again and again for some seconds."""
    drill.sleep(0.5, 6)
    for _ in range(3):
        _own(drill).flush()
        drill.sleep(0, 2)


def killed(drill: Drill) -> None:
    """Kill -9 of Redis; some seconds later it starts again, empty."""
    drill.sleep(0.5, 8)
    _own(drill).kill()
    drill.sleep(2, 6)
    _own(drill).start()


def _own(drill: Drill) -> RedisServer:
    if drill.redis is None:
        raise RuntimeError("This fault needs a demo whose broker is the drill's own Redis.")
    return drill.redis


FAULTS = {
    "broker_flushed_redis": Fault(flushed, broker=Broker.REDIS),
    "broker_killed_redis": Fault(killed, broker=Broker.REDIS),
}
