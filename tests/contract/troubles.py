"""What every platform can get into: the sandbox's fault, and what it means."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from providers.errors import (
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Recovery,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)


@dataclass(frozen=True)
class Meaning:
    """The error it becomes, what mends it, and whether a write may have been carried out."""

    error: type[PlatformError]
    recovery: Recovery
    may_have_happened: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


class Trouble(StrEnum):
    """By the names of the sandbox's faults."""

    DEAD_TOKEN = "expire"
    REVOKED = "revoke"
    NO_PERMISSION = "drop_role"
    OUTAGE = "fail"
    THROTTLED = "throttle"
    GARBAGE = "garbage"
    HALF_BODY = "half_body"
    SLOW = "slow"
    LOST_ANSWER = "accept_then_timeout"

    @property
    def meaning(self) -> Meaning:
        return _MEANINGS[self]


_MEANINGS = {
    Trouble.DEAD_TOKEN: Meaning(TokenRejected, Recovery.RECONNECT),
    Trouble.REVOKED: Meaning(TokenRejected, Recovery.RECONNECT),
    Trouble.NO_PERMISSION: Meaning(PermissionMissing, Recovery.ASK_FOR_PERMISSION),
    Trouble.OUTAGE: Meaning(PlatformDown, Recovery.RETRY, may_have_happened=True),
    Trouble.THROTTLED: Meaning(Throttled, Recovery.WAIT),
    Trouble.GARBAGE: Meaning(UnknownAnswer, Recovery.OPERATOR, may_have_happened=True),
    Trouble.HALF_BODY: Meaning(PlatformDown, Recovery.RETRY, may_have_happened=True),
    Trouble.SLOW: Meaning(
        PlatformDown, Recovery.RETRY, may_have_happened=True, extra={"seconds": 1}
    ),
    Trouble.LOST_ANSWER: Meaning(
        PlatformDown, Recovery.RETRY, may_have_happened=True, extra={"seconds": 1}
    ),
}
