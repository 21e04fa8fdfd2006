"""A fresh token on demand, refreshed once however many ask for it.

Whoever needs a platform calls `call`; nobody else reads a token. A refresh runs under a lease on
the authorization's row: owner and end by the database's clock, longer than the HTTP deadline, and
no transaction open while the platform is asked. Both tokens are saved together under the version
that was read, so a process that slept past its lease cannot overwrite what came after.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from audit.services import record
from authorizations import sealed_tokens
from authorizations.models import Authorization
from authorizations.platforms import app_for
from authorizations.uses import Use, record_use
from organizations import fence
from organizations.sealing import SealBroken
from providers.app import NotConfigured
from providers.connection import Connection
from providers.errors import (
    AppMisconfigured,
    GrantDead,
    PlatformDown,
    PlatformError,
    Throttled,
    TokenRejected,
)
from providers.platform import Platform
from providers.registry import UnknownPlatform, registry
from providers.values import Grant, Tokens

__all__ = ["RENEWED", "BeingRenewed", "Lent", "Use", "call", "lend", "put_expiry", "renew"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Longer than connecting and reading may take together (providers.connection.TIMEOUT).
LEASE = timedelta(seconds=100)
# A loser of the race waits for the winner's token this long before it comes back later.
PATIENCE_SECONDS = 20.0
# A renewal that failed is not tried by each of those who were rejected at the same time.
_FAILURE_LASTS = 2.0
# Short-lived tokens are renewed when this share of their life is over.
RENEW_AFTER = 0.8
# What the audit log calls a renewal.
RENEWED = "token renewed"


class BeingRenewed(PlatformDown):
    """Somebody else renews the token, or has just tried to: no further trouble of the platform."""


@dataclass(frozen=True)
class _Held:
    """An authorization's tokens as read at one version."""

    platform: Platform
    tokens: Tokens
    options: dict[str, str]
    version: int
    is_old: bool
    is_over: bool
    was_cut_off: bool

    def connect(self) -> Connection:
        return self.platform.connect(app_for(self.platform.key), self.tokens, self.options)


def call(
    organization_id: uuid.UUID,
    authorization_id: uuid.UUID,
    use: Use,
    work: Callable[[Platform, Connection], T],
) -> T:
    """Run `work(platform, connection)` with a fresh token; call it outside any transaction.

    A rejected token is refreshed once and the work repeated once. Raises the platform's error;
    GrantDead where the authorization needs reconnection (it is marked then); PlatformDown or
    Throttled where the token could not be renewed just now.
    """
    lent = lend(organization_id, authorization_id)
    record_use(organization_id, authorization_id, use)
    return lent.call(work)


def lend(organization_id: uuid.UUID, authorization_id: uuid.UUID) -> Lent:
    """Return a fresh token for several calls right now, by threads too; the uses are not counted.

    Call it outside any transaction. Raises as `call` does.
    """
    return Lent(organization_id, authorization_id, _fresh(organization_id, authorization_id))


class Lent:
    """A token that was good a moment ago.

    Kept for a second or two, so that a grant that ended or was renewed by others is seen.
    """

    def __init__(
        self, organization_id: uuid.UUID, authorization_id: uuid.UUID, held: _Held
    ) -> None:
        self._ids = organization_id, authorization_id
        self._held = held
        self._renewing = Lock()
        # Why the last renewal failed, and until when that is believed.
        self._failed: tuple[PlatformError, float] | None = None

    def call(self, work: Callable[[Platform, Connection], T]) -> T:
        """Run `work(platform, connection)`, a second time where the token was rejected."""
        held = self._held
        try:
            return work(held.platform, held.connect())
        except TokenRejected as error:
            logger.info("authorization %s: token rejected (%s)", self._ids[1], error.code)
        held = self._renewed(held.version)
        try:
            return work(held.platform, held.connect())
        except TokenRejected as error:
            _mark_broken(*self._ids, held.version, error.message)
            raise GrantDead(error.message, code=error.code, request_id=error.request_id) from None

    def _renewed(self, rejected_version: int) -> _Held:
        with self._renewing:
            # Whoever of us comes second finds it renewed, or that it could not be.
            if self._failed is not None and time.monotonic() < self._failed[1]:
                raise _again(self._failed[0])
            if self._held.version == rejected_version:
                try:
                    self._held = _fresh(*self._ids, rejected_version=rejected_version)
                except PlatformError as error:
                    self._failed = error, time.monotonic() + _FAILURE_LASTS
                    raise
            return self._held


def _again(error: PlatformError) -> PlatformError:
    """Return a failed renewal for those who come after it: one outage counts once."""
    if isinstance(error, PlatformDown):
        return BeingRenewed(error.message, code=error.code, retry_after=error.retry_after)
    return error


def renew(organization_id: uuid.UUID, authorization_id: uuid.UUID) -> None:
    """Renew the tokens of an authorization where they lapse without being used."""
    held = _read(organization_id, authorization_id)
    if held.platform.refresh_tokens_lapse:
        _fresh(organization_id, authorization_id, rejected_version=held.version)


def _fresh(
    organization_id: uuid.UUID,
    authorization_id: uuid.UUID,
    *,
    rejected_version: int | None = None,
) -> _Held:
    """Return tokens that are good to use, renewed by us or by whoever renews them now."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        held = _read(organization_id, authorization_id)
        rejected = rejected_version == held.version
        if not rejected and not held.is_old:
            return held
        owner = _take_lease(organization_id, authorization_id, held.version)
        if owner is not None:
            return _renewed(organization_id, authorization_id, held, owner, rejected=rejected)
        if not rejected and not held.is_over:
            # Somebody renews it ahead of time; what there is still serves.
            return held
        if time.monotonic() > give_up_at:
            raise BeingRenewed("The token is being renewed; this goes on shortly.", retry_after=5)
        time.sleep(0.2)


def _read(organization_id: uuid.UUID, authorization_id: uuid.UUID) -> _Held:
    with fence.inside(organization_id):
        row = Authorization.objects.filter(pk=authorization_id, removed_at=None).first()
        if row is None:
            raise GrantDead("The authorization was removed.")
        if row.broken_at is not None:
            raise GrantDead(row.broken_reason)
        try:
            tokens = sealed_tokens.of_authorization(row)
        except SealBroken:
            logger.exception("authorization %s does not open", authorization_id)
            raise AppMisconfigured(
                "The stored token does not open. The operator must look at the keys."
            ) from None
    if tokens is None:
        raise GrantDead("The authorization holds no token.")
    now = timezone.now()
    return _Held(
        platform=_installed(row.platform),
        tokens=tokens,
        options=dict(row.options),
        version=row.token_version,
        is_old=row.access_expires_at is not None and now >= _renewal_due(row),
        is_over=row.access_expires_at is not None and now >= row.access_expires_at,
        was_cut_off=row.refresh_begun_at is not None,
    )


def _installed(key: str) -> Platform:
    try:
        return registry.get(key)
    except UnknownPlatform:
        raise AppMisconfigured(f"The platform “{key}” is not installed here any more.") from None


def _renewal_due(row: Authorization) -> datetime:
    if row.access_expires_at is None:
        raise ValueError("A token without an end needs no renewal.")
    issued = row.access_issued_at or row.authorized_at
    return issued + (row.access_expires_at - issued) * RENEW_AFTER


def _take_lease(
    organization_id: uuid.UUID, authorization_id: uuid.UUID, version: int
) -> uuid.UUID | None:
    """Write the intent to refresh, if nobody else is at it; return our name as owner."""
    owner = uuid.uuid4()
    with fence.inside(organization_id):
        free = Q(refresh_until=None) | Q(refresh_until__lt=Now())
        taken = Authorization.objects.filter(
            free, pk=authorization_id, token_version=version, removed_at=None
        ).update(refresh_owner=owner, refresh_until=Now() + LEASE, refresh_begun_at=Now())
    return owner if taken else None


def _renewed(
    organization_id: uuid.UUID,
    authorization_id: uuid.UUID,
    held: _Held,
    owner: uuid.UUID,
    *,
    rejected: bool,
) -> _Held:
    """Refresh under our lease and save. After a fault the lease is given back, a crash ends it."""
    try:
        app = app_for(held.platform.key)
        grant = held.platform.refresh(app, held.tokens, held.options)
    except GrantDead as error:
        reason = error.message
        if held.was_cut_off:
            reason = f"An earlier renewal was cut off before it was saved. {reason}"
        _mark_broken(organization_id, authorization_id, held.version, reason)
        raise GrantDead(reason, code=error.code, status=error.status) from None
    except (PlatformError, NotConfigured) as error:
        is_unknown = getattr(error, "may_have_happened", False)
        _give_back(organization_id, authorization_id, owner, was_cut_off=is_unknown)
        if isinstance(error, (PlatformDown, Throttled)) and not rejected and not held.is_over:
            return held
        if isinstance(error, NotConfigured):
            raise AppMisconfigured(f"{held.platform.label} is not set up here.") from None
        raise
    _save(organization_id, authorization_id, grant, held.version)
    return _read(organization_id, authorization_id)


def _save(
    organization_id: uuid.UUID,
    authorization_id: uuid.UUID,
    grant: Grant,
    version: int,
) -> None:
    """Save both tokens together, unless a later version is there already (fencing)."""
    with fence.inside(organization_id):
        row = (
            Authorization.objects.select_for_update()
            # Not by the lease: a platform that rotates has ended the old token by now, and this is
            # the only good one, however late it comes.
            .filter(pk=authorization_id, token_version=version, removed_at=None)
            .first()
        )
        if row is None:
            logger.warning("authorization %s: a renewal came too late", authorization_id)
            return
        sealed_tokens.put_on_authorization(row, grant.tokens)
        put_expiry(row, grant)
        row.token_version = version + 1
        row.refresh_owner = row.refresh_until = row.refresh_begun_at = None
        # Whoever tried at the same time may have been refused and marked it; these tokens are good.
        was_broken = row.broken_at is not None
        row.broken_at, row.broken_reason = None, ""
        row.save()
        record(RENEWED, organization_id=organization_id, subject=row)
        if was_broken:
            record("works again", organization_id=organization_id, subject=row)


def put_expiry(row: Authorization, grant: Grant) -> None:
    """Note on a row (not saved) when its new tokens end."""
    now = timezone.now()
    row.access_issued_at = now
    row.access_expires_at = (
        now + timedelta(seconds=grant.expires_in) if grant.expires_in is not None else None
    )
    if grant.refresh_expires_in is not None:
        row.refresh_expires_at = now + timedelta(seconds=grant.refresh_expires_in)


def _give_back(
    organization_id: uuid.UUID, authorization_id: uuid.UUID, owner: uuid.UUID, *, was_cut_off: bool
) -> None:
    """Let others refresh. Where nobody knows what came of ours, that stays written."""
    given: dict[str, None] = {"refresh_owner": None, "refresh_until": None}
    if not was_cut_off:
        given["refresh_begun_at"] = None
    with fence.inside(organization_id):
        Authorization.objects.filter(pk=authorization_id, refresh_owner=owner).update(**given)


def _mark_broken(
    organization_id: uuid.UUID, authorization_id: uuid.UUID, version: int, reason: str
) -> None:
    """Mark the authorization as needing reconnection, if its token is still the one that failed."""
    with fence.inside(organization_id):
        marked = Authorization.objects.filter(
            pk=authorization_id, token_version=version, broken_at=None, removed_at=None
        ).update(
            broken_at=Now(),
            broken_reason=reason[:300],
            refresh_owner=None,
            refresh_until=None,
            refresh_begun_at=None,
        )
        if marked:
            row = Authorization.objects.get(pk=authorization_id)
            record(
                "needs reconnection", organization_id=organization_id, subject=row, reason=reason
            )
