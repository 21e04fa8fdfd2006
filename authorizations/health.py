"""How well an authorization is, derived from what is known, never a remembered sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from authorizations.models import Authorization
from providers.platform import Platform
from providers.registry import registry
from providers.values import Verdict

# A person who must reconnect needs time to find out which account it was.
WARN_BEFORE = timedelta(days=14)


class Health(StrEnum):
    """The states of an authorization, in the words that people see."""

    CONNECTED = "Connected"
    LIMITED = "Limited"
    MISSING_PERMISSION = "Missing permission"
    NEEDS_RECONNECTION = "Needs reconnection"
    REMOVED = "Removed"


@dataclass(frozen=True)
class State:
    """A state with its tone (for the shape and color), why, and whether exports may use it."""

    health: Health
    tone: str
    why: str
    usable: bool


def with_ad_account_counts(rows: QuerySet[Authorization]) -> QuerySet[Authorization]:
    """Count on each row what `state_of` needs: ad accounts there, usable, verified."""
    there = Q(ad_accounts__gone_at=None, ad_accounts__id__isnull=False)
    return rows.annotate(
        ad_accounts_there=Count("ad_accounts", filter=there),
        ad_accounts_usable=Count(
            "ad_accounts", filter=there & ~Q(ad_accounts__verdict=Verdict.INSUFFICIENT)
        ),
        ad_accounts_verified=Count(
            "ad_accounts", filter=there & Q(ad_accounts__verdict=Verdict.SUFFICIENT)
        ),
    )


def usable(rows: QuerySet[Authorization]) -> QuerySet[Authorization]:
    """Narrow to those that a destination may use: live, not broken, an ad account within reach."""
    well = rows.filter(removed_at=None, broken_at=None, missing_scopes=[])
    return with_ad_account_counts(well).filter(
        ad_accounts_usable__gt=0  # type: ignore[misc]  # annotated
    )


def state_of(authorization: Authorization) -> State:
    """Say how an authorization is; the row comes from `with_ad_account_counts`."""
    if authorization.removed_at is not None:
        return State(Health.REMOVED, "rest", "", usable=False)
    if authorization.broken_at is not None:
        return State(Health.NEEDS_RECONNECTION, "bad", authorization.broken_reason, usable=False)
    if authorization.missing_scopes:
        why = "Not everything that was asked for was approved. Reconnect and approve all of it."
        return State(Health.MISSING_PERMISSION, "bad", why, usable=False)
    there, within_reach, verified = _counts(authorization)
    if there == 0:
        why = "This account reaches no ad account."
        return State(Health.MISSING_PERMISSION, "bad", why, usable=False)
    if within_reach == 0:
        needed = needed_permission(authorization)
        why = f"No ad account grants the permission needed{f': {needed}' if needed else ''}."
        return State(Health.MISSING_PERMISSION, "bad", why, usable=False)
    if within_reach < there:
        why = f"{there - within_reach} of {there} ad accounts lack permission"
        return State(Health.LIMITED, "warn", why, usable=True)
    if verified == 0:
        why = "Permission will be verified at the first export"
        return State(Health.CONNECTED, "good", why, usable=True)
    return State(Health.CONNECTED, "good", "", usable=True)


@dataclass(frozen=True)
class Lapse:
    """When an authorization ends unless a person reconnects it, and whether that is soon."""

    at: datetime
    is_near: bool


def lapse_of(authorization: Authorization, platform: Platform | None) -> Lapse | None:
    """Say when access ends for good; None where that is not known, past, or prevented.

    Where refresh tokens lapse unless they are renewed, they are renewed in time.
    """
    at = authorization.refresh_expires_at
    is_well = authorization.removed_at is None and authorization.broken_at is None
    if at is None or at <= timezone.now() or not is_well:
        return None
    if platform is not None and platform.refresh_tokens_lapse:
        return None
    return Lapse(at, is_near=at - timezone.now() <= WARN_BEFORE)


def needed_permission(authorization: Authorization) -> str:
    """Return the platform's required permission in words."""
    if authorization.platform not in registry:
        return ""
    return registry.get(authorization.platform).permission.text


def _counts(authorization: Authorization) -> tuple[int, int, int]:
    counted = cast("_Counted", authorization)
    return counted.ad_accounts_there, counted.ad_accounts_usable, counted.ad_accounts_verified


class _Counted(Authorization):
    """A row of `with_ad_account_counts`, for the type checker."""

    ad_accounts_there: int
    ad_accounts_usable: int
    ad_accounts_verified: int

    class Meta:
        abstract = True
