"""A file from an address: received sealed, gone on with, or said why not."""

import uuid
from datetime import timedelta
from threading import BoundedSemaphore

import pytest
from django.db.models.functions import Now

from exports import fetching, tasks
from exports.addresses import parsed
from exports.fetch_services import ROUTE
from infosum_auth.environment import Intake
from organizations.models import Route
from tests.exports.driving import files
from tests.exports.fetches import LONG, PIECE, at_once, draft_of, go, wanted
from tests.exports.uploading import opened
from tests.factories import change, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_fetched_pieces")]


def test_a_file_becomes_a_draft_like_an_upload(destination, creator, server):
    server.content = LONG
    row = wanted(destination, creator, server.address())
    go(row)
    draft = draft_of(row)
    assert opened(draft) == LONG
    assert (draft.file_name, draft.file_size) == ("buyers.csv", len(LONG))
    assert draft.address == server.address()
    assert draft.created_by == creator
    assert not Route.objects.filter(kind=ROUTE).exists()
    assert server.asked[0]["accept-encoding"] == "identity"


def test_nothing_is_on_disk_in_the_clear(destination, creator, server, staging_folder):
    server.content = LONG
    go(wanted(destination, creator, server.address()))
    everything = b"".join(each.read_bytes() for each in staging_folder.rglob("*") if each.is_file())
    assert len(everything) > len(LONG)
    assert b"@example.com" not in everything


def test_a_download_that_broke_off_goes_on_where_it_stopped(destination, creator, server):
    server.content, server.cut_after = LONG, [3 * PIECE + 100]
    row = wanted(destination, creator, server.address())
    go(row)
    assert stored(row).received == 3 * PIECE
    assert "broke off" in stored(row).trouble
    # Not before its pause is over.
    go(row)
    assert len(server.asked) == 1
    at_once(row)
    assert opened(draft_of(row)) == LONG
    assert server.asked[1]["range"] == f"bytes={3 * PIECE}-"
    assert server.asked[1]["if-range"] == '"v1"'


@pytest.mark.parametrize("why", ["no range", "another version", "no mark"])
def test_it_begins_anew_where_it_cannot_go_on(destination, creator, server, why):
    server.content, server.cut_after = LONG, [3 * PIECE + 100]
    if why == "no mark":
        server.tag = ""
    row = wanted(destination, creator, server.address())
    go(row)
    newer = LONG.replace(b"person", b"nobody")
    if why == "no range":
        server.knows_range = False
    elif why == "another version":
        server.content, server.tag = newer, '"v2"'
    at_once(row)
    if why == "no mark":
        at_once(row)
    draft = draft_of(row)
    assert opened(draft) == (newer if why == "another version" else LONG)
    # The pieces of before are gone.
    assert {name.split("/")[1] for name in files()} == {draft.staged_name.split("/")[1]}


def test_a_killed_workers_fetch_is_taken_over(destination, creator, server, monkeypatch):
    server.content = LONG
    row = wanted(destination, creator, server.address())

    def killed(self, piece, *, last):
        if self.row.received == 2 * PIECE:
            raise KeyboardInterrupt
        keep(self, piece, last=last)

    keep = fetching._Work._keep
    with monkeypatch.context() as patch:
        patch.setattr(fetching._Work, "_keep", killed)
        with pytest.raises(KeyboardInterrupt):
            go(row)
    # As long as its lease lasts, nobody else begins.
    go(row)
    assert len(server.asked) == 1
    change(row, lease_until=Now() - timedelta(seconds=1))
    go(row)
    assert opened(draft_of(row)) == LONG
    assert server.asked[1]["range"] == f"bytes={2 * PIECE}-"


def test_a_worker_that_lost_its_lease_writes_nothing(destination, creator, server, monkeypatch):
    server.content = LONG
    row = wanted(destination, creator, server.address())
    keep = fetching._Work._keep

    def taken_over(self, piece, *, last):
        change(row, lease_owner=uuid.uuid4())
        keep(self, piece, last=last)

    monkeypatch.setattr(fetching._Work, "_keep", taken_over)
    go(row)
    assert stored(row).received == 0
    assert files() == set()


def test_one_that_is_whole_is_not_asked_for_again(destination, creator, server, monkeypatch):
    row = wanted(destination, creator, server.address())

    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetching._Work, "complete", killed)
        with pytest.raises(KeyboardInterrupt):
            go(row)
    change(row, lease_until=None)
    go(row)
    assert opened(draft_of(row)) == server.content
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "no file at the address"), (403, "does not let us"), (400, "does not give")],
)
def test_what_cannot_be_mended_by_asking_again_fails_at_once(
    destination, creator, server, status, words
):
    server.statuses = [status]
    row = wanted(destination, creator, server.address())
    go(row)
    assert stored(row).failed_at is not None
    assert words in stored(row).trouble
    assert str(status) in stored(row).trouble


def test_trouble_is_tried_again_and_given_up_in_the_end(destination, creator, server):
    server.statuses = [503] * 20
    row = wanted(destination, creator, server.address())
    for _ in range(fetching.MOST_ATTEMPTS):
        assert stored(row).failed_at is None
        at_once(row)
    assert stored(row).failed_at is not None
    assert len(server.asked) == fetching.MOST_ATTEMPTS


def test_a_redirect_is_followed_within_the_list_only(destination, creator, server):
    server.statuses, server.location = [302], "other.csv"
    row = wanted(destination, creator, server.address())
    go(row)
    assert draft_of(row).file_name == "buyers.csv"
    for elsewhere in (
        "https://evil.example/files/a.csv",
        "/secret/a.csv",
        "../secret.csv",
        f"http://127.0.0.1:{server.http.server_port + 1}/files/a.csv",
        "//169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "",
    ):
        server.statuses, server.location = [302], elsewhere
        asked = len(server.asked)
        row = wanted(destination, creator, server.address())
        go(row)
        assert "does not allow" in stored(row).trouble, elsewhere
        assert len(server.asked) == asked + 1


def test_redirects_in_a_circle_end(destination, creator, server):
    server.statuses, server.location = [302] * 50, "buyers.csv"
    row = wanted(destination, creator, server.address())
    go(row)
    assert "leads on and on" in stored(row).trouble


def test_too_large_a_file_is_refused_announced_or_not(destination, creator, server, settings):
    settings.UPLOAD_MAX_BYTES = len(LONG) - 1
    server.content = LONG
    row = wanted(destination, creator, server.address())
    go(row)
    assert "larger than" in stored(row).trouble


def test_a_file_whose_length_nobody_says_is_not_taken(destination, creator, server):
    server.without_length = True
    row = wanted(destination, creator, server.address())
    go(row)
    assert "does not say how long" in stored(row).trouble


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 500])
def test_what_is_no_table_is_said(destination, creator, server, content):
    server.content = content
    row = wanted(destination, creator, server.address())
    go(row)
    assert stored(row).failed_at is not None
    assert stored(row).trouble


def test_without_the_setting_this_machine_is_not_asked(destination, creator, server, settings):
    row = wanted(destination, creator, server.address())
    settings.INTAKE = Intake(settings.INTAKE.addresses, loopback=False)
    go(row)
    assert stored(row).failed_at is not None
    assert server.asked == []


def test_an_address_that_was_taken_off_the_list_is_not_asked(
    destination, creator, server, settings
):
    row = wanted(destination, creator, server.address())
    settings.INTAKE = Intake((), loopback=True)
    go(row)
    assert "does not allow" in stored(row).trouble
    assert server.asked == []


def test_an_organization_fetches_a_few_at_a_time(destination, creator, server):
    rows = [wanted(destination, creator, server.address()) for _ in range(fetching.AT_ONCE + 1)]
    for row in rows[:-1]:
        change(row, lease_owner=uuid.uuid4(), lease_until=Now() + timedelta(minutes=1))
    go(rows[-1])
    assert server.asked == []
    change(rows[0], lease_until=None)
    go(rows[-1])
    assert len(server.asked) == 1


def test_the_sweep_finds_a_fetch_whose_message_was_lost(
    destination, creator, server, monkeypatch, django_capture_on_commit_callbacks
):
    row = wanted(destination, creator, server.address())
    sent = []
    monkeypatch.setattr(tasks.fetch, "delay", lambda *ids: sent.append(ids))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_exports()
    assert sent == [(str(row.organization_id), str(row.pk))]


@pytest.mark.parametrize(
    ("secret", "words"), [("sandbox-s3-secret", ""), ("wrong", "does not let us")]
)
def test_s3_is_asked_with_a_signature_that_it_checks(
    destination, creator, settings, sandbox, secret, words
):
    settings.INTAKE = Intake(
        (parsed("s3://sample-bucket/audiences/"),),
        loopback=True,
        s3_endpoint=f"{sandbox.url}/_s3",
        s3_region="us-east-1",
        s3_key_id="sandbox-s3-key",
        s3_secret=secret,
    )
    row = wanted(destination, creator, "s3://sample-bucket/audiences/customers.csv")
    go(row)
    if words:
        assert words in stored(row).trouble
    else:
        assert opened(draft_of(row)).startswith(b"id,email\n1,cust1@example.com\n")


def test_slow_servers_do_not_take_all_threads_of_a_worker(
    destination, creator, server, monkeypatch
):
    monkeypatch.setattr(fetching, "_places", BoundedSemaphore(1))
    row = wanted(destination, creator, server.address())
    with fetching._places:
        go(row)
        assert server.asked == []
    go(row)
    assert draft_of(row)


def test_a_file_of_unknown_length_leaves_the_room_that_is_to_stay_free(
    destination, creator, server, monkeypatch
):
    asked = []

    def room(size):
        asked.append(size)
        return len(asked) < 3

    monkeypatch.setattr(fetching, "has_room", room)
    monkeypatch.setattr(fetching, "PIECE_BYTES", PIECE)
    server.content = LONG
    row = wanted(destination, creator, server.address())
    go(row)
    assert "There is no room" in stored(row).trouble
    assert stored(row).received == PIECE
