"""Read a table of text quickly: its people block by block, and the rejects as lines."""

from __future__ import annotations

import os
import queue
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from exports.engine.reading import FileShape, Progress, rows_of_data, too_many_empty_lines
from exports.engine.values import digest_of
from exports.engine.vectorized.judging import DIGEST, Lanes, judge
from exports.engine.vectorized.pieces import Block, Room, Row, Table, Writing
from exports.engine.vectorized.records import Endings, sort_out
from exports.engine.vectorized.rules import REASONS, UNDECIDED, VALID, place, rule_of
from providers.declarations import IdentifierType
from providers.identifiers import Invalid

ENCODINGS = frozenset({"utf-8", "utf-8-sig", "cp1252"})
_MOST_WORKERS = 2
# Digests of one block, of all types together; longer ones end there.
_MOST_VALUES = 64 * 1024

Wanted = Sequence[tuple[IdentifierType, int]]


@dataclass(frozen=True)
class Found:
    """What a block holds: `people` have the digests of each, one behind the other.

    They are there only until the next block is asked for. `reject_lines` are lines of the rejects'
    CSV; `reasons` counts them.
    """

    rows: int
    rejected: int
    people: NDArray[np.uint8]
    reject_lines: bytes
    reasons: dict[str, int]


class _Desk(Room):
    """What is needed to work on one block, used again for another."""

    def __init__(self, rows: int, columns: int, types: int) -> None:
        super().__init__(rows, columns)
        self.lanes = Lanes.new()
        self.digests = np.empty((rows, types * DIGEST), dtype=np.uint8)
        self.status = np.empty((rows, types), dtype=np.int8)


def found_in(stream: BinaryIO, shape: FileShape, wanted: Wanted) -> Iterator[Found | Iterator[Row]]:
    """Yield what a table holds, in its order: found in blocks, or rows for the reference.

    Such rows must be read to their end before the next is asked for. `stream` stands at the
    beginning of the plain bytes.
    """
    reading = _Reading(shape, wanted)
    table = Table(stream, reading.writing, reading.columns)
    reading.writing = table.writing
    progress = Progress(shape.has_header)
    with ThreadPoolExecutor(reading.workers) as pool:
        for piece in table.pieces(reading.desks.get_nowait, progress):
            if isinstance(piece, Block):
                _count_empty_lines(piece, progress)
                reading.waiting.append((piece, pool.submit(reading.found, piece)))
                yield from reading.done(but=reading.workers)
            else:
                yield from reading.done(but=0)
                yield rows_of_data(piece, progress)
        yield from reading.done(but=0)


class _Reading:
    """Blocks that are worked on, in their order."""

    def __init__(self, shape: FileShape, wanted: Wanted) -> None:
        columns = sorted({number for _, number in wanted})
        self.columns = np.array(columns, dtype=np.int64)
        self.writing = Writing(shape.encoding, shape.delimiter, shape.quoted)
        self.workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        self.waiting: deque[tuple[Block, Future[Found]]] = deque()
        self.desks: queue.SimpleQueue[Room] = queue.SimpleQueue()
        # One for each that is worked on, one that is read into, one whose people are taken.
        for _ in range(self.workers + 2):
            self.desks.put(_Desk(max(1, _MOST_VALUES // len(wanted)), len(columns), len(wanted)))
        self._kinds = [kind for kind, _ in wanted]
        self._places = [columns.index(number) for _, number in wanted]
        self._endings = Endings.of([kind.key for kind in self._kinds])
        self._rules = [rule_of(kind.normalize) for kind in self._kinds]

    def done(self, *, but: int) -> Iterator[Found]:
        """Yield what is found, and wait for it, unless so few blocks are left."""
        while len(self.waiting) > but:
            block, found = self.waiting.popleft()
            yield found.result()
            self.desks.put(block.room)

    def found(self, block: Block) -> Found:
        """Judge a block's values, and sort out the people."""
        desk, rows = block.room, block.cut.rows
        assert isinstance(desk, _Desk)
        how = np.array([self._places, self._rules], dtype=np.int64).T
        judge(
            desk.data,
            rows,
            desk.bounds,
            how,
            desk.lanes,
            desk.digests,
            desk.status,
            wide=self.writing.encoding == "utf-8",
        )
        # Nearly always there are none, and `argwhere` would look at each one by one.
        for at in np.flatnonzero(desk.status[:rows] == UNDECIDED).tolist():
            self._ask_the_reference(block, desk, *divmod(at, len(self._kinds)))
        result = sort_out(
            rows, block.first_row, desk.bounds.lines, desk.status, desk.digests, self._endings
        )
        named = zip(REASONS, result.counts.tolist(), strict=True)
        reasons = {reason.value: count for reason, count in named if count}
        people = desk.digests[: result.people]
        return Found(rows, rows - len(people), people, result.lines, reasons)

    def _ask_the_reference(self, block: Block, desk: _Desk, row: int, kind: int) -> None:
        text = block.text(row, self._places[kind], self.writing)
        try:
            digest = bytes.fromhex(digest_of(text, self._kinds[kind]))
        except Invalid as invalid:
            desk.status[row, kind] = place(invalid.reason)
        else:
            begin = kind * DIGEST
            desk.digests[row, begin : begin + DIGEST] = np.frombuffer(digest, dtype=np.uint8)
            desk.status[row, kind] = VALID


def _count_empty_lines(block: Block, progress: Progress) -> None:
    """Refuse a file of nearly nothing else where `reading.rows_of_data` does."""
    empty = block.cut.lines - block.cut.rows
    if empty > progress.empty_lines_left:
        filled = block.room.bounds.lines[: block.cut.rows]
        lines = np.setdiff1d(np.arange(block.cut.lines), filled)
        row = block.first_row + int(lines[progress.empty_lines_left])
        raise too_many_empty_lines(row)
    progress.empty_lines += empty
