"""The record of a destination's audience as it lies on disk, read as far as it can be."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from destinations.models import Destination
from exports import record, staging
from exports.models import Export
from exports.record_files import UNREADABLE, Stored

if TYPE_CHECKING:
    from exports.engine.difference import Difference
    from exports.engine.distinct import Records

logger = logging.getLogger(__name__)

_UNREADABLE = "batch %s of the record is not readable"


@dataclass
class Known:
    """Batches of a record, oldest first. `lost` are the ids of those that turned out unreadable."""

    parts: Sequence[tuple[record.Part, Stored]]
    lost: list[uuid.UUID] = field(default_factory=list)

    def types(self) -> set[str]:
        """Return all identifier types of the batches."""
        names: set[str] = set()
        for part, stored in self.parts:
            try:
                names.update(stored.types())
            except UNREADABLE:
                logger.exception(_UNREADABLE, part.batch.pk)
                self.lost.append(part.batch.pk)
        return names

    def tell(
        self,
        difference: Difference,
        types: Sequence[str],
        *,
        alive: Callable[[], None] | None = None,
    ) -> None:
        """Tell a comparison what was done with whom, as records of these types.

        `alive` is called after each batch.
        """
        for part, stored in self.parts:
            found = self._records(part, stored, types)
            if found is not None:
                difference.add(record.move_of(part), found, part.position)
            elif part.removes:
                difference.doubt(part.position)
            if alive is not None:
                alive()

    def _records(self, part: record.Part, stored: Stored, types: Sequence[str]) -> Records | None:
        if part.batch.pk not in self.lost:
            try:
                return stored.records(types)
            except UNREADABLE:
                logger.exception(_UNREADABLE, part.batch.pk)
                self.lost.append(part.batch.pk)
        return None


def known_of(destination: Destination, *, before: Export | None = None) -> Known:
    """Return the record of a destination: all of it, or what was before an export. In the fence."""
    parts = record.parts(destination, before=before)
    keys = {part.batch.export_id: staging.file_key(part.batch.export) for part in parts}
    return Known(
        [(part, Stored(part.batch.stored_name, keys[part.batch.export_id])) for part in parts]
    )
