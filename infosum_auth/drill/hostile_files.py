"""Files that a person uploads by mistake or on purpose: refused or sorted out, soon, with little.

Each is uploaded through the page. What is no table must be refused in a sentence and leave nothing
behind; what is one with bad rows must arrive without these, and each must be said with its row.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup

from infosum_auth.drill.delivery import Delivery, wait_for_the_end
from infosum_auth.drill.scene import Drill, Fault
from infosum_auth.drill.score import Score
from infosum_auth.drill.stores import staged
from infosum_auth.text_browser import TextBrowser

# From the last byte sent to the answer, and the memory of any process that had to do with it.
_ANSWERED_IN = 10.0
_MOST_MEMORY = 256 * 1024 * 1024
_PIECE = 1024 * 1024
_LOOKED_AT = ("web", "preparer_small", "preparer")


@dataclass(frozen=True)
class Hostile:
    """A file as pieces of bytes; what its refusal says, or who and which rows are sorted out."""

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]
    refusal: str = ""
    arrive: tuple[str, ...] = ()
    rejected_rows: frozenset[int] = field(default_factory=frozenset)


def hostile_files(drill: Drill, score: Score) -> None:
    """Upload them all."""
    for number, file in enumerate(_files()):
        score.injected += 1
        delivery = drill.delivery(drill.parties[0], f"Hostile {number + 1}")
        score.survived += _is_survived(drill, delivery, file, score)


def _is_survived(drill: Drill, delivery: Delivery, file: Hostile, score: Score) -> bool:
    before = staged(drill)
    _forget_peaks(drill)
    page, seconds = _upload(delivery, file)
    score.most_seconds = max(score.most_seconds, round(seconds, 1))
    told = {"seconds": round(seconds, 1)}
    if file.refusal:
        is_well = file.refusal in page.text and not staged(drill) - before
    else:
        is_well = _is_sorted_out(delivery, page, file, score)
    told["memory_mb"] = round(_peak(drill) / 1e6)
    is_small = _peak(drill) <= _MOST_MEMORY
    if not (is_well and is_small and seconds <= _ANSWERED_IN):
        sys.stderr.write(f"{file.name}: {told}, well: {is_well}: {page.text[:600]}\n")
        return False
    sys.stderr.write(f"{file.name}: {told}\n")
    return True


def _is_sorted_out(delivery: Delivery, page: TextBrowser, file: Hostile, score: Score) -> bool:
    page.click("Start export")
    wait_for_the_end(page)
    expected = {hashlib.sha256(each.encode()).hexdigest() for each in file.arrive}
    (held,) = delivery.held()
    is_whole = held["digest"] == hashlib.sha256("\n".join(sorted(expected)).encode()).hexdigest()
    score.lost += 0 if is_whole else max(1, abs(held["held"] - len(expected)))
    reasons = page.http.get(f"{page.url.rstrip('/')}/rejects/", timeout=60).text
    rows = {int(line.split(",")[0]) for line in reasons.splitlines()[1:]}
    return is_whole and rows == file.rejected_rows


def _upload(delivery: Delivery, file: Hostile) -> tuple[TextBrowser, float]:
    """Upload a file in pieces, as a browser does; return the answer and how long it took to come.

    The time is counted from when the last byte was sent.
    """
    browser = delivery.at_the_form()
    form = browser.form_with("Upload")
    (control,) = (str(each["name"]) for each in form.tag.find_all("input", type="file"))
    body = _Body(dict(form.fields()), control, file)
    answer = browser.http.post(
        urljoin(browser.url, str(form.tag.get("action") or browser.url)),
        data=body,
        headers={"Content-Type": body.content_type, "Origin": delivery.demo.url},
        timeout=300,
    )
    seconds = time.monotonic() - body.ended_at
    browser.url, browser.page = answer.url, BeautifulSoup(answer.text, "html.parser")
    if answer.status_code >= requests.codes.server_error:
        sys.stderr.write(f"{file.name}: HTTP {answer.status_code}\n")
    return browser, seconds


class _Body:
    """A form with one file as it goes over the wire; nowhere is it whole."""

    _BOUNDARY = "----drill"

    def __init__(self, fields: dict[str, str], control: str, file: Hostile) -> None:
        self.content_type = f"multipart/form-data; boundary={self._BOUNDARY}"
        self.ended_at = time.monotonic()
        head = "".join(
            f"--{self._BOUNDARY}\r\n"
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += (
            f"--{self._BOUNDARY}\r\nContent-Disposition: form-data; "
            f'name="{control}"; filename="{file.name}"\r\nContent-Type: text/csv\r\n\r\n'
        )
        end = f"\r\n--{self._BOUNDARY}--\r\n"
        self._pieces = self._all(head.encode(), file, end.encode())
        self._left = b""
        # What `requests` takes for the length.
        self.len = len(head) + file.size + len(end)

    @staticmethod
    def _all(head: bytes, file: Hostile, end: bytes) -> Iterator[bytes]:
        yield head
        yield from file.pieces()
        yield end

    def read(self, size: int = -1) -> bytes:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                self.ended_at = time.monotonic()
                return b""
            self._left = piece
        size = len(self._left) if size < 0 else size
        found, self._left = self._left[:size], self._left[size:]
        return found


def _forget_peaks(drill: Drill) -> None:
    for name in _LOOKED_AT:
        for pid in drill.demo.components.processes(name):
            # Resets what the kernel remembers as the most memory.
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(drill: Drill) -> int:
    """Return the most memory, in bytes, that one process had since it was forgotten."""
    found = 0
    for name in _LOOKED_AT:
        for pid in drill.demo.components.processes(name):
            status = Path(f"/proc/{pid}/status").read_text()
            told = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
            found = max(found, int(told[1]) * 1024 if told else 0)
    return found


def _files() -> Iterator[Hostile]:
    yield _whole("photo.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 4000, "picture")
    yield _whole("spreadsheet.csv", _spreadsheet(), "spreadsheet")
    yield _whole("bomb.csv", _zip_bomb(), "archive")
    yield _whole("bomb.csv.gz", _gzip_bomb(), "Row 1 has a cell of more than")
    yield _whole("columns.csv", b"email" + b",x" * 10_000_000 + b"\n", "Row 1 has more than")
    yield Hostile(
        "line.csv",
        1000 * _PIECE,
        lambda: (b"a" * _PIECE for _ in range(1000)),
        refusal="Row 1 has a cell of more than",
    )
    yield _whole("zeros.csv", bytes(5 * _PIECE), "not")
    rows = [b"email"] + [f"person{each}@example.com".encode() for each in range(1000)]
    rows[499] = b"per\x00son@example.com"
    yield _sorted_out("zero_bytes.csv", rows, {500})
    rows = [b"name,email,city"]
    for number in range(1000):
        address = f"person{number}@example.com"
        width = number % 4
        rows.append([f"a,{address},b", "a", f"a,{address}", f"a,{address},b,c,d"][width].encode())
    yield _sorted_out("widths.csv", rows, {2 + n for n in range(1000) if n % 4 == 1})


def _whole(name: str, content: bytes, refusal: str) -> Hostile:
    return Hostile(name, len(content), lambda: iter((content,)), refusal=refusal)


def _sorted_out(name: str, rows: list[bytes], rejected: set[int]) -> Hostile:
    content = b"\n".join(rows) + b"\n"
    arrive = tuple(
        cell.decode()
        for row in rows
        for cell in row.split(b",")
        if cell.endswith(b"@example.com") and b"\x00" not in cell
    )
    pieces = iter((content,))
    return Hostile(
        name, len(content), lambda: pieces, arrive=arrive, rejected_rows=frozenset(rejected)
    )


def _spreadsheet() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return made.getvalue()


def _zip_bomb() -> bytes:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("list.csv", "w") as inner,
    ):
        for _ in range(1000):
            inner.write(bytes(_PIECE))
    return made.getvalue()


def _gzip_bomb() -> bytes:
    """Return 10 GB of one letter, compressed: members one after the other, as gzip allows."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    member = b"".join(packer.compress(b"a" * _PIECE) for _ in range(100)) + packer.flush()
    return member * 100


FAULTS = {"hostile_files": Fault(whole=hostile_files)}
