"""How identifiers are cleaned before they are hashed, in plain Python.

This is the reference: whatever runs at scale must give the same digests. A platform's adapter
picks the rules that its sheet names. A rule takes the raw text and returns what is hashed, or
raises `Invalid`; the empty string is never hashed.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

import phonenumbers

# No country's code begins with another's.
COUNTRY_CODES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_ANDROID_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_HANDLE = re.compile(r"[a-z0-9_]{1,15}", re.ASCII)
_NUMERIC_ID = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_NOT_DIGITS = re.compile(r"[^0-9]+")
_NOT_OF_WORDS = re.compile(r"[^\w.@-]+")
_WHITE_SPACE = re.compile(r"\s")


class Reason(StrEnum):
    """Why a value is not sent. The words are shown and downloaded; they never hold the value."""

    EMPTY = "empty"
    NOT_AN_EMAIL = "not an e-mail address"
    TOO_LONG = "too long for an e-mail address"
    NOT_A_PHONE = "not a phone number with a country code"
    NOT_A_PHONE_THERE = "not a phone number of the country that was chosen"
    NOT_AN_AD_ID = "not a mobile ad id"
    ZERO_AD_ID = "the all-zero ad id of people who opted out"
    NOT_A_HANDLE = "not a handle"
    NOT_AN_ID = "not an id of digits"
    NOT_A_STATE = "not a state's code, nor a name of one that is known"
    NOT_A_POSTAL_CODE = "not a postal code"
    NOTHING_LEFT = "no letter or digit that the platform takes"
    NOT_A_HASH = "not a SHA-256 hash"
    HASH_OF_NOTHING = "the hash of an empty value"
    MISSING_COLUMN = "the row has no such column"
    DAMAGED = "letters that the file's encoding does not have"


class Invalid(ValueError):
    """A value cannot be sent; `reason` says why, without the value."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def digest(text: str) -> str:
    """Return the lower-case SHA-256 hex digest of a text in UTF-8. Refuses the empty text."""
    if not text:
        raise Invalid(Reason.EMPTY)
    return hashlib.sha256(text.encode()).hexdigest()


def hashed(value: str) -> str:
    """Take a value that is a SHA-256 hex digest already: strip, lower-case, check."""
    text = value.strip().lower()
    if not text:
        raise Invalid(Reason.EMPTY)
    # Zeros stand for nobody's digest.
    if not _DIGEST.fullmatch(text) or not text.strip("0"):
        raise Invalid(Reason.NOT_A_HASH)
    if text == EMPTY_DIGEST:
        raise Invalid(Reason.HASH_OF_NOTHING)
    return text


def looks_hashed(value: str) -> bool:
    """Say whether a value is 64 hexadecimal digits, in either case."""
    return _DIGEST.fullmatch(value.strip().lower()) is not None


def email(value: str) -> str:
    """Clean an e-mail address: Unicode white space stripped, lower-cased, then checked."""
    text = value.strip().lower()
    if not text:
        raise Invalid(Reason.EMPTY)
    if len(text) > 254:
        raise Invalid(Reason.TOO_LONG)
    local, at, domain = text.partition("@")
    labels = domain.split(".")
    if (
        not local
        or not at
        or "@" in domain
        or len(labels) < 2
        or not all(labels)
        or _WHITE_SPACE.search(text)
    ):
        raise Invalid(Reason.NOT_AN_EMAIL)
    return text


def email_without_comma(value: str) -> str:
    """Clean an e-mail address for a platform whose own separator is the comma."""
    if "," in value:
        raise Invalid(Reason.NOT_AN_EMAIL)
    return email(value)


def email_without_spaces(value: str) -> str:
    """Clean an e-mail address for a platform that takes white space inside of it out, too."""
    return email(_WHITE_SPACE.sub("", value))


def email_of_words(value: str) -> str:
    """Clean an e-mail address for a platform that takes other signs than these out, so the `+`.

    What stays is letters, digits, `_`, `.`, `@` and `-`.
    """
    return email(_NOT_OF_WORDS.sub("", value.lower()))


def phone_e164(value: str) -> str:
    """Clean a phone number to E.164 with its `+`; needs the country code in the value.

    A leading `00` counts as `+`. Without either, the digits are taken as starting with a country
    code, as the platforms' own examples do.
    """
    # "+44 (0)7700 ..." writes a trunk zero that is dialed only inside the country.
    text = value.strip().replace("(0)", "")
    if not text:
        raise Invalid(Reason.EMPTY)
    before_plus = text[: max(0, text.rfind("+"))]
    if re.search(r"[^0-9+().\-/\s]", text) or before_plus.strip("( "):
        raise Invalid(Reason.NOT_A_PHONE)
    digits = _NOT_DIGITS.sub("", text)
    if "+" in text or digits.startswith("00"):
        digits = _without_trunk_zero(digits.removeprefix("00"))
    # ITU-T E.164: at most 15 digits, and no country code begins with 0.
    if not 7 <= len(digits) <= 15 or digits.startswith("0"):
        raise Invalid(Reason.NOT_A_PHONE)
    return f"+{digits}"


def _without_trunk_zero(digits: str) -> str:
    """Leave out the zero of "+44 07700 ...", too; that of "+39 06 ..." belongs to the number."""
    code = next((size for size in (1, 2, 3) if digits[:size] in COUNTRY_CODES), 0)
    if not code or digits[code : code + 1] != "0":
        return digits
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return digits
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def phone_digits(value: str) -> str:
    """Clean a phone number to E.164 without its `+`."""
    return phone_e164(value).removeprefix("+")


def ad_id_lower(value: str) -> str:
    """Clean a mobile ad id: a UUID in lower case with its hyphens."""
    text = value.strip().lower()
    if not text:
        raise Invalid(Reason.EMPTY)
    if not _UUID.fullmatch(text):
        raise Invalid(Reason.NOT_AN_AD_ID)
    if not text.strip("0-"):
        raise Invalid(Reason.ZERO_AD_ID)
    return text


def ad_id_upper(value: str) -> str:
    """Clean a mobile ad id: a UUID in upper case with its hyphens."""
    return ad_id_lower(value).upper()


def device_id(value: str) -> str:
    """Clean a device id: a mobile ad id as above, or Android's own of 16 digits, lower-cased."""
    text = value.strip().lower()
    if _ANDROID_ID.fullmatch(text) and text.strip("0"):
        return text
    return ad_id_lower(text)


def handle(value: str) -> str:
    """Clean a handle: without its `@`, lower-cased, at most 15 letters, digits and underscores."""
    text = value.strip().removeprefix("@").strip().lower()
    if not text:
        raise Invalid(Reason.EMPTY)
    if not _HANDLE.fullmatch(text):
        raise Invalid(Reason.NOT_A_HANDLE)
    return text


def numeric_id(value: str) -> str:
    """Clean a numeric id: a plain decimal integer."""
    text = value.strip()
    if not text:
        raise Invalid(Reason.EMPTY)
    if not _NUMERIC_ID.fullmatch(text):
        raise Invalid(Reason.NOT_AN_ID)
    return text
