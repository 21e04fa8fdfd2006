"""Amazon's form of a destination: what goes together in it."""

import re

import pytest

from providers.platforms.amazon_ads import AmazonAds

amazon = AmazonAds()
NAMED = {"audience_name": "Spring buyers 2026"}
IN_AMC = {
    **NAMED,
    "send_to": "amc",
    "amc_account": "ENTITY7AMC",
    "amc_marketplace": "ATVPDKIKX0DER",
    "amc_instance": "amcacme0001",
}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (NAMED, None),
        ({"audience_id": "1"}, None),
        ({**NAMED, "audience_id": "1"}, "audience_id"),
        ({}, "audience_name"),
        (IN_AMC, None),
        ({**IN_AMC, "amc_instance": " "}, "amc_instance"),
        ({**IN_AMC, "amc_marketplace": ""}, "amc_marketplace"),
        ({"send_to": "amc", "audience_id": "1"}, None),
        ({**NAMED, "country": "US"}, None),
        ({**NAMED, "country": "GB"}, "consent"),
        ({**NAMED, "country": "SE"}, "consent"),
        ({**NAMED, "country": "GB", "consent": "granted"}, None),
        ({**NAMED, "consent": "granted"}, "country"),
        ({**NAMED, "cpm_cents": "5"}, "cpm_currency"),
        ({**NAMED, "cpm_currency": "USD"}, "cpm_currency"),
        ({**NAMED, "cpm_currency": "USD", "cpm_cents": "0"}, None),
    ],
)
def test_the_form_says_what_is_wrong_across_its_fields(settings, field):
    assert list(amazon.check_destination(settings)) == ([field] if field else [])


def test_a_form_that_is_filled_with_its_examples_is_accepted():
    examples = {each.name: each.example for each in amazon.destination_fields}
    assert amazon.check_destination(examples) == {}
    assert amazon.audience_request("1", examples).name == "Spring buyers 2026"


@pytest.mark.parametrize(
    ("name", "is_good"),
    [
        ("Spring buyers 2026", True),
        ("Spring_buyers-26", True),
        ("Too short", False),
        ("n" * 128, True),
        ("n" * 129, False),
        ("Spring buyers!", False),
    ],
)
def test_a_name_is_of_10_to_128_letters_and_digits(name, is_good):
    (declared,) = (each for each in amazon.destination_fields if each.name == "audience_name")
    assert bool(re.fullmatch(declared.pattern, name)) is is_good
