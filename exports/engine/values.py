"""One value of a file to the digest that is sent: hashed already, or cleaned and hashed here."""

from __future__ import annotations

import re

from providers.declarations import IdentifierType
from providers.identifier_types import PHONE
from providers.identifiers import Invalid, Reason, digest, hashed, looks_hashed

# As it is dialed inside a country.
_NATIONAL = re.compile(r"[(]?[0-9][0-9\s().\-/]{5,24}")


def digest_of(value: str, identifier: IdentifierType) -> str:
    """Return the lower-case SHA-256 hex digest of a raw or already hashed value.

    64 hexadecimal digits are nobody's e-mail, phone or ad id, so a column may mix both forms.
    Raises Invalid with the reason.
    """
    if looks_hashed(value):
        return hashed(value)
    if is_damaged(value):
        raise Invalid(Reason.DAMAGED)
    return digest(identifier.normalize(value))


def is_damaged(value: str) -> bool:
    """Say whether a cell holds bytes that its file's encoding does not have, or NUL.

    Reading leaves such bytes as lone surrogates, which cannot be hashed.
    """
    if "\x00" in value:
        return True
    return not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)


def is_plausible(value: str, identifier: IdentifierType) -> bool:
    """Say whether a value is valid, or would be once the country of its phone number is known."""
    try:
        digest_of(value, identifier)
    except Invalid:
        return identifier.key == PHONE and is_national(value)
    return True


def is_national(value: str) -> bool:
    """Say whether a value may be a phone number as it is dialed inside a country."""
    text = value.strip()
    return bool(_NATIONAL.fullmatch(text)) and 7 <= sum(map(str.isdigit, text)) <= 15
