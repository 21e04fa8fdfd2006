"""The rules of `providers.identifiers` for many values at once.

A rule here answers only where it is certain, and the reference for every other value. A rule that
is not here is the reference for all values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from exports.engine.vectorized.blocks import Mask
from exports.engine.vectorized.texts import Texts
from providers import identifiers
from providers.identifiers import Reason

REASONS = tuple(Reason)
UNDECIDED = -1
_LONGEST_EMAIL = 254
_AT, _DOT, _PLUS, _COMMA, _HYPHEN, _SPACE, _ZERO = b"@.+,- 0"
_EMAIL = r"^[^@ ]+@[^@. ]+(\.[^@. ]+)+$"
_HYPHENS = (8, 13, 18, 23)


@dataclass(frozen=True)
class Judged:
    """What becomes of values.

    `texts` are hashed where `valid`. `reasons` has the place in `REASONS` of why a value is surely
    invalid; `UNDECIDED` where it is neither.
    """

    texts: pa.Array
    valid: Mask
    reasons: NDArray[np.int8]


# Judges plain values: stripped, in lower case, not empty, no hash; of ASCII's letters, digits,
# signs and spaces. Which of the values are so, the mask says.
Rule = Callable[[Texts, Mask], Judged]


def place(reason: Reason) -> int:
    """Return a reason's place in `REASONS`."""
    return REASONS.index(reason)


def as_mask(answers: pa.Array) -> Mask:
    """Return Arrow's answers as a mask."""
    mask: Mask = answers.to_numpy(zero_copy_only=False)
    return mask


def _undecided(count: int) -> NDArray[np.int8]:
    return np.full(count, UNDECIDED, dtype=np.int8)


def _email(texts: Texts, plain: Mask) -> Judged:
    valid = plain & _is_surely_an_email(texts)
    reasons = _undecided(len(texts))
    others = np.flatnonzero(plain & ~valid)
    if len(others):
        left = texts.at(others)
        valid[others] = as_mask(pc.match_substring_regex(left.array, _EMAIL))
        reasons[others] = place(Reason.NOT_AN_EMAIL)
        too_long = plain & (texts.lengths > _LONGEST_EMAIL)
        valid &= ~too_long
        reasons[valid] = UNDECIDED
        reasons[too_long] = place(Reason.TOO_LONG)
    return Judged(texts.array, valid, reasons)


def _email_without(letter: int) -> Rule:
    """Leave to the reference what holds a letter that the platform treats in its own way."""

    def rule(texts: Texts, plain: Mask) -> Judged:
        return _email(texts, plain & ~texts.having(texts.letters == letter))

    return rule


def _is_surely_an_email(texts: Texts) -> Mask:
    """Tell which have one `@`, a dot behind it, and nowhere two of these side by side."""
    letters = texts.letters
    # As numbers of 32 bits, like the offsets, they are compared twice as fast.
    signs = np.flatnonzero((letters == _AT) | (letters == _DOT)).astype(np.int32)
    of_ats = np.flatnonzero(letters[signs] == _AT).astype(np.int32)
    if not len(of_ats):
        return np.zeros(len(texts), dtype=bool)
    starts, stops = texts.offsets[:-1], texts.offsets[1:]
    before = np.searchsorted(signs[of_ats], texts.offsets).astype(np.int32)
    found: Mask = before[1:] - before[:-1] == 1
    # Where a text has none, any will do.
    sign = of_ats.take(before[:-1], mode="clip")
    at, dot = signs.take(sign), signs.take(sign + 1, mode="clip")
    found &= (at > starts) & (dot > at + 1) & (dot < stops) & (texts.lengths <= _LONGEST_EMAIL)
    found &= letters.take(stops - 1, mode="clip") != _DOT
    found &= ~texts.having(letters == _SPACE)
    twins = signs[:-1][signs[1:] - signs[:-1] == 1]
    found[texts.owners(twins)] = False
    return found


def _ad_id(*, upper: bool, strict: bool) -> Rule:
    def rule(texts: Texts, plain: Mask) -> Judged:
        valid = plain & (texts.lengths == 36)
        reasons = _undecided(len(texts))
        if strict:
            reasons[plain] = place(Reason.NOT_AN_AD_ID)
        where = np.flatnonzero(valid)
        if len(where):
            square = texts.where(valid).square(36)
            valid[where] = _is_uuid(square)
            zeros = valid[where] & ~(square > _ZERO).any(axis=1)
            valid[where[zeros]] = False
            reasons[where[zeros]] = place(Reason.ZERO_AD_ID)
        array = pc.ascii_upper(texts.array) if upper else texts.array
        return Judged(array, valid, reasons)

    return rule


def _is_uuid(square: NDArray[np.uint8]) -> Mask:
    is_hex = ((square >= 48) & (square <= 57)) | ((square >= 97) & (square <= 102))
    is_hex[:, _HYPHENS] = square[:, _HYPHENS] == _HYPHEN
    found: Mask = np.all(is_hex, axis=1)
    return found


def _phone(*, plus: bool) -> Rule:
    def rule(texts: Texts, plain: Mask) -> Judged:
        digits, valid = _dialed(texts, plain)
        array = pc.binary_join_element_wise("+", digits.array, "") if plus else digits.array
        # Why one is none, and what is written in other ways, the reference says.
        return Judged(array, valid, _undecided(len(texts)))

    return rule


def _dialed(texts: Texts, plain: Mask) -> tuple[Texts, Mask]:
    """Return the digits of each phone number, and which are surely whole numbers."""
    letters = texts.letters
    is_digit = (letters - _ZERO).astype(np.uint8) <= 9
    kept_before = np.concatenate((np.zeros(1, np.int32), np.cumsum(is_digit, dtype=np.int32)))
    offsets = kept_before[texts.offsets]
    dialed = letters[is_digit]
    # Only a sign that may stand there: a plus in front, the others anywhere.
    is_sign = (letters == _PLUS) | np.isin(letters, np.frombuffer(b"().-/ ", dtype=np.uint8))
    valid = plain & ~texts.having(~(is_digit | is_sign))
    pluses = np.flatnonzero(letters == _PLUS)
    owners = texts.owners(pluses)
    valid[owners[pluses != texts.offsets[owners]]] = False
    # "(0)" is dialed only inside the country.
    valid &= ~as_mask(pc.match_substring(texts.array, "(0)"))
    starts, stops = offsets[:-1], offsets[1:]
    padded = np.append(dialed, np.zeros(2, np.uint8))
    abroad = (padded[starts] == _ZERO) & (padded[starts + 1] == _ZERO) & (stops - starts >= 2)
    starts = starts + 2 * abroad.astype(np.int32)
    sizes = stops - starts
    valid &= (sizes >= 7) & (sizes <= 15) & (padded[starts] != _ZERO)
    return Texts.between(dialed.tobytes(), starts.astype(np.int64), stops.astype(np.int64)), valid


RULES: dict[Callable[[str], str], Rule] = {
    identifiers.email: _email,
    identifiers.email_without_spaces: _email_without(_SPACE),
    identifiers.email_without_comma: _email_without(_COMMA),
    identifiers.ad_id_lower: _ad_id(upper=False, strict=True),
    identifiers.ad_id_upper: _ad_id(upper=True, strict=True),
    # Android's own ids are the reference's.
    identifiers.device_id: _ad_id(upper=False, strict=False),
    identifiers.phone_e164: _phone(plus=True),
    identifiers.phone_digits: _phone(plus=False),
}
