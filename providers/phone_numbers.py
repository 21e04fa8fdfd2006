"""Phone numbers as they are dialed inside a country, before a platform's own rule sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers

from providers.identifiers import Invalid, Reason

_NOT_DIGITS = re.compile(r"[^0-9]+")
_NOT_DIALED = re.compile(r"[^0-9().\-/\s]")


@dataclass(frozen=True)
class InCountry:
    """A platform's rule for phone numbers, where those without a country code are of `country`."""

    country: str
    rule: Callable[[str], str]

    def __call__(self, value: str) -> str:
        """Clean a phone number. Raises Invalid."""
        return self.rule(international(value, self.country))


def international(value: str, country: str) -> str:
    """Return a national number in E.164; what has `+` or `00` in front is left as it is.

    So is what holds letters or other signs, for the platform's rule to refuse. Digits that begin
    with the country's own code are understood as such where they would be too long otherwise.
    Raises Invalid where a national number cannot be one of the country.
    """
    text = value.strip()
    if not text or _NOT_DIALED.search(text):
        return value
    # A trunk zero: in front it is dialed, behind a country code it is not.
    text = text.replace("(0)", "0", 1) if text.startswith("(0)") else text.replace("(0)", "")
    digits = _NOT_DIGITS.sub("", text)
    if not digits or digits.startswith("00"):
        return value
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        raise Invalid(Reason.NOT_A_PHONE_THERE) from None
    possible = phonenumbers.ValidationResult.IS_POSSIBLE
    if phonenumbers.is_possible_number_with_reason(number) != possible:
        raise Invalid(Reason.NOT_A_PHONE_THERE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
