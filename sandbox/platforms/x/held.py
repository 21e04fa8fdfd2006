"""Who is in an audience: people, each with the identifiers that they were added with."""

from __future__ import annotations

from collections.abc import Collection


class Held:
    """The people of one audience. An identifier may be that of several of them."""

    def __init__(self) -> None:
        # Most people come with one identifier: kept apart, they need no set of their own.
        self._alone: set[bytes] = set()
        self._several: dict[bytes, set[frozenset[bytes]]] = {}

    def add(self, identifiers: Collection[bytes]) -> None:
        person = frozenset(identifiers)
        if len(person) == 1:
            self._alone |= person
            return
        for each in person:
            self._several.setdefault(each, set()).add(person)

    def remove(self, identifier: bytes) -> set[bytes]:
        """Remove whoever was added with this identifier; return what nobody has any more."""
        seen = {identifier}
        self._alone.discard(identifier)
        for person in self._several.pop(identifier, set()):
            for other in person - {identifier}:
                self._forget(other, person)
            seen |= person
        return {each for each in seen if each not in self._alone and each not in self._several}

    def _forget(self, identifier: bytes, person: frozenset[bytes]) -> None:
        people = self._several[identifier]
        people.discard(person)
        if not people:
            del self._several[identifier]
