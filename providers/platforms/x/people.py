"""People as X takes them: one object a person, an array a kind of identifier."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

# X's limit is 5,000,000; nothing is gained by going to its edge.
CEILING = 4_000_000
# As many of one identifier type as fit: `{"phone_number":["<64 digits>"]},` is the longest.
MOST_PEOPLE = 45_000
# What surrounds a name and its digest: `"":["<64>"],`; and a person's two braces and comma.
_A_CELL, _A_PERSON, _AROUND = 72, 3, 200

Rows = Sequence[tuple[str | None, ...]]


def most_people(names: Sequence[str]) -> int:
    """Return how many people with all of these identifiers fit into a body under the ceiling."""
    widest = _A_PERSON + sum(len(name) + _A_CELL for name in names)
    return min(MOST_PEOPLE, (CEILING - _AROUND) // widest)


def bodies(
    operation: str, params: Mapping[str, str], names: Sequence[str], rows: Rows
) -> Iterator[tuple[bytes, int]]:
    """Yield request bodies under the ceiling, each with how many people are in it.

    One operation a body: X limits the operations, and not the people in one.
    """
    most = most_people(names)
    for start in range(0, len(rows), most):
        people = list(_people(names, rows[start : start + most]))
        if people:
            yield _body(operation, params, people), len(people)


def _body(operation: str, params: Mapping[str, str], people: Sequence[str]) -> bytes:
    # Filled by hand: an encoder takes several times as long for as many small objects. Digests
    # are hexadecimal, so nothing in them needs escaping.
    told = "".join(f"{json.dumps(name)}:{json.dumps(value)}," for name, value in params.items())
    users = ",".join(people)
    return (f'[{{"operation_type":"{operation}","params":{{{told}"users":[{users}]}}}}]').encode()


def _people(names: Sequence[str], rows: Rows) -> Iterator[str]:
    if len(names) == 1:
        head = f'{{"{names[0]}":["'
        yield from (f'{head}{digest}"]}}' for (digest,) in rows if digest)
        return
    heads = [f'"{name}":["' for name in names]
    for row in rows:
        cells = [f'{head}{digest}"]' for head, digest in zip(heads, row, strict=True) if digest]
        if cells:
            yield f"{{{','.join(cells)}}}"
