"""A file that comes in pieces arrives whole, and goes on where it stopped."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from exports import staging
from exports.upload_models import Upload
from organizations import fence
from tests.exports.driving import files
from tests.exports.piecing import CONTENT, PIECE, Page, said_at_the_field, uploads
from tests.exports.uploading import kept, nothing_is_left, opened
from tests.factories import change

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_pieces")]


def test_pieces_become_the_draft_that_one_request_makes(window, acme):
    answer = window.begun().send_all().complete()
    (draft,) = kept(acme)
    assert answer.json() == {"next_url": reverse("exports:start", args=[draft.pk])}
    assert (draft.file_name, draft.file_size) == ("buyers.csv", len(CONTENT))
    assert opened(draft) == CONTENT
    assert uploads(acme) == []
    assert all(name.startswith(f"{draft.staged_name}/") for name in files())
    assert window.client.get(answer.json()["next_url"]).status_code == 200


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_file_of_any_size_arrives_whole(client_of, creator, destination, acme, size):
    # One row and one cell at least, so that it is a table.
    content = CONTENT[:size] if size > 20 else b"a"
    window = Page(client_of(creator), destination, content).begun().send_all()
    with fence.inside(acme.id):
        upload = Upload.objects.get()
        key = staging.file_key(upload)
    with staging.reading(upload.staged_name, key) as stream:
        assert stream.read() == content
    assert window.complete().status_code == (200 if size > 20 else 422)


def test_the_same_file_goes_on_where_it_stopped(window, client_of, creator, destination, acme):
    window.begun()
    window.send(0)
    window.send(PIECE)
    again = Page(client_of(creator), destination, CONTENT).begun()
    assert again.upload["offset"] == 2 * PIECE == again.offset()
    again.send_all().complete()
    assert opened(kept(acme)[0]) == CONTENT


@pytest.mark.parametrize(
    "other", [{"modified": 18}, {"name": "other.csv"}, {"digest": "0" * 64}, {"size": 5}]
)
def test_another_file_begins_anew(window, client_of, creator, destination, acme, other):
    window.begun().send(0)
    again = Page(client_of(creator), destination, CONTENT, **other).begun()
    assert again.upload["offset"] == 0
    assert len(uploads(acme)) == 2


def test_every_piece_that_was_acknowledged_is_sealed_on_disk(window, staging_folder):
    window.begun().send(0)
    (path,) = [each for each in staging_folder.rglob("*") if each.is_file()]
    assert path.name == "000000"
    assert b"person" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("offset", "size"),
    [(PIECE, PIECE), (1, PIECE), (0, PIECE - 1), (0, PIECE + 1), (-PIECE, PIECE)],
)
def test_a_piece_of_another_place_or_size_is_not_taken(window, offset, size):
    window.begun()
    answer = window.send(offset, CONTENT[:size])
    assert (answer.status_code, answer.json()) == (409, {"elsewhere": False})
    assert window.offset() == 0
    assert files() == set()


def test_a_piece_sent_twice_is_told_and_changes_nothing(window, acme):
    window.begun().send(0)
    assert window.send(0).status_code == 409
    window.upload["offset"] = window.offset()
    window.send_all().complete()
    assert opened(kept(acme)[0]) == CONTENT


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload-Offset": ""},
        {"Upload-Offset": "zero"},
        {"Upload-Claim": ""},
        {"Upload-Claim": "1"},
        {"content_type": "text/plain"},
        {"Content-Length": ""},
    ],
)
def test_what_is_no_piece_is_refused(window, headers):
    window.begun()
    assert window.send(0, **headers).status_code == 400
    assert files() == set()


def test_it_is_not_complete_before_it_is_whole(window, acme):
    window.begun().send(0)
    assert window.complete().status_code == 409
    assert kept(acme) == []
    assert window.offset() == PIECE


def test_completing_again_leads_to_the_same_draft(window, acme):
    window.begun().send_all()
    first = window.complete().json()
    assert window.complete().json() == first
    assert len(kept(acme)) == 1


def test_what_is_no_table_is_refused_at_the_field_and_not_kept(
    client_of, creator, destination, acme
):
    content = b"\x89PNG\r\n\x1a\n" + bytes(200)
    window = Page(client_of(creator), destination, content).begun().send_all()
    assert "This is a picture" in said_at_the_field(window.complete())
    assert nothing_is_left(acme)
    assert uploads(acme) == []


def test_files_that_were_lost_from_the_disk_are_noticed(window, acme):
    window.begun().send_all()
    (upload,) = uploads(acme)
    staging.remove(f"{upload.staged_name}/000001")
    # Choosing it again begins at the beginning.
    assert window.begun().upload["offset"] == 0
    window.send_all()
    staging.remove(f"{upload.staged_name}/000001")
    assert "cannot be read any more" in said_at_the_field(window.complete())
    assert nothing_is_left(acme)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"size": 0}, "The file is empty."),
        ({"modified": "lately"}, "did not say which file"),
        ({"digest": "x"}, "did not say which file"),
        ({"name": ""}, "did not say which file"),
        ({"name": "a\x00b"}, "did not say which file"),
    ],
)
def test_what_a_page_says_wrongly_is_refused(client_of, creator, destination, acme, said, words):
    window = Page(client_of(creator), destination, CONTENT, **said)
    answer = window.choose()
    assert words in said_at_the_field(answer)
    assert uploads(acme) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../etc/passwd", "passwd"), ("C:\\x\\b.csv", "b.csv"), ("a/\x1b\x07", "file")],
)
def test_a_name_cannot_lead_out_of_the_folder(client_of, creator, destination, acme, name, shown):
    Page(client_of(creator), destination, CONTENT, name=name).begun()
    assert uploads(acme)[0].file_name == shown


def test_a_destroyed_export_leaves_no_piece(window, acme):
    window.begun().send_all().complete()
    (draft,) = kept(acme)
    window.client.post(reverse("exports:discard", args=[draft.pk]))
    assert nothing_is_left(acme)


def test_the_database_holds_what_is_received_within_the_size(window, acme):
    window.begun()
    (upload,) = uploads(acme)
    with pytest.raises(IntegrityError):
        change(upload, received=len(CONTENT) + 1)
