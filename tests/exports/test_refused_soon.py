"""A large file that is no table is refused by its beginning, before all of it has arrived."""

import gzip
import random

import pytest

from exports.pieces import PIECE_BYTES
from tests.exports.driving import files
from tests.exports.fetches import go, wanted
from tests.exports.piecing import Page, said_at_the_field, uploads
from tests.exports.uploading import nothing_is_left
from tests.factories import stored

pytestmark = pytest.mark.django_db

ROW = b"jane@example.com,Jane\n"
NOISE = random.Random(7).randbytes(PIECE_BYTES)
TABLE = ROW * (PIECE_BYTES // len(ROW) + 1000)
NO_TABLES = {
    "a picture": (b"\x89PNG\r\n\x1a\n" + NOISE, "This is a picture"),
    "an archive": (b"PK\x03\x04" + NOISE, "This is an archive"),
    "a picture, packed": (gzip.compress(b"\x89PNG\r\n\x1a\n" + NOISE, 0), "This is a picture"),
    "white space": (b" \n" * PIECE_BYTES, "nothing but white space"),
    "a line without an end": (b"x" * 2 * PIECE_BYTES, "a cell of more than"),
    "a quotation mark that is not closed": (b'"' + TABLE, "quotation mark"),
}


@pytest.mark.parametrize(("content", "words"), NO_TABLES.values(), ids=NO_TABLES)
def test_the_first_piece_is_enough_to_refuse(client_of, creator, destination, acme, content, words):
    window = Page(client_of(creator), destination, content).begun()
    assert window.upload["piece_bytes"] < len(content)
    assert words in said_at_the_field(window.send(0))
    assert uploads(acme) == []
    assert nothing_is_left(acme)


LATER = {
    "a table": TABLE,
    "a table, packed": gzip.compress(TABLE, 0),
    # The same as the whole would be: that has the end to look at.
    "a table of Parquet": b"PAR1" + NOISE,
    "many small packed parts": gzip.compress(b"a", mtime=0) * (PIECE_BYTES // 21 + 1),
    "damaged": b"\x1f\x8b" + NOISE,
}


@pytest.mark.parametrize("content", LATER.values(), ids=LATER)
def test_what_may_be_a_table_goes_on(client_of, creator, destination, acme, content):
    window = Page(client_of(creator), destination, content).begun()
    assert window.send(0).status_code == 204
    assert window.offset() == PIECE_BYTES


def test_a_file_in_one_piece_is_looked_at_as_a_whole(client_of, creator, destination, acme):
    content = b"\x89PNG\r\n\x1a\n" + NOISE[: PIECE_BYTES // 2]
    window = Page(client_of(creator), destination, content).begun().send_all()
    assert "This is a picture" in said_at_the_field(window.complete())
    assert nothing_is_left(acme)


def test_what_is_fetched_is_not_fetched_to_its_end(destination, creator, server):
    server.content, words = NO_TABLES["a picture"]
    row = wanted(destination, creator, server.address())
    go(row)
    row = stored(row)
    assert words in row.trouble
    assert (row.failed_at is not None, row.received, files()) == (True, 0, set())
