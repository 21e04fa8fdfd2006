"""Batches of made-up people, in the identifier types that a platform takes."""

import hashlib
from collections.abc import Iterable

from providers.platform import Platform
from providers.values import Batch


def digest(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind}-{number}".encode()).hexdigest()


def batch(platform: Platform, count: int, *, first: int = 0, kind: str | None = None) -> Batch:
    """People `first`, `first + 1`, ... by one identifier type."""
    kind = kind or platform.identifiers[0].key
    return Batch((kind,), [(digest(kind, number),) for number in range(first, first + count)])


def digest_of(identifiers: Iterable[str]) -> str:
    """The sandbox's digest of a set: SHA-256 of the sorted identifiers, one a line."""
    return hashlib.sha256("\n".join(sorted(identifiers)).encode()).hexdigest()
