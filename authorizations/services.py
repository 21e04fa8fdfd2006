"""What is done to authorizations and their ad accounts."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Lower, Now
from django.utils import timezone

from audit.services import record
from authorizations import renewal, sealed_tokens, shared_grants, tokens
from authorizations.models import AdAccount as AdAccountRow
from authorizations.models import Authorization, AuthorizationAttempt
from authorizations.removal import AlreadyRemoved
from authorizations.uses import Use
from organizations import fence
from organizations.models import Person
from providers.app import NotConfigured
from providers.errors import GrantDead, PermissionMissing, PlatformError
from providers.values import AdAccount, Grant, Identity

logger = logging.getLogger(__name__)


_UNIQUE_NAME = "authorization_name_unique_among_live"
_NAME_TRIES = 5


class NameTaken(Exception):
    """Another live authorization of the organization has this name."""


def authorization_create(
    *, attempt: AuthorizationAttempt, grant: Grant, identity: Identity, missing: Iterable[str]
) -> Authorization:
    """Create the authorization that an attempt asked for, under a free name. In the fence."""
    row = Authorization(
        organization_id=attempt.organization_id,
        platform=attempt.platform,
        options=attempt.options,
        authorized_by=attempt.person,
    )
    _put_grant(row, grant, identity, missing)
    _save_under_free_name(row, attempt.name)
    shared_grants.hold(row.id, row.platform, identity, grant.tokens)
    record(
        "authorized",
        organization_id=row.organization_id,
        person=attempt.person,
        subject=row,
        platform=row.platform,
        account=row.account_name,
    )
    renewal.look_after(row.organization_id, row.id)
    return row


def authorization_reconnect(
    *, attempt: AuthorizationAttempt, grant: Grant, identity: Identity, missing: Iterable[str]
) -> Authorization:
    """Swap an authorization's tokens in place: same name, same destinations. In the fence."""
    row = Authorization.objects.select_for_update().get(pk=_target(attempt))
    # What the new grant does not bring must not be mixed with what the old one left.
    row.access_sealed = row.refresh_sealed = row.secret_sealed = None
    row.token_version += 1
    row.refresh_owner = row.refresh_until = row.refresh_begun_at = None
    row.refresh_expires_at = None
    row.broken_at, row.broken_reason = None, ""
    row.authorized_by, row.authorized_at = attempt.person, timezone.now()
    _put_grant(row, grant, identity, missing)
    row.save()
    shared_grants.hold(row.id, row.platform, identity, grant.tokens)
    record(
        "reconnected",
        organization_id=row.organization_id,
        person=attempt.person,
        subject=row,
        account=row.account_name,
    )
    renewal.look_after(row.organization_id, row.id)
    return row


def authorization_rename(*, authorization: Authorization, by: Person, name: str) -> None:
    """Give an authorization another name; what uses it shows it at once. In the fence.

    Raises NameTaken, AlreadyRemoved.
    """
    formerly = authorization.name
    if name == formerly:
        return
    renamed = Authorization.objects.filter(pk=authorization.pk, removed_at=None)
    try:
        with transaction.atomic():
            found = renamed.update(name=name)
    except IntegrityError as error:
        # Somebody else took the name between the form's look and this.
        if _UNIQUE_NAME in str(error):
            raise NameTaken from None
        raise
    if not found:
        raise AlreadyRemoved
    authorization.name = name
    record(
        "renamed",
        organization_id=authorization.organization_id,
        person=by,
        subject=authorization,
        formerly=formerly,
    )


def ad_accounts_save(
    *, authorization: Authorization, accounts: Iterable[AdAccount]
) -> list[AdAccountRow]:
    """Keep the ad accounts as the platform lists them now; others are gone. In the fence."""
    # A platform may list one twice; a row cannot be written twice in one statement.
    once_each = {account.id: account for account in accounts}
    rows = [
        AdAccountRow(
            organization_id=authorization.organization_id,
            authorization=authorization,
            platform_id=account.id,
            name=account.name[:254] or account.id,
            group=account.group[:254],
            roles=list(account.roles),
            verdict=account.verdict,
            reason=account.reason[:300],
            currency=account.currency[:3],
        )
        for account in once_each.values()
    ]
    AdAccountRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["authorization", "platform_id"],
        update_fields=["name", "group", "roles", "verdict", "reason", "currency", "gone_at"],
    )
    authorization.ad_accounts.filter(gone_at=None).exclude(
        platform_id__in=[row.platform_id for row in rows]
    ).update(gone_at=Now())
    Authorization.objects.filter(pk=authorization.pk).update(checked_at=Now())
    return rows


def ad_accounts_refresh(
    *, organization_id: uuid.UUID, authorization_id: uuid.UUID, by: Person | None = None
) -> None:
    """Ask the platform again which ad accounts there are, with which roles. Outside the fence.

    Raises the platform's error; a permission that is missing leaves no ad account within reach.
    What was asked with the tokens of before a reconnection is not kept: that brought its own list.
    """
    missing = None
    with fence.inside(organization_id):
        authorized_at = _authorized_at(authorization_id)
    try:
        accounts = tokens.call(
            organization_id,
            authorization_id,
            Use("list ad accounts", person_id=by.id if by else None),
            lambda platform, connection: list(platform.ad_accounts(connection)),
        )
    except PermissionMissing as error:
        accounts, missing = [], error
    with fence.inside(organization_id):
        row = Authorization.objects.select_for_update().get(pk=authorization_id)
        if row.removed_at is not None:
            raise GrantDead("The authorization was removed.")
        if row.authorized_at != authorized_at:
            return
        ad_accounts_save(authorization=row, accounts=accounts)
        if by is not None:
            record(
                "ad accounts checked",
                organization_id=organization_id,
                person=by,
                subject=row,
                found=len(accounts),
            )
    if missing is not None:
        raise missing


def authorization_look_after(*, organization_id: uuid.UUID, authorization_id: uuid.UUID) -> None:
    """Renew what lapses, and learn whether the grant is alive and what it reaches now.

    Outside the fence. A dead grant is marked; an outage is tried again at the next time.
    """
    try:
        tokens.renew(organization_id, authorization_id)
        ad_accounts_refresh(organization_id=organization_id, authorization_id=authorization_id)
    except (PlatformError, NotConfigured) as error:
        logger.info("authorization %s: not looked after: %s", authorization_id, error)


def name_taken(name: str, *, other_than: Authorization | None = None) -> bool:
    """Say whether a live authorization has this name, in any case. In the fence."""
    # By the same rule as the database's constraint; `iexact` compares in capitals.
    live = Authorization.objects.filter(removed_at=None).alias(lowered=Lower("name"))
    same = live.filter(lowered=Lower(Value(name.strip())))
    if other_than is not None:
        same = same.exclude(pk=other_than.pk)
    return same.exists()


def free_name(name: str) -> str:
    """Return the name, or "Name (2)" and so on where it was taken meanwhile. In the fence."""
    candidate, number = name, 1
    while name_taken(candidate):
        number += 1
        ending = f" ({number})"
        candidate = name[: 120 - len(ending)] + ending
    return candidate


def _save_under_free_name(row: Authorization, wished: str) -> None:
    """Insert a row under the name wished or a free one like it, however many take it at once."""
    for tries_left in reversed(range(_NAME_TRIES)):
        row.name = free_name(wished)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            # Somebody else took the name between the look and this.
            if _UNIQUE_NAME not in str(error) or not tries_left:
                raise
        else:
            return


def _authorized_at(authorization_id: uuid.UUID) -> datetime | None:
    rows = Authorization.objects.filter(pk=authorization_id)
    return rows.values_list("authorized_at", flat=True).first()


def _target(attempt: AuthorizationAttempt) -> uuid.UUID:
    if attempt.authorization_id is None:
        raise ValueError("This attempt reconnects nothing.")
    return attempt.authorization_id


def _put_grant(
    row: Authorization, grant: Grant, identity: Identity, missing: Iterable[str]
) -> None:
    sealed_tokens.put_on_authorization(row, grant.tokens)
    tokens.put_expiry(row, grant)
    row.identity_ids = sorted(identity.ids)
    row.account_name = identity.name[:254]
    row.account_username = identity.username[:254]
    row.missing_scopes = sorted(missing)
    row.grant_facts = dict(grant.facts)


def granted_at(attempt: AuthorizationAttempt) -> Grant | None:
    """Return the grant that an attempt holds, its lifetimes counted from now. In the fence."""
    held = sealed_tokens.of_attempt(attempt)
    if held is None:
        return None
    kept = attempt.grant
    elapsed = timezone.now() - datetime.fromisoformat(kept["at"])
    scopes = kept["scopes"]
    return Grant(
        tokens=held,
        expires_in=_left(kept["expires_in"], elapsed),
        refresh_expires_in=_left(kept["refresh_expires_in"], elapsed),
        scopes=frozenset(scopes) if scopes is not None else None,
        facts=kept["facts"],
    )


def _left(seconds: int | None, elapsed: timedelta) -> int | None:
    return None if seconds is None else max(0, seconds - int(elapsed.total_seconds()))
