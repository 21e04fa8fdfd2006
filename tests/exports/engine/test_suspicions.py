"""What is suspicious in a column, with masked samples."""

import hashlib

import pytest

from exports.engine import suspicions
from exports.engine.several import Several
from exports.engine.suspicions import Suspicion, looked_through
from exports.engine.taking import Taking
from providers import identifier_types, identifiers

EMAIL = identifier_types.email("EMAIL", identifiers.email)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def looked(*rows):
    cells = [
        (number, list(row) if isinstance(row, tuple) else [row]) for number, row in enumerate(rows)
    ]
    return looked_through(cells, {"email": 0}, [EMAIL], alive=lambda: None)["email"]


@pytest.mark.parametrize(
    ("rows", "suspicion", "count"),
    [
        ((sha("jane@acme.co").upper(),), Suspicion.UPPER_CASE, 1),
        ((sha(""), sha("").upper()), Suspicion.HASH_OF_NOTHING, 2),
        ((sha(sha("")),), Suspicion.HASHED_TWICE, 1),
        (("jane@acme.co", sha(sha("jane@acme.co"))), Suspicion.HASHED_TWICE, 1),
        ((sha(sha("jane@acme.co")), "Jane@Acme.co"), Suspicion.HASHED_TWICE, 1),
        (((sha(sha("jane@acme.co")), "jane@acme.co"),), Suspicion.HASHED_TWICE, 1),
        (((sha(sha("jane@acme.co")), sha("jane@acme.co")),), Suspicion.HASHED_TWICE, 1),
        ((sha("test@test.com"),), Suspicion.MADE_UP, 1),
        ((hashlib.md5(b"jane@acme.co").hexdigest(),), Suspicion.OTHER_HASH, 1),
        ((hashlib.sha512(b"jane@acme.co").hexdigest(),), Suspicion.OTHER_HASH, 1),
        (("jane@example.com", "joe@mail.example.org", "x@y.test"), Suspicion.TEST_DOMAIN, 3),
    ],
)
def test_what_is_suspicious(rows, suspicion, count):
    assert looked(*rows).suspicions[suspicion.value] == count


@pytest.mark.parametrize(
    "rows",
    [
        ("jane@acme.co", sha("jane@acme.co")),
        (("jane@acme.co", sha("jane@acme.co")),),
        ((sha("jane@acme.co"), "jane@acme.co"),),
        ("jane@myexample.com", "jane@example.company.co", "jane@test.co"),
        ("", "   "),
    ],
)
def test_what_is_not(rows):
    assert not looked(*rows).suspicions


def test_raw_values_and_hashes_are_told_apart():
    found = looked("jane@acme.co", sha("joe@acme.co"), "", "nobody")
    assert (found.raw, found.hashed) == (2, 1)


def test_samples_are_few_and_masked():
    found = looked(
        *(f"person{number}@{'abcdefg'[number]}.example.com" for number in range(7)), "nobody"
    )
    samples = found.samples[Suspicion.TEST_DOMAIN.value]
    assert len(samples) == 3
    assert samples[0] == "p•••@a•••.com"
    assert found.samples["not an e-mail address"] == ["n•••"]


def test_only_the_first_rows_are_looked_at(monkeypatch):
    monkeypatch.setattr(suspicions, "LOOKED_AT", 2)
    found = looked("a@acme.co", "b@acme.co", "c@acme.co")
    assert found.raw == 2


def test_of_cells_with_many_values_the_first_values_are_looked_at(monkeypatch):
    monkeypatch.setattr(suspicions, "LOOKED_AT", 3)
    cell = ";".join(f"person{number}@acme.co" for number in range(9))
    found = looked_through(
        [(1, [cell])],
        {"email": 0},
        [EMAIL],
        alive=lambda: None,
        taking=Taking({"email": Several.SEMICOLON}),
    )
    assert found["email"].raw == 3
