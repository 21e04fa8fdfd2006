"""The rules of `providers.identifiers` for plain values of at most 64 bytes, compiled.

A rule here answers only where it is certain, and the reference for every other value. A rule that
is not here is the reference for all values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exports.engine.vectorized.blocks import Bytes
from exports.engine.vectorized.compiled import inlined
from exports.engine.vectorized.vectors import PADDING, between, count, equal, first
from providers import identifiers
from providers.identifiers import COUNTRY_CODES, Reason

REASONS = tuple(Reason)
# The status of a value that has a digest, and of one that the reference judges. Any other is the
# place of its reason.
VALID, UNDECIDED = -2, -1
(
    NO_RULE,
    _EMAIL,
    _EMAIL_WITHOUT_COMMA,
    _EMAIL_WITHOUT_SPACES,
    _EMAIL_OF_WORDS,
    _AD_ID_LOWER,
    _AD_ID_UPPER,
    _DEVICE_ID,
    _PHONE_E164,
    _PHONE_DIGITS,
    _HANDLE,
    _NUMERIC_ID,
) = range(12)

RULES: dict[Callable[[str], str], int] = {
    identifiers.email: _EMAIL,
    identifiers.email_without_comma: _EMAIL_WITHOUT_COMMA,
    identifiers.email_without_spaces: _EMAIL_WITHOUT_SPACES,
    identifiers.email_of_words: _EMAIL_OF_WORDS,
    identifiers.ad_id_lower: _AD_ID_LOWER,
    identifiers.ad_id_upper: _AD_ID_UPPER,
    identifiers.device_id: _DEVICE_ID,
    identifiers.phone_e164: _PHONE_E164,
    identifiers.phone_digits: _PHONE_DIGITS,
    identifiers.handle: _HANDLE,
    identifiers.numeric_id: _NUMERIC_ID,
}

# How many of three digits in front are a country's code.
_CODE_SIZES = np.array(
    [
        next((size for size in (1, 2, 3) if f"{three:03}"[:size] in COUNTRY_CODES), 0)
        for three in range(1000)
    ],
    dtype=np.uint8,
)
LONGEST = PADDING
_ALL = np.uint64(2**64 - 1)
_ONE = np.uint64(1)
_NONE = np.uint64(0)
_HYPHENS = np.uint64(1 << 8 | 1 << 13 | 1 << 18 | 1 << 23)
_AT, _DOT, _PLUS, _COMMA, _HYPHEN, _SPACE, _ZERO, _NINE = b"@.+,- 09"
_OPENING, _CLOSING, _SLASH, _UNDERSCORE, _A, _F, _Z, _UPPER = b"()/_afz "


def place(reason: Reason) -> int:
    """Return a reason's place in `REASONS`."""
    return REASONS.index(reason)


def rule_of(normalize: Callable[[str], str]) -> int:
    """Return the number of a rule that is compiled, or of none."""
    return RULES.get(normalize, NO_RULE)


EMPTY = place(Reason.EMPTY)
_NOT_AN_EMAIL = place(Reason.NOT_AN_EMAIL)
_NOT_A_PHONE = place(Reason.NOT_A_PHONE)
_NOT_AN_AD_ID = place(Reason.NOT_AN_AD_ID)
_ZERO_AD_ID = place(Reason.ZERO_AD_ID)
_NOT_A_HANDLE = place(Reason.NOT_A_HANDLE)
_NOT_AN_ID = place(Reason.NOT_AN_ID)


@inlined
def lowest(size: int) -> Any:
    """Return so many bits, at least one of 64."""
    return _ALL >> np.uint64(PADDING - size)


@inlined
def cleaned(rule: int, texts: Bytes, at: int, size: int) -> tuple[int, int]:
    """Clean a value in its place; return how long it is then, and its status.

    It is stripped, in lower case, not empty, no hash; of ASCII's letters, digits, signs and spaces,
    with zeros behind it.
    """
    if rule <= _EMAIL_OF_WORDS:
        return _email(rule, texts, at, size)
    if rule == _PHONE_E164 or rule == _PHONE_DIGITS:
        return _phone(rule, texts, at, size)
    if rule == _HANDLE:
        return _handle(texts, at, size)
    if rule == _NUMERIC_ID:
        is_id = size <= 20 and between(texts, at, _ZERO, _NINE) == lowest(size)
        return size, VALID if is_id and texts[at] != _ZERO else _NOT_AN_ID
    return _ad_id(rule, texts, at, size)


@inlined
def _email(rule: int, texts: Bytes, at: int, size: int) -> tuple[int, int]:
    if rule == _EMAIL_WITHOUT_COMMA and equal(texts, at, _COMMA) != _NONE:
        return size, UNDECIDED
    if rule == _EMAIL_WITHOUT_SPACES and equal(texts, at, _SPACE) != _NONE:
        return size, UNDECIDED
    if rule == _EMAIL_OF_WORDS:
        size = _only_words(texts, at, size)
        if not size:
            return size, EMPTY
    return size, VALID if _is_an_email(texts, at, size) else _NOT_AN_EMAIL


@inlined
def _is_an_email(texts: Bytes, at: int, size: int) -> Any:
    ats = equal(texts, at, _AT)
    if count(ats) != 1 or ats == _ONE or equal(texts, at, _SPACE) != _NONE:
        return False
    before = first(ats) + 1
    length = size - before
    if length < 3:
        return False
    # Of the domain alone: there is a dot, none in front, none behind, and no two side by side.
    dots = equal(texts, at, _DOT) >> np.uint64(before)
    edges = _ONE | (_ONE << np.uint64(length - 1))
    return dots != _NONE and (dots & edges) == _NONE and (dots & (dots >> _ONE)) == _NONE


@inlined
def _only_words(texts: Bytes, at: int, size: int) -> int:
    """Leave out what is neither letter, digit, `_`, `.`, `@` nor `-`; return what is left."""
    kept = between(texts, at, _A, _Z) | between(texts, at, _ZERO, _NINE) | equal(texts, at, _AT)
    kept |= equal(texts, at, _DOT) | equal(texts, at, _HYPHEN) | equal(texts, at, _UNDERSCORE)
    if kept == lowest(size):
        return size
    left = 0
    for number in range(size):
        if (kept >> np.uint64(number)) & _ONE:
            texts[at + left] = texts[at + number]
            left += 1
    for number in range(left, size):
        texts[at + number] = 0
    return left


@inlined
def is_hex(texts: Bytes, at: int) -> Any:
    """Tell which of 64 bytes are hexadecimal digits in lower case."""
    return between(texts, at, _ZERO, _NINE) | between(texts, at, _A, _F)


@inlined
def _ad_id(rule: int, texts: Bytes, at: int, size: int) -> tuple[int, int]:
    digits = is_hex(texts, at)
    zeros = equal(texts, at, _ZERO)
    if rule == _DEVICE_ID and size == 16 and digits == lowest(16) and zeros != digits:
        return size, VALID
    hyphens = equal(texts, at, _HYPHEN)
    if size != 36 or hyphens != _HYPHENS or (digits | hyphens) != lowest(36):
        return size, _NOT_AN_AD_ID
    if zeros == digits:
        return size, _ZERO_AD_ID
    if rule == _AD_ID_UPPER:
        for place_of in range(at, at + size):
            if texts[place_of] >= _A:
                texts[place_of] -= _UPPER
    return size, VALID


@inlined
def _phone(rule: int, texts: Bytes, at: int, size: int) -> tuple[int, int]:
    opening, closing = equal(texts, at, _OPENING), equal(texts, at, _CLOSING)
    digits = between(texts, at, _ZERO, _NINE)
    # "(0)" is dialed only inside the country: the reference leaves it out.
    if opening & (equal(texts, at, _ZERO) >> _ONE) & (closing >> np.uint64(2)):
        return size, UNDECIDED
    pluses = equal(texts, at, _PLUS)
    signs = opening | closing | equal(texts, at, _DOT) | equal(texts, at, _HYPHEN)
    signs |= equal(texts, at, _SLASH) | equal(texts, at, _SPACE) | pluses
    if (digits | signs) != lowest(size):
        return size, _NOT_A_PHONE
    if pluses > _ONE:
        # "(+44) 7700 ..." is for the reference.
        return size, UNDECIDED if texts[at] == _OPENING else _NOT_A_PHONE
    return _dialed(rule, texts, at, size, digits, pluses != _NONE)


@inlined
def _dialed(
    rule: int, texts: Bytes, at: int, size: int, digits: int, has_plus: bool
) -> tuple[int, int]:
    """Leave nothing but the digits of a number, and the plus in front where it belongs there."""
    left = 0
    skipped = 2 if count(digits) >= 2 and _is_double_zero(texts, at, digits) else 0
    has_code = has_plus or skipped != 0
    for where in range(size):
        if (digits >> np.uint64(where)) & _ONE:
            if skipped:
                skipped -= 1
            else:
                texts[at + left] = texts[at + where]
                left += 1
    if has_code and left >= 7 and _has_trunk_zero(texts, at):
        return size, UNDECIDED
    if left < 7 or left > 15 or texts[at] == _ZERO:
        return size, _NOT_A_PHONE
    for where in range(left, size):
        texts[at + where] = 0
    if rule == _PHONE_DIGITS:
        return left, VALID
    for where in range(left, 0, -1):
        texts[at + where] = texts[at + where - 1]
    texts[at] = _PLUS
    return left + 1, VALID


@inlined
def _has_trunk_zero(texts: Bytes, at: int) -> Any:
    """Say whether a zero follows the country code: in some countries it is part of the number."""
    three = (texts[at] - _ZERO) * 100 + (texts[at + 1] - _ZERO) * 10 + texts[at + 2] - _ZERO
    code = _CODE_SIZES[three]
    return code != 0 and texts[at + code] == _ZERO


@inlined
def _is_double_zero(texts: Bytes, at: int, digits: int) -> Any:
    """Say whether the first two digits are zeros."""
    second = first(digits & (digits - _ONE))
    return texts[at + first(digits)] == _ZERO and texts[at + second] == _ZERO


@inlined
def _handle(texts: Bytes, at: int, size: int) -> tuple[int, int]:
    begin = 0
    if texts[at] == _AT:
        begin = 1
        while begin < size and texts[at + begin] == _SPACE:
            begin += 1
        if begin == size:
            return size, EMPTY
    left = size - begin
    if begin:
        for number in range(size):
            texts[at + number] = texts[at + begin + number] if number < left else 0
    signs = between(texts, at, _A, _Z) | between(texts, at, _ZERO, _NINE)
    signs |= equal(texts, at, _UNDERSCORE)
    return left, VALID if left <= 15 and signs == lowest(left) else _NOT_A_HANDLE
