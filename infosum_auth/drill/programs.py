"""Programs of the demo that are killed or frozen."""

from __future__ import annotations

import time

from infosum_auth.demo_parts import WORKERS, worker
from infosum_auth.drill.scene import IN_FLIGHT, Drill, Fault

# A batch's lease, after which another worker may take it over, and some.
_LEASE_SECONDS = 125


def worker_killed_while_preparing(drill: Drill) -> bool:
    """Kill -9 of all worker processes before the first batch is sent."""
    drill.sleep(0, 1.5)
    if any(each.has_begun() for each in drill.deliveries):
        return False
    kill_workers(drill)
    return True


def worker_killed_while_sending(drill: Drill) -> None:
    """Kill -9 of all worker processes while requests are under way."""
    drill.sleep_until_sending()
    kill_workers(drill)


def kill_workers(drill: Drill) -> None:
    """Kill -9 of all worker processes; then they are started again."""
    for name in WORKERS:
        drill.demo.components.kill(name)
    for name in WORKERS:
        drill.demo.components.restart(name)


def worker_frozen(drill: Drill) -> None:
    """Freeze who sends past its lease; another takes over; then the first wakes up and goes on."""
    drill.sleep_until_sending()
    components = drill.demo.components
    components.freeze("sender")
    other = worker("sender", "sender_of_others")
    components.start(other)
    components.wait_until_ready(other.name)
    time.sleep(_LEASE_SECONDS)
    components.thaw("sender")
    # What it had in its hands it would do now.
    time.sleep(3)
    components.kill(other.name)


def beat_killed(drill: Drill) -> None:
    """Kill -9 of the scheduler."""
    drill.sleep(0.5, 6)
    drill.demo.components.kill("beat")
    drill.demo.components.restart("beat")


def web_killed(drill: Drill) -> None:
    """Kill -9 of the web server while an export runs."""
    drill.sleep(0.5, 6)
    drill.demo.components.kill("web")
    drill.demo.components.restart("web")


FAULTS = {
    "worker_killed_while_preparing": Fault(worker_killed_while_preparing),
    "worker_killed_while_sending": Fault(worker_killed_while_sending, may_resend=IN_FLIGHT),
    "worker_frozen": Fault(worker_frozen, may_resend=IN_FLIGHT),
    "beat_killed": Fault(beat_killed),
    "web_killed": Fault(web_killed),
}
