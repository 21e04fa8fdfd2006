"""Reconnected with another account at the platform: nothing changes until the person decides."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from django.utils import timezone

from audit.services import record
from authorizations import removal, services, shared_grants
from authorizations.approvals import Approval, apply
from authorizations.endings import NOBODY_DECIDED, ROUTE, end
from authorizations.models import (
    AtPlatform,
    AttemptState,
    Authorization,
    AuthorizationAttempt,
)
from authorizations.unused_access import UnusedAccess
from organizations import fence, routing
from organizations.models import Person

TIME_TO_DECIDE = timedelta(days=1)
_TOO_LATE = "This was decided already, or its time is over."


class Choice(StrEnum):
    """What a person can do with an approval of another account."""

    KEEP = "keep"
    REPLACE = "replace"
    NEW = "new"


class CannotDecide(Exception):
    """Nothing was changed. The message says why."""


def put_off(attempt: AuthorizationAttempt, target: Authorization, approval: Approval) -> None:
    """Keep an approval of another account, its tokens sealed, until somebody decides. In the fence.

    Time over, it is abandoned.
    """
    name = approval.identity.name
    moved = attempt.move(
        AttemptState.DECIDING,
        learned=approval.as_json(),
        expires_at=timezone.now() + TIME_TO_DECIDE,
        title="You approved as another account",
        message=f"You approved as {name}, but “{target.name}” is connected as "
        f"{target.account_name}. Nothing is changed until you decide."[:400],
    )
    if not moved:
        return
    shared_grants.hold(attempt.id, attempt.platform, approval.identity, approval.grant.tokens)
    routing.add(
        ROUTE,
        organization_id=attempt.organization_id,
        row_id=attempt.id,
        due_in=TIME_TO_DECIDE,
    )
    record(
        "another account approved",
        organization_id=attempt.organization_id,
        person=attempt.person,
        subject=target,
        account=name,
    )


def approval_of(attempt: AuthorizationAttempt) -> Approval:
    """Return what waits for a decision. In the fence. Raises CannotDecide."""
    grant = services.granted_at(attempt)
    if attempt.state != AttemptState.DECIDING or grant is None:
        raise CannotDecide(_TOO_LATE)
    return Approval.from_json(attempt.learned, grant)


def locked_target(attempt: AuthorizationAttempt) -> Authorization | None:
    """Return the authorization that an attempt reconnects, while it is there. In the fence."""
    if attempt.authorization_id is None:
        return None
    there = Authorization.objects.select_for_update().filter(pk=attempt.authorization_id)
    return there.filter(removed_at=None).first()


def keep_old(*, attempt: AuthorizationAttempt) -> AtPlatform:
    """Change nothing; end the access that was approved by mistake. Outside the fence.

    Returns what became of that access at the platform. Raises CannotDecide.
    """
    return _let_go(
        attempt,
        "Nothing was changed",
        "You approved as {account} and kept the account from before.",
        by=attempt.person,
    )


def nobody_decided(*, attempt: AuthorizationAttempt) -> AtPlatform:
    """End an approval whose time is over, and its access, which nobody wanted. Outside the fence.

    Returns what became of that access at the platform. Raises CannotDecide.
    """
    return _let_go(attempt, "Nobody decided", NOBODY_DECIDED, by=None)


def _let_go(
    attempt: AuthorizationAttempt, title: str, message: str, *, by: Person | None
) -> AtPlatform:
    with fence.inside(attempt.organization_id):
        approval = approval_of(attempt)
        is_last = shared_grants.release(attempt.id)
        account = approval.identity.name
        if not end(attempt, AttemptState.ABANDONED, title, message.format(account=account)):
            raise CannotDecide(_TOO_LATE)
        told_at = attempt.authorization or attempt
        unused = UnusedAccess(attempt, approval.grant.tokens, account, told_at, is_last=is_last)
        unused.note(by)
    return unused.end()


def replace_old(*, attempt: AuthorizationAttempt) -> AtPlatform:
    """Swap account and tokens in place: same name, same destinations. Outside the fence.

    Returns what became of the old account's access at the platform. Raises CannotDecide.
    """
    with fence.inside(attempt.organization_id):
        approval, target = approval_of(attempt), locked_target(attempt)
        if target is None:
            raise CannotDecide("That authorization was removed meanwhile.")
        old = removal.opened(target)
        is_last = shared_grants.release(target.id)
        if not apply(attempt, approval, as_new=False):
            raise CannotDecide(_TOO_LATE)
        unused = UnusedAccess(target, old, target.account_name, target, is_last=is_last)
        unused.note(attempt.person)
    return unused.end()


def save_as_new(*, attempt: AuthorizationAttempt, name: str) -> Authorization:
    """Make an authorization of the other account; the old one stays as it is. In the fence.

    Raises CannotDecide.
    """
    approval = approval_of(attempt)
    AuthorizationAttempt.objects.filter(pk=attempt.pk).update(name=name)
    if not apply(attempt, approval, as_new=True) or attempt.authorization is None:
        raise CannotDecide(_TOO_LATE)
    return attempt.authorization
