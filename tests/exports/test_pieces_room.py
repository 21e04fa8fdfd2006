"""How much may be under way, what is swept, and what the page shows of it."""

import io
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from exports import services, staging, tasks
from exports.upload_models import Upload
from organizations.models import Route
from tests.exports.piecing import CONTENT, PIECE, Page, said_at_the_field, uploads
from tests.exports.uploading import nothing_is_left

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_pieces")]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("UPLOAD_MAX_BYTES", 300_000, "The file is larger than 293.0 KB."),
        ("UPLOADS_AT_ONCE", 0, "There is no room for another upload: 0 of your organization"),
        ("STAGING_KEEP_FREE_BYTES", 2**62, "There is no room for the file on this server"),
    ],
)
def test_what_has_no_room_is_refused_before_the_first_byte(
    window, acme, settings, setting, value, words
):
    setattr(settings, setting, value)
    assert words in said_at_the_field(window.choose())
    assert uploads(acme) == []
    assert nothing_is_left(acme)


def test_what_is_promised_to_others_counts_as_taken(
    window, client_of, creator, destination, settings
):
    window.begun().send(0)
    free = staging.free_bytes()
    # Room for one and a half of them beside what is to be kept free, and a little that others use.
    settings.STAGING_KEEP_FREE_BYTES = free - len(CONTENT) * 3 // 2
    other = Page(client_of(creator), destination, CONTENT, modified=18)
    assert "There is no room" in said_at_the_field(other.choose())
    # Going on with one that has its promise is no new one.
    assert window.choose().status_code == 200


def test_one_request_without_pieces_is_refused_before_the_first_byte_too(
    window, acme, settings, client_of, creator, address
):
    settings.STAGING_KEEP_FREE_BYTES = 2**62
    file = io.BytesIO(CONTENT)
    file.name = "buyers.csv"
    answer = client_of(creator).post(address, {"file": file})
    assert "There is no room for the file on this server" in said_at_the_field(answer)
    assert nothing_is_left(acme)


def due(upload: Upload) -> None:
    Route.objects.filter(kind=services.DRAFT_ROUTE, row_id=upload.id).update(
        due_at=Now() - timedelta(seconds=1)
    )


def test_one_with_which_nobody_goes_on_is_swept(window, acme):
    window.begun().send(0)
    (upload,) = uploads(acme)
    tasks.sweep_drafts()
    assert window.offset() == PIECE
    due(upload)
    tasks.sweep_drafts()
    assert uploads(acme) == []
    assert nothing_is_left(acme)


def test_every_piece_gives_it_another_day(window, acme):
    window.begun()
    (upload,) = uploads(acme)
    due(upload)
    window.send(0)
    tasks.sweep_drafts()
    assert window.offset() == PIECE


def test_the_page_lists_what_was_broken_off_and_offers_to_discard_it(window, address, acme):
    window.begun().send(0)
    shown = window.client.get(address).content.decode()
    assert "Uploads that are not complete" in shown
    assert "buyers.csv" in shown
    assert f'action="{window.upload["discard"]}"' in shown
    answer = window.client.post(window.upload["discard"], follow=True)
    assert "What was uploaded was destroyed. Nothing was sent." in answer.content.decode()
    assert "not complete" not in answer.content.decode()
    assert nothing_is_left(acme)


def test_no_name_or_content_is_logged(window, caplog):
    window.said["name"] = "secret-list.csv"
    window.begun().send(0)
    window.send(0)
    window.send(PIECE, b"person1@example.com")
    window.client.post(window.upload["discard"])
    assert "secret-list" not in caplog.text
    assert "person1" not in caplog.text
