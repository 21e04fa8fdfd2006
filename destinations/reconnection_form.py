"""The form that gives many destinations another authorization."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django import forms
from django.http import QueryDict

from authorizations.models import Authorization
from destinations import choices
from destinations.models import Destination
from destinations.reconnection import Offer
from destinations.standing import Standing
from providers.registry import registry


@dataclass(frozen=True)
class Line:
    """A destination that waits: how it stands, and what it may choose from."""

    row: Destination
    standing: Standing
    field: forms.BoundField
    can_be_served: bool


@dataclass(frozen=True)
class Group:
    """The destinations of one platform that wait."""

    platform_key: str
    platform_label: str
    offered: Sequence[Authorization]
    is_installed: bool
    total: int
    for_all: forms.BoundField
    lines: Sequence[Line]


class ReconnectForm(forms.Form):
    """An authorization for each destination, and one for all of a platform. Used in the fence.

    `totals` says how many destinations of each platform wait, those of other pages included.
    """

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        rows: Sequence[Destination],
        totals: Mapping[str, int],
        offer: Offer,
    ) -> None:
        super().__init__(data)
        self.rows, self.totals, self.offer = rows, totals, offer
        for key, total in totals.items():
            offered = offer.authorizations.get(key, [])
            label = f"Assign to all {total:,}"
            self.fields[_for_all(key)] = choices.to_reconnect_all(label, offered)
        for row in rows:
            self.fields[_for_one(row)] = choices.to_reconnect(
                row, offer.of(row), self._unusable(row)
            )

    def groups(self, standings: Mapping[Destination, Standing]) -> list[Group]:
        """Return what the page shows, by platform."""
        return [
            Group(
                platform_key=key,
                platform_label=registry.label(key),
                offered=self.offer.authorizations.get(key, []) if key in registry else [],
                is_installed=key in registry,
                total=self.totals[key],
                for_all=self[_for_all(key)],
                lines=[self._line(row, standings[row]) for row in rows],
            )
            for key, rows in groupby(self.rows, key=lambda row: row.platform)
        ]

    def wishes(self, waiting: Sequence[Destination]) -> dict[uuid.UUID, uuid.UUID]:
        """Return the authorization wished for each destination; its own choice goes first."""
        wished = {}
        for row in waiting:
            to = self.cleaned_data.get(_for_one(row)) or self.cleaned_data.get(
                _for_all(row.platform)
            )
            if to:
                wished[row.pk] = to
        return wished

    def _line(self, row: Destination, standing: Standing) -> Line:
        can_be_served = len(self._unusable(row)) < len(self.offer.of(row))
        return Line(row, standing, self[_for_one(row)], can_be_served)

    def _unusable(self, row: Destination) -> frozenset[str]:
        return frozenset(
            str(each.pk) for each in self.offer.of(row) if self.offer.why_not(row, each)
        )


def _for_one(row: Destination) -> str:
    return f"to-{row.pk}"


def _for_all(platform_key: str) -> str:
    return f"all-{platform_key}"
