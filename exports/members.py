"""How many people of a file an audience holds already, and whom a Replace would take out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from exports import record, staging
from exports.models import Export
from exports.record_files import DIGEST, UNREADABLE, Stored, in_order
from providers.platform import Platform

if TYPE_CHECKING:
    from exports.engine.distinct import Records

logger = logging.getLogger(__name__)

Known = Sequence[tuple[record.Part, Stored]]


def known_of(export: Export) -> Known | None:
    """Return what was sent to an export's audience; None where no record is kept. In the fence."""
    if not record.is_kept_for(export.destination):
        return None
    parts = record.parts(export.destination)
    keys = {part.batch.export_id: staging.file_key(part.batch.export) for part in parts}
    return [(part, Stored(part.batch.stored_name, keys[part.batch.export_id])) for part in parts]


class Members:
    """Takes the people of a file, then counts. A context manager; memory is bounded.

    `types` are those of the file's records. What of the record is not readable counts as unknown.
    """

    def __init__(self, known: Known, types: Sequence[str], platform: Platform) -> None:
        # What it brings is for the process that works.
        from exports.engine.difference import Difference

        names, self._known = set(types), []
        for part, stored in known:
            try:
                names.update(stored.types())
            except UNREADABLE:
                logger.warning("batch %s of the record is not readable", part.batch.pk)
            else:
                self._known.append((part, stored))
        self._types = in_order(platform, names)
        self._places = [self._types.index(each) for each in types]
        self._difference = Difference(len(self._types), staging.folder())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._difference.__exit__(None, None, None)

    def take(self, people: Records) -> None:
        """Take people of the file."""
        import numpy as np

        from exports.engine.difference import Move

        wide = np.zeros((len(people), len(self._types) * DIGEST), dtype=np.uint8)
        for number, place in enumerate(self._places):
            column = people[:, number * DIGEST : (number + 1) * DIGEST]
            wide[:, place * DIGEST : (place + 1) * DIGEST] = column
        self._difference.add(Move.FILE, wide)

    def counted(self, alive: Callable[[], None]) -> dict[str, int]:
        """Return `{"held", "already", "leave"}`.

        Who may be in the audience, who of the file is for sure, and who of the others would leave
        at a Replace.
        """
        from exports.engine.difference import What

        for part, stored in self._known:
            try:
                found = stored.records(self._types)
            except UNREADABLE:
                logger.warning("batch %s of the record is not readable", part.batch.pk)
                continue
            self._difference.add(record.move_of(part), found, part.position)
            alive()
        counts = dict.fromkeys(What, 0)
        for what, people in self._difference.told():
            counts[what] += len(people)
            alive()
        return {
            "held": self._difference.known,
            "already": counts[What.STAYS],
            "leave": counts[What.LEAVES],
        }
