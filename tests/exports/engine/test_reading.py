import codecs
import gzip
import io
from dataclasses import replace

import pytest

from exports.engine import reading
from exports.engine.reading import FileRefused, FileShape, look_at, rows
from exports.engine.sealed_stream import SealedReader, SealedWriter, new_key

TEXT = "email,city\nmüller@example.com,Köln\nanna@example.com,Oslo\n"
ROWS = [(2, ["müller@example.com", "Köln"]), (3, ["anna@example.com", "Oslo"])]


def read(content: bytes, **how) -> list[tuple[int, list[str]]]:
    stream = io.BytesIO(content)
    return list(rows(stream, look_at(stream, **how)))


@pytest.mark.parametrize(
    "content",
    {
        "UTF-8": TEXT.encode(),
        "UTF-8 with its mark": codecs.BOM_UTF8 + TEXT.encode(),
        "UTF-16": TEXT.encode("utf-16"),
        "UTF-16 without its mark": TEXT.encode("utf-16-le"),
        "Windows": TEXT.encode("cp1252"),
        "gzip": gzip.compress(TEXT.encode()),
        "gzip in two parts": gzip.compress(TEXT[:30].encode()) + gzip.compress(TEXT[30:].encode()),
        "TSV": TEXT.replace(",", "\t").encode(),
        "semicolons": TEXT.replace(",", ";").encode(),
        "quoted": "".join(
            ",".join(f'"{cell}"' for cell in line.split(",")) + "\r\n" for line in TEXT.split()
        ).encode(),
        "Windows line ends": TEXT.replace("\n", "\r\n").encode(),
        "old Mac line ends": TEXT.replace("\n", "\r").encode(),
        "no last line end": TEXT.rstrip("\n").encode(),
    }.items(),
    ids=lambda case: case[0],
)
def test_the_same_table_reads_the_same_however_it_is_written(content):
    assert read(content[1]) == ROWS


def test_line_breaks_in_cells_and_empty_lines_keep_the_numbers_of_a_spreadsheet():
    text = 'email,note\na@b.example,"two\nlines"\n\n\nc@d.example,x\n'
    assert [number for number, _ in read(text.encode())] == [2, 5]


def test_blank_lines_before_the_header_are_counted_too():
    assert read(b"\n , \nemail,city\na@b.example,Oslo\n") == [(4, ["a@b.example", "Oslo"])]


def test_a_file_without_a_header_begins_with_row_one():
    assert read(b"a@b.example,Oslo\nc@d.example,Rome\n")[0] == (1, ["a@b.example", "Oslo"])


def test_a_person_knows_better_whether_there_is_a_header():
    content = b"first,Oslo\nsecond,Rome\n"
    assert [number for number, _ in read(content)] == [2]
    assert [number for number, _ in read(content, has_header=False)] == [1, 2]
    assert [number for number, _ in read(b"a@b.example\nc@d.example\n", has_header=True)] == [2]
    with pytest.raises(FileRefused, match="a header but no rows"):
        read(b"a@b.example\n", has_header=True)


def test_a_short_row_and_a_long_one_stay_as_they_are():
    assert read(b"email,city\na@b.example\nc@d.example,x,y\n") == [
        (2, ["a@b.example"]),
        (3, ["c@d.example", "x", "y"]),
    ]


def test_a_damaged_letter_or_nul_spoils_its_cell_alone():
    content = TEXT.encode() + b"d\xffj@example.com,x\nnul\x00@example.com,y\nlast@b.example,z\n"
    found = read(content)
    assert found[:2] == ROWS
    assert found[2][1][0] == "d\udcffj@example.com"
    assert found[3][1][0] == "nul\x00@example.com"
    assert found[4] == (6, ["last@b.example", "z"])


def test_utf_16_that_is_cut_is_refused_at_its_row():
    content = TEXT.encode("utf-16") + b"\x00"
    stream = io.BytesIO(content)
    shape = look_at(stream)
    with pytest.raises(FileRefused, match="damaged at row 4"):
        list(rows(stream, shape))


def test_gzip_that_is_cut_behind_the_sample_is_refused_at_its_row():
    lines = [f"person{number}@example.com,{number * 7919 % 1000003}\n" for number in range(90_000)]
    whole = gzip.compress("".join(lines).encode(), 1)
    stream = io.BytesIO(whole[:-20_000])
    shape = look_at(stream)
    with pytest.raises(FileRefused, match="damaged or was cut short") as caught:
        list(rows(stream, shape))
    assert caught.value.row is not None
    assert caught.value.row > 50_000


def test_a_row_beyond_reason_far_into_the_file_is_refused_at_its_row():
    content = b"email\n" + b"a@b.example\n" * 100_000 + b"x" * 2_000_000
    stream = io.BytesIO(content)
    shape = look_at(stream)
    with pytest.raises(FileRefused, match="Row 100002 is longer than 1 MiB"):
        list(rows(stream, shape))


def test_a_file_of_one_endless_line_is_refused():
    with pytest.raises(FileRefused, match="longer than 1 MiB"):
        read((b"x" * 100_000 + b",") * 12, has_header=False)


def test_empty_lines_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "_MOST_EMPTY_LINES", 1000)
    content = gzip.compress(b"email\na@b.example\n" + b"\n" * 1001)
    stream = io.BytesIO(content)
    shape = look_at(stream)
    with pytest.raises(FileRefused, match="empty lines"):
        list(rows(stream, shape))


def test_the_sample_is_held_apart_from_what_is_stored_or_printed():
    shape = look_at(io.BytesIO(TEXT.encode()))
    assert shape.sample_rows == (("müller@example.com", "Köln"), ("anna@example.com", "Oslo"))
    assert shape.column_names == ("email", "city")
    assert "müller" not in repr(shape)
    assert "müller" not in str(shape.as_json())
    assert FileShape.from_json(shape.as_json()) == replace(shape, sample_rows=())


def test_columns_without_a_name_are_numbered_and_long_names_cut():
    shape = look_at(io.BytesIO(b"email,," + b"n" * 200 + b"\na@b.example,1,2,3\n"))
    assert shape.column_names == ("email", "Column 2", "n" * 100, "Column 4")


def test_a_sealed_file_is_read_like_any_other():
    key, raw = new_key(), io.BytesIO()
    with SealedWriter(raw, key, b"x") as writer:
        writer.write(gzip.compress(TEXT.encode()))
    with SealedReader(raw, key, b"x") as reader:
        stream = io.BufferedReader(reader)
        shape = look_at(stream)
        assert list(rows(stream, shape)) == ROWS
        assert list(rows(stream, shape)) == ROWS
