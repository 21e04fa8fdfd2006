import gzip
import hashlib
import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from exports.engine import reading
from exports.engine.reading import FileShape, Progress, look_at
from exports.engine.vectorized import pieces
from exports.engine.vectorized.pieces import Block, Room, Table, Writing
from infosum_auth.sample_audience import messy_rows
from tests.exports.engine.vectorized.hostile import PLAIN, compared

EMAIL = [("email", 0)]
ROW = b"jane@example.com,Oslo\n"


def numbered(count: int) -> bytes:
    return b"".join(b"p%d@example.com\n" % number for number in range(count))


def kinds_of(data: bytes, delimiter: str = ",", *, quoted: bool = True) -> list[str]:
    """Say of each piece whether it is a block, or rows for a careful reader."""
    found = []
    table = Table(io.BytesIO(data), Writing("utf-8", delimiter, quoted), np.array([0]))
    for piece in table.pieces(lambda: Room(100_000, 1), Progress(header_is_next=False)):
        found.append("block" if isinstance(piece, Block) else "rows")
        if not isinstance(piece, Block):
            list(piece)
    return found


@pytest.mark.parametrize("size", [131_000, 131_070, 131_071, 131_072, 131_073, 140_000])
@pytest.mark.parametrize("quoted", [b"%s", b'"%s"'])
def test_a_cell_near_what_csv_refuses_is_read_or_refused_alike(tmp_path, size, quoted):
    cell = quoted % (b"x" * size)
    compared(tmp_path, ROW * 20_000 + cell + b"\n" + ROW * 20_000, PLAIN, EMAIL)


@pytest.mark.parametrize("cells", [9_999, 10_000, 10_001])
def test_so_many_columns_are_read_or_refused_alike(tmp_path, cells):
    found = compared(tmp_path, ROW * 9 + b"," * (cells - 1) + b"\n" + ROW, PLAIN, EMAIL)
    assert (found[1] == 10) == (cells > 10_000)


@pytest.mark.parametrize("breaks", [49, 50, 51, 99, 100, 101])
def test_so_many_line_breaks_in_a_cell_are_read_or_refused_alike(tmp_path, breaks):
    data = ROW * 9 + b'"' + b"\n" * breaks + b'"\n' + ROW
    found = compared(tmp_path, data, PLAIN, EMAIL)
    assert (found[1] == 10) == (breaks > 99)


@pytest.mark.parametrize(
    "end", [b'"never closed\n' + ROW * 200, b'"never closed', b"x" * 1_100_000, b'"' + b"\r" * 120]
)
def test_what_ends_a_file_is_refused_at_the_same_row(tmp_path, monkeypatch, end):
    monkeypatch.setattr(pieces, "BLOCK", 50_000)
    sentence, row = compared(tmp_path, numbered(10_000) + end, PLAIN, EMAIL)
    assert row == 10_001
    assert sentence


def test_empty_lines_beyond_a_million_are_refused_at_the_same_row(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_MOST_EMPTY_LINES", 100)
    data = ROW + b"\n\r\n" * 50 + ROW
    assert compared(tmp_path, data, PLAIN, EMAIL)[2].rows == 2
    assert compared(tmp_path, data + b"\n", PLAIN, EMAIL)[1] == 103


@pytest.mark.parametrize("damage", ["cut", "spoiled", "checksum", "none", "two parts"])
def test_compressed_files_and_their_damages_are_told_alike(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(pieces, "BLOCK", 10_000)
    whole = bytearray(gzip.compress(numbered(20_000), 1))
    if damage == "cut":
        del whole[len(whole) // 2 :]
    elif damage == "spoiled":
        whole[len(whole) // 2 : len(whole) // 2 + 40] = b"\xff" * 40
    elif damage == "checksum":
        whole[-5] ^= 1
    elif damage == "two parts":
        whole += gzip.compress(ROW)
    found = compared(tmp_path, bytes(whole), replace(PLAIN, gzipped=True), EMAIL)
    assert (len(found) == 2) == (damage in {"cut", "spoiled", "checksum"})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_an_encoding_of_two_bytes_a_letter_is_left_to_the_reference(tmp_path, encoding):
    data = "email,x\nmüller@example.com,1\njane@example.com,2\n".encode(encoding)
    assert compared(tmp_path, data, look_at(io.BytesIO(data)), EMAIL)[2].people == 2
    assert len(compared(tmp_path, data + b"\x00", look_at(io.BytesIO(data)), EMAIL)) == 2


def test_the_mark_at_the_head_of_utf_8_is_no_part_of_the_first_cell(tmp_path):
    shape = replace(PLAIN, encoding="utf-8-sig")
    found = compared(tmp_path, b"\xef\xbb\xbfjane@example.com\n", shape, EMAIL)
    assert found[2].people == 1


@pytest.mark.parametrize("data", [b"\xef", b"\xef\xbb", b"\xef\n", b"\xef\xbba@b.co\n"])
def test_a_part_of_that_mark_is_the_same_both_ways(tmp_path, data):
    compared(tmp_path, data, replace(PLAIN, encoding="utf-8-sig"), EMAIL)


def test_the_sample_audience_is_the_same_with_any_shape_and_read_in_blocks_alone(tmp_path):
    text = "".join(messy_rows(5000, seed=5))
    for written in (text, text.replace("\n", "\r\n"), text.replace(",", "\t")):
        data = written.encode()
        shape = look_at(io.BytesIO(data))
        assert set(kinds_of(data, shape.delimiter)) == {"block"}
        assert compared(tmp_path, data, shape, [("email", 1)])[2].people > 4000


def test_only_the_block_with_something_odd_is_read_row_by_row(monkeypatch):
    monkeypatch.setattr(pieces, "BLOCK", 200_000)
    data = numbered(20_000) + b'"5" disk,x\n' + numbered(60_000)
    found = kinds_of(data)
    assert found.count("rows") == 1
    assert found[-1] == "block"
    assert set(kinds_of(data, quoted=False)) == {"block"}


def test_a_block_ends_before_the_row_that_is_odd(monkeypatch):
    monkeypatch.setattr(pieces, "CAREFUL", 1)
    data = numbered(10) + b'"5" disk,x\n' + numbered(10)
    assert kinds_of(data) == ["block", "rows", "block"]


def test_digests_of_any_length_and_number_are_those_of_hashlib(tmp_path):
    texts = [b"p%d" % number + b"x" * (number % 56) + b"@b.cd" for number in range(1000)]
    assert max(map(len, texts)) == 64
    for count in [*range(40), 1000]:
        data = b"".join(text + b"\n" for text in texts[:count])
        people = compared(tmp_path, data, PLAIN, EMAIL)[0]
        assert people == [hashlib.sha256(text).digest() for text in texts[:count]]


def test_white_space_is_what_python_strips(tmp_path):
    letters = [chr(number) for number in range(sys.maxunicode + 1) if not chr(number).strip()]
    assert max(letters) == "\u3000"
    for wide in letters:
        cells = f'"{wide}a@b.c{wide}"\n"{wide}"\n"a@b.c{wide * 3}"\n'
        people, rejects, _ = compared(tmp_path, cells.encode(), PLAIN, EMAIL)
        assert people == [hashlib.sha256(b"a@b.c").digest()]
        assert rejects == '2,email,"empty"\n'


def test_what_hangs_after_a_fork_is_not_loaded_before_there_is_a_file():
    code = (
        "import sys, django; django.setup(); import exports.tasks, exports.preparation;"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'numba', 'llvmlite', 'pyarrow')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_shape_of_one_column_and_a_missing_one_are_told_alike(tmp_path):
    shape = FileShape(
        "cp1252", ";", quoted=True, has_header=True, gzipped=False, column_names=("a",)
    )
    found = compared(
        tmp_path, b"a\n\xe9@b.c\njane@example.com\n", shape, [("email", 0), ("phone", 1)]
    )
    assert (
        found[1] == '2,phone,"the row has no such column"\n3,phone,"the row has no such column"\n'
    )
