"""Phone numbers as they are dialed inside a country, before a platform's own rule sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

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
    plan = _plan_of(country)
    national = plan.national(digits) if plan is not None else None
    if plan is None or national is None:
        return by_library(digits, country)
    if len(national) not in plan.possible:
        raise Invalid(Reason.NOT_A_PHONE_THERE)
    return f"+{plan.country_code}{national}"


def by_library(digits: str, country: str) -> str:
    """Return digits as they are dialed in a country in E.164: what `international` must give, too.

    Raises Invalid where they cannot be a number of the country.
    """
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        raise Invalid(Reason.NOT_A_PHONE_THERE) from None
    possible = phonenumbers.ValidationResult.IS_POSSIBLE
    if phonenumbers.is_possible_number_with_reason(number) != possible:
        raise Invalid(Reason.NOT_A_PHONE_THERE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@dataclass(frozen=True)
class _Plan:
    """What the library knows of a country's numbers, for those that are dialed in the usual way.

    It does the same in a tenth of the time, as it looks at nothing that digits alone cannot have:
    extensions, letters, other scripts. `lengths` are those of the country's own numbers, `possible`
    those of its country code, which several may share.
    """

    country_code: str
    abroad: re.Pattern[str] | None
    trunk: re.Pattern[str] | None
    is_rewritten: bool
    viable: re.Pattern[str]
    lengths: frozenset[int]
    possible: frozenset[int]

    def national(self, digits: str) -> str | None:
        """Return a number without its trunk prefix; None where only the library knows it.

        That is what may begin with a country code, or is dialed to go abroad.
        """
        if digits.startswith(self.country_code):
            return None
        if self.abroad is not None and self.abroad.match(digits):
            return None
        dialed = self.trunk.match(digits) if self.trunk is not None else None
        if dialed is None:
            return digits
        if self.is_rewritten and dialed.groups()[-1] is not None:
            return None
        rest = digits[dialed.end() :]
        if self.viable.fullmatch(digits) and not self.viable.fullmatch(rest):
            # Its first digits only look like a trunk prefix.
            return digits
        # One that would be too long without it is too long with it.
        return rest if len(rest) in self.lengths else digits


@cache
def _plan_of(country: str) -> _Plan | None:
    """Return a country's plan; None where the library does not tell it."""
    here = phonenumbers.PhoneMetadata.metadata_for_region(country)
    code = here.country_code if here is not None else None
    if here is None or code is None:
        return None
    shared = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(
        code, phonenumbers.region_code_for_country_code(code)
    )
    general, of_all = here.general_desc, shared.general_desc if shared is not None else None
    if general is None or of_all is None or not general.national_number_pattern:
        return None
    return _Plan(
        country_code=str(code),
        abroad=_compiled(here.international_prefix),
        trunk=_compiled(here.national_prefix_for_parsing),
        is_rewritten=bool(here.national_prefix_transform_rule),
        viable=re.compile(general.national_number_pattern),
        lengths=frozenset(general.possible_length),
        possible=frozenset(of_all.possible_length),
    )


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None
