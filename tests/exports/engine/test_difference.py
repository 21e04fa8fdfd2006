"""Who leaves, joins and stays, against a plain model of audiences of both kinds."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.engine.difference import Difference, Move, What
from exports.engine.distinct import DIGEST

NONE = bytes(DIGEST)


def digest(name: int) -> bytes:
    return hashlib.sha256(str(name).encode()).digest() if name else NONE


def records(people):
    return np.frombuffer(
        b"".join(digest(each) for person in people for each in person), dtype=np.uint8
    ).reshape(len(people), -1)


def told(types, folder, moves, file=None, in_memory=200):
    """Return the records of each kind as bytes; none may be told twice."""
    found = {what: [] for what in What}
    with Difference(types, folder, in_memory=in_memory) as difference:
        for position, (move, people) in enumerate(moves, 1):
            if people:
                difference.add(move, records(people), position)
        if file:
            difference.add(Move.FILE, records(file))
        for what, some in difference.told() if file is not None else difference.held():
            found[what] += [row.tobytes() for row in some]
    everybody = [each for some in found.values() for each in some]
    assert len(everybody) == len(set(everybody))
    return {what: set(some) for what, some in found.items()}


def as_bytes(people):
    return {b"".join(map(digest, person)) for person in people}


def test_of_one_type_only_what_differs_moves(tmp_path):
    moves = [(Move.ADDED, [(1,), (2,), (3,)]), (Move.REMOVED, [(3,)]), (Move.ADDED, [(4,)])]
    found = told(1, tmp_path, moves, [(2,), (3,), (4,), (5,)])
    assert found[What.LEAVES] == as_bytes([(1,)])
    assert found[What.JOINS] == as_bytes([(3,), (5,)])
    assert found[What.STAYS] == as_bytes([(2,), (4,)])


def test_after_a_removal_of_nobody_knows_whom_only_later_additions_are_sure(tmp_path):
    with Difference(1, tmp_path) as difference:
        difference.add(Move.ADDED, records([(1,), (2,)]), 1)
        difference.doubt(2)
        difference.add(Move.ADDED, records([(2,), (3,)]), 3)
        found = {
            what: {row.tobytes() for row in some} for what, some in difference.held() if len(some)
        }
    assert found == {What.MAYBE: as_bytes([(1,)]), What.STAYS: as_bytes([(2,), (3,)])}


@pytest.mark.parametrize(
    ("moves", "leaves", "stays"),
    [
        ([(Move.TRIED_ADDING, [(1,)])], True, False),
        ([(Move.ADDED, [(1,)]), (Move.TRIED_ADDING, [(1,)])], True, True),
        ([(Move.ADDED, [(1,)]), (Move.TRIED_REMOVING, [(1,)])], True, False),
        ([(Move.TRIED_ADDING, [(1,)]), (Move.REMOVED, [(1,)])], False, False),
        ([(Move.REMOVED, [(1,)]), (Move.TRIED_ADDING, [(1,)])], True, False),
        ([(Move.TRIED_REMOVING, [(1,)]), (Move.ADDED, [(1,)])], True, True),
    ],
)
def test_what_is_not_confirmed_is_removed_and_added_all_the_same(tmp_path, moves, leaves, stays):
    assert (as_bytes([(1,)]) == told(1, tmp_path, moves, [(9,)])[What.LEAVES]) is leaves
    assert (as_bytes([(1,)]) == told(1, tmp_path, moves, [(1,)])[What.STAYS]) is stays


def test_who_shares_an_identifier_with_somebody_who_leaves_joins_again(tmp_path):
    moves = [(Move.ADDED, [(1, 11), (2, 11), (3, 0), (4, 14)])]
    found = told(2, tmp_path, moves, [(2, 11), (3, 0), (4, 14)])
    assert found[What.LEAVES] == as_bytes([(1, 11)])
    assert found[What.JOINS] == as_bytes([(2, 11)])
    assert found[What.STAYS] == as_bytes([(3, 0), (4, 14)])


def test_an_earlier_removal_by_one_identifier_makes_the_others_doubtful(tmp_path):
    moves = [(Move.ADDED, [(1, 11), (2, 12)]), (Move.REMOVED, [(1, 0)])]
    held = told(2, tmp_path, moves)
    assert held[What.MAYBE] == as_bytes([(1, 11)])
    assert held[What.STAYS] == as_bytes([(2, 12)])


class Audience:
    """Holds people as they were sent; removing one takes by one identifier or by each."""

    def __init__(self, *, takes_people):
        self.takes_people = takes_people
        self.people = set()
        self.identifiers = set()

    def add(self, people):
        self.people |= set(people)
        self.identifiers |= {each for person in people for each in person if each}

    def remove(self, people):
        gone = {each for person in people for each in person if each}
        if self.takes_people:
            gone |= {each for person in self.people if gone & set(person) for each in person}
            self.people = {person for person in self.people if not gone & set(person)}
        self.identifiers -= gone - {0}


people = st.tuples(st.integers(0, 6), st.integers(10, 14)).map(
    lambda person: (person[0], 0 if person[1] == 10 and person[0] else person[1])
)
moves = st.lists(
    st.tuples(
        st.sampled_from([Move.ADDED, Move.TRIED_ADDING, Move.REMOVED, Move.TRIED_REMOVING]),
        st.lists(people, max_size=5),
        st.booleans(),
    ),
    max_size=8,
)


@given(moves, st.lists(people, min_size=1, max_size=6), st.booleans())
def test_after_all_that_happened_the_audience_holds_the_file(
    tmp_path_factory, moves, file, takes_people
):
    audience = Audience(takes_people=takes_people)
    for move, some, is_carried_out in moves:
        if move in {Move.ADDED, Move.REMOVED} or is_carried_out:
            adds = move in {Move.ADDED, Move.TRIED_ADDING}
            (audience.add if adds else audience.remove)(some)
    found = told(2, tmp_path_factory.getbasetemp(), [each[:2] for each in moves], file)
    by_bytes = {next(iter(as_bytes([p]))): p for p in [*file, *(p for m in moves for p in m[1])]}
    audience.remove([by_bytes[each] for each in found[What.LEAVES]])
    audience.add([by_bytes[each] for each in found[What.JOINS]])
    assert audience.identifiers == {each for person in file for each in person if each}
