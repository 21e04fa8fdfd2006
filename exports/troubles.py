"""What a platform's error means for an export: try again, wait for somebody, or give it up."""

from __future__ import annotations

import logging
import random
import traceback
from dataclasses import dataclass
from datetime import timedelta

from exports.states import WaitingFor
from providers.errors import (
    AppMisconfigured,
    BadRequest,
    GrantDead,
    NotThere,
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0
# An outage is waited out; after this the batch is given up, and can be retried by a person.
OUTAGES_LAST = timedelta(hours=24)
# Answers that nobody understands are asked for again so often: a proxy's page passes, a change of
# the platform's answers does not.
_MOST_UNKNOWN = 4


@dataclass(frozen=True)
class Trouble:
    """What becomes of an export or a batch, and the sentence for people.

    With `waiting_for` the whole export waits; with `again_in` (seconds) the batch is tried again;
    with neither it is given up. `of_the_export`: there is no use in trying its other batches.
    `is_trouble_there`: it counts as the platform's. `is_unknown`: nobody understands it.
    """

    waiting_for: WaitingFor | None
    reason: str
    again_in: float | None = None
    of_the_export: bool = False
    is_trouble_there: bool = False
    audience_is_gone: bool = False
    is_unknown: bool = False

    @property
    def look_again(self) -> timedelta | None:
        """Return when an export that waits looks again, where it is not told to."""
        return None if self.again_in is None else timedelta(seconds=self.again_in)


# What waits for somebody, and what is said to them after the platform's own sentence.
_WAITS_FOR: dict[type[PlatformError], tuple[WaitingFor, str]] = {
    GrantDead: (WaitingFor.RECONNECTION, ""),
    TokenRejected: (WaitingFor.RECONNECTION, ""),
    PermissionMissing: (
        WaitingFor.PERSON,
        " Ask for the permission there, then choose “Go on”.",
    ),
    AppMisconfigured: (
        WaitingFor.PERSON,
        " The operator must look at it; then choose “Go on”.",
    ),
}


def trouble_of(
    error: PlatformError, *, troubles: int = 0, unknown: int = 0, lasting: timedelta = timedelta()
) -> Trouble:
    """Judge an error after so many troubles in a row, the first of them `lasting` ago.

    The last so many of them were `unknown` answers.
    """
    said = _said(error)
    for kind, (waiting_for, words) in _WAITS_FOR.items():
        if isinstance(error, kind):
            return Trouble(waiting_for, f"{said}{words}", of_the_export=True)
    if isinstance(error, NotThere):
        sentence = f"{said} “Retry failed” looks for the audience again, or creates it."
        return Trouble(None, sentence, of_the_export=True, audience_is_gone=True)
    is_unknown = isinstance(error, UnknownAnswer)
    if _passes(error, unknown, lasting):
        again_in = pause_after(error, troubles)
        return Trouble(
            WaitingFor.PLATFORM,
            said,
            again_in=again_in,
            is_trouble_there=True,
            is_unknown=is_unknown,
        )
    operator = "" if isinstance(error, BadRequest) else " Tell the operator."
    return Trouble(None, f"{said}{operator}")


def fault_of_ours(error: Exception) -> UnknownAnswer:
    """Log an error that nobody foresaw, and say so: tried again a few times, then loud.

    Only its kind and place are logged: its text may hold what was to be sent.
    """
    place = "".join(traceback.format_tb(error.__traceback__))
    logger.error("an error of ours, %s:\n%s", type(error).__name__, place)
    return UnknownAnswer("Something went wrong on this server; its log says what.")


def not_set_up(platform_label: str) -> AppMisconfigured:
    """Say that the operator took a platform out of the environment while an export ran."""
    return AppMisconfigured(f"{platform_label} is not set up here.")


def _passes(error: PlatformError, unknown: int, lasting: timedelta) -> bool:
    """Say whether the same request may be good later."""
    if isinstance(error, UnknownAnswer):
        return unknown < _MOST_UNKNOWN
    if isinstance(error, PlatformDown):
        return lasting < OUTAGES_LAST
    return isinstance(error, Throttled)


def pause_after(error: PlatformError, troubles: int) -> float:
    """Return the seconds that the platform asks for, else 1, 2, 4 ... 60, each a little longer."""
    if isinstance(error, Throttled) and error.retry_after is not None:
        # Told to wait no time at all, it would ask again and again.
        return max(1.0, error.retry_after)
    # Up to a quarter longer, so that workers do not meet. Nothing secret hangs on it.
    spread = random.uniform(1.0, 1.25)  # noqa: S311
    return max(error.retry_after or 0.0, min(_LONGEST_PAUSE, 2.0 ** min(troubles, 6)) * spread)


def _said(error: PlatformError) -> str:
    """Return the error's sentence with its code, which the platform's support asks for."""
    code = f" ({error.code})" if error.code and error.code not in error.message else ""
    return f"{error.message}{code}"
