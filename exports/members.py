"""How many people of a file an audience holds already, and who would come and go at a Replace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from exports import staging
from exports.known import Known
from exports.record_files import DIGEST, in_order
from providers.platform import Platform

if TYPE_CHECKING:
    from exports.engine.distinct import Records


class Members:
    """Takes the people of a file, then counts. A context manager; memory is bounded.

    `types` are those of the file's records. What of the record is not readable counts as unknown.
    """

    def __init__(self, known: Known, types: Sequence[str], platform: Platform) -> None:
        # What it brings is for the process that works.
        from exports.engine.difference import Difference

        self._known = known
        self._types = in_order(platform, known.types().union(types))
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
        """Return `{"held", "already", "join", "leave"}`.

        Who may be in the audience, who of the file is for sure, who of it a Replace would send
        therefore, and who of the others it would take out.
        """
        from exports.engine.difference import What

        self._known.tell(self._difference, self._types, alive=alive)
        counts = dict.fromkeys(What, 0)
        for what, people in self._difference.told():
            counts[what] += len(people)
            alive()
        return {
            "held": self._difference.known,
            "already": counts[What.STAYS],
            "join": counts[What.JOINS],
            "leave": counts[What.LEAVES],
        }
