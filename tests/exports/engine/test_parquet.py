"""Parquet as people have it, and as nobody should hand it in."""

import datetime as dt
import decimal
import hashlib
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exports.engine import parquet, preparing
from exports.engine.columns import columns_of, recognized, several_of
from exports.engine.distinct import Distinct
from exports.engine.preparing import people_of, record_width
from exports.engine.reading import FileRefused, FileShape, look_at, rows
from exports.engine.sealed_stream import SealBroken, SealedReader, SealedWriter, new_key
from exports.engine.several import Several
from providers import identifier_types, identifiers

DIGEST = hashlib.sha256(b"jane@example.com").digest()
EMAIL = identifier_types.email("EMAIL", identifiers.email)
PHONE = identifier_types.phone("PHONE", identifiers.phone_e164)


def file(columns, **how) -> io.BytesIO:
    found = io.BytesIO()
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    pq.write_table(table, found, **how)
    return found


def cells(values, kind=None) -> list[str]:
    stream = file({"a": pa.array(values, kind)})
    return [row[0] for _, row in rows(stream, look_at(stream))]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["a", None, ""], pa.string(), ["a", "", ""]),
        (['"q", x\r\ny', " ä "], pa.large_string(), ['"q", x\r\ny', " ä "]),
        ([447700900123, None], pa.int64(), ["447700900123", ""]),
        ([2**64 - 1], pa.uint64(), ["18446744073709551615"]),
        ([447700900123.0, None, 1.5, float("nan")], pa.float64(), ["447700900123", "", "1.5", ""]),
        ([decimal.Decimal("4477009001.00")], pa.decimal128(20, 2), ["4477009001"]),
        ([DIGEST, None, b"text", b"a" * 32], pa.binary(), [DIGEST.hex(), "", "text", "a" * 32]),
        ([DIGEST, None], pa.binary(32), [DIGEST.hex(), ""]),
        ([DIGEST] * 3, pa.large_binary(), [DIGEST.hex()] * 3),
        ([["a", "b"], [], None, [None, "c"]], None, ["a\x1fb", "", "", "\x1fc"]),
        ([[DIGEST, DIGEST]], None, [f"{DIGEST.hex()}\x1f{DIGEST.hex()}"]),
        ([[1, 2]], pa.list_(pa.int64(), 2), ["1\x1f2"]),
        ([uuid.UUID(int=10).bytes, None], pa.uuid(), [str(uuid.UUID(int=10)), ""]),
        ([True, None], pa.bool_(), ["true", ""]),
        ([dt.date(2026, 1, 2)], pa.date32(), ["2026-01-02"]),
        ([None, None], pa.null(), ["", ""]),
    ],
)
def test_values_read_as_a_person_would_type_them(values, kind, expected):
    assert cells(values, kind) == expected


def test_a_column_of_lists_is_one_however_many_the_first_rows_have():
    people = [["jane@example.com"]] * 60 + [["a@example.com", "b@example.com"]]
    shape = look_at(file({"n": ["x"] * 61, "mails": people}))
    assert FileShape.from_json(shape.as_json()).list_columns == (1,)
    found = recognized(shape, [EMAIL])
    assert several_of(shape, found, [EMAIL]) == {EMAIL.key: Several.PARQUET}
    assert [each.several for each in columns_of(shape, [EMAIL])] == [None, Several.PARQUET]


def test_a_dictionary_reads_like_what_it_stands_for():
    stream = file({"a": pa.array(["x", None, "x", "y"]).dictionary_encode()})
    assert [row for _, (row,) in rows(stream, look_at(stream))] == ["x", "", "x", "y"]


def test_a_letter_that_is_damaged_spoils_its_cell_alone():
    array = pa.array([b"d\xffj@x.com", b"a@x.com"]).view(pa.string())
    stream = file({"a": array})
    assert [row for _, (row,) in rows(stream, look_at(stream))] == ["d\udcffj@x.com", "a@x.com"]


def test_it_is_looked_at_like_any_other_file():
    columns = {"Mail": [f"p{n}@x.com" for n in range(60)], "n": range(60), "s": [{"a": 1}] * 60}
    shape = look_at(file(columns))
    assert shape.column_names == ("Mail", "n", "s (nested, not read)")
    assert len(shape.sample_rows) == 50
    assert shape.sample_rows[0] == ("p0@x.com", "0", "")
    assert shape.is_parquet
    assert not shape.has_header
    assert type(shape).from_json(shape.as_json()).is_parquet


def test_a_long_value_is_cut_in_the_sample_only():
    stream = file({"text": ["x" * 1_000_000], "mail": ["a@x.com"]})
    shape = look_at(stream)
    assert shape.sample_rows == (("x" * 500, "a@x.com"),)
    # What is not wanted may be as long as it likes.
    assert list(rows(stream, shape, only=[1])) == [(1, ["", "a@x.com"])]


def prepared(stream, folder, columns, kinds):
    rejects: list[bytes] = []
    with Distinct(record_width(len(kinds)), folder) as people:
        tally = people_of(
            stream,
            look_at(stream),
            columns,
            kinds,
            people=people,
            reject=rejects.append,
            alive=lambda: None,
        )
        found = {bytes(record) for batch in people.batches(1000) for record in batch}
    return found, b"".join(rejects).decode(), tally


def test_people_are_found_in_the_columns_that_are_wanted(tmp_path):
    mails = [f"p{n}@x.com" for n in range(30_000)]
    mails[20_000], mails[20_001] = "n/a", None
    stream = file(
        {"id": range(30_000), "phone": [447700900000] * 30_000, "x": mails, "mail": mails},
        row_group_size=7_000,
    )
    found, rejects, tally = prepared(stream, tmp_path, {"email": 3}, [EMAIL])
    good = [mail for mail in mails if mail and "@" in mail]
    assert found == {hashlib.sha256(mail.encode()).digest() for mail in good}
    assert rejects == '20001,email,"not an e-mail address"\n20002,email,"empty"\n'
    assert (tally.rows, tally.rejected) == (30_000, 2)
    both, _, _ = prepared(stream, tmp_path, {"email": 3, "phone": 1}, [EMAIL, PHONE])
    call = hashlib.sha256(b"+447700900000").digest()
    assert hashlib.sha256(b"p7@x.com").digest() + call in both
    assert bytes(32) + call in both
    assert len(both) == len(good) + 1


def sealed(content: bytes):
    key, raw = new_key(), io.BytesIO()
    with SealedWriter(raw, key, b"x") as writer:
        writer.write(content)
    return key, raw


def test_a_sealed_file_is_read_where_it_lies(tmp_path):
    key, raw = sealed(file({"mail": [f"p{n}@x.com" for n in range(50_000)]}).getvalue())
    with SealedReader(raw, key, b"x") as reader:
        found, _, _ = prepared(io.BufferedReader(reader), tmp_path, {"email": 0}, [EMAIL])
    assert len(found) == 50_000


def test_a_seal_that_is_broken_is_no_fault_of_the_file(tmp_path):
    key, raw = sealed(file({"mail": [os.urandom(20).hex() for n in range(50_000)]}).getvalue())
    raw.seek(700_000)
    raw.write(b"xx")
    with SealedReader(raw, key, b"x") as reader:
        stream = io.BufferedReader(reader)
        with pytest.raises(SealBroken):
            list(rows(stream, look_at(stream)))


WHOLE = file({"mail": [f"p{n}@x.com" for n in range(100_000)]}).getvalue()


def spoiled(at: int, size: int) -> bytes:
    return WHOLE[:at] + b"\xa5" * size + WHOLE[at + size :]


@pytest.mark.parametrize(
    ("content", "words"),
    {
        "cut": (WHOLE[:-1], "damaged or was cut short"),
        "half": (WHOLE[: len(WHOLE) // 2], "damaged or was cut short"),
        "only its mark": (b"PAR1", "damaged or was cut short"),
        "a footer of 2 GB": (
            WHOLE[:-8] + struct.pack("<I", 2**31) + b"PAR1",
            "damaged or was cut short",
        ),
        "a footer of anything": (spoiled(len(WHOLE) - 300, 280), "damaged or was cut short"),
        "a page of anything": (spoiled(4, 3000), "Parquet file"),
        "encrypted": (WHOLE[:-4] + b"PARE", "is encrypted"),
        "encrypted throughout": (b"PARE" + WHOLE[4:-4] + b"PARE", "is encrypted"),
        "nothing but nested values": (
            file({"a": [{"x": 1}], "b": [[[1]]]}).getvalue(),
            "No column of the Parquet file holds plain values.",
        ),
        "no rows": (file({"a": pa.array([], pa.string())}).getvalue(), "columns but no rows"),
        "no columns": (file({}).getvalue(), "No column"),
        "a name twice": (
            file(pa.table([["a"], ["b"]], names=["x", "x"])).getvalue(),
            "the same name",
        ),
        "too many columns": (
            file({f"c{n}": [1] for n in range(10_001)}).getvalue(),
            "more than 10,000 columns",
        ),
        "rows of nothing": (
            file({"a": pa.nulls(3_000_000, pa.string())}, compression="zstd").getvalue(),
            "unpacks to far more than its size",
        ),
    }.values(),
)
def test_what_cannot_be_read_is_refused_at_the_first_look(content, words):
    with pytest.raises(FileRefused, match=words):
        look_at(io.BytesIO(content))


def test_damage_behind_the_sample_is_refused_at_its_row():
    mails = [os.urandom(16).hex() for _ in range(200_000)]
    whole = file({"mail": mails}, row_group_size=50_000, use_dictionary=False).getvalue()
    at = len(whole) * 3 // 4
    stream = io.BytesIO(whole[:at] + b"\xa5" * 500_000 + whole[at + 500_000 :])
    shape = look_at(stream)
    with pytest.raises(FileRefused, match="damaged") as caught:
        list(rows(stream, shape))
    assert caught.value.row is not None
    assert 100_000 < caught.value.row <= 200_000


def test_a_value_that_unpacks_beyond_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(parquet, "MEMORY", 64 * 1024 * 1024)
    stream = file({"a": ["x" * 100_000_000]}, compression="zstd", use_dictionary=False)
    assert len(stream.getvalue()) < 100_000
    with pytest.raises(FileRefused, match="in the memory that a file may take"):
        look_at(stream)


def test_values_that_unpack_beyond_reason_are_refused_at_their_row(monkeypatch):
    monkeypatch.setattr(parquet, "most_unpacked", lambda size: 20_000_000 + size)
    stream = file({"a": ["x" * 1000] * 50_000}, compression="zstd")
    shape = look_at(stream)
    with pytest.raises(FileRefused, match="unpacks to far more than its size") as caught:
        list(rows(stream, shape))
    assert caught.value.row is not None


def test_the_memory_it_takes_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "large.parquet"
    with pq.ParquetWriter(path, pa.schema({"mail": pa.string()}), use_dictionary=False) as writer:
        hashes = pa.array([os.urandom(32).hex() for _ in range(500_000)])
        table = pa.table({"mail": pa.concat_arrays([hashes] * 8)})
        # One row group of a quarter of a GB.
        writer.write_table(table, row_group_size=4_000_000)
    del table, hashes
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from exports.engine import parquet\n"
        "def most(process):\n"
        "    lines = Path(f'/proc/{process}/status').read_text().splitlines()\n"
        "    return next(line.split()[1] for line in lines if line.startswith('VmHWM'))\n"
        "size, most_of_child = 0, 0\n"
        "with open(sys.argv[1], 'rb') as stream, parquet.as_csv(stream, [0]) as plain:\n"
        "    child = Path(f'/proc/self/task/{os.getpid()}/children')\n"
        "    while read := plain.read(1 << 20):\n"
        "        size += len(read)\n"
        "        if size < 250_000_000: most_of_child = most(child.read_text().split()[0])\n"
        "print(size, most_of_child, most('self'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    size, child, own = map(int, done.stdout.split())
    assert size > 250_000_000
    assert 20_000 < child < 160_000
    assert own < 60_000


def test_whoever_stops_reading_leaves_no_process_behind(monkeypatch):
    begun = []
    real = subprocess.Popen

    def begin(*args, **kwargs):
        begun.append(real(*args, **kwargs))
        return begun[-1]

    monkeypatch.setattr(parquet.subprocess, "Popen", begin)
    stream, before = io.BytesIO(WHOLE), threading.active_count()
    with parquet.as_csv(stream, [0]) as plain:
        assert plain.read(10)
    assert threading.active_count() == before
    assert [each.returncode for each in begun] == [-signal.SIGKILL]


def test_nothing_large_is_loaded_where_it_is_looked_at():
    script = (
        "import io, sys\n"
        "from exports.engine.reading import look_at\n"
        f"look_at(io.BytesIO(bytes.fromhex({file({'a': ['x@y.com']}).getvalue().hex()!r})))\n"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'pyarrow')))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_reader_knows_no_secret(monkeypatch):
    seen = {}
    real = subprocess.Popen

    def look(*args, **kwargs):
        seen.update(kwargs)
        return real(*args, **kwargs)

    monkeypatch.setenv("SEALING_KEY", "secret")
    monkeypatch.setattr(parquet.subprocess, "Popen", look)
    look_at(io.BytesIO(WHOLE))
    assert set(seen["env"]) == {"ARROW_DEFAULT_MEMORY_POOL", "PYTHONPATH"}


def test_a_sign_of_life_is_given_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "_STEP", 1000)
    lives = []
    with Distinct(32, tmp_path) as people:
        stream = io.BytesIO(WHOLE)
        people_of(
            stream,
            look_at(stream),
            {"email": 0},
            [EMAIL],
            people=people,
            reject=lambda _: None,
            alive=lambda: lives.append(1),
        )
    assert lives
