import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.engine.masking import masked


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("jane.doe@example.com", "j•••@e•••.com"),
        ("  jane.doe@mail.example.co.uk ", "j•••@m•••.uk"),
        ("jane.doe@nodot", "j•••@n•••"),
        ("+1 (706) 767-5127", "+1•••27"),
        ("cafe" * 16, "cafe••• (hash)"),
        ("Berlin", "B•••"),
        # Neither can be stored as JSON or sent as a page.
        ("\0jane@example.com", "�•••@e•••.com"),
        ("\udc8fsa", "�•••"),
        ("", ""),
        (" \t\n", ""),
    ],
)
def test_the_kind_is_recognized_and_the_person_is_not(value, shown):
    assert masked(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        "mail jane@example.com, phone 555 1234567",
        "jane@example.com/555-1234567",
        "jane@example.SmithJohnson",
    ],
)
def test_what_follows_an_address_is_not_shown_as_its_ending(value):
    shown = masked(value)
    assert "1234567" not in shown
    assert "Johnson" not in shown


@given(st.text(st.sampled_from("abcdefghij0123456789.@+- "), min_size=0, max_size=40))
def test_never_more_than_a_few_letters_of_any_part_are_shown(value):
    kept = masked(value).replace("•", "")
    ending = kept.rpartition(".")[2]
    assert len(kept) - (len(ending) if ending.isalpha() else 0) <= 5
