"""Tables as nobody should write them, and both ways to read them."""

import csv
import io
from pathlib import Path

from hypothesis import strategies as st

from exports.engine import reading
from exports.engine.distinct import Distinct
from exports.engine.preparing import distinct_people, people_of, record_width, reject_line
from exports.engine.reading import FileRefused, FileShape, rows
from exports.engine.vectorized import pieces
from providers import identifiers
from providers.declarations import IdentifierType
from providers.identifiers import EMPTY_DIGEST, Invalid, Reason

HASH = "a1" * 32
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def exactly(value: str) -> str:
    """Clean nothing: what a platform does that nobody knows yet."""
    if len(value) % 3 == 0:
        raise Invalid(Reason.NOT_AN_ID)
    return f"<{value}>"


KINDS = {
    "email": identifiers.email,
    "comma": identifiers.email_without_comma,
    "spaces": identifiers.email_without_spaces,
    "words": identifiers.email_of_words,
    "phone": identifiers.phone_e164,
    "digits": identifiers.phone_digits,
    "lower": identifiers.ad_id_lower,
    "upper": identifiers.ad_id_upper,
    "device": identifiers.device_id,
    "handle": identifiers.handle,
    "number": identifiers.numeric_id,
    "exact": exactly,
}


SAMPLES = [
    *("", " ", "jane@example.com", " Jane@Example.COM ", "a@b.c", "a.b@c.d.e", "a..b@c.d"),
    *(".a@b.c", "a.@b.c", "a@.b.c", "a@b..c", "a@b.c.", "a@b", "@b.c", "a@@b.c", "a@b@c.d"),
    *(
        "a b@c.d",
        "a@b .c",
        "two words",
        "a,b@c.d",
        'a"b@c.d',
        "a\t@b.c",
        "a@b.c\n",
        "a\n@b.c",
    ),
    *("\u00a0a@b.c\u3000", "\u2003a@b.c\x85", "\x1ca@b.c\x1f", "a@b.c\x0b", "\ufeffa@b.c"),
    *(
        "müller@example.com",
        "a@bücher.example",
        "İ@b.c",
        "\u212a@b.c",
        "\u017f@b.c",
        "a\x00@b.c",
    ),
    *(
        "\x7fa@b.c",
        "a@b.c\u200b",
        "x" * 250 + "@b.c",
        "x" * 251 + "@b.c",
        "é" * 251 + "@b.c",
    ),
    *("x" * 255, "x" * 250 + ",@b.c", "x" * 300 + " @b.c", "," * 300),
    *(HASH, HASH.upper(), f" {HASH}\u00a0", HASH[1:], HASH + "0", "g" + HASH[1:], "0" * 64),
    *(
        EMPTY_DIGEST,
        EMPTY_DIGEST.upper(),
        f"\t{EMPTY_DIGEST}",
        "\uff41" * 64,
        HASH[:-1] + "\x00",
    ),
    *(
        "+44 7700 900123",
        "+447700900123",
        "0044 7700-900123",
        "(0)44 7700 900123",
        "7700900",
    ),
    *(
        "+44 (0)7700 900123",
        "44+7700900123",
        "++447700900123",
        "00",
        "000044770090",
        "770090",
    ),
    *(
        "1234567890123456",
        "123456789012345",
        "0",
        "+",
        "()",
        "44/7700.900123",
        "4477009001x3",
    ),
    *(
        "+44 07700 900123",
        "0044 07700 900123",
        "4407700900123",
        "(+44) 7700 900123",
        "( +44) 07700 900123",
        "(++44) 7700 900123",
        "44(+) 7700 900123",
        "+39 06 6982",
        "+3906698212345",
        "+1 0706 767 5127",
        "+440770090012345678",
        "+4407700900123456",
        "+9990123456789",
        "+4400000000",
        "+40 0",
    ),
    *("+1\t706\u00a0767 5127", "٤٤٧٧٠٠٩٠٠١٢٣", "(0)", "(0(0)0)447700900", "+0044770090012"),
    *(UUID, UUID.upper(), f" {UUID}", "0" * 8 + "-0000-0000-0000-" + "0" * 12, UUID + "0"),
    *(
        UUID.replace("-", "f"),
        UUID[:-1] + "g",
        UUID[:-1] + " ",
        "-" * 36,
        "0" * 36,
        "f" * 16,
    ),
    *("@Jane_Doe", "0" * 16, "12345", "x y"),
]
VALUES = st.one_of(
    st.sampled_from(SAMPLES),
    st.text(st.sampled_from("aA@.@. \t\u00a0\u3000\x00\"',;éİß\ufeff+0(-)/1\x1c\x85"), max_size=12),
    st.text(max_size=8),
)
PARTS = st.one_of(
    st.sampled_from(
        [
            *(
                b",",
                b",",
                b"\t",
                b";",
                b'"',
                b'"',
                b'""',
                b'","',
                b'"\n',
                b'\n"',
                b',"',
                b'", "',
                b' "',
            ),
            *(
                b"\n",
                b"\n",
                b"\r\n",
                b"\r",
                b"\n\n",
                b"\x00",
                b" ",
                b"  ",
                b"a",
                b"@",
                b".",
                b"a@b.c",
            ),
            *(
                b"\xff",
                b"\xe2\x82",
                b"\xe2\x82\xac",
                b"\xc3",
                b"\x81",
                b"\xa0",
                b"\xc2\xa0",
                b"\x85",
            ),
            *(b"\xef\xbb\xbf", b"\xef\xbb", b"\xed\xa0\x80", b"\x1c", b"\x0b", b"jane@example.com"),
            *(b"+447700900123", b" " * 17 + b'"', b" " * 16 + b'"', b" " * 15 + b'"'),
        ]
    ),
    st.binary(max_size=3),
    VALUES.map(lambda value: value.encode("utf-8", "surrogatepass")),
)
LINE_ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r"])


@st.composite
def written(draw) -> bytes:
    """Return a table as a program writes it, and often something done to it."""
    text = io.StringIO(newline="")
    style = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    writer = csv.writer(text, quoting=style, lineterminator=draw(LINE_ENDS))
    writer.writerows(draw(st.lists(st.lists(VALUES, max_size=4), max_size=14)))
    data = text.getvalue().encode(draw(st.sampled_from(["utf-8", "cp1252"])), "replace")
    for part in draw(st.lists(PARTS, max_size=2)):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + part + data[at + draw(st.integers(0, 2)) :]
    return data


FILES = st.one_of(written(), st.lists(PARTS, max_size=40).map(b"".join))
SHAPES = st.builds(
    FileShape,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    delimiter=st.sampled_from(",,,;\t|"),
    quoted=st.sampled_from([True, True, False]),
    has_header=st.booleans(),
    gzipped=st.just(False),
    column_names=st.just(("a",)),
)
PLAIN = FileShape("utf-8", ",", quoted=True, has_header=False, gzipped=False, column_names=("a",))
WANTED = st.lists(
    st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 3)),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each[0],
)


class Small:
    """Make blocks, and what is too long for one, so small that cuts fall everywhere."""

    def __init__(self, patch, block: int, row: int, empty_lines: int = 1_000_000) -> None:
        patch.setattr(pieces, "BLOCK", block)
        patch.setattr(pieces, "LONGEST_ROW", row)
        patch.setattr(reading, "_MOST_EMPTY_LINES", empty_lines)


def compared(folder: Path, data: bytes, shape: FileShape, wanted):
    """Return what comes of a file: people, rejects and counts, or its refusal; twice the same."""
    fast = outcome(folder, data, shape, wanted, read=_quickly)
    assert fast == outcome(folder, data, shape, wanted, read=_row_by_row)
    return fast


def outcome(folder: Path, data: bytes, shape: FileShape, wanted, *, read):
    kinds = [IdentifierType(key, key, key, KINDS[key]) for key, _ in wanted]
    rejects: list[bytes] = []
    with Distinct(record_width(len(kinds)), folder) as people:
        try:
            tally = read(io.BytesIO(data), shape, dict(wanted), kinds, people, rejects)
        except FileRefused as refused:
            return refused.sentence, refused.row
        found = [bytes(record) for batch in people.batches(1000) for record in batch]
    return found, b"".join(rejects).decode(), tally


def _quickly(stream, shape, columns, kinds, people, rejects):
    how = {"people": people, "reject": rejects.append, "alive": lambda: None}
    return people_of(stream, shape, columns, kinds, **how)


def _row_by_row(stream, shape, columns, kinds, people, rejects):
    def reject(*line):
        rejects.append(reject_line(*line).encode())

    how = {"people": people, "reject": reject, "alive": lambda: None}
    return distinct_people(rows(stream, shape), columns, kinds, **how)
