"""How Amazon Ads wants people's data before it is hashed; some of it differs by country.

Amazon's page of rules is behind a login. These are the rules of Amazon's own uploader, which public
clients agree with where they can be compared:
https://github.com/aws-solutions/amazon-marketing-cloud-uploader-from-aws
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache, partial

import phonenumbers

from providers import identifier_types, identifiers
from providers.declarations import IdentifierType
from providers.identifiers import Invalid, Reason
from providers.platforms.amazon_ads import states, street_words

# Without a country, words and codes are read as in the United States.
_OTHERWISE = "US"
_NOT_SENT = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "æ": "ae"})
_BETWEEN_WORDS = re.compile(r"(?:[\s,.!\[\](){}]|\bc/o\b)+")
_WITH_POUND = re.compile(r"([a-z]*)#([0-9a-z/-]*)")
_STATE_CODE = re.compile(r"[a-z]{2}")
_ZIP_WITH_MORE = re.compile(r"\s*(\d{5})[-\s]?\d{4}\s*", re.ASCII)
_ANY_POSTAL = re.compile(r"(?=.*[0-9])[0-9a-z]{3,10}", re.ASCII)
_FIVE = re.compile(r"\d{5}", re.ASCII)

# What is left out, how many signs count, and how they must look.
_POSTAL: dict[str, tuple[str, int, re.Pattern[str]]] = {
    "CA": (r"[^0-9a-z]", 6, re.compile(r"(?:[a-z][0-9]){3}")),
    "GB": (
        r"[^0-9a-z]",
        7,
        re.compile(r"[a-z]{1,2}(?:[0-9]{2,3}|[0-9][a-z][0-9])[a-z]{2}"),
    ),
    "IN": (r"[^0-9]", 6, re.compile(r"\d{6}", re.ASCII)),
    "JP": (r"[^0-9]", 7, re.compile(r"\d{7}", re.ASCII)),
    **dict.fromkeys(("US", "DE", "FR", "IT", "ES"), (r"[^0-9]", 5, _FIVE)),
}


def phone(country: str, value: str) -> str:
    """Clean a phone number to E.164 without its `+`; national ones need a country."""
    text = value.strip()
    if not country or text.startswith(("+", "00")):
        return identifiers.phone_digits(value)
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise Invalid(Reason.NOT_A_PHONE if text else Reason.EMPTY) from None
    if not phonenumbers.is_possible_number(number):
        raise Invalid(Reason.NOT_A_PHONE)
    form = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(number, form).removeprefix("+")


def name(value: str) -> str:
    """Clean a first or last name: a few letters are spelled out, then letters and digits stay."""
    return _something(_NOT_SENT.sub("", value.lower().translate(_LETTERS)), value)


def city(value: str) -> str:
    """Clean a city: letters and digits stay. Its umlauts are dropped, not spelled out."""
    return _something(_NOT_SENT.sub("", value.lower()), value)


def state(country: str, value: str) -> str:
    """Clean a state to its code of two letters (in Spain also of one)."""
    text = re.sub(r"[^a-z]", "", value.lower())
    codes = states.BY_COUNTRY.get(country or _OTHERWISE, {})
    for spelled in (text, *_without_accents(value)):
        if spelled in codes:
            return codes[spelled]
    if _STATE_CODE.fullmatch(text) or text in codes.values():
        return text
    # Amazon's uploader takes the first two letters of a name that it does not know. That is a
    # wrong code more often than not, and a person is found by the rest of a record too.
    raise Invalid(Reason.NOT_A_STATE if value.strip() else Reason.EMPTY)


def _without_accents(name: str) -> tuple[str, str]:
    """Return a name as the table of states spells it: "quebec", or "badenwuerttemberg"."""
    lower = name.lower()
    folded = unicodedata.normalize("NFD", lower)
    spelled_out = unicodedata.normalize("NFC", lower).translate(_LETTERS)
    return re.sub(r"[^a-z]", "", folded), re.sub(r"[^a-z]", "", spelled_out)


def postal(country: str, value: str) -> str:
    """Clean a postal code; of the United States' longer form only five digits count.

    Whether letters are lower-cased is not confirmed: a public client does it, as in all other
    fields, and Amazon's uploader leaves them as they come.
    """
    text = value.lower()
    if country in _POSTAL:
        left_out, length, shape = _POSTAL[country]
        text = re.sub(left_out, "", text)[:length]
    else:
        with_more = _ZIP_WITH_MORE.fullmatch(text)
        text = with_more.group(1) if with_more else _NOT_SENT.sub("", text)
        shape = _ANY_POSTAL
    if not shape.fullmatch(text):
        raise Invalid(Reason.NOT_A_POSTAL_CODE if value.strip() else Reason.EMPTY)
    return text


def address(country: str, value: str) -> str:
    """Clean a street address: its words shortened, then letters and digits stay."""
    known = street_words.BY_COUNTRY.get(country or _OTHERWISE, street_words.OTHERWISE)
    words = (part for word in _BETWEEN_WORDS.split(value.lower()) for part in _parts(word))
    shortened = "".join(known.get(word, word) for word in words)
    return _something(_NOT_SENT.sub("", shortened), value)


def _parts(word: str) -> list[str]:
    """Split "12-b" and "apt#7", whose parts count as words."""
    before, dash, after = word.rpartition("-")
    if dash and before.isnumeric() and after and not after.isnumeric():
        return [before, after]
    with_pound = _WITH_POUND.fullmatch(word)
    if with_pound and word != "#":
        return [with_pound.group(1), "#", with_pound.group(2)]
    return [word]


def _something(cleaned: str, value: str) -> str:
    if not cleaned:
        raise Invalid(Reason.NOTHING_LEFT if value.strip() else Reason.EMPTY)
    return cleaned


# Key, label, Amazon's word, rule, what people call the column, an example.
_Words = tuple[str, str, str, Callable[[str], str], str, str]


@cache
def identifiers_of(country: str) -> tuple[IdentifierType, ...]:
    """Return what Amazon takes of a person, by a country's rules. No ad ids: this API has none."""
    words: tuple[_Words, ...] = (
        (
            "first_name",
            "First name",
            "firstname",
            name,
            "firstname fname givenname forename firstnamehash firstnamesha256",
            "Faulkner",
        ),
        (
            "last_name",
            "Last name",
            "lastname",
            name,
            "lastname lname surname familyname lastnamehash lastnamesha256",
            "Checketts",
        ),
        (
            "address",
            "Street address",
            "address",
            partial(address, country),
            "address streetaddress street address1 addressline1 addresshash addresssha256",
            "8 Bluestem Terrace",
        ),
        ("city", "City", "city", city, "city town cityhash citysha256", "Dallas"),
        (
            "state",
            "State",
            "state",
            partial(state, country),
            "state province region statehash statesha256",
            "Texas",
        ),
        (
            "postal",
            "Postal code",
            "postal",
            partial(postal, country),
            "postal postalcode zip zipcode postcode postalhash postalsha256",
            "75236-9599",
        ),
    )
    return (
        # Signs that Amazon does not take go, so that a `+` does; the tag behind it stays. That
        # the underscore stays is not confirmed: in Amazon's code it does, in two clients not.
        identifier_types.email("email", identifiers.email_of_words),
        identifier_types.phone(
            "phone", partial(phone, country) if country else identifiers.phone_digits
        ),
        *(
            IdentifierType(
                key, label, wire, rule, tuple(columns.split()), example, by_name_only=True
            )
            for key, label, wire, rule, columns, example in words
        ),
    )
