import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.engine.reading import FileShape
from tests.exports.engine.vectorized.hostile import (
    FILES,
    KINDS,
    PLAIN,
    SAMPLES,
    SHAPES,
    VALUES,
    WANTED,
    Small,
    compared,
)

OFTEN = settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def table(values, style=csv.QUOTE_ALL, encoding="utf-8") -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=style).writerows([value] for value in values)
    return written.getvalue().encode(encoding, "replace")


@given(FILES, SHAPES, WANTED, st.integers(1, 60), st.integers(1, 80), st.sampled_from([1, 3, 999]))
@OFTEN
def test_any_bytes_give_the_same_people_rejects_counts_and_refusals(
    tmp_path, data, shape, wanted, block, row, empty_lines
):
    with pytest.MonkeyPatch.context() as patch:
        Small(patch, block, row, empty_lines)
        compared(tmp_path, data, shape, wanted)


@given(FILES, SHAPES, WANTED)
@OFTEN
def test_any_bytes_in_one_block_give_the_same(tmp_path, data, shape, wanted):
    compared(tmp_path, data, shape, wanted)


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("style", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_each_rule_judges_every_sample_as_the_reference_does(tmp_path, key, encoding, style):
    shape = FileShape(
        encoding, ",", quoted=True, has_header=False, gzipped=False, column_names=("a",)
    )
    _, rejects, tally = compared(tmp_path, table(SAMPLES, style, encoding), shape, [(key, 0)])
    assert tally.people > 5
    assert len(rejects.splitlines()) > 5


@given(st.lists(VALUES, min_size=1, max_size=60), st.sampled_from(sorted(KINDS)))
@settings(OFTEN, max_examples=400)
def test_each_rule_judges_any_values_as_the_reference_does(tmp_path, values, key):
    compared(tmp_path, table(values), PLAIN, [(key, 0)])


ALIKE = {
    "email": st.from_regex(r"[a.@ ,]{0,4}@?[a.]{0,4}[a. @]{0,3}", fullmatch=True),
    "phone": st.from_regex(r"[+0( ]{0,3}[0-9]{0,6}[-.)/ 0(+x]{0,4}[0-9]{1,8}", fullmatch=True),
    "lower": st.from_regex(r"([0-9a-fA-F]|[0-]){8}(-[0-9a-fA-F0g]{4}){3}-?[0-]{11,12}[a-fF ]?"),
}
ALIKE |= {"words": ALIKE["email"], "number": st.from_regex(r"[0-9]{0,21}", fullmatch=True)}
ALIKE |= {"handle": st.from_regex(r"@? ?[A-Za-z0-9_ -]{0,17}", fullmatch=True)}
ALIKE |= {"comma": ALIKE["email"], "spaces": ALIKE["email"], "digits": ALIKE["phone"]}
ALIKE |= {"upper": ALIKE["lower"], "device": ALIKE["lower"]}


@pytest.mark.parametrize("key", ALIKE)
@given(data=st.data())
@settings(OFTEN, max_examples=60)
def test_each_rule_judges_what_is_nearly_right_as_the_reference_does(tmp_path, key, data):
    values = data.draw(st.lists(ALIKE[key], min_size=1, max_size=80))
    compared(tmp_path, table(values), PLAIN, [(key, 0)])


TRICKY = (
    b"id,note,mail\r\n"
    b'1,"a ""quoted"" word",jane@example.com\r\n'
    b'2,"two\r\nlines, and a comma"," Joe@Example.com "\r\n'
    b"\r\n"
    b'3,5" disk,inch@example.com\r\n'
    b'4, "behind spaces" ,spaces@example.com\r\n'
    b"5,lone\rreturn,lone@example.com\r\n"
    b'6,"","""a""@example.com"\r\n'
    b"7,short\r\n"
    b'8,"\r\n\r\n",last@example.com'
)


@pytest.mark.parametrize("block", [*range(1, len(TRICKY) + 2)])
def test_wherever_a_block_is_cut_the_table_stays_the_same(tmp_path, monkeypatch, block):
    whole = FileShape(
        "utf-8", ",", quoted=True, has_header=True, gzipped=False, column_names=("a",)
    )
    expected = compared(tmp_path, TRICKY, whole, [("email", 2)])
    Small(monkeypatch, block, row=20)
    assert compared(tmp_path, TRICKY, whole, [("email", 2)]) == expected
    assert expected[2].people == 6
