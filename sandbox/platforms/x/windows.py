"""X's rate limits: fixed windows, and the headers that tell of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock

from flask import request


@dataclass(frozen=True)
class Limit:
    """At most `count` requests in `seconds`, counted under a name."""

    name: str
    count: int
    seconds: int
    of_account: bool = False

    @property
    def prefix(self) -> str:
        return "x-account-rate-limit" if self.of_account else "x-rate-limit"


def limits(endpoint: str, token: str, account: str, *, users_are_writes: bool) -> Iterator[Limit]:
    """Say what a request counts against (sheet, section 3)."""
    if request.args.get("with_total_count") == "true":
        yield Limit(f"total {token}", 200, 900)
    if not account:
        # No ad account in the path.
        yield Limit(f"global {token}", 5, 900)
        return
    is_users = endpoint.endswith("/users")
    if request.method != "GET" and (users_are_writes or not is_users):
        yield Limit(f"writes {token}", 450, 60)
    if "/custom_audiences" in endpoint:
        yield Limit(f"{request.method} {endpoint} {account}", 1500, 60)
    elif request.method == "GET":
        yield Limit(f"reads {token}", 2000, 900)
    if request.method == "GET":
        yield Limit(f"account {account}", 10_000, 900, of_account=True)


class Windows:
    """What is left of every window; real time."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[int, float]] = {}
        self._lock = Lock()

    def take(self, wanted: Iterable[Limit]) -> tuple[bool, dict[str, str]]:
        """Take one request of every window, if all have one; return the headers too."""
        now = time.time()
        with self._lock:
            left = {limit: self._left(limit, now) for limit in wanted}
            passes = all(count > 0 for count, _ in left.values())
            headers: dict[str, str] = {}
            # The narrowest one is told of.
            for limit, (count, reset) in sorted(left.items(), key=lambda each: -each[1][0]):
                remaining = count - 1 if passes else count
                if passes:
                    self._open[limit.name] = (remaining, reset)
                headers[f"{limit.prefix}-limit"] = str(limit.count)
                headers[f"{limit.prefix}-remaining"] = str(remaining)
                headers[f"{limit.prefix}-reset"] = str(int(reset))
        return passes, headers

    def _left(self, limit: Limit, now: float) -> tuple[int, float]:
        count, reset = self._open.get(limit.name, (0, 0.0))
        return (count, reset) if reset > now else (limit.count, now + limit.seconds)
