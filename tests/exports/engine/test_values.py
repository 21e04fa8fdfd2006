import hashlib

import pytest

from exports.engine.values import digest_of, is_damaged
from providers import identifier_types, identifiers
from providers.identifiers import EMPTY_DIGEST, Invalid, Reason

EMAIL = identifier_types.email("EMAIL", identifiers.email)
JANE = hashlib.sha256(b"jane@example.com").hexdigest()


@pytest.mark.parametrize(
    "value", ["jane@example.com", "  JANE@Example.com\n", f" {JANE.upper()} ", JANE]
)
def test_raw_and_hashed_spellings_of_one_person_are_one_digest(value):
    assert digest_of(value, EMAIL) == JANE


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", Reason.EMPTY),
        ("   ", Reason.EMPTY),
        ("n/a", Reason.NOT_AN_EMAIL),
        (JANE[:-1], Reason.NOT_AN_EMAIL),
        (EMPTY_DIGEST, Reason.HASH_OF_NOTHING),
        (EMPTY_DIGEST.upper(), Reason.HASH_OF_NOTHING),
        ("jane\x00@example.com", Reason.DAMAGED),
        ("jos\udce9@example.com", Reason.DAMAGED),
        ("\udfff", Reason.DAMAGED),
    ],
)
def test_what_cannot_be_sent_says_why_and_never_what(value, reason):
    with pytest.raises(Invalid) as caught:
        digest_of(value, EMAIL)
    assert caught.value.reason == reason
    assert str(caught.value) == reason.value


def test_letters_beyond_ascii_are_not_damage():
    assert not is_damaged("josé@example.com")
    assert not is_damaged("\U0001f600")
