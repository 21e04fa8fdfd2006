import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.engine.distinct import Distinct


def distinct(folder: Path, records, width: int = 4, **how) -> list[bytes]:
    with Distinct(width, folder, **how) as people:
        for record in records:
            people.add(record)
        return list(people.records())


def many(count: int, width: int = 4) -> list[bytes]:
    chance = random.Random(1)
    return [chance.randrange(count // 2).to_bytes(width, "big") for _ in range(count)]


def test_in_memory_the_order_of_the_file_is_kept(tmp_path):
    assert distinct(tmp_path, [b"bbbb", b"aaaa", b"bbbb"]) == [b"bbbb", b"aaaa"]


def test_spilled_and_in_memory_give_the_same_set_each_once(tmp_path):
    records = many(5000)
    held, spilled = distinct(tmp_path, records), distinct(tmp_path, records, in_memory=100)
    assert sorted(spilled) == sorted(held) == sorted(set(records))


def test_people_without_their_first_or_last_type_spread_over_the_files(tmp_path):
    with Distinct(4, tmp_path, in_memory=0) as people:
        for number in range(256):
            people.add(bytes([0, 0, 0, number]))
            people.add(bytes([number, 0, 0, 0]))
        people.add(bytes(4))
        sizes = [file.tell() for file in people._files]
        assert len(list(people.records())) == 511
    assert max(sizes) <= 12


def test_what_spills_has_no_name_and_is_gone_afterwards(tmp_path):
    with Distinct(4, tmp_path, in_memory=1) as people:
        for record in many(50):
            people.add(record)
        files = list(people._files)
        assert list(tmp_path.iterdir()) == []
        assert not any(file.closed for file in files)
    assert all(file.closed for file in files)


def test_an_error_ends_the_spilled_files_too(tmp_path):
    def fail():
        with Distinct(4, tmp_path, in_memory=0) as people:
            people.add(b"aaaa")
            opened.extend(people._files)
            raise RuntimeError

    opened = []
    with pytest.raises(RuntimeError):
        fail()
    assert opened
    assert all(file.closed for file in opened)


@given(records=st.lists(st.binary(min_size=2, max_size=2), max_size=60), limit=st.integers(0, 20))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
def test_any_limit_gives_the_same_set(tmp_path, records, limit):
    assert sorted(distinct(tmp_path, records, 2, in_memory=limit)) == sorted(set(records))
