"""A file on its way in: sealed while it is received, kept whole or not at all."""

import errno
import gzip
import io
import os

import pytest
from django.core.files.uploadhandler import StopUpload
from django.test import RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse

from exports import staging
from exports.engine.sealed_stream import new_key
from exports.uploads import SealingUploadHandler
from tests.exports.driving import files, table
from tests.exports.uploading import CONTENT, file, kept, nothing_is_left, opened

pytestmark = pytest.mark.django_db


def test_an_upload_becomes_a_draft_and_leads_on(client_of, creator, acme, address):
    answer = client_of(creator).post(address, {"file": file()})
    (draft,) = kept(acme)
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("exports:start", args=[draft.pk]),
    )
    assert (draft.file_name, draft.file_size, draft.state) == ("buyers.csv", len(CONTENT), "draft")
    assert opened(draft) == CONTENT


@pytest.mark.parametrize("size", [1, 65536, 3_000_000])
def test_a_file_of_any_size_arrives_whole(client_of, creator, acme, address, size):
    content = (b"email\n" + b"jane@example.com\n" * (size // 17 + 1))[: max(size, 24)]
    client_of(creator).post(address, {"file": file(content)})
    assert opened(kept(acme)[0]) == content


def test_it_is_sealed_while_it_is_received(acme, settings, staging_folder, monkeypatch):
    seen: list[bytes] = []
    receive = SealingUploadHandler.receive_data_chunk

    def look(handler, data, start):
        receive(handler, data, start)
        seen.extend(path.read_bytes() for path in staging_folder.rglob("*") if path.is_file())

    monkeypatch.setattr(SealingUploadHandler, "receive_data_chunk", look)
    content = b"jane@example.com\n" * 150_000
    request = RequestFactory().post("/", {"file": file(content)})
    handler = SealingUploadHandler(request, name="x/upload", key=new_key(), most_bytes=10**9)
    request.upload_handlers = [handler]
    assert request.FILES["file"].size == len(content)
    assert len(seen) > 3
    assert max(map(len, seen)) > 1_000_000
    assert not any(b"jane@example" in each for each in seen)
    assert {path.name for path in staging_folder.rglob("*")} == {"x", "upload"}
    assert (staging_folder / "x" / "upload").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_too_large_is_refused_while_it_comes(
    client_of, creator, acme, address, settings
):
    settings.UPLOAD_MAX_BYTES = 2 * 1024**2
    answer = client_of(creator).post(address, {"file": file(b"a@b.example\n" * 200_000)})
    assert answer.status_code == 422
    assert "The file is larger than 2.0\xa0MB." in answer.content.decode()
    assert "Choose a file" not in answer.content.decode()
    assert nothing_is_left(acme)


def test_what_is_refused_takes_no_room_while_the_rest_is_read(acme):
    handler = SealingUploadHandler(
        RequestFactory().post("/"), name="x/upload", key=new_key(), most_bytes=100_000
    )
    handler.new_file("file", "buyers.csv", "text/csv", None, None, {})
    handler.receive_data_chunk(b"x" * 90_000, 0)
    assert files() == {"x/upload"}
    with pytest.raises(StopUpload) as caught:
        handler.receive_data_chunk(b"x" * 90_000, 90_000)
    assert files() == set()
    # The browser must get to read the answer.
    assert not caught.value.connection_reset


class FullDisk:
    """Stand at the edge of the operating system and say that there is no room."""

    def __init__(self, monkeypatch, number: int, after: int = 0) -> None:
        self.number = number
        self.after = after
        real = os.fdopen

        def full(descriptor, *args, **kwargs):
            raw = real(descriptor, *args, **kwargs)
            return self.standing_in_for(raw)

        monkeypatch.setattr(staging.os, "fdopen", full)

    def standing_in_for(self, raw):
        disk = self

        class Raw:
            def __enter__(self):
                return self

            def __exit__(self, *error):
                raw.close()

            def write(self, data):
                disk.after -= len(data)
                if disk.after < 0:
                    raise OSError(disk.number, os.strerror(disk.number))
                return raw.write(data)

            def flush(self):
                raw.flush()

            def fileno(self):
                return raw.fileno()

        return Raw()


@pytest.mark.parametrize("after", [0, 100, 500_000])
def test_no_room_is_said_and_nothing_is_kept(client_of, creator, acme, address, monkeypatch, after):
    with monkeypatch.context() as patch:
        FullDisk(patch, errno.ENOSPC, after)
        content = b"a@b.example\n" * 100_000 if after > 1000 else CONTENT
        answer = client_of(creator).post(address, {"file": file(content)})
    assert answer.status_code == 422
    assert "There is no room for the file on this server just now." in answer.content.decode()
    assert nothing_is_left(acme)


def test_no_room_for_a_new_file_at_all_is_said_too(client_of, creator, acme, address, monkeypatch):
    real = os.open

    def full(path, *args, **kwargs):
        if "upload-" in str(path):
            raise OSError(errno.EDQUOT, "quota")
        return real(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(staging.os, "open", full)
        answer = client_of(creator).post(address, {"file": file()})
    assert "There is no room" in answer.content.decode()
    assert nothing_is_left(acme)


def test_another_fault_of_the_disk_is_for_the_operator(
    client_of, creator, acme, address, monkeypatch
):
    with monkeypatch.context() as patch:
        FullDisk(patch, errno.EIO)
        answer = client_of(creator).post(address, {"file": file()})
    assert "could not be kept on this server. Tell the operator." in answer.content.decode()
    assert nothing_is_left(acme)


def post_raw(client, address: str, stream: io.BytesIO, size: int):
    """Post a body whose connection does not keep what its length promised."""
    client.raise_request_exception = False
    return client.request(
        REQUEST_METHOD="POST",
        PATH_INFO=address,
        CONTENT_TYPE=MULTIPART_CONTENT,
        CONTENT_LENGTH=str(size),
        **{"wsgi.input": stream},
    )


def test_a_connection_that_ends_early_leaves_nothing(client_of, creator, acme, address):
    body = encode_multipart(BOUNDARY, {"file": file(CONTENT * 5000)})
    for share in (0.1, 0.5, 0.99):
        cut = io.BytesIO(body[: int(len(body) * share)])
        assert post_raw(client_of(creator), address, cut, len(body)).status_code == 422
        assert nothing_is_left(acme)


class Breaking(io.BytesIO):
    """A body whose connection breaks in the middle."""

    def read(self, size=-1, /) -> bytes:
        if self.tell() > 1_000_000:
            raise OSError("reset by peer")
        return super().read(size)


def test_a_connection_that_breaks_leaves_nothing(client_of, creator, acme, address):
    body = encode_multipart(BOUNDARY, {"file": file(CONTENT * 20_000)})
    assert post_raw(client_of(creator), address, Breaking(body), len(body)).status_code >= 400
    assert nothing_is_left(acme)


def test_a_broken_request_closes_what_it_had_open(acme, staging_folder):
    handler = SealingUploadHandler(
        RequestFactory().post("/"), name="x/upload", key=new_key(), most_bytes=10**9
    )
    handler.new_file("file", "buyers.csv", "text/csv", None, None, {})
    handler.receive_data_chunk(b"x" * 200_000, 0)
    assert files() == {"x/upload"}
    handler.upload_interrupted()
    handler.upload_interrupted()
    assert files() == set()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "This is a picture"),
        (b"email\n", "a header but no rows"),
        (gzip.compress(CONTENT, mtime=0)[:-4], "damaged or was cut short"),
        (b"a\n" + b"x" * 200_000, "Row 2 has a cell of more than"),
    ],
)
def test_what_is_no_table_is_refused_at_the_field_and_not_kept(
    client_of, creator, acme, address, content, words
):
    answer = client_of(creator).post(address, {"file": file(content)})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'aria-invalid="true"' in page
    assert nothing_is_left(acme)


def test_nothing_sent_is_said_at_the_field(client_of, creator, acme, address):
    for fields in ({}, {"other": file()}, {"file": "text"}):
        answer = client_of(creator).post(address, fields)
        assert answer.status_code == 422
        assert "Choose a file." in answer.content.decode()
    assert nothing_is_left(acme)


def test_of_several_files_the_first_of_its_field_is_taken(client_of, creator, acme, address):
    other = table("other@example.com").encode()
    files_sent = {"before": file(other), "file": [file(), file(other)], "after": file(other)}
    client_of(creator).post(address, files_sent)
    (draft,) = kept(acme)
    assert opened(draft) == CONTENT
    assert files() == {draft.staged_name}


def test_a_name_cannot_lead_out_of_the_folder(client_of, creator, acme, address):
    client_of(creator).post(address, {"file": file(name="../../etc/passwd\x00.csv")})
    (draft,) = kept(acme)
    assert draft.file_name == "passwd.csv"
    assert files() == {draft.staged_name}
    with pytest.raises(ValueError, match="staging folder"):
        staging.remove("../outside")


def test_two_who_remove_the_same_pieces_leave_none_of_them(settings, tmp_path, monkeypatch):
    settings.STAGING_DIR = str(tmp_path)
    folder = tmp_path / "upload"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number:06}").write_bytes(b"piece")
    really = os.unlink

    def unlink(path, **how):
        really(path, **how)
        # The other one was just before us at the next.
        for left in sorted(folder.iterdir())[:1]:
            really(left)

    monkeypatch.setattr(os, "unlink", unlink)
    staging.remove("upload")
    assert not folder.exists()


def test_pieces_that_may_not_be_removed_are_an_error(settings, tmp_path, monkeypatch):
    settings.STAGING_DIR = str(tmp_path)
    (tmp_path / "upload").mkdir()
    (tmp_path / "upload" / "000000").write_bytes(b"piece")

    def unlink(path, **_):
        raise PermissionError(path)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(PermissionError):
        staging.remove("upload")
