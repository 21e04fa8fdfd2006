"""Remove an authorization: its tokens are destroyed here, its access is ended at the platform."""

from __future__ import annotations

import logging

from django.utils import timezone

from audit.services import record
from authorizations import renewal, sealed_tokens, shared_grants
from authorizations.models import AtPlatform, Authorization, AuthorizationAttempt
from authorizations.platforms import app_for
from organizations import fence
from organizations.models import Person
from organizations.sealing import SealBroken
from providers.app import NotConfigured
from providers.errors import PlatformError
from providers.registry import registry
from providers.values import Tokens

logger = logging.getLogger(__name__)


Holder = Authorization | AuthorizationAttempt


class AlreadyRemoved(Exception):
    """Somebody was faster."""


def prospect(row: Authorization) -> AtPlatform:
    """Say what would become of the access at the platform. In the fence."""
    if shared_grants.is_shared(row.id):
        return AtPlatform.SHARED
    return AtPlatform.REVOKED if _can_be_revoked(row) else AtPlatform.BY_PERSON


def authorization_remove(*, authorization: Authorization, by: Person) -> AtPlatform:
    """Remove an authorization for good; return what became of the access at the platform.

    Outside the fence, as the platform may be asked. What uses it stays and needs reconnection;
    name and history stay with the row. A call that fails does not stop it: a person can end the
    access there. Raises AlreadyRemoved.
    """
    organization_id = authorization.organization_id
    with fence.inside(organization_id):
        live = Authorization.objects.select_for_update().filter(
            pk=authorization.pk, removed_at=None
        )
        row = live.first()
        if row is None:
            raise AlreadyRemoved
        held = opened(row)
        is_last = shared_grants.release(row.id)
        row.at_platform = at_first(row, is_last=is_last)
        _destroy_tokens(row)
        row.save()
        renewal.leave_alone(row.id)
        record("removed", organization_id=organization_id, person=by, subject=row)
    ended = end_access(row, held, is_last=is_last)
    if ended == AtPlatform.REVOKED:
        with fence.inside(organization_id):
            Authorization.objects.filter(pk=row.pk).update(at_platform=AtPlatform.REVOKED)
            record("revoked at the platform", organization_id=organization_id, subject=row)
    return ended


def end_access(row: Holder, held: Tokens | None, *, is_last: bool) -> AtPlatform:
    """End a grant at its platform, by a call where there is one. Outside the fence."""
    at_platform = at_first(row, is_last=is_last)
    if at_platform != AtPlatform.FAILED or held is None:
        return at_platform
    platform = registry.get(row.platform)
    try:
        platform.revoke(app_for(platform.key), held, row.options)
    except (PlatformError, NotConfigured) as error:
        logger.warning("access of %s not revoked at %s: %s", row.pk, platform.key, error)
        return AtPlatform.FAILED
    return AtPlatform.REVOKED


def at_first(row: Holder, *, is_last: bool) -> AtPlatform:
    """Return what is true until a call has been confirmed, whatever happens to this process."""
    if not is_last:
        return AtPlatform.SHARED
    return AtPlatform.FAILED if _can_be_revoked(row) else AtPlatform.BY_PERSON


def _can_be_revoked(row: Holder) -> bool:
    return row.platform in registry and registry.get(row.platform).revocation.by_call


def _destroy_tokens(row: Authorization) -> None:
    row.access_sealed = row.refresh_sealed = row.secret_sealed = None
    row.refresh_owner = row.refresh_until = row.refresh_begun_at = None
    # Whoever refreshes it just now must not put tokens back.
    row.token_version += 1
    row.removed_at = timezone.now()


def opened(row: Authorization) -> Tokens | None:
    """Open what is to be revoked; what does not open is destroyed all the same. In the fence."""
    try:
        return sealed_tokens.of_authorization(row)
    except SealBroken:
        logger.exception("authorization %s does not open", row.id)
        return None
