import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers import identifiers, phone_numbers
from providers.countries import NAMES
from providers.identifiers import Invalid, Reason
from providers.phone_numbers import InCountry, by_library, international


@pytest.mark.parametrize(
    ("value", "country", "expected"),
    [
        ("089 / 1234567", "DE", "+49891234567"),
        ("(089) 123-4567", "DE", "+49891234567"),
        ("(0)89 1234567", "DE", "+49891234567"),
        ("49 (0)89 1234567", "DE", "+49891234567"),
        ("49891234567", "DE", "+49891234567"),
        ("07700 900123", "GB", "+447700900123"),
        ("7700900123", "GB", "+447700900123"),
        ("447700900123", "GB", "+447700900123"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("011 44 7700 900123", "US", "+447700900123"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        # In Italy the zero is part of the number.
        ("06 1234 5678", "IT", "+390612345678"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("\t044\u00a0668 18 00 ", "CH", "+41446681800"),
    ],
)
def test_national_numbers_become_international_ones(value, country, expected):
    assert international(value, country) == expected
    assert InCountry(country, identifiers.phone_e164)(value) == expected
    assert InCountry(country, identifiers.phone_digits)(value) == expected[1:]


@pytest.mark.parametrize(
    "value",
    ["+44 7700 900123", "0044 7700 900123", " +49 (0)89 1234567", "(+49) 89 1", "(00)49 89 12345"],
)
def test_what_has_a_country_code_is_left_to_the_rule(value):
    assert international(value, "FR") == value


@pytest.mark.parametrize("value", ["", "  ", "call me", "089 1234567 ext. 5", "()", "1;2", "٤٤٧٧"])
def test_what_is_no_number_is_left_to_the_rule(value):
    assert international(value, "DE") == value


@pytest.mark.parametrize(
    ("value", "country"), [("1234567", "US"), ("110", "DE"), ("1", "FR"), ("0" + "1" * 17, "DE")]
)
def test_what_is_no_number_of_the_country_is_refused(value, country):
    with pytest.raises(Invalid) as caught:
        InCountry(country, identifiers.phone_e164)(value)
    assert caught.value.reason == Reason.NOT_A_PHONE_THERE


@given(
    st.one_of(st.text(max_size=20), st.text(st.sampled_from("0123456789+()-. /"), max_size=20)),
    st.sampled_from(sorted(NAMES)),
)
def test_a_platform_gets_a_number_or_a_reason_whatever_is_written(value, country):
    rule = InCountry(country, identifiers.phone_e164)
    try:
        found = rule(value)
    except Invalid:
        return
    assert found[0] == "+"
    assert found[1:].isdigit()
    # What has been cleaned once stays as it is.
    assert rule(found) == found


def what_comes_of(rule, digits, country):
    try:
        return rule(digits, country)
    except Invalid as invalid:
        return invalid.reason


def same_as_the_library(digits: str, country: str) -> None:
    found = what_comes_of(international, digits, country)
    assert found == what_comes_of(by_library, digits, country), (digits, country)


@given(st.data())
@settings(max_examples=1000, deadline=None)
def test_digits_give_what_the_library_gives(data):
    country = data.draw(st.sampled_from(sorted(NAMES)))
    here = phonenumbers.PhoneMetadata.metadata_for_region(country)
    dialed = ["", "0", "1", "8", "9", "011", here.national_prefix or "", str(here.country_code)]
    first = data.draw(st.sampled_from(dialed)) + data.draw(st.sampled_from(dialed))
    digits = first + data.draw(st.text("0123456789", max_size=14))
    if digits and not digits.startswith("00"):
        same_as_the_library(digits, country)


@pytest.mark.parametrize("country", sorted(NAMES))
def test_numbers_of_every_country_and_what_is_nearly_one_give_what_the_library_gives(country):
    here = phonenumbers.PhoneMetadata.metadata_for_region(country)
    for kind in phonenumbers.PhoneNumberType.values():
        example = phonenumbers.example_number_for_type(country, kind)
        if example is None:
            continue
        number = phonenumbers.national_significant_number(example)
        nearly = {number, number[:-1], number[1:], f"{number}5", f"{number}55", number[::-1]}
        nearly |= {f"{number[:at]}0{number[at + 1 :]}" for at in range(1, len(number))}
        for each in nearly:
            for before in ("", "0", "1", here.national_prefix or "8", str(here.country_code)):
                digits = f"{before}{each}"
                if not digits.startswith("00"):
                    same_as_the_library(digits, country)


def test_what_is_too_long_for_a_country_with_a_trunk_prefix_is_so_for_all_of_its_code():
    for country in NAMES:
        plan = phone_numbers._plan_of(country)
        assert plan.trunk is None or max(plan.possible) <= max(plan.lengths)


def test_usual_numbers_are_not_left_to_the_library(monkeypatch):
    monkeypatch.setattr(phonenumbers, "parse", None)
    for value, country in [
        ("0151 2345678", "DE"),
        ("07700 900123", "GB"),
        ("(212) 555-0123", "US"),
        ("06 12 34 56 78", "FR"),
        ("0412 345 678", "AU"),
        ("(11) 91234-5678", "BR"),
        ("090-1234-5678", "JP"),
    ]:
        assert international(value, country).startswith("+")
    with pytest.raises(Invalid):
        international("110", "DE")


def test_a_country_that_the_library_does_not_know_has_no_numbers():
    with pytest.raises(Invalid):
        international("0151 2345678", "XX")


def test_every_country_that_has_numbers_can_be_chosen():
    assert set(NAMES) == set(phonenumbers.SUPPORTED_REGIONS)
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("+44 07700 900123", "+447700900123"),
        ("0044 07700 900123", "+447700900123"),
        ("+49 (0)151 2345678", "+491512345678"),
        ("(+44) 7700 900123", "+447700900123"),
        ("(+1) 706-767-5127", "+17067675127"),
        # It belongs to the number there.
        ("+39 06 6982 1234", "+390669821234"),
        ("+1 0706 767 512", "+10706767512"),
        # Nobody said that these digits begin with a country code: they are taken as they are.
        ("4402345678", "+4402345678"),
    ],
)
def test_a_zero_that_is_dialed_inside_the_country_is_left_out(value, cleaned):
    assert identifiers.phone_e164(value) == cleaned
    assert identifiers.phone_digits(value) == cleaned[1:]
