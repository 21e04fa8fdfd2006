import codecs
import gzip
import io
import zipfile

import pytest

from exports.engine.file_kinds import encoding_of
from exports.engine.reading import FileRefused, look_at

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "jane@example.com")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PNG, "This is a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100), "This is a picture"),
        (b"GIF89a" + bytes(50), "This is a picture"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "This is a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "This is a spreadsheet"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "This is a spreadsheet"),
        (zipped("[Content_Types].xml", "word/document.xml"), "This is a document"),
        (zipped("[Content_Types].xml", "docProps/app.xml"), "This is a spreadsheet"),
        (zipped("buyers.csv"), "This is an archive"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "This is an archive"),
        (bytes(257) + b"ustar\x0000" + bytes(300), "This is an archive"),
        (b"PAR1\x15\x04", "The Parquet file is damaged"),
        (gzip.compress(b"PAR1\x15\x04"), "a Parquet file that was compressed once more"),
        (b"SQLite format 3\x00", "This is a database"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "Zstandard"),
        (b"{\\rtf1\\ansi", "text document with formatting"),
        (b"  <!DOCTYPE html><html>", "This is a web page"),
        (b"<html lang='en'>", "This is a web page"),
        (b'[{"email": "jane@example.com"}]', "This is JSON"),
        (b'{"emails": []}', "This is JSON"),
        (codecs.BOM_UTF32_LE + "email".encode("utf-32-le"), "UTF-32"),
        (bytes(range(256)) * 40, "This is not a text file"),
        (b"", "The file is empty"),
        (b" \n\t\r\n", "nothing but white space"),
        (b"email,city\n", "a header but no rows"),
        (gzip.compress(b""), "The file is empty"),
        (gzip.compress(gzip.compress(b"a@b.example\n")), "compressed twice"),
        (gzip.compress(PNG), "This is a picture"),
        (gzip.compress(b"a@b.example\n" * 50)[:-9], "damaged or was cut short"),
        (b"\x1f\x8bnot really", "damaged or was cut short"),
    ],
)
def test_another_kind_of_file_is_refused_with_what_to_do(content, words):
    with pytest.raises(FileRefused, match=words) as caught:
        look_at(io.BytesIO(content))
    assert "jane" not in caught.value.sentence


TEXT = "email,name\njosé@example.com,Zoë\nanna@example.com,Łukasz\n"


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (b"email\na@b.example\n", "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        ("email\njosé@example.com\n".encode("cp1252"), "cp1252"),
        # One damaged letter must not turn all others into nonsense.
        (TEXT.encode() + b"d\xe9j\xe0\n", "utf-8"),
    ],
)
def test_the_encoding_is_recognized(head, encoding):
    assert encoding_of(head) == encoding
