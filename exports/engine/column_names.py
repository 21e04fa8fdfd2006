"""How much a column looks like one identifier type: by what it is called and what it holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from exports.engine.values import is_plausible
from providers.declarations import IdentifierType
from providers.identifier_types import COLUMNS_OF, PHONE
from providers.identifiers import looks_hashed

_NAMED, _LIKE = 2.0, 1.5
# A column that says its name and nothing else is better than none, and worse than any other.
_NAMED_EMPTY, _LIKE_EMPTY = 0.2, 0.1
# Of what is filled in, this share must be valid for a column to be taken by its content alone.
_BY_CONTENT = 0.5
_SHORTEST_WORD = 4
_NOT_OF_WORDS = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# As nobody writes a customer's number, a date or a price.
_SURELY_A_PHONE = re.compile(
    r"\s*(?:[+].*|00[1-9].*|\(0?[0-9]{2,5}\)[0-9\s.\-/]{5,}|0[1-9][0-9]{1,4}[\s/\-]+[0-9\s\-]{5,}"
    r"|[2-9][0-9]{2}[.\-][2-9][0-9]{2}[.\-][0-9]{4})\s*"
)


def score_of(name: str, values: Sequence[str], identifier: IdentifierType) -> float:
    """Return how much a column with some values looks like an identifier type; 0 where it is none.

    A name counts more than what is in the column, but not against it.
    """
    plain, words = _plain(name), _words(name)
    is_named = plain in identifier.column_names
    is_like_it = not is_named and _is_like(plain, words, identifier)
    raw = [value for value in values if not looks_hashed(value)]
    valid = sum(is_plausible(value, identifier) for value in raw)
    if is_named or is_like_it:
        if not values:
            return _NAMED_EMPTY if is_named else _LIKE_EMPTY
        # A column "email opt-in" of yes and no is not one of addresses.
        if raw and not valid and len(raw) == len(values):
            return 0.0
        return (_NAMED if is_named else _LIKE) + (valid / len(raw) if raw else 0.0)
    if identifier.by_name_only or not raw:
        return 0.0
    if identifier.key == PHONE:
        valid = sum(bool(_SURELY_A_PHONE.fullmatch(value)) for value in raw)
    share = valid / len(raw)
    return share if share >= _BY_CONTENT else 0.0


def _is_like(plain: str, words: Sequence[str], identifier: IdentifierType) -> bool:
    """Say whether a name holds one of the type's names."""
    of_others = COLUMNS_OF.items()
    if any(plain in names for key, names in of_others if key != identifier.key):
        return False
    if identifier.by_name_only:
        # "city" is a part of "capacity".
        spans = {
            "".join(words[start:stop])
            for start in range(len(words))
            for stop in range(start + 1, min(start + 4, len(words) + 1))
        }
        return not spans.isdisjoint(identifier.column_names)
    return any(
        word in plain for word in identifier.column_names if len(word) >= _SHORTEST_WORD
    ) or not set(words).isdisjoint(identifier.column_names)


def _plain(name: str) -> str:
    return "".join(_words(name))


def _words(name: str) -> list[str]:
    """Return a name's words in lower case, without accents: those of "MobilePhone" are two."""
    spaced = _CAMEL.sub(" ", name.replace("ß", "ss"))
    bare = unicodedata.normalize("NFKD", spaced).casefold()
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return [word for word in _NOT_OF_WORDS.split(letters) if word]
