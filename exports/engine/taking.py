"""How values are taken from the cells of a file, as a person decided it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from exports.engine.several import Several
from providers.declarations import IdentifierType
from providers.identifier_types import PHONE
from providers.phone_numbers import InCountry


@dataclass(frozen=True)
class Taking:
    """`several` says for identifier types how several values stand in a cell.

    `country` is that of phone numbers without a country code, as two letters; empty where they are
    not taken.
    """

    several: Mapping[str, Several] = field(default_factory=dict)
    country: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it to be stored."""
        return {"several": {key: each.value for key, each in self.several.items()}} | (
            {"country": self.country} if self.country else {}
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Take back what `as_json` gave; nothing stands for cells that are taken as they are."""
        several = stored.get("several", {})
        return cls({key: Several(each) for key, each in several.items()}, stored.get("country", ""))

    def rules(self, identifiers: Iterable[IdentifierType]) -> list[IdentifierType]:
        """Return identifier types whose rules know the country."""
        return [self._rule(each) for each in identifiers]

    def _rule(self, identifier: IdentifierType) -> IdentifierType:
        if identifier.key != PHONE or not self.country:
            return identifier
        return replace(identifier, normalize=InCountry(self.country, identifier.normalize))


AS_THEY_ARE = Taking()
