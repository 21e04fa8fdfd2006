"""Cells with several values: how they are recognized, and what is made of them."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.engine.batches import decode, encode_records
from exports.engine.distinct import Distinct
from exports.engine.preparing import distinct_people, people_of, record_width
from exports.engine.reading import look_at, rows
from exports.engine.several import Several, several_in, values_in
from exports.engine.taking import Taking
from providers import identifier_types, identifiers
from providers.declarations import IdentifierType
from providers.identifiers import Invalid, Reason

EMAIL = identifier_types.email("EMAIL", identifiers.email)
PHONE = identifier_types.phone("PHONE", identifiers.phone_e164)
COMMA = identifier_types.email("EMAIL", identifiers.email_without_comma)
CITY = IdentifierType("city", "City", "city", str.strip, ("city",), by_name_only=True)
HASHES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(2)]
A, B = "a@x.com", "b@y.org"


@pytest.mark.parametrize(
    ("cell", "several", "expected"),
    [
        (f"{A}; {B}", "semicolon", [A, B]),
        (f"{A};{B};", "semicolon", [A, B]),
        (f"{A} |{B}", "pipe", [A, B]),
        (f"{A}, {B}", "comma", [A, B]),
        (f"{A}\r\n{B}\n", "line", [A, B]),
        (f'["{A}", "{B}"]', "list", [A, B]),
        (f"['{A}', '{B}']", "list", [A, B]),
        (f"[{A}, {B}]", "list", [A, B]),
        (f"{{{A},{B}}}", "list", [A, B]),
        (f'["{A}"]', "list", [A]),
        ('["a\\u0040x.com", null, 5]', "list", [A, "5"]),
        ("[]", "list", [""]),
        (f"{A}\x1f{B}", "parquet", [A, B]),
        (f"{A}; n/a", "semicolon", [A, "n/a"]),
        ("; ;", "semicolon", ["; ;"]),
        (f"{HASHES[0]};{HASHES[1].upper()}", "semicolon", [HASHES[0], HASHES[1].upper()]),
        # Of one value nothing is taken apart.
        (A, "semicolon", [A]),
        (f"{A}, {B}", "semicolon", [f"{A}, {B}"]),
        ("a;b@x.com", "semicolon", ["a;b@x.com"]),
        ('"a; b"@x.com', "semicolon", ['"a; b"@x.com']),
        ("n/a; none", "semicolon", ["n/a; none"]),
        ('{"mail": "a@x.com"}', "list", ['{"mail": "a@x.com"}']),
        ('[["a@x.com"]]', "list", ['[["a@x.com"]]']),
        ("[" * 90_000 + "]" * 90_000, "list", None),
    ],
)
def test_a_cell_is_taken_apart_where_that_breaks_no_value(cell, several, expected):
    found = values_in(cell, Several(several), EMAIL)
    assert found == expected if expected else found


def test_an_address_that_the_platform_does_not_take_is_not_taken_apart_either():
    assert values_in("a,b@x.com", Several.COMMA, COMMA) == ["a,b@x.com"]
    assert values_in(f"{A},{B}", Several.COMMA, COMMA) == [A, B]


def test_phone_numbers_are_taken_apart():
    cell = "+44 7700 900123; +44 7700 900124"
    assert values_in(cell, Several.SEMICOLON, PHONE) == cell.split("; ")


@given(st.text(st.sampled_from("ab@.;,|\n[]{}\"' \\x1f"), max_size=24), st.sampled_from(Several))
def test_a_valid_address_is_never_taken_apart(text, several):
    try:
        identifiers.email(text)
    except Invalid:
        assert values_in(text, several, EMAIL)
    else:
        if several not in {Several.LIST, Several.PARQUET}:
            assert values_in(text, several, EMAIL) == [text]


@pytest.mark.parametrize("several", Several)
def test_it_is_recognized_from_the_sample(several):
    separators = {"semicolon": "; ", "pipe": "|", "comma": ", ", "line": "\n", "parquet": "\x1f"}
    cell = f"{A}{separators[several]}{B}" if several in separators else f'["{A}", "{B}"]'
    assert several_in([A, B, cell], EMAIL) == several


def test_nothing_is_recognized_where_parts_are_no_values():
    assert several_in([A, B], EMAIL) is None
    assert several_in([f"{A}; see notes"], EMAIL) is None
    assert several_in(["Doe; Jane", "a;b@x.com"], EMAIL) is None
    assert several_in(["Paris; Berlin"], CITY) is None
    assert several_in(["1,234,567"], PHONE) is None


def test_national_phone_numbers_are_recognized_though_no_country_is_known():
    assert several_in(["089 1234567; 0171 1234567"], PHONE) == Several.SEMICOLON


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def prepared(folder, text: str, taking: Taking, kinds=(EMAIL, PHONE), read=people_of):
    stream = io.BytesIO(text.encode())
    shape = look_at(stream)
    columns = {kind.key: number for number, kind in enumerate(kinds)}
    rejects = []
    with Distinct(record_width(len(kinds)), folder) as people:
        if read is people_of:
            tally = people_of(
                stream,
                shape,
                columns,
                kinds,
                people=people,
                reject=rejects.append,
                alive=lambda: None,
                taking=taking,
            )
        else:
            tally = distinct_people(
                rows(stream, shape),
                columns,
                kinds,
                people=people,
                reject=lambda *one: rejects.append(
                    f'{one[0]},{one[1]},"{one[2].value}"\n'.encode()
                ),
                alive=lambda: None,
                taking=taking,
            )
        types = tuple(columns)
        found = [
            row
            for records in people.batches(100)
            for row in decode(encode_records(types, records)).rows
        ]
    return found, b"".join(rejects).decode(), tally


TEXT = (
    "email,phone\n"
    f"{A}; {B};c@z.net,+44 7700 900123; +44 7700 900124\n"
    f"n/a; {B},\n"
    f"{A},call me\n"
    "; ;,\n"
)
BOTH = Taking({"email": Several.SEMICOLON, "phone": Several.SEMICOLON})


@pytest.mark.parametrize("read", [people_of, distinct_people])
def test_the_first_value_stays_with_its_row_and_the_others_stand_alone(tmp_path, read):
    found, rejects, tally = prepared(tmp_path, TEXT, BOTH, read=read)
    assert found == [
        (sha(A), sha("+447700900123")),
        (sha(B), None),
        (sha("c@z.net"), None),
        (None, sha("+447700900124")),
        (sha(A), None),
    ]
    assert rejects == (
        f'3,email,"{Reason.NOT_AN_EMAIL.value}"\n'
        f'4,phone,"{Reason.NOT_A_PHONE.value}"\n'
        f'5,email,"{Reason.NOT_AN_EMAIL.value}"\n'
    )
    # Of the six people one is there twice.
    assert (tally.rows, tally.rejected, tally.people) == (4, 1, 6)


def test_a_country_is_known_to_the_rule_of_phone_numbers_alone(tmp_path):
    text = "email,phone\n,089 1234567\n,+49 89 1234567\n,1234567\n"
    for read in (people_of, distinct_people):
        found, rejects, _ = prepared(tmp_path, text, Taking(country="DE"), read=read)
        assert found[0] == (None, sha("+49891234567"))
        assert len(found) == 2
        assert rejects == ""
    found, rejects, _ = prepared(tmp_path, text, Taking(country="US"))
    assert f'"{Reason.NOT_A_PHONE_THERE.value}"' in rejects


def test_how_cells_are_taken_is_stored_and_read_back():
    for taking in (Taking(), BOTH, Taking({"email": Several.LIST}, "DE")):
        assert Taking.from_json(taking.as_json()) == taking
    # As rows have it that are older than this.
    assert Taking.from_json({}) == Taking()
