import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.engine.records import LONGEST_ROW, MOST_COLUMNS, MOST_LINES_A_ROW, records
from exports.engine.refusals import FileRefused


def read(text: str, delimiter: str = ",", *, quoted: bool = True) -> list[tuple[int, list[str]]]:
    return list(records(io.StringIO(text, newline=""), delimiter, quoted=quoted))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_numbered_as_in_a_spreadsheet(end):
    text = end.join(["a,b", "", '"1', '2",x', "c,d"])
    assert read(text) == [
        (1, ["a", "b"]),
        (2, []),
        (3, [f"1{end}2", "x"]),
        (4, ["c", "d"]),
    ]


def test_quotes_are_read_as_spreadsheets_write_them():
    assert read('a, "b, c","say ""hi"""\n') == [(1, ["a", "b, c", 'say "hi"'])]
    assert read('a"b,"c\n', quoted=False) == [(1, ['a"b', '"c'])]


def test_an_unclosed_quote_is_said_with_its_row():
    with pytest.raises(FileRefused, match="Row 2 opens a quotation mark") as caught:
        read('a\n"b\nc\n')
    assert caught.value.row == 2
    many = "x\n" * (MOST_LINES_A_ROW + 5) + '"\n'
    with pytest.raises(FileRefused, match="Row 1 opens a quotation mark"):
        read(f'"{many}')


def test_a_row_of_a_mebibyte_is_refused_before_it_is_held():
    cell = "x" * 100_000
    with pytest.raises(FileRefused, match="Row 2 is longer than 1 MiB") as caught:
        read("a\n" + ",".join([cell] * 11) + "\n")
    assert caught.value.row == 2
    with pytest.raises(FileRefused, match="Row 1 is longer"):
        read("x" * (LONGEST_ROW + 1))


def test_a_row_over_many_lines_may_not_be_longer_either():
    line = "x" * 120_000
    cells = ",".join(f'"{line}\n"' for _ in range(10))
    with pytest.raises(FileRefused, match="longer than 1 MiB"):
        read(cells)


def test_a_cell_or_a_number_of_columns_beyond_reason_is_refused():
    with pytest.raises(FileRefused, match="Row 2 has a cell of more than 131,072"):
        read("a\n" + "x" * 200_000)
    with pytest.raises(FileRefused, match="more than 10,000 columns"):
        read("," * MOST_COLUMNS)


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=8), st.sampled_from(",;\t|"))
@settings(max_examples=60, deadline=None)
def test_what_is_written_quoted_is_read_back(rows, delimiter):
    def written(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    text = "".join(delimiter.join(map(written, row)) + "\r\n" for row in rows)
    assert [cells for _, cells in read(text, delimiter)] == rows
