import csv
import hashlib
import io
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.engine import preparing
from exports.engine.batches import decode, encode_records
from exports.engine.distinct import Distinct
from exports.engine.preparing import distinct_people, record_width, reject_line
from exports.engine.reading import FileShape, look_at, rows
from infosum_auth.demo_check import expected_of
from infosum_auth.sample_audience import messy_rows
from providers import identifier_types, identifiers
from providers.identifiers import EMPTY_DIGEST, Reason

EMAIL = identifier_types.email("EMAIL", identifiers.email)
PHONE = identifier_types.phone("PHONE", identifiers.phone_e164)
BOTH = (EMAIL, PHONE)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


JANE, JOE, CALL = sha("jane@example.com"), sha("joe@example.com"), sha("+447700900123")


class Prepared:
    """What comes of rows: the distinct people, the rejects and the tally."""

    def __init__(self, folder, found, kinds=(EMAIL,), columns=None, size=3, **how):
        self.rejects: list[tuple[int, str, Reason]] = []
        self.signs_of_life = 0
        types = tuple(kind.key for kind in kinds)
        columns = columns or {key: number for number, key in enumerate(types)}
        with Distinct(record_width(len(kinds)), folder, **how) as people:
            self.tally = distinct_people(
                found,
                columns,
                kinds,
                people=people,
                reject=lambda *reject: self.rejects.append(reject),
                alive=self._live,
            )
            self.batches = [
                decode(encode_records(types, records)) for records in people.batches(size)
            ]
        self.people = [row for batch in self.batches for row in batch.rows]

    def _live(self) -> None:
        self.signs_of_life += 1


def numbered(*cells: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
    return list(enumerate(cells, 2))


def test_duplicates_in_any_spelling_are_one_person(tmp_path):
    found = numbered(
        ["jane@example.com"], [" JANE@example.com"], [JANE.upper()], ["joe@example.com"]
    )
    prepared = Prepared(tmp_path, found)
    assert prepared.people == [(JANE,), (JOE,)]
    assert (prepared.tally.rows, prepared.tally.people, prepared.tally.rejected) == (4, 4, 0)


def test_every_rejected_row_is_named_with_its_reason(tmp_path):
    found = numbered(
        ["n/a"],
        [""],
        [EMPTY_DIGEST],
        ["a\x00@b.example"],
        ["a\udcff@b.example"],
        [],
        ["x@y.example"],
    )
    prepared = Prepared(tmp_path, found)
    assert prepared.rejects == [
        (2, "email", Reason.NOT_AN_EMAIL),
        (3, "email", Reason.EMPTY),
        (4, "email", Reason.HASH_OF_NOTHING),
        (5, "email", Reason.DAMAGED),
        (6, "email", Reason.DAMAGED),
        (7, "email", Reason.MISSING_COLUMN),
    ]
    assert (prepared.tally.rejected, len(prepared.people)) == (6, 1)
    assert prepared.tally.reasons[Reason.DAMAGED.value] == 2


def test_a_row_of_several_types_is_sent_where_one_of_them_is_good(tmp_path):
    found = numbered(
        ["jane@example.com", "+44 7700 900123"],
        ["jane@example.com", ""],
        ["n/a", "+44 7700 900123"],
        ["joe@example.com"],
        ["n/a", "call me"],
        ["n/a", ""],
        ["", ""],
    )
    prepared = Prepared(tmp_path, found, BOTH)
    assert prepared.people == [(JANE, CALL), (JANE, None), (None, CALL), (JOE, None)]
    assert prepared.rejects == [
        # An empty cell beside a good one is no fault; a wrong one is said.
        (4, "email", Reason.NOT_AN_EMAIL),
        (5, "phone", Reason.MISSING_COLUMN),
        (6, "email", Reason.NOT_AN_EMAIL),
        (6, "phone", Reason.NOT_A_PHONE),
        (7, "email", Reason.NOT_AN_EMAIL),
        (8, "email", Reason.EMPTY),
    ]
    assert prepared.tally.rejected == 3


def test_batches_are_full_but_for_the_last(tmp_path):
    found = numbered(*([f"p{number}@example.com"] for number in range(7)))
    prepared = Prepared(tmp_path, found)
    assert [len(batch.rows) for batch in prepared.batches] == [3, 3, 1]
    assert {batch.types for batch in prepared.batches} == {("email",)}
    assert Prepared(tmp_path, []).batches == []


def test_spilling_changes_nothing_but_the_order(tmp_path):
    found = numbered(*([f"p{number % 40}@example.com", ""] for number in range(100)))
    held = Prepared(tmp_path, found, BOTH)
    spilled = Prepared(tmp_path, found, BOTH, in_memory=5 * 64)
    assert sorted(spilled.people) == sorted(held.people)
    assert len(held.people) == 40


def test_columns_are_taken_where_they_are(tmp_path):
    found = numbered(["x", "+44 7700 900123", "jane@example.com"])
    prepared = Prepared(tmp_path, found, BOTH, columns={"email": 2, "phone": 1})
    assert prepared.people == [(JANE, CALL)]


def test_a_sign_of_life_is_given_every_so_many_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "_STEP", 10)
    found = numbered(*(["jane@example.com"] for _ in range(35)))
    assert Prepared(tmp_path, found).signs_of_life == 3


@pytest.mark.parametrize("key", ["email", "phone"])
def test_a_reject_line_reads_back_whatever_its_reason(key):
    for reason in Reason:
        (cells,) = csv.reader([reject_line(7, key, reason)])
        assert cells == ["7", key, reason.value]


def test_the_demo_audience_becomes_what_its_own_computation_says(tmp_path):
    file = tmp_path / "audience.csv"
    file.write_text("".join(messy_rows(4000, seed=3)), encoding="utf-8")
    expected = expected_of(file)
    with file.open("rb") as stream:
        prepared = Prepared(
            tmp_path, rows(stream, look_at(stream)), columns={"email": 1}, in_memory=500 * 32
        )
    assert {digest for (digest,) in prepared.people} == expected.digests
    assert len(prepared.people) == len(expected.digests)
    assert prepared.tally.rejected == expected.rejected > 0


def reference(value: str) -> str | None:
    """Say in plain Python what is sent of an e-mail address."""
    if any(letter == "\x00" or 0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        return None
    text = value.strip().lower()
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return None if text == EMPTY_DIGEST else text
    name, _, domain = text.partition("@")
    good = (
        len(text) <= 254
        and text.count("@") == 1
        and bool(name)
        and "." in domain
        and all(domain.split("."))
        and not any(letter.isspace() for letter in text)
    )
    return sha(text) if good else None


PLAIN = FileShape(
    "utf-8", ",", quoted=True, has_header=True, gzipped=False, column_names=("email",)
)
HOSTILE = st.one_of(
    st.text(max_size=30),
    st.text(st.sampled_from("aA@. \t\u00a0\u3000\x00\"',;éİß\ufeff"), max_size=12),
    st.builds("{}@{}.{}".format, *[st.text(min_size=1, max_size=6)] * 3),
    st.sampled_from(
        [JANE, JANE.upper(), EMPTY_DIGEST, f" {JANE}\n", JANE[1:], "a" * 245 + "@b.example"]
    ),
)


@given(st.lists(st.lists(HOSTILE, min_size=1, max_size=3), max_size=25), st.integers(0, 30))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_prepared_set_is_that_of_a_plain_reference_on_hostile_strings(tmp_path, table, limit):
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([["email"], *table])
    stream = io.BytesIO(written.getvalue().encode())
    prepared = Prepared(tmp_path, rows(stream, PLAIN), in_memory=limit * 32)
    wanted = [reference(row[0]) for row in table]
    assert {digest for (digest,) in prepared.people} == {each for each in wanted if each}
    assert len(prepared.people) == len({each for each in wanted if each})
    assert prepared.tally.rejected == sum(each is None for each in wanted)
