"""Cells that hold several values: recognize how they are written, and take them apart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum

from exports.engine.values import is_plausible
from providers import identifiers
from providers.declarations import IdentifierType
from providers.identifiers import Invalid, looks_hashed

_PARQUET = "\x1f"
_LIST = re.compile(r"\[.*\]|\{.*\}", re.DOTALL)
_IN_A_LIST = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|([^,]*))\s*(?:,|$)')
# RFC 5322 allows an address whose local part stands in quotation marks, separators and all.
_WITH_MARKS = re.compile(r'\s*"[^"]*"@[^\s@,;|]+\s*')


class Several(StrEnum):
    """How several values are written in one cell."""

    PARQUET = "parquet"
    LIST = "list"
    SEMICOLON = "semicolon"
    PIPE = "pipe"
    COMMA = "comma"
    LINE = "line"


# In words that follow "split".
WORDS = {
    Several.PARQUET: "as the lists of the file",
    Several.LIST: "as lists, like [a, b]",
    Several.SEMICOLON: "at ;",
    Several.PIPE: "at |",
    Several.COMMA: "at ,",
    Several.LINE: "at line breaks",
}


def values_in(cell: str, several: Several | None, identifier: IdentifierType) -> list[str]:
    """Return the values of a cell: at least one, which may be empty.

    Brackets apart, a valid e-mail address is never taken apart, even one that the platform does not
    take, nor anything of which no part is valid.
    """
    if several is None:
        return [cell]
    parts = _SPLIT[several](cell)
    if parts is None or _is_one(cell, parts, several, identifier):
        return [cell]
    return parts or [""]


def several_in(cells: Iterable[str], identifier: IdentifierType) -> Several | None:
    """Recognize from sample cells how several values are written, if any cell has them."""
    if identifier.by_name_only:
        return None
    found = dict.fromkeys(Several, 0)
    for cell in cells:
        for each in Several:
            parts = values_in(cell, each, identifier)
            is_list = each in {Several.PARQUET, Several.LIST} and parts != [cell]
            if (len(parts) > 1 or is_list) and all(is_plausible(x, identifier) for x in parts):
                found[each] += 1
    # The first of equals.
    best = max(found, key=lambda each: found[each])
    return best if found[best] else None


def _is_one(cell: str, parts: list[str], several: Several, identifier: IdentifierType) -> bool:
    if several in {Several.PARQUET, Several.LIST}:
        # The brackets say what it is.
        return False
    if looks_hashed(cell) or _WITH_MARKS.fullmatch(cell):
        return True
    with suppress(Invalid):
        identifiers.email(cell)
        return True
    return not any(is_plausible(each, identifier) for each in parts)


def _at(separator: str) -> Callable[[str], list[str] | None]:
    def split(cell: str) -> list[str] | None:
        return _filled(cell.split(separator)) if separator in cell else None

    return split


def _at_lines(cell: str) -> list[str] | None:
    return _filled(cell.splitlines()) if "\n" in cell or "\r" in cell else None


def _listed(cell: str) -> list[str] | None:
    text = cell.strip()
    if not _LIST.fullmatch(text):
        return None
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
        is_flat = isinstance(found, list) and not any(isinstance(x, list | dict) for x in found)
        return _filled(str(each) for each in found if each is not None) if is_flat else None
    return _filled("".join(groups) for groups in _IN_A_LIST.findall(text[1:-1]))


def _filled(parts: Iterable[str]) -> list[str]:
    return [stripped for part in parts if (stripped := part.strip())]


_SPLIT: dict[Several, Callable[[str], list[str] | None]] = {
    Several.PARQUET: _at(_PARQUET),
    Several.LIST: _listed,
    Several.SEMICOLON: _at(";"),
    Several.PIPE: _at("|"),
    Several.COMMA: _at(","),
    Several.LINE: _at_lines,
}
