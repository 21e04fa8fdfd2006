"""What the pages show of destinations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from authorizations.usage import Usage
from destinations import extensions
from destinations.models import Destination, Destinations
from destinations.standing import Standing, standings
from providers.registry import UnknownPlatform, registry


@dataclass(frozen=True)
class Line:
    """A destination as a table shows it."""

    row: Destination
    standing: Standing
    last: extensions.LastDelivery | None

    @property
    def mark(self) -> str:
        """Return the platform's letters."""
        return mark_of(self.row)


def found(*, text: str, only_needing_reconnection: bool) -> Destinations:
    """Return the live destinations that match, by name."""
    rows = Destination.objects.live().select_related("authorization")
    if only_needing_reconnection:
        rows = rows.needing_reconnection()
    if text:
        rows = rows.filter(
            Q(name__icontains=text)
            | Q(authorization__name__icontains=text)
            | Q(ad_account_name__icontains=text)
        )
    return rows.order_by("name")


def lines(rows: Sequence[Destination]) -> list[Line]:
    """Return the rows of one page with their standing and newest delivery."""
    stand = standings(rows)
    last = extensions.last_deliveries([row.pk for row in rows])
    return [Line(row, stand[row], last.get(row.pk)) for row in rows]


def mark_of(row: Destination) -> str:
    """Return the letters of a destination's platform; "?" where its adapter is not installed."""
    try:
        return registry.get(row.platform).mark
    except UnknownPlatform:
        return "?"


def settings_of(row: Destination) -> list[tuple[str, str]]:
    """Return what was filled in, as label and value; nothing where the adapter is not installed."""
    if row.platform not in registry:
        return []
    platform = registry.get(row.platform)
    identifiers = [each.label for each in platform.identifiers if each.key in row.identifiers]
    filled = [("Identifiers", ", ".join(identifiers))]
    for declared in platform.destination_fields:
        value = row.settings.get(declared.name, "")
        filled.append((declared.label, dict(declared.choices).get(value, value)))
    return [(label, value) for label, value in filled if value]


def minimum_audience_of(row: Destination) -> int:
    """Return from how many people on the platform uses an audience; 0 where it does not say."""
    if row.platform not in registry:
        return 0
    return registry.get(row.platform).limits.minimum_audience


def users_of_authorizations(ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Usage]]:
    """Return the destinations that use each of these authorizations."""
    users: dict[uuid.UUID, list[Usage]] = {}
    rows = list(Destination.objects.live().filter(authorization__in=ids).order_by("name"))
    under_way = extensions.under_way([row.pk for row in rows])
    for row in rows:
        if row.authorization_id is not None:
            usage = Usage(
                name=row.name,
                url=reverse("destinations:detail", args=[row.pk]),
                state="Paused" if row.paused_at else "",
                ad_account_id=row.ad_account_id,
                ad_account_name=row.ad_account_name or row.ad_account_id,
                under_way=under_way.get(row.pk, ()),
            )
            users.setdefault(row.authorization_id, []).append(usage)
    return users
