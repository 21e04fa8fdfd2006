"""Columns that read as rows: whoever asks either way is told the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.engine.batches import decode, encode
from providers.rows import Rows
from providers.values import Batch

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
SEPARATORS = st.sampled_from([b",", b'"],["', b"", b'"]},{"email":["', b",,"])


def of_types(count: int):
    return st.lists(st.tuples(*[st.none() | DIGESTS] * count), max_size=20)


@given(of_types(1), SEPARATORS)
def test_a_column_is_joined_as_its_rows_would_be(rows, separator):
    there = [digest.encode() for (digest,) in rows if digest]
    for batch in (Batch(("email",), rows), decode(encode(Batch(("email",), rows)))):
        assert batch.joined(separator) == separator.join(there)
        assert batch.count == len(there)


@given(of_types(3), st.slices(20))
def test_columns_read_as_a_sequence_of_rows(rows, part):
    read = decode(encode(Batch(("a", "b", "c"), rows))).rows
    assert isinstance(read, Rows)
    assert len(read) == len(rows)
    assert (list(read), read[part]) == (rows, rows[part])
    assert read == rows
    assert rows == read
    assert (read[-1] == rows[-1]) if rows else not list(read)


def test_rows_that_differ_are_not_equal():
    one, other = [("aa" * 32,)], [("bb" * 32,)]
    read = decode(encode(Batch(("email",), one))).rows
    assert read != other
    assert read != one * 2


def test_only_a_batch_of_one_type_is_one_column():
    batch = Batch(("email", "phone"), [("aa" * 32, None)])
    for each in (batch, decode(encode(batch))):
        with pytest.raises(ValueError, match="too many values"):
            each.joined(b",")


def test_an_encoded_batch_that_was_read_is_the_same_again():
    encoded = encode(Batch(("email",), [("aa" * 32,), (None,)]))
    assert encode(decode(encoded)) == encoded
