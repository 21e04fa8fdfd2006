"""How an attempt ends without an authorization: failed, stopped by the person, given up by time."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from audit.services import record
from authorizations import shared_grants
from authorizations.models import AttemptState, AuthorizationAttempt
from organizations import routing
from providers.errors import AppMisconfigured, PlatformError, Recovery

# Under which kind `organizations.routing` finds an attempt.
ROUTE = "attempt"
# An answer that came in the last second is still being exchanged when the time is over.
EXCHANGE_TAKES = timedelta(minutes=2)
# The access of an approval that nobody decided about is ended at the platform in this time.
UNDECIDED_ENDS = timedelta(hours=1)
NOBODY_DECIDED = "Nobody decided within a day which account to use. Nothing was changed."


def fail(attempt: AuthorizationAttempt, error: PlatformError) -> None:
    """End an attempt with the platform's fault or ours, in words. Inside the fence."""
    end(
        attempt,
        AttemptState.FAILED,
        f"{attempt.platform_label} did not confirm the approval",
        f"{_cut(error.message)} {nothing_done(attempt)} {_NEXT_STEP[error.recovery]}",
    )


def stop(attempt: AuthorizationAttempt) -> bool:
    """End an attempt because the person does not want to wait for it. Inside the fence.

    False where its answer is being taken, or it is over.
    """
    return attempt.state == AttemptState.WAITING and end(
        attempt,
        AttemptState.ABANDONED,
        "Stopped",
        f"You stopped waiting for {attempt.platform_label}. {nothing_done(attempt)}",
    )


def give_up_in_time(attempt: AuthorizationAttempt) -> None:
    """End an attempt that nobody came back for, once its time is over. Inside the fence."""
    late = timezone.now() - attempt.expires_at
    if late >= timedelta() and attempt.state == AttemptState.WAITING:
        end(
            attempt,
            AttemptState.ABANDONED,
            "Abandoned",
            f"Nobody came back from {attempt.platform_label} within 15 minutes. "
            f"{nothing_done(attempt)}",
        )
    elif late >= UNDECIDED_ENDS and attempt.state == AttemptState.DECIDING:
        # Ending it at the platform as well did not work: its tokens do not open, say.
        end(attempt, AttemptState.ABANDONED, "Nobody decided", NOBODY_DECIDED)
    elif late >= EXCHANGE_TAKES and attempt.state == AttemptState.EXCHANGING:
        end(
            attempt,
            AttemptState.FAILED,
            "Cut off",
            "The approval was cut off while it was being taken. Begin again.",
        )


def end(attempt: AuthorizationAttempt, state: AttemptState, title: str, message: str) -> bool:
    """Move an attempt to where it ends, unless somebody else moved it. Inside the fence."""
    moved = attempt.move(state, title=title[:120], message=message[:400])
    if moved:
        finish(attempt)
    return moved


def finish(attempt: AuthorizationAttempt) -> None:
    """Forget what an ended attempt need not keep: secrets, what was learned, the way to it."""
    AuthorizationAttempt.objects.filter(pk=attempt.pk).update(
        consent_url_sealed=None,
        secret_sealed=None,
        access_sealed=None,
        refresh_sealed=None,
        token_secret_sealed=None,
        grant={},
        learned={},
    )
    shared_grants.release(attempt.id)
    routing.remove(ROUTE, attempt.id)
    record(
        f"authorization {attempt.state}",
        organization_id=attempt.organization_id,
        person=attempt.person,
        subject=attempt,
        platform=attempt.platform,
    )


def not_set_up(attempt: AuthorizationAttempt) -> AppMisconfigured:
    """Return the error of a platform whose credentials left the environment meanwhile."""
    return AppMisconfigured(f"{attempt.platform_label} is not set up here any more.")


def nothing_done(attempt: AuthorizationAttempt) -> str:
    """Say that nothing came of an attempt."""
    return "Nothing was changed." if attempt.reconnects else "Nothing was created."


_NEXT_STEP = {
    Recovery.RETRY: "Wait a moment and try again.",
    Recovery.WAIT: "Wait a moment and try again.",
    Recovery.RECONNECT: "Try again.",
    Recovery.ASK_FOR_PERMISSION: "Ask for the permission at the platform, then try again.",
    Recovery.FIX_THE_DATA: "Try again; if it stays, tell the operator.",
    Recovery.OPERATOR: "Tell the operator of this product.",
}


def _cut(text: str) -> str:
    """Leave room for what comes after a platform's own words."""
    return text if len(text) <= 280 else f"{text[:279]}…"
