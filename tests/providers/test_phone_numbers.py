import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import identifiers
from providers.countries import NAMES
from providers.identifiers import Invalid, Reason
from providers.phone_numbers import InCountry, international


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


def test_every_country_that_has_numbers_can_be_chosen():
    assert set(NAMES) == set(phonenumbers.SUPPORTED_REGIONS)
    assert len(set(NAMES.values())) == len(NAMES)
