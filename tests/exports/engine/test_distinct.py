import hashlib
import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.engine import distinct as module
from exports.engine.distinct import DIGEST, Distinct

QUIETLY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)


def record(*digests: int) -> bytes:
    """Return the record of a person by the numbers of their digests; 0 is none."""
    return b"".join(
        hashlib.sha256(str(number).encode()).digest() if number else bytes(DIGEST)
        for number in digests
    )


def rows(records: Iterable[bytes], width: int) -> np.ndarray:
    return np.frombuffer(bytearray(b"".join(records)), dtype=np.uint8).reshape(-1, width)


def distinct(folder: Path, records, width: int = DIGEST, size: int = 7, **how) -> list[bytes]:
    with Distinct(width, folder, **how) as people:
        for each in records:
            people.add(each)
        return taken(people, size)


def taken(people: Distinct, size: int = 7) -> list[bytes]:
    batches = list(people.batches(size))
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(1 <= len(batch) <= size for batch in batches)
    return [bytes(each) for batch in batches for each in batch]


def many(count: int) -> list[bytes]:
    chance = random.Random(1)
    return [record(chance.randrange(1, count // 2)) for _ in range(count)]


def test_in_memory_the_order_of_the_file_is_kept(tmp_path):
    b, a = record(2), record(1)
    assert distinct(tmp_path, [b, a, b]) == [b, a]
    assert distinct(tmp_path, []) == []


def test_spilled_and_in_memory_give_the_same_set_each_once(tmp_path):
    records = many(5000)
    held, spilled = distinct(tmp_path, records), distinct(tmp_path, records, in_memory=3200)
    assert sorted(spilled) == sorted(held) == sorted(set(records))
    assert held == list(dict.fromkeys(records))


def test_one_by_one_and_many_at_once_are_taken_in_their_order(tmp_path):
    a, b, c, d = (record(number) for number in range(1, 5))
    with Distinct(DIGEST, tmp_path) as people:
        people.add(a)
        people.add_all(rows([b, a], DIGEST))
        people.add(c)
        people.add_all(rows([], DIGEST))
        people.add_all(rows([d, b], DIGEST))
        assert taken(people) == [a, b, c, d]


@pytest.mark.parametrize(
    "person",
    [
        lambda number: record(number, 0),
        lambda number: record(0, number),
        # The same value in both columns.
        lambda number: record(number, number),
    ],
)
def test_people_without_a_type_or_with_equal_ones_spread_over_the_parts(tmp_path, person):
    with Distinct(2 * DIGEST, tmp_path, in_memory=0) as people:
        for number in random.Random(2).sample(range(1, 65_536), 2000):
            people.add(person(number))
        assert len(taken(people)) == 2000
        sizes = np.diff(np.array(people._spilled.lots._begins), axis=1).sum(axis=0)
    assert sizes.sum() == 2000
    assert sizes.max() <= 64


@pytest.mark.parametrize("in_memory", [1, 64, 320, 3200, 32_000])
def test_a_part_that_is_too_large_is_spread_further(tmp_path, in_memory):
    # All of them go to one part at first, as all begin alike.
    records = [b"x" + record(number)[1:] for number in random.Random(3).choices(range(500), k=2000)]
    found = distinct(tmp_path, records, in_memory=in_memory)
    assert sorted(found) == sorted(set(records))


def test_one_person_without_end_is_one(tmp_path):
    assert distinct(tmp_path, [record(7)] * 3000, in_memory=320) == [record(7)]


def test_what_spills_has_no_name_and_is_gone_afterwards(tmp_path):
    with Distinct(DIGEST, tmp_path, in_memory=32) as people:
        for each in many(50):
            people.add(each)
        file = people._spilled.lots.file
        assert list(tmp_path.iterdir()) == []
        assert not file.closed
    assert file.closed


def test_an_error_ends_the_spilled_file_too(tmp_path):
    def fail():
        with Distinct(DIGEST, tmp_path, in_memory=0) as people:
            people.add(record(1))
            people.add(record(2))
            opened.append(people._spilled.lots.file)
            raise RuntimeError

    opened = []
    with pytest.raises(RuntimeError):
        fail()
    assert opened[0].closed


SIMILAR = st.lists(
    # Alike in the bits that are looked at first, and different behind them.
    st.builds(
        lambda first, last: bytes([first]) * 8 + bytes(23) + bytes([last]),
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    max_size=60,
)


@given(records=SIMILAR, limit=st.integers(0, 700), size=st.integers(1, 9))
@QUIETLY
def test_any_limit_gives_the_same_set(tmp_path, records, limit, size):
    found = distinct(tmp_path, records, in_memory=limit, size=size)
    assert sorted(found) == sorted(set(records))
    assert distinct(tmp_path, records, size=size) == list(dict.fromkeys(records))


@given(
    records=st.lists(
        st.tuples(*[st.sampled_from([0, 1, 2, 300])] * 3).map(lambda three: record(*three)),
        max_size=60,
    ),
    limit=st.integers(0, 2000),
)
@QUIETLY
def test_records_of_several_types_are_compared_as_wholes(tmp_path, records, limit):
    width = 3 * DIGEST
    assert sorted(distinct(tmp_path, records, width, in_memory=limit)) == sorted(set(records))
    assert module.distinct(rows(records, width)).tobytes() == b"".join(dict.fromkeys(records))
