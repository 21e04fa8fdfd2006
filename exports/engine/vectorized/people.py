"""Read a table of text quickly: its people block by block, and the rejects as lines."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from exports.engine.dialects import is_blank
from exports.engine.reading import FileShape, Progress, rows_of_data, too_many_empty_lines
from exports.engine.vectorized.blocks import Block, Places
from exports.engine.vectorized.cells import cells_of
from exports.engine.vectorized.judging import VALID, judged
from exports.engine.vectorized.pieces import Row, Table, Writing
from exports.engine.vectorized.rules import REASONS, place
from exports.engine.vectorized.texts import Texts
from providers.declarations import IdentifierType
from providers.identifiers import Reason

ENCODINGS = frozenset({"utf-8", "utf-8-sig", "cp1252"})
_MOST_WORKERS = 2

# Arrow's own pools give hardly anything back, one for each thread.
pa.set_memory_pool(pa.system_memory_pool())

Wanted = Sequence[tuple[IdentifierType, int]]


@dataclass(frozen=True)
class Found:
    """What a block holds: `people` have the digests of each, one behind the other.

    `reject_lines` are lines of the rejects' CSV; `reasons` counts them.
    """

    rows: int
    rejected: int
    people: NDArray[np.uint8]
    reject_lines: bytes
    reasons: dict[str, int]


def found_in(stream: BinaryIO, shape: FileShape, wanted: Wanted) -> Iterator[Found | Iterator[Row]]:
    """Yield what a table holds, in its order: found in blocks, or rows for the reference.

    Such rows must be read to their end before the next is asked for. `stream` stands at the
    beginning of the plain bytes.
    """
    table = Table(stream, Writing(shape.encoding, shape.delimiter, shape.quoted))
    progress = Progress(shape.has_header)
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for piece in table.pieces():
            if isinstance(piece, Block):
                rows = _rows_of_data(piece, progress, table.writing)
                waiting.append(pool.submit(_found, piece, rows, wanted, table.writing))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
                continue
            while waiting:
                yield waiting.popleft().result()
            yield rows_of_data(piece, progress)
        while waiting:
            yield waiting.popleft().result()
    # What follows needs memory of its own.
    pa.default_memory_pool().release_unused()


def _rows_of_data(block: Block, progress: Progress, writing: Writing) -> Places:
    """Leave out what `reading.rows_of_data` does."""
    empty = np.flatnonzero(block.empty)
    if len(empty) > progress.empty_lines_left:
        raise too_many_empty_lines(block.first_row + int(empty[progress.empty_lines_left]))
    progress.empty_lines += len(empty)
    rows = np.flatnonzero(~block.empty)
    if progress.header_is_next:
        for index, row in enumerate(rows.tolist()):
            if not is_blank(_cells(block, row, writing)):
                progress.header_is_next = False
                return rows[index + 1 :]
        return rows[:0]
    return rows


def _cells(block: Block, row: int, writing: Writing) -> list[str]:
    first, last = block.firsts[row : row + 1], block.lasts[row : row + 1]
    columns = range(int(last[0] - first[0]) + 1)
    return [cells_of(block, first, last, column, writing).text(0) for column in columns]


def _found(block: Block, rows: Places, wanted: Wanted, writing: Writing) -> Found:
    columns = [judged(block, rows, number, kind, writing) for kind, number in wanted]
    status = np.stack([column.status for column in columns], axis=1)
    is_person = (status == VALID).any(axis=1)
    parts = [column.digests[is_person].view(np.uint8).reshape(-1, 32) for column in columns]
    people = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    lines, reasons = _rejects(block.first_row + rows, wanted, status)
    return Found(len(rows), len(rows) - len(people), people, lines, reasons)


def _rejects(
    numbers: Places, wanted: Wanted, status: NDArray[np.int8]
) -> tuple[bytes, dict[str, int]]:
    """Say which values are not sent and why, as `preparing.distinct_people` does."""
    is_bad = status != VALID
    is_said = is_bad & (status != place(Reason.EMPTY))
    # Of a row whose cells are all empty the first says so.
    is_said[:, 0] |= is_bad.all(axis=1) & ~is_said.any(axis=1)
    rows, columns = np.nonzero(is_said)
    if not len(rows):
        return b"", {}
    found = status[rows, columns]
    ends = pa.array([f',{kind.key},"{reason.value}"\n' for kind, _ in wanted for reason in REASONS])
    chosen = ends.take(pa.array(columns * len(REASONS) + found))
    texts = pa.array(numbers[rows]).cast(pa.string())
    lines = pc.binary_join_element_wise(texts, chosen, "")
    counts = np.bincount(found, minlength=len(REASONS)).tolist()
    reasons = {reason.value: count for reason, count in zip(REASONS, counts, strict=True) if count}
    return Texts(lines).letters.tobytes(), reasons
