"""Right after consent: who approved, which ad accounts there are, and whether the role suffices."""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from authorizations import deciding, services
from authorizations.approvals import Approval, apply
from authorizations.consent import CHECK_AGAIN
from authorizations.endings import ROUTE, end, fail, give_up_in_time, not_set_up
from authorizations.models import AttemptState, AuthorizationAttempt
from authorizations.platforms import app_for
from organizations import fence, routing
from organizations.routing import Found
from providers.app import NotConfigured
from providers.errors import (
    AppMisconfigured,
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Throttled,
)
from providers.registry import registry
from providers.values import Grant, Identity

logger = logging.getLogger(__name__)

# A platform that is down is asked again for this long; then the person is told.
PATIENCE = timedelta(minutes=30)
_LONGEST_CHECK = PATIENCE + timedelta(minutes=10)


def learn(organization_id: uuid.UUID, attempt_id: uuid.UUID) -> None:
    """Check an approval and create or reconnect its authorization; harmless to run twice.

    Another account than the one that is reconnected waits for the person's decision.
    A platform that does not answer leaves the attempt checking; the sweep runs it again. What
    nobody decided in time is ended, here and at the platform.
    """
    with fence.inside(organization_id):
        attempt = AuthorizationAttempt.objects.filter(pk=attempt_id).first()
        grant = services.granted_at(attempt) if attempt else None
    if attempt is None or grant is None:
        return
    if _is_undecided(attempt):
        with suppress(deciding.CannotDecide):
            deciding.nobody_decided(attempt=attempt)
    elif attempt.state == AttemptState.CHECKING:
        _check(attempt, grant)


def _check(attempt: AuthorizationAttempt, grant: Grant) -> None:
    organization_id, attempt_id = attempt.organization_id, attempt.id
    try:
        approval = _ask(attempt, grant)
    except (PlatformDown, Throttled) as error:
        if timezone.now() - attempt.created_at < PATIENCE:
            logger.info("attempt %s: checked again later: %s", attempt_id, error.message)
            return
        _end(organization_id, attempt, error)
        return
    except PlatformError as error:
        _end(organization_id, attempt, error)
        return
    except NotConfigured:
        _end(organization_id, attempt, not_set_up(attempt))
        return
    with fence.inside(organization_id):
        _save(attempt, approval)


def sweep() -> list[Found]:
    """End attempts whose time is over; return those for which a platform must be asked."""
    to_check = []
    for found in routing.take_due(ROUTE, again_in=CHECK_AGAIN):
        with fence.inside(found.organization_id):
            attempt = AuthorizationAttempt.objects.filter(pk=found.row_id).first()
            if attempt is None or attempt.is_final:
                routing.remove(ROUTE, found.row_id)
            elif _is_undecided(attempt):
                to_check.append(found)
                give_up_in_time(attempt)
            elif attempt.state != AttemptState.CHECKING:
                give_up_in_time(attempt)
            elif timezone.now() - attempt.created_at < _LONGEST_CHECK:
                to_check.append(found)
            else:
                # Whatever stops the check each time is ours: a key that is gone, a defect.
                fail(attempt, AppMisconfigured("The approval could not be checked here."))
    return to_check


def _is_undecided(attempt: AuthorizationAttempt) -> bool:
    """Say whether an approval of another account waited for its day, and nobody decided."""
    is_late = timezone.now() >= attempt.expires_at
    return is_late and attempt.state == AttemptState.DECIDING


def _ask(attempt: AuthorizationAttempt, grant: Grant) -> Approval:
    platform = registry.get(attempt.platform)
    connection = platform.connect(app_for(platform.key), grant.tokens, attempt.options)
    identity = platform.identify(connection, grant.facts)
    try:
        accounts = list(platform.ad_accounts(connection))
    except PermissionMissing:
        # Kept, unusable: the page says which permission is missing and where to get it.
        accounts = []
    return Approval(grant, identity, accounts, platform.missing_scopes(grant.scopes))


def _save(attempt: AuthorizationAttempt, approval: Approval) -> None:
    if not attempt.reconnects:
        apply(attempt, approval, as_new=True)
        return
    target = deciding.locked_target(attempt)
    if target is None:
        _refuse(attempt, "That authorization was removed meanwhile. Nothing was changed.")
        return
    known = Identity(frozenset(target.identity_ids), target.account_name, target.account_username)
    if known.ids and not known.same_as(approval.identity):
        deciding.put_off(attempt, target, approval)
        return
    apply(attempt, approval, as_new=False)


def _refuse(attempt: AuthorizationAttempt, message: str) -> None:
    end(attempt, AttemptState.FAILED, "Nothing was changed", message)


def _end(organization_id: uuid.UUID, attempt: AuthorizationAttempt, error: PlatformError) -> None:
    logger.warning("attempt %s: not checked: %s %s", attempt.id, error.code, error.message)
    with fence.inside(organization_id):
        fail(attempt, error)
