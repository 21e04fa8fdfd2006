import pytest

from exports.engine.dialects import dialect_of, looks_like_an_identifier
from exports.engine.refusals import FileRefused


def dialect(text: str, *, is_all: bool = True):
    return dialect_of(text, 50, is_all=is_all)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_recognized(delimiter):
    text = "".join(
        delimiter.join(row) + "\n"
        for row in [("id", "email", "city"), ("1", "a@b.example", "Oslo"), ("2", "", "Rome")]
    )
    found = dialect(text)
    assert (found.delimiter, found.quoted) == (delimiter, True)
    assert found.sample[1] == ["1", "a@b.example", "Oslo"]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        # Decimal commas of a semicolon file, and lists within a cell of a comma file.
        ("email;spent\na@b.example;1,50\nc@d.example;2,75\n", ";"),
        ("email,tags\na@b.example,x;y;z\nc@d.example,x;y;z\n", ","),
        ("email\na@b.example\nc@d.example\n", ","),
        ("a@b.example\n", ","),
    ],
)
def test_what_separates_identifiers_separates_the_table(text, delimiter):
    assert dialect(text).delimiter == delimiter


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("more", ["", "e@f.example,x\n" * 60_000])
def test_a_stray_quotation_mark_is_part_of_its_value(delimiter, more):
    text = f'email,note\na@b.example,6" pipe\nc@d.example,"odd\n{more}'
    found = dialect(text.replace(",", delimiter), is_all=not more)
    assert (found.delimiter, found.quoted, found.stray_mark) == (delimiter, False, 3)
    assert found.sample[2] == ["c@d.example", '"odd']


def test_where_marks_enclose_cells_none_is_stray():
    found = dialect('email,note\na@b.example,"x\ny"\n')
    assert (found.quoted, found.stray_mark) == (True, None)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize(
    "first", ['"email,note', 'email,"note', '"a@b.example,x', '\n , \n"email,note']
)
@pytest.mark.parametrize("rows", [1, 60_000])
def test_a_first_row_that_swallows_the_others_is_refused(delimiter, first, rows):
    text = f"{first}\n" + "c@d.example,x\n" * rows
    with pytest.raises(FileRefused, match="opens a quotation mark that is not closed") as caught:
        dialect(text.replace(",", delimiter), is_all=rows == 1)
    assert caught.value.row == 1 + first.count("\n")


def test_what_is_too_wide_in_one_way_is_no_single_column_in_another():
    with pytest.raises(FileRefused, match=r"Row 1 has more than 10,000 columns\."):
        dialect("c," * 20_000 + "\n")


def test_an_unclosed_quote_among_quoted_cells_is_refused():
    with pytest.raises(FileRefused, match="quotation mark"):
        dialect('"email","note"\n"a@b.example","x"\n"c@d.example","odd\n')


def test_only_whole_lines_of_what_was_cut_are_looked_at():
    found = dialect("email,city\na@b.example,Oslo\nc@d.exa", is_all=False)
    assert found.sample == [["email", "city"], ["a@b.example", "Oslo"]]
    found = dialect('email,note\na@b.example,x\nc@d.example,"be\ngun', is_all=False)
    assert found.sample == [["email", "note"], ["a@b.example", "x"]]


def test_blank_lines_before_the_header_are_no_rows_of_the_sample():
    assert dialect("\n  ,\n\nemail,city\na@b.example,Oslo\n").sample[0] == ["email", "city"]


@pytest.mark.parametrize(
    ("cell", "is_one"),
    [
        ("jane@example.com", True),
        ("jane @example.com", True),
        ("+44 7700 900123", True),
        ("a1" * 32, True),
        ("a1" * 16, True),
        ("38400000-8cf0-11bd-b23e-10b96e4ef00d", True),
        ("E-Mail", False),
        ("email@", False),
        ("2024", False),
        ("12-3", False),
        ("", False),
    ],
)
def test_nobody_names_a_column_like_an_identifier(cell, is_one):
    assert looks_like_an_identifier(cell) is is_one


@pytest.mark.parametrize(
    ("cell", "is_one"),
    [
        ("@anna_schmidt", True),
        ("9774d56d682e549c", True),
        ("123456", True),
        ("+49 151 2345678 privat", True),
        ("ab" * 28, True),
        ("email", False),
        ("phone_20240101", False),
        ("2024", False),
        ("1 - Email", False),
        ("18 - 24 years", False),
        ("2023 / 2024 revenue", False),
        ("effaced-facade-de", False),
    ],
)
def test_what_nobody_names_a_column(cell, is_one):
    assert looks_like_an_identifier(cell) is is_one
