"""What a platform holds: audiences, their members as sets of digests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any


@dataclass
class Audience:
    """An audience of one ad account. Members are the raw bytes of what was sent in hexadecimal.

    `people` are the ids of those under whose grants it was made and its members changed.
    """

    id: str
    account: str
    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    members: set[bytes] = field(default_factory=set)
    requests: int = 0
    people: set[str] = field(default_factory=set)

    def sorted_members(self) -> list[str]:
        return sorted(member.hex() for member in self.members)

    def digest(self) -> str:
        """Return the SHA-256 of the sorted identifiers, one a line, no line end after the last."""
        return hashlib.sha256("\n".join(self.sorted_members()).encode()).hexdigest()


class Audiences:
    """The audiences of one platform; every change of members is atomic.

    `whose` tells the id of the person under whose grant the request of now was made.
    """

    def __init__(self, whose: Callable[[], str]) -> None:
        self.lock = RLock()
        self._whose = whose
        self._by_id: dict[str, Audience] = {}

    def put(self, audience: Audience) -> Audience:
        with self.lock:
            self._by_id[audience.id] = audience
            audience.people.add(self._whose())
        return audience

    def get(self, audience_id: str) -> Audience | None:
        with self.lock:
            return self._by_id.get(audience_id)

    def drop(self, audience_id: str) -> None:
        with self.lock:
            self._by_id.pop(audience_id, None)

    def of(self, account: str | None = None) -> list[Audience]:
        with self.lock:
            return [a for a in self._by_id.values() if account in {None, a.account}]

    def add(self, audience: Audience, members: Iterable[bytes]) -> None:
        with self.lock:
            audience.members.update(members)
            self.count(audience)

    def remove(self, audience: Audience, members: Iterable[bytes]) -> None:
        with self.lock:
            audience.members.difference_update(members)
            self.count(audience)

    def clear(self, audience: Audience) -> None:
        with self.lock:
            audience.members.clear()
            self.count(audience)

    def count(self, audience: Audience) -> None:
        """Count a request that changed an audience."""
        with self.lock:
            audience.requests += 1
            audience.people.add(self._whose())
