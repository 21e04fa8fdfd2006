"""Right after consent: who approved, which ad accounts there are, and whether the role suffices."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from authorizations import services
from authorizations.consent import CHECK_AGAIN
from authorizations.endings import ROUTE, end, fail, finish, give_up_in_time, not_set_up
from authorizations.health import Health, state_of, with_ad_account_counts
from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from authorizations.platforms import app_for
from organizations import fence, routing
from organizations.routing import Found
from providers.app import NotConfigured
from providers.errors import PermissionMissing, PlatformDown, PlatformError, Throttled
from providers.registry import registry
from providers.values import AdAccount, Grant, Identity

logger = logging.getLogger(__name__)

# A platform that is down is asked again for this long; then the person is told.
PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class _Learned:
    grant: Grant
    identity: Identity
    accounts: list[AdAccount]
    missing_scopes: frozenset[str]


def learn(organization_id: uuid.UUID, attempt_id: uuid.UUID) -> None:
    """Check an approval and create or reconnect its authorization; harmless to run twice.

    A platform that does not answer leaves the attempt checking; the sweep runs it again.
    """
    with fence.inside(organization_id):
        attempt = AuthorizationAttempt.objects.filter(pk=attempt_id).first()
        if attempt is None or attempt.state != AttemptState.CHECKING:
            return
        grant = services.granted_at(attempt)
    if grant is None:
        return
    try:
        learned = _ask(attempt, grant)
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
        _save(attempt, learned)


def sweep() -> list[Found]:
    """End attempts whose time is over; return those that must be checked (again)."""
    to_check = []
    for found in routing.take_due(ROUTE, again_in=CHECK_AGAIN):
        with fence.inside(found.organization_id):
            attempt = AuthorizationAttempt.objects.filter(pk=found.row_id).first()
            if attempt is None or attempt.is_final:
                routing.remove(ROUTE, found.row_id)
            elif attempt.state == AttemptState.CHECKING:
                to_check.append(found)
            else:
                give_up_in_time(attempt)
    return to_check


def _ask(attempt: AuthorizationAttempt, grant: Grant) -> _Learned:
    platform = registry.get(attempt.platform)
    connection = platform.connect(app_for(platform.key), grant.tokens, attempt.options)
    identity = platform.identify(connection, grant.facts)
    try:
        accounts = list(platform.ad_accounts(connection))
    except PermissionMissing:
        # Kept, unusable: the page says which permission is missing and where to get it.
        accounts = []
    return _Learned(grant, identity, accounts, platform.missing_scopes(grant.scopes))


def _save(attempt: AuthorizationAttempt, learned: _Learned) -> None:
    if attempt.reconnects:
        target = attempt.authorization
        if target is None or target.removed_at is not None:
            _refuse(attempt, "That authorization was removed meanwhile. Nothing was changed.")
            return
        known = Identity(
            frozenset(target.identity_ids), target.account_name, target.account_username
        )
        if known.ids and not known.same_as(learned.identity):
            _refuse(
                attempt,
                f"You approved as {learned.identity.name}, but this authorization is connected as "
                f"{target.account_name}. Nothing was changed. Sign in at "
                f"{attempt.platform_label} with the intended account and try again, or make a "
                "new authorization.",
            )
            return
    if not attempt.move(AttemptState.DONE):
        return
    save = services.authorization_reconnect if attempt.reconnects else services.authorization_create
    row = save(
        attempt=attempt,
        grant=learned.grant,
        identity=learned.identity,
        missing=learned.missing_scopes,
    )
    services.ad_accounts_save(authorization=row, accounts=learned.accounts)
    attempt.authorization = row
    attempt.title, attempt.message = _words(row, attempt.name)
    attempt.save(update_fields=["authorization", "title", "message"])
    finish(attempt)


def _words(row: Authorization, wished: str) -> tuple[str, str]:
    counted = with_ad_account_counts(Authorization.objects.filter(pk=row.pk)).get()
    state = state_of(counted)
    renamed = f" The name “{wished}” was taken meanwhile." if row.name != wished else ""
    if state.health == Health.MISSING_PERMISSION:
        return "Missing permission", f"{row.name} is saved but cannot be used. {state.why}{renamed}"
    connected = f"Connected as {row.account_name}." if row.account_name else "Connected."
    usable = counted.ad_accounts_usable  # type: ignore[attr-defined]  # annotated
    noun = "ad account" if usable == 1 else "ad accounts"
    why = f" {state.why}." if state.why else ""
    return row.name, f"{connected} {usable} usable {noun}.{why}{renamed}"


def _refuse(attempt: AuthorizationAttempt, message: str) -> None:
    end(attempt, AttemptState.FAILED, "Nothing was changed", message)


def _end(organization_id: uuid.UUID, attempt: AuthorizationAttempt, error: PlatformError) -> None:
    logger.warning("attempt %s: not checked: %s %s", attempt.id, error.code, error.message)
    with fence.inside(organization_id):
        fail(attempt, error)
