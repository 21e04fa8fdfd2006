"""A sample audience as people really have it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator


def messy_rows(count: int, seed: int = 7) -> Iterator[str]:
    """Yield the lines of a CSV of e-mail addresses as people really have them.

    Mixed case, white space, duplicates in other spellings, hashes among the raw values, and some
    that are no address at all. The same seed gives the same file.
    """
    # The same file each time; nothing secret hangs on it.
    chance = random.Random(seed)  # noqa: S311
    yield "customer,E-Mail Address,city\n"
    for number in range(count):
        name = f"person{chance.randrange(count)}"
        address = f"{name}@{chance.choice(('example.com', 'mail.example.org', 'shop.example.net'))}"
        city = chance.choice(("Berlin", "London", "Oslo"))
        yield f"{number},{_mess_up(address, chance)},{city}\n"


def _mess_up(address: str, chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.55:
        return address
    if kind < 0.70:
        return address.upper()
    if kind < 0.80:
        return f'"  {address.title()} "'
    if kind < 0.85:
        return f"\u00a0{address}\u3000"
    if kind < 0.92:
        return hashlib.sha256(address.encode()).hexdigest()
    return chance.choice(("", "n/a", "no at sign", "two@@example.com", "two words", "x@nodot"))
