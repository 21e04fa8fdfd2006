"""What can go wrong at a platform, told apart by what mends it.

An adapter's `classify` turns a platform's answer into one of these. Their message is a sentence
for a person; it never holds a token, a code, a secret or an address with a query.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from providers.declarations import Per


class Recovery(StrEnum):
    """The one next step after an error."""

    RETRY = "retry"
    WAIT = "wait"
    RECONNECT = "reconnect"
    ASK_FOR_PERMISSION = "ask for permission"
    FIX_THE_DATA = "fix the data"
    OPERATOR = "operator"


class PlatformError(Exception):
    """A platform did not do what was asked.

    `code` and `request_id` are the platform's own words, kept for its support; `status` is the
    HTTP status, or None where no answer came; `retry_after` is in seconds. `may_have_happened`
    says that the platform may have carried the request out although no good answer came.
    """

    recovery: Recovery = Recovery.OPERATOR

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        may_have_happened: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.status = status
        self.retry_after = retry_after
        self.may_have_happened = may_have_happened


class PlatformDown(PlatformError):
    """Trouble on the platform's side, or no answer: never blamed on an authorization."""

    recovery = Recovery.RETRY


class Throttled(PlatformError):
    """Too fast; the same request is good later.

    `whose` limit was met: None where the platform does not say.
    """

    recovery = Recovery.WAIT

    def __init__(self, message: str, *, whose: Per | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.whose = whose


class TokenRejected(PlatformError):
    """The platform does not take this token. A refresh may mend it."""

    recovery = Recovery.RECONNECT


class GrantDead(PlatformError):
    """The grant itself is over: revoked, lapsed, or its code used. Only a person can renew it."""

    recovery = Recovery.RECONNECT


class PermissionMissing(PlatformError):
    """The authorizing person's role or the granted scopes do not suffice."""

    recovery = Recovery.ASK_FOR_PERMISSION


class NotThere(PlatformError):
    """An audience or ad account is gone or hidden from this person."""

    recovery = Recovery.FIX_THE_DATA


class BadRequest(PlatformError):
    """The platform refuses what was sent; sending it again cannot help."""

    recovery = Recovery.FIX_THE_DATA


class BadRows(BadRequest):
    """The platform refuses some of the rows; fewer of them may pass."""


class AppMisconfigured(PlatformError):
    """Our application at the platform is wrong or not approved: every authorization suffers."""

    recovery = Recovery.OPERATOR


class UnknownAnswer(PlatformError):
    """An answer that the adapter has no rule for. Kept loud, never guessed at."""

    recovery = Recovery.OPERATOR
