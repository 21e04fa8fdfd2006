"""What X's form of a destination takes, and how people's identifiers are cleaned for it."""

import re

import pytest

from providers.identifiers import Invalid
from providers.platforms.x import X

x = X()


@pytest.mark.parametrize(
    ("filled", "field"),
    [
        ({"audience_name": "Buyers"}, None),
        ({"audience_id": "2906h"}, None),
        ({"audience_name": "Buyers", "audience_id": "2906h"}, "audience_id"),
        ({"audience_name": " ", "audience_id": ""}, "audience_name"),
        ({}, "audience_name"),
    ],
)
def test_the_form_wants_a_name_or_an_id(filled, field):
    assert list(x.check_destination(filled)) == ([field] if field else [])


@pytest.mark.parametrize("letter", "+&,%:;@/=?$")
def test_letters_that_break_a_name_are_refused_by_the_form(letter):
    (field,) = (each for each in x.destination_fields if each.name == "audience_name")
    assert not re.fullmatch(field.pattern, f"a{letter}b")
    assert re.fullmatch(field.pattern, "Käufer 2026 (neu) - Herbst!")


@pytest.mark.parametrize(
    ("key", "raw", "cleaned"),
    [
        ("email", " ABC@Twitter.com ", "abc@twitter.com"),
        ("handle", " @Twitter ", "twitter"),
        ("handle", "AdsAPI", "adsapi"),
        ("twitter_id", " 27674040 ", "27674040"),
        ("phone", "0044 7700 900123", "+447700900123"),
        (
            "mobile_ad_id",
            "5F77B50F-D5A4-4A84-9BD4-C1BB2D0A1C7E",
            "5f77b50f-d5a4-4a84-9bd4-c1bb2d0a1c7e",
        ),
        ("mobile_ad_id", "A1B2C3D4E5F60718", "a1b2c3d4e5f60718"),
    ],
)
def test_identifiers_are_cleaned_by_the_sheet(key, raw, cleaned):
    assert x.identifier(key).normalize(raw) == cleaned


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("handle", "@"),
        ("handle", "@@twitter"),
        ("handle", "with space"),
        ("handle", "sixteen_letters_"),
        ("handle", "käufer"),
        ("twitter_id", "007"),
        ("twitter_id", "0"),
        ("twitter_id", "2.7e7"),
        ("twitter_id", "-5"),
        ("twitter_id", "٣٣"),
        ("mobile_ad_id", "0000000000000000"),
        ("mobile_ad_id", "00000000-0000-0000-0000-000000000000"),
        ("mobile_ad_id", "a1b2c3d4e5f6071"),
    ],
)
def test_what_is_no_identifier_is_not_hashed(key, raw):
    with pytest.raises(Invalid):
        x.identifier(key).normalize(raw)


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({}, "+447700900123"),
        ({"phone_form": ""}, "+447700900123"),
        ({"phone_form": "plus"}, "+447700900123"),
        ({"phone_form": "digits"}, "447700900123"),
    ],
)
def test_phone_numbers_are_written_as_the_destination_asks(settings, written):
    (phone,) = x.identifiers_taken({"phone"}, settings)
    assert phone.normalize("0044 7700 900123") == written
    # Nothing else hangs on it.
    kinds = [(each.key, each.label, each.wire_name) for each in x.identifiers_for(settings)]
    assert kinds == [(each.key, each.label, each.wire_name) for each in x.identifiers]


def test_the_form_offers_both_ways_to_write_phone_numbers():
    (field,) = (each for each in x.destination_fields if each.name == "phone_form")
    assert (field.initial, [value for value, _ in field.choices]) == ("plus", ["plus", "digits"])
