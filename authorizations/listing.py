"""The questions that the pages about authorizations ask of the database."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from authorizations import usage
from authorizations.health import Health, State, state_of, with_ad_account_counts
from authorizations.models import Authorization
from providers.platform import Platform
from providers.registry import UnknownPlatform, registry

_ORDERS = {
    "name": ("name",),
    "platform": ("platform", "name"),
    "used": (F("last_used_at").desc(nulls_last=True), "name"),
}


@dataclass(frozen=True)
class Line:
    """An authorization as a table shows it."""

    row: Authorization
    state: State
    used_by: list[usage.Usage]

    @property
    def mark(self) -> str:
        """Return the platform's letters."""
        platform = platform_of(self.row)
        return platform.mark if platform else "?"


def found(*, text: str, platform: str, health: str, order: str) -> QuerySet[Authorization]:
    """Return the live authorizations that match, ordered, with what their state needs.

    Removed ones only where they are asked for.
    """
    live = health != Health.REMOVED
    rows = with_ad_account_counts(
        Authorization.objects.filter(removed_at__isnull=live).select_related("authorized_by")
    )
    if text:
        rows = rows.filter(
            Q(name__icontains=text)
            | Q(account_name__icontains=text)
            | Q(account_username__icontains=text)
            | Q(authorized_by__email__icontains=text)
        )
    if platform:
        rows = rows.filter(platform=platform)
    if health:
        rows = rows.filter(_is(Health(health)))
    return rows.order_by(*_ORDERS.get(order, _ORDERS["name"]))


def lines(rows: list[Authorization]) -> list[Line]:
    """Return the rows of one page with their state and users."""
    users = usage.used_by([row.id for row in rows])
    return [Line(row, state_of(row), users[row.id]) for row in rows]


def needing_reconnection() -> int:
    """Count the live authorizations whose grant is dead."""
    return Authorization.objects.filter(removed_at=None).exclude(broken_at=None).count()


def platform_of(row: Authorization) -> Platform | None:
    """Return an authorization's adapter; None where it is not installed any more."""
    try:
        return registry.get(row.platform)
    except UnknownPlatform:
        return None


def _is(health: Health) -> Q:
    """Say a state as a condition on rows of `with_ad_account_counts`; mirrors `state_of`."""
    broken = Q(broken_at__isnull=False)
    missing = ~broken & (~Q(missing_scopes=[]) | Q(ad_accounts_usable=0))
    limited = Q(ad_accounts_usable__lt=F("ad_accounts_there"))
    return {
        Health.NEEDS_RECONNECTION: broken,
        Health.MISSING_PERMISSION: missing,
        Health.LIMITED: ~broken & ~missing & limited,
        Health.CONNECTED: ~broken & ~missing & ~limited,
        Health.REMOVED: Q(removed_at__isnull=False),
    }[health]
