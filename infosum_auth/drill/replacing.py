"""A Replace is cut off in the middle: afterwards the audience is the file, and nobody besides."""

from __future__ import annotations

from infosum_auth.drill.programs import kill_workers
from infosum_auth.drill.scene import IN_FLIGHT, Drill, Fault
from providers.declarations import Replace

_UNTIL_SENDING = 5.0


def worker_killed(drill: Drill) -> None:
    """Kill -9 of the workers: while it is prepared, compared or emptied, or while it sends."""
    if drill.chance.random() < 0.5:
        drill.sleep(0, _UNTIL_SENDING)
    else:
        drill.sleep_until_sending()
    kill_workers(drill)


FAULTS = {
    "worker_killed_while_replacing": Fault(
        worker_killed, may_resend=IN_FLIGHT, replaces=Replace.NATIVE
    ),
    "worker_killed_while_replacing_by_difference": Fault(
        worker_killed, may_resend=IN_FLIGHT, replaces=Replace.BY_DIFFERENCE
    ),
}
