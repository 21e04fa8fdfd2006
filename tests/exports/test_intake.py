"""Files as programs really write them, the whole way: uploaded, looked at, corrected, prepared."""

import codecs
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from exports import preparation
from exports.engine.batches import decode
from exports.staging import file_key, reading
from exports.states import ExportState
from organizations import fence
from tests.exports.driving import batches, digests
from tests.exports.uploading import file, kept
from tests.factories import stored

pytestmark = pytest.mark.django_db

PEOPLE = [("Jürgen Groß", "juergen@example.com"), ("Zoë, née Brontë", "zoe@example.com")]
PEOPLE += [("Anna; Maria", "anna@example.com"), ("Tab\tStop | Pipe", "pipe@example.com")]
MAILS = [mail for _, mail in PEOPLE]


def written(delimiter: str, quote: bool = True, end: str = "\r\n") -> str:
    def cell(text: str) -> str:
        is_open = not quote and not set(text) & set(f'{delimiter}"\r\n')
        return text if is_open else '"' + text.replace('"', '""') + '"'

    rows = [("Name", "E-Mail"), *PEOPLE, ("Anna again", "ANNA@example.com ")]
    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


def parquet() -> bytes:
    found = io.BytesIO()
    names, mails = zip(*PEOPLE, strict=True)
    columns = {"Name": names, "E-Mail": pa.array(mails).dictionary_encode()}
    pq.write_table(pa.table(columns), found)
    return found.getvalue()


FILES = {
    **{
        f"{name} in {encoding}": written(delimiter).encode(encoding)
        for name, delimiter in {
            "commas": ",",
            "semicolons": ";",
            "tabs": "\t",
            "pipes": "|",
        }.items()
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1")
    },
    "few marks": written(";", quote=False).encode(),
    "line ends of Unix": written(",", end="\n").encode(),
    "line ends of an old Mac": written(",", end="\r").encode(),
    "no last line end": written(",").rstrip().encode(),
    "UTF-16 of Windows without a mark": written("\t").encode("utf-16-le"),
    "UTF-16 the other way round": codecs.BOM_UTF16_BE + written("\t").encode("utf-16-be"),
    "that without a mark": written("\t").encode("utf-16-be"),
    "gzip": gzip.compress(written(",").encode()),
    "gzip of UTF-16": gzip.compress(written(";").encode("utf-16")),
    "gzip of Windows": gzip.compress(written(";").encode("cp1252")),
    "Parquet": parquet(),
}


def sent_of(export) -> set[str]:
    found = set()
    with fence.inside(export.organization_id):
        key = file_key(export)
    for batch in batches(export):
        with reading(batch.stored_name, key) as stream:
            found |= {digest for row in decode(stream.read()).rows for digest in row if digest}
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_goes_the_whole_way_however_it_is_written(client_of, creator, acme, address, name):
    client = client_of(creator)
    assert client.post(address, {"file": file(FILES[name])}).status_code == 302
    (draft,) = kept(acme)
    start = reverse("exports:start", args=[draft.pk])
    page = client.get(start).content.decode()
    assert '<option value="1" selected>E-Mail (as typed)' in page
    assert "No column looks like" not in page
    assert client.post(start, {"column-email": "1", "mode": "add"}).status_code == 302
    preparation.prepare(draft.organization_id, draft.id)
    export = stored(draft)
    assert export.state == ExportState.SENDING
    assert sent_of(export) == digests(*MAILS)
    assert (export.rejected, export.rows - export.duplicates) == (0, len(PEOPLE))


def test_whether_parquet_has_a_header_is_no_question(client_of, creator, acme, address):
    client = client_of(creator)
    client.post(address, {"file": file(parquet(), name="buyers.parquet")})
    (draft,) = kept(acme)
    start = reverse("exports:start", args=[draft.pk])
    assert "The first row was read" not in client.get(start).content.decode()
    client.post(start, {"has_header": "yes"})
    assert stored(draft).shape == draft.shape
