"""Compare a file of people with what was sent before: who leaves, who joins, who stays.

A person is a record: one digest a type, zeros where there is none. What was sent before comes as
moves, each at a position in time. Of each distinct record the last positions decide:

- it may be there if it was added after its last confirmed removal;
- it is there for sure if its last confirmed addition is younger than every removal, confirmed or
  not, that touched it: of itself, or of another record that has one of its identifiers. At some
  platforms whoever is removed by one identifier is gone with all; at others that identifier alone.

So whoever may be there and is not in the file leaves; whoever is in the file and not there for
sure, or shares an identifier with somebody who leaves, joins (again); the others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exports.engine.distinct import DIGEST, Records
from exports.engine.owning import Owning
from exports.engine.spreading import IN_MEMORY, Spread
from exports.engine.touched import NOW, Candidates

_MARK = 8  # bytes: the position, and the move

Positions = NDArray[np.uint32]


class Move(IntEnum):
    """What was done with a record, or that it is in the file. `TRIED_` is not confirmed."""

    FILE = 0
    ADDED = 1
    TRIED_ADDING = 2
    REMOVED = 3
    TRIED_REMOVING = 4


class What(IntEnum):
    """What becomes of a record; `MAYBE`: it may be there."""

    LEAVES = 0
    JOINS = 1
    STAYS = 2
    MAYBE = 3


@dataclass(frozen=True)
class _Part:
    """The distinct records of a part, and its removals. `added`: last for sure, 0 where never."""

    records: Records
    in_file: NDArray[np.bool_]
    added: Positions
    may_be_there: NDArray[np.bool_]
    is_there: NDArray[np.bool_]
    removed: Records
    removed_at: Positions


class Difference(Owning):
    """Take a file and moves, tell once what becomes of each record. A context manager.

    `types` is how many digests a record has. Bounded memory, whatever the number of records.
    """

    def __init__(self, types: int, folder: Path, *, in_memory: int = IN_MEMORY) -> None:
        super().__init__()
        # How many records may be there, file or not; counted while `told` tells.
        self.known = 0
        self._doubted = 0
        self._types = types
        self._folder = folder
        self._in_memory = in_memory
        width = types * DIGEST + _MARK
        self._all = self._stack.enter_context(Spread(width, folder, in_memory=in_memory))

    def add(self, move: Move, records: Records, position: int = 0) -> None:
        """Take records that made one move at a position, from 1 on; those of the file at none."""
        marked = np.empty((len(records), records.shape[1] + _MARK), dtype=np.uint8)
        marked[:, :-_MARK] = records
        marked[:, -_MARK:] = np.array([position, move], dtype=np.uint32).view(np.uint8)
        self._all.add(_mixed(records, np.uint8, 1), marked)

    def doubt(self, position: int) -> None:
        """Note a removal of nobody knows whom: whoever was added before is not there for sure."""
        self._doubted = max(self._doubted, position)

    def told(self) -> Iterator[tuple[What, Records]]:
        """Yield what becomes of the file's people and of those who may be there."""
        with self._candidates() as candidates:
            for part in self._parts(candidates):
                leave = part.records[~part.in_file & part.may_be_there]
                candidates.touch(leave, np.full(len(leave), NOW))
                yield What.LEAVES, leave
                yield What.JOINS, part.records[part.in_file & ~part.is_there]
                stay = part.in_file & part.is_there
                candidates.add(part.records[stay], part.added[stay])
            for is_touched, records in candidates.told():
                yield What.JOINS, records[is_touched]
                yield What.STAYS, records[~is_touched]

    def held(self) -> Iterator[tuple[What, Records]]:
        """Yield who is there for sure and who may be, without any file."""
        with self._candidates() as candidates:
            for part in self._parts(candidates):
                yield What.MAYBE, part.records[part.may_be_there & ~part.is_there]
                candidates.add(part.records[part.is_there], part.added[part.is_there])
            for is_touched, records in candidates.told():
                yield What.MAYBE, records[is_touched]
                yield What.STAYS, records[~is_touched]

    def _candidates(self) -> Candidates:
        return Candidates(self._types, self._folder, in_memory=self._in_memory)

    def _parts(self, candidates: Candidates) -> Iterator[_Part]:
        for marked in self._all.parts():
            if len(marked):
                part = _part_of(marked, self._doubted)
                self.known += int(part.may_be_there.sum())
                candidates.touch(part.removed, part.removed_at)
                yield part


def _part_of(marked: Records, doubted: int) -> _Part:
    """Sum up what is known of each distinct record; no addition up to `doubted` is sure."""
    records = np.ascontiguousarray(marked[:, :-_MARK])
    positions, moves = np.ascontiguousarray(marked[:, -_MARK:]).view(np.uint32).T
    order, firsts = _grouped(records)
    ordered_moves, ordered_positions = moves[order], positions[order]

    def last(move: Move) -> Positions:
        of_it = np.where(ordered_moves == move, ordered_positions, 0).astype(np.uint32)
        found: Positions = np.maximum.reduceat(of_it, firsts)
        return found

    in_file = np.logical_or.reduceat(ordered_moves == Move.FILE, firsts)
    added, removed = last(Move.ADDED), last(Move.REMOVED)
    is_removal = (moves == Move.REMOVED) | (moves == Move.TRIED_REMOVING)
    return _Part(
        records=records[order[firsts]],
        in_file=in_file,
        added=added,
        may_be_there=np.maximum(added, last(Move.TRIED_ADDING)) > removed,
        is_there=added > np.maximum(np.maximum(removed, last(Move.TRIED_REMOVING)), doubted),
        removed=records[is_removal],
        removed_at=positions[is_removal],
    )


def _grouped(records: Records) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return an order in which equal records are neighbors, and where each of them begins."""
    keys = _mixed(records.view(np.uint64), np.uint64, DIGEST // 8)
    order = np.argsort(keys, kind="stable")
    firsts = _begins(keys[order])
    seconds = np.flatnonzero(~firsts)
    if not (records[order[seconds]] == records[order[seconds - 1]]).all():
        # Different records of one key.
        wholes = records.view(f"V{records.shape[1]}").ravel()
        order = np.argsort(wholes, kind="stable")
        firsts = _begins(wholes[order])
    return order, np.flatnonzero(firsts)


def _begins(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return first


def _mixed(parts: NDArray[Any], kind: Any, step: int) -> NDArray[Any]:
    """Return one number a record, made of a part of each of its digests.

    Each type's is weighed by another odd number, lest two equal digests always make the same.
    """
    each = DIGEST if kind is np.uint8 else step
    columns = parts[:, ::each]
    weights = np.arange(1, 2 * columns.shape[1] + 1, 2).astype(kind)
    found: NDArray[Any] = (columns * weights).sum(axis=1, dtype=kind)
    return found
