"""What goes wrong on purpose.

A fault strikes `count` times, or until it is switched off where count is None. Those that are a
habit of the platform rather than an event (`is_on`) stay until then in any case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

# Kinds that every emulator has; each platform adds its own.
COMMON = {
    "expire": "access tokens of now have expired",
    "revoke": "grants of now are revoked",
    "throttle": "too many requests",
    "fail": "an error of the platform, HTTP 500",
    "slow": "answers after `seconds` (default 2)",
    "drop_role": "everybody loses their roles on `account`",
    "account_gone": "`account` is gone",
    "garbage": "an answer that is not JSON, HTTP 200",
    "half_body": "the request is carried out, its answer cut in the middle",
    "accept_then_timeout": "the request is carried out, the answer comes after `seconds` (75)",
    "token_throttle": "the token endpoint says too many requests",
    "token_fail": "the token endpoint answers 500",
    "invalid_grant": "the token endpoint refuses the code or refresh token",
    "refresh_rotate": "a refresh gives a new refresh token and ends the old one",
    "refresh_none": "a refresh gives no refresh token",
    "expires_in": "new access tokens live `seconds`",
    "cancel_state_only": "a cancel returns with the state and nothing else",
    "cancel_never_returns": "a cancel does not return",
    "small_pages": "lists come two to a page, whatever is asked for",
    "no_rate_limits": "the platform's rate limits are off",
}


@dataclass
class Fault:
    """One fault that is switched on."""

    kind: str
    count: int | None = None
    account: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def seconds(self, otherwise: float) -> float:
        return float(self.extra.get("seconds", otherwise))


class Faults:
    """The faults of one platform."""

    def __init__(self, own: dict[str, str]) -> None:
        self.own = own
        self.kinds = {**COMMON, **own}
        self._on: list[Fault] = []
        self._lock = Lock()

    def switch_on(self, fault: Fault) -> None:
        with self._lock:
            self._on.append(fault)

    def take(self, kind: str, account: str | None = None) -> Fault | None:
        """Return a fault of this kind that strikes now, and count it."""
        with self._lock:
            for fault in self._on:
                if fault.kind != kind or (fault.account and fault.account != account):
                    continue
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._on.remove(fault)
                return fault
        return None

    def is_on(self, kind: str, account: str | None = None) -> bool:
        """Say whether a switch is on, without counting."""
        with self._lock:
            return any(
                fault.kind == kind and (not fault.account or fault.account == account)
                for fault in self._on
            )

    def clear(self) -> None:
        with self._lock:
            self._on.clear()

    def on(self) -> list[Fault]:
        with self._lock:
            return list(self._on)
