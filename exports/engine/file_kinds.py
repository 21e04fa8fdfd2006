"""What the first bytes of a file say it is: a kind that is refused, or text in some encoding."""

from __future__ import annotations

import codecs
import re

from exports.engine.refusals import FileRefused

_PICTURE = "This is a picture; save the list itself as CSV."
_SPREADSHEET = "This is a spreadsheet; save it as CSV."
_ARCHIVE = "This is an archive; unpack it and upload the CSV file inside."
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF87a", _PICTURE),
    (b"GIF89a", _PICTURE),
    (b"%PDF-", "This is a PDF document; save the list itself as CSV."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _SPREADSHEET),
    (b"PAR1", "This is a Parquet file that was compressed once more; unpack it."),
    (b"SQLite format 3\x00", "This is a database; save the list itself as CSV."),
    (b"\x1f\x8b", "This is compressed twice; unpack it once."),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"BZh", "This is compressed with bzip2; unpack it, or compress it with gzip."),
    (b"\xfd7zXZ\x00", "This is compressed with xz; unpack it, or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "This is compressed with Zstandard; unpack it, or use gzip."),
    (b"{\\rtf", "This is a text document with formatting; save the list itself as CSV."),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_IN_A_SPREADSHEET = (b"xl/", b"oasis.opendocument.spreadsheet")
_IN_A_DOCUMENT = (b"word/", b"ppt/", b"oasis.opendocument.")
_WEB_PAGE = re.compile(rb"\s*<(!doctype html|html)\b", re.IGNORECASE)
_JSON = re.compile(rb"""\s*(\{\s*["}]|\[\s*[\[{"])""")
# All but tab, the line and page ends, and the two that old programs leave in texts.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_NOT_TEXT = "This is not a text file; save the list as CSV."


def refuse_other_kinds(head: bytes) -> None:
    """Raise FileRefused where the first bytes are not those of a table in text."""
    for start, sentence in _STARTS:
        if head.startswith(start):
            raise FileRefused(sentence)
    if head.startswith(_ZIP):
        raise FileRefused(_zip_sentence(head))
    if head[257:262] == b"ustar":
        raise FileRefused(_ARCHIVE)
    if _WEB_PAGE.match(head):
        raise FileRefused("This is a web page; save the list itself as CSV.")
    if _JSON.match(head):
        raise FileRefused("This is JSON; save the list as CSV.")


def _zip_sentence(head: bytes) -> str:
    if any(sign in head for sign in _IN_A_SPREADSHEET):
        return _SPREADSHEET
    if any(sign in head for sign in _IN_A_DOCUMENT):
        return "This is a document; save the list itself as CSV."
    # Office files begin with this list of contents; the telling names may come much later.
    return _SPREADSHEET if b"[Content_Types].xml" in head else _ARCHIVE


def encoding_of(head: bytes) -> str:
    """Say how the text is encoded, as a name for `codecs`: by its mark, else by what fits.

    Raises FileRefused for UTF-32.
    """
    # UTF-32's mark begins with UTF-16's.
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefused("This text is encoded in UTF-32; save it as UTF-8.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return _utf_16_without_mark(head) or _utf_8_or_windows(head)


def _utf_16_without_mark(head: bytes) -> str:
    """Recognize it by the zero half of every Latin letter; database exports often look so."""
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > 0.8 * len(odd) and even.count(0) <= 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.8 * len(even) and odd.count(0) <= 0.05 * len(odd):
        return "utf-16-be"
    return ""


def _utf_8_or_windows(head: bytes) -> str:
    text = decoded(head, "utf-8")
    damaged = sum("\udc80" <= letter <= "\udcff" for letter in text) if not text.isascii() else 0
    others = sum(letter > "\x7f" for letter in text) - damaged if damaged else 0
    # A few damaged letters in a UTF-8 file must not turn all others into nonsense.
    return "utf-8" if damaged <= others else "cp1252"


def errors_for(encoding: str) -> str:
    """Name the error handler under which a damaged letter spoils its own cell, not the file."""
    return "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"


def decoded(head: bytes, encoding: str) -> str:
    """Decode the first bytes of a file; a letter that is cut at their end is left out.

    Raises FileRefused where UTF-16 is damaged.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors_for(encoding))
    try:
        return decoder.decode(head, final=False)
    except UnicodeDecodeError:
        raise FileRefused(_NOT_TEXT) from None


def refuse_what_is_no_text(text: str) -> None:
    """Raise FileRefused for control characters in such numbers as no text has.

    A few of them spoil only their cells.
    """
    if len(_CONTROL.findall(text)) > max(3, len(text) // 20):
        raise FileRefused(_NOT_TEXT)
