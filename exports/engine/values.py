"""One value of a file to the digest that is sent: hashed already, or cleaned and hashed here."""

from __future__ import annotations

from providers.declarations import IdentifierType
from providers.identifiers import Invalid, Reason, digest, hashed, looks_hashed


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
