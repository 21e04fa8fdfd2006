"""Files that a person uploads by mistake, or on purpose: said clearly, and nothing left behind."""

import gzip
import io
import os
import subprocess
import sys
import zipfile

import pytest
from django.urls import reverse

from exports import preparation
from exports.engine import parquet, reading
from exports.engine import rejects as keeping
from exports.engine.sealed_stream import SealedWriter
from exports.staging import file_key
from exports.staging import reading as staged
from exports.states import ExportState
from organizations import fence
from tests.exports.driving import files
from tests.exports.uploading import file, kept, nothing_is_left
from tests.factories import stored

pytestmark = pytest.mark.django_db

TABLE = b"email,n\n" + b"".join(b"person%d@example.com,%d\n" % (n, n) for n in range(60_000))
FEW = b"".join(TABLE.splitlines(keepends=True)[:31])


def zipped(*names: str) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return found.getvalue()


SPREADSHEET = zipped("[Content_Types].xml", "xl/workbook.xml")
AT_ONCE = {
    "a photo": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + os.urandom(300_000), "This is a picture"),
    "a spreadsheet": (SPREADSHEET, "This is a spreadsheet; save it as CSV."),
    "an old spreadsheet": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000),
        "This is a spreadsheet",
    ),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + os.urandom(5000), "This is a PDF document"),
    "a zip": (zipped("buyers.csv"), "This is an archive; unpack it"),
    "zeros, packed": (gzip.compress(bytes(50_000_000)), "This is not a text file"),
    "ten million columns": (b"c," * 10_000_000 + b"\n", "Row 1 has more than 10,000 columns."),
    "one endless line": (b"x" * 3_000_000, "Row 1 has a cell of more than 131,072 characters."),
    "NUL bytes": (b"email\n" + bytes(5000), "This is not a text file"),
    "only a header": (b"email,n\n", "The file has a header but no rows."),
    "nothing": (b"", "The file is empty."),
    "one letter": (b"a", "The file has a header but no rows."),
    "one byte of no letter": (b"\xff", "no rows"),
    "a line end": (b"\n", "nothing but white space"),
    "a mark of UTF-8": (b"\xef\xbb\xbf", "nothing but white space"),
    "half of a gzip": (gzip.compress(os.urandom(500_000))[:200_000], "damaged or was cut short"),
    "anything": (b"\x07" + os.urandom(500_000), "This is not a text file"),
    "a mark left open at the start": (
        b'"' + TABLE,
        "Row 1 opens a quotation mark that is not closed",
    ),
    "half of a Parquet": (b"PAR1" + os.urandom(5000), "The Parquet file is damaged"),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_is_no_table_is_refused_at_the_upload(client_of, creator, acme, address, name):
    content, words = AT_ONCE[name]
    answer = client_of(creator).post(address, {"file": file(content, name="buyers.csv")})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert nothing_is_left(acme)


def export_of(client_of, creator, acme, address, content: bytes):
    """Upload a file, choose its first column, prepare; return what became of the export."""
    client = client_of(creator)
    assert client.post(address, {"file": file(content)}).status_code == 302
    (draft,) = kept(acme)
    client.post(reverse("exports:start", args=[draft.pk]), {"column-email": "0", "mode": "add"})
    preparation.prepare(draft.organization_id, draft.id)
    return stored(draft)


LATER = {
    "a wide row": (TABLE + b"x," * 400_000 + b"\n", "Row 60002 has more than 10,000 columns."),
    "a long line": (TABLE + b"x" * 3_000_000, "Row 60002 is longer than 1 MiB."),
    "a long cell": (TABLE + b"x" * 200_000, "Row 60002 has a cell of more than 131,072"),
    "zeros": (TABLE + bytes(3_000_000), "Row 60002 is longer than 1 MiB."),
    "a mark left open": (TABLE + b'"' + b"x\n" * 500, "Row 60002 opens a quotation mark"),
    "half of a gzip": (gzip.compress(TABLE, 1)[:-10_000], "damaged or was cut short. (row"),
    "a gzip and something else": (
        gzip.compress(TABLE) + b"rest",
        "damaged or was cut short. (row 59,9",
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_what_goes_wrong_later_is_said_with_its_row(client_of, creator, acme, address, name):
    content, words = LATER[name]
    export = export_of(client_of, creator, acme, address, content)
    assert export.state == ExportState.FAILED
    assert words in export.reason
    assert export.reason.endswith("Nothing was sent.")
    assert files() == set()


MESSY = {
    "rows of changing width": (
        b"email,n\n" + b"".join(b"p%d@x.com%s\n" % (n, b",x" * (n % 9)) for n in range(50)),
        (50, 50),
    ),
    "a few NUL bytes": (FEW + b"a\x00b@example.com,1\n", (31, 30)),
    "line ends of all kinds": (
        b"email\r\na@x.com\r\nb@x.com\nc@x.com\rd@x.com\n\r\n\re@x.com",
        (5, 5),
    ),
    "UTF-16 without a mark": (FEW.decode().encode("utf-16-le"), None),
    "more columns than names": (b"email\na@x.com,1,2,3\n", (1, 1)),
    "one cell": (b"a@x.com", (1, 1)),
}


@pytest.mark.parametrize("name", MESSY)
def test_what_is_only_messy_is_sent(client_of, creator, acme, address, name):
    content, expected = MESSY[name]
    export = export_of(client_of, creator, acme, address, content)
    assert export.state == ExportState.SENDING
    if expected:
        assert (export.rows, export.identifiers) == expected
    assert export.identifiers


@pytest.mark.parametrize("what", [b"\n", b"a\n", b"person@example.com\n", bytes(1)])
def test_a_bomb_behind_a_good_beginning_is_refused(
    client_of, creator, acme, address, what, monkeypatch
):
    monkeypatch.setattr(parquet, "most_unpacked", lambda size: 8_000_000)
    monkeypatch.setattr(reading, "_MOST_EMPTY_LINES", 100_000)
    content = gzip.compress(TABLE + what * (20_000_000 // len(what)))
    assert len(content) < 600_000
    export = export_of(client_of, creator, acme, address, content)
    assert export.state == ExportState.FAILED
    assert any(
        words in export.reason
        for words in ("unpacks to far more", "a million empty lines", "longer than 1 MiB")
    )
    assert files() == set()


def test_real_lists_unpack_within_the_limit():
    assert parquet.most_unpacked(1) == 256 * 1024**2
    assert parquet.most_unpacked(10 * 1024**3) > 10**12


def test_rejects_without_end_are_counted_but_not_all_kept(
    client_of, creator, acme, address, monkeypatch
):
    monkeypatch.setattr(keeping, "MOST_BYTES", 10_000)
    export = export_of(client_of, creator, acme, address, FEW + b"n/a\n" * 5000)
    assert (export.rejected, export.identifiers) == (5000, 30)
    with fence.inside(export.organization_id):
        key = file_key(export)
    with staged(export.rejects_name, key) as stream:
        lines = stream.read().splitlines()
    assert 200 < len(lines) < 400
    assert b"and more" in lines[-1]


LITTLE_MEMORY = """
import io, resource, sys
from pathlib import Path
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 48 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from exports.engine.reading import FileRefused, look_at, rows
from exports.engine.sealed_stream import SealedReader
with open(sys.argv[1], "rb") as raw:
    stream = io.BufferedReader(SealedReader(raw, b"k" * 32, b"x"))
    try:
        for number, _ in rows(stream, look_at(stream)):
            pass
    except FileRefused as refused:
        print(refused.sentence)
"""
LARGE = {
    "columns": (b"c," * 30_000_000, "more than 10,000 columns"),
    "one line": (b"x" * 100_000_000, "a cell of more than 131,072 characters"),
    "zeros, packed": (gzip.compress(bytes(100_000_000)), "not a text file"),
    "one line later": (TABLE + b"x" * 100_000_000, "is longer than 1 MiB"),
    "a line later, packed": (gzip.compress(TABLE + b"x" * 100_000_000), "is longer than 1 MiB"),
}


@pytest.mark.parametrize("name", LARGE)
def test_the_memory_is_bounded_whatever_the_file_is_like(tmp_path, name):
    content, words = LARGE[name]
    path = tmp_path / "sealed"
    with path.open("wb", buffering=0) as raw, SealedWriter(raw, b"k" * 32, b"x") as writer:
        writer.write(content)
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-300:]
    assert words in done.stdout
