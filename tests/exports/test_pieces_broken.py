"""Whatever breaks while a piece comes, it loses that piece and nothing else."""

import errno
import io
import os
import random

import pytest
from django.http import UnreadablePostError

from exports import pieces, staging
from exports.upload_models import Upload
from tests.exports.cutting_off import after_each_commit, killed_before_a_piece_counts, start
from tests.exports.driving import files
from tests.exports.piecing import CONTENT, PIECE, Page, uploads
from tests.exports.preparing import run, sent_of
from tests.exports.sample_servers import Killed
from tests.exports.uploading import kept, nothing_is_left, opened
from tests.factories import stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_pieces")]


class Breaking:
    """A body whose connection breaks, or ends, after some bytes."""

    def __init__(self, content: bytes, after: int, error: Exception | None = None) -> None:
        self.content, self.error = io.BytesIO(content[:after]), error

    def read(self, size: int, /) -> bytes:
        data = self.content.read(size)
        if not data and self.error:
            raise self.error
        return data


@pytest.mark.parametrize("after", [0, 1, 70_000, PIECE - 1])
@pytest.mark.parametrize("error", [None, UnreadablePostError("reset by peer")])
def test_a_connection_that_breaks_loses_only_the_piece_in_flight(window, acme, after, error):
    window.begun().send(0)
    (upload,) = uploads(acme)
    with pytest.raises(pieces.Cut):
        pieces.piece_receive(
            upload=upload,
            claim=upload.claim,
            offset=PIECE,
            size=PIECE,
            body=Breaking(CONTENT[PIECE:], after, error),
        )
    assert window.offset() == PIECE
    assert files() == {f"{upload.staged_name}/000000"}
    window.upload["offset"] = PIECE
    window.send_all().complete()
    assert opened(kept(acme)[0]) == CONTENT


def test_what_a_killed_process_left_is_removed_by_the_next_piece(window, acme, staging_folder):
    window.begun()
    (upload,) = uploads(acme)
    left = staging_folder / staging.new_name(upload.id, "part")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    # Killed after the piece was put in its place, before it counted.
    placed = staging_folder / upload.staged_name / "000000"
    placed.parent.mkdir()
    placed.write_bytes(b"of another try")
    window.send(0)
    assert files() == {f"{upload.staged_name}/000000"}
    window.upload["offset"] = PIECE
    window.send_all().complete()
    assert opened(kept(acme)[0]) == CONTENT


@pytest.mark.parametrize("number", [1, len(CONTENT) // PIECE])
def test_a_kill_before_a_placed_piece_counts_costs_that_piece_alone(
    window, client_of, creator, destination, acme, monkeypatch, number
):
    window.begun()
    for before in range(number):
        window.send(before * PIECE)
    with monkeypatch.context() as patch:
        killed_before_a_piece_counts(patch)
        with pytest.raises(Killed):
            window.send(number * PIECE)
    assert len(files()) == number + 1
    again = Page(client_of(creator), destination, CONTENT).begun()
    assert again.upload["offset"] == number * PIECE
    # What lies there too much makes nothing whole.
    assert again.complete().status_code == 409
    again.send_all().complete()
    assert opened(kept(acme)[0]) == CONTENT


@pytest.mark.parametrize("size", [2 * PIECE, 2 * PIECE + 1])
def test_no_empty_piece_follows_the_last_or_takes_its_place(
    client_of, creator, destination, acme, size
):
    window = Page(client_of(creator), destination, CONTENT[:size]).begun().send_all()
    (upload,) = uploads(acme)
    with pytest.raises(pieces.WrongPlace):
        pieces.piece_receive(
            upload=upload, claim=upload.claim, offset=size, size=0, body=io.BytesIO()
        )
    window.complete()
    assert opened(kept(acme)[0]) == CONTENT[:size]


def test_who_wakes_after_the_draft_was_kept_leaves_what_was_made_of_it(window, acme, monkeypatch):
    window.begun().send_all()

    def prepared_meanwhile():
        start(kept(acme)[0])
        run(kept(acme)[0])

    after_each_commit(monkeypatch, pieces, prepared_meanwhile)
    assert window.complete().status_code == 200
    assert len(sent_of(stored(kept(acme)[0]))) == CONTENT.count(b"@")


def test_halves_are_destroyed_when_the_file_becomes_a_draft(window, acme, staging_folder):
    window.begun().send_all()
    (upload,) = uploads(acme)
    (staging_folder / staging.new_name(upload.id, "part")).write_bytes(b"half")
    window.complete()
    assert all(name.startswith(f"{upload.staged_name}/") for name in files())


class Meanwhile(io.BytesIO):
    """A body during which something else happens."""

    def __init__(self, content: bytes, then) -> None:
        super().__init__(content)
        self.then = then

    def read(self, size=-1, /) -> bytes:
        then, self.then = self.then, lambda: None
        then()
        return super().read(size)


def receive(upload: Upload, offset: int, body) -> int:
    return pieces.piece_receive(
        upload=upload, claim=upload.claim, offset=offset, size=PIECE, body=body
    )


def test_of_two_requests_for_one_place_one_counts_and_the_other_is_told(window, acme):
    window.begun()
    (upload,) = uploads(acme)
    other = bytes(PIECE)
    with pytest.raises(pieces.WrongPlace):
        receive(upload, 0, Meanwhile(other, lambda: window.send(0)))
    assert window.offset() == PIECE
    window.upload["offset"] = PIECE
    window.send_all().complete()
    assert opened(kept(acme)[0]) == CONTENT
    assert not any("part" in name for name in files())


def test_the_newest_window_sends_and_the_other_is_told(window, client_of, creator, destination):
    window.begun().send(0)
    newer = Page(client_of(creator), destination, CONTENT).begun()
    answer = window.send(PIECE)
    assert (answer.status_code, answer.json()) == (409, {"elsewhere": True})
    assert newer.send(PIECE).status_code == 204


def test_a_window_that_sends_while_another_takes_over_is_told(
    window, client_of, creator, destination, acme
):
    window.begun()
    (upload,) = uploads(acme)
    newer = Page(client_of(creator), destination, CONTENT)
    with pytest.raises(pieces.Elsewhere):
        receive(upload, 0, Meanwhile(CONTENT[:PIECE], newer.begun))
    assert newer.offset() == 0
    assert files() == set()


def test_discarding_destroys_what_is_here_and_what_still_comes(window, acme):
    window.begun().send(0)
    (upload,) = uploads(acme)
    discard = lambda: window.client.post(window.upload["discard"])  # noqa: E731 - said where it is used
    with pytest.raises(pieces.Gone):
        receive(upload, PIECE, Meanwhile(CONTENT[PIECE : 2 * PIECE], discard))
    assert nothing_is_left(acme)
    assert uploads(acme) == []
    assert window.client.get(window.upload["pieces"]).status_code == 404
    assert window.send(PIECE).status_code == 404


def test_a_full_disk_keeps_what_arrived_and_it_goes_on_later(window, acme, monkeypatch):
    window.begun().send(0)
    real = os.fdopen

    class Full(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data, /):
            raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:

        def full(descriptor, *how, **more):
            real(descriptor, *how, **more).close()
            return Full()

        patch.setattr(staging.os, "fdopen", full)
        assert window.send(PIECE).status_code == 507
    assert window.offset() == PIECE
    assert not any("part" in name for name in files())
    window.upload["offset"] = PIECE
    window.send_all().complete()
    assert opened(kept(acme)[0]) == CONTENT


def test_random_breaks_never_change_what_arrives(window, acme):
    chance = random.Random(7)
    window.begun()
    offset = 0
    while offset < len(CONTENT):
        (upload,) = uploads(acme)
        size = min(PIECE, len(CONTENT) - offset)
        how = chance.choice(["whole", "cut", "again", "lost answer"])
        if how == "cut":
            with pytest.raises(pieces.Cut):
                pieces.piece_receive(
                    upload=upload,
                    claim=upload.claim,
                    offset=offset,
                    size=size,
                    body=Breaking(CONTENT[offset:], chance.randrange(size)),
                )
        elif how == "again":
            window.begun()
        elif how == "lost answer":
            window.send(offset)
            assert window.send(offset).status_code == 409
        else:
            window.send(offset)
        offset = window.offset()
    window.complete()
    assert opened(kept(acme)[0]) == CONTENT
    assert stored(kept(acme)[0]).file_size == len(CONTENT)
