"""Many workers at once: one audience, each batch once, and never faster than allowed."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest
from django.conf import settings as django_settings
from django.db import connections

from exports import conducting, rates, sending, staging, tasks
from exports.engine.sealed_pieces import piece_label
from exports.engine.sealed_stream import SealedReader
from exports.preparation import prepare
from exports.states import ExportState
from organizations import fence
from organizations.models import Route
from providers.declarations import Limits, Per, Rate
from tests.exports.driving import (
    ADDRESSES,
    advance,
    batches,
    delivered,
    digests,
    files,
    prepared,
    started,
)
from tests.exports.piecing import PIECE, Page, uploads
from tests.exports.uploading import kept
from tests.factories import stored

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(work, *items):
    def run(item):
        try:
            return work(item)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(run, items))


def test_many_who_advance_at_once_create_one_audience(servers, destination, creator):
    export = prepared(destination, creator)
    servers.answer("create", lambda: time.sleep(0.2))
    at_once(lambda _: conducting.advance(export.organization_id, export.id), *range(6))
    assert servers.count("create") == 1
    assert delivered(export).state == ExportState.SUCCEEDED


def test_many_who_prepare_at_once_prepare_once(servers, destination, creator):
    export = started(destination, creator)
    at_once(lambda _: prepare(export.organization_id, export.id), *range(4))
    assert stored(export).state == ExportState.SENDING
    assert [batch.number for batch in batches(export)] == [1, 2, 3]


def test_a_batch_that_many_were_told_of_is_sent_once(servers, destination, creator):
    export = prepared(destination, creator)
    told = [*advance(export).send] * 3
    at_once(lambda _: sending.send_for_a_while(export.organization_id, export.id), *told)
    assert servers.count("add") == 3
    assert [batch.attempts for batch in batches(export)] == [1, 1, 1]
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_of_many_pieces_for_one_place_one_counts(window, creator, client_of, acme, small_pieces):
    window.begun()
    pages = [
        Page(client_of(creator), window.destination, bytes([byte]) * PIECE) for byte in b"abcdef"
    ]
    for page in pages:
        page.upload = window.upload
    answers = at_once(lambda page: page.send(0).status_code, *pages)
    assert sorted(answers) == [204, 409, 409, 409, 409, 409]
    (upload,) = uploads(acme)
    assert files() == {f"{upload.staged_name}/000000"}
    with fence.inside(upload.organization_id):
        key = staging.file_key(upload)
    winner = pages[answers.index(204)]
    path = Path(django_settings.STAGING_DIR, upload.staged_name, "000000")
    label = piece_label(upload.staged_name, 0, last=False)
    with path.open("rb") as raw, SealedReader(raw, key, label) as piece:
        assert piece.readall() == winner.content


def test_two_windows_that_choose_one_file_at_once_get_one_upload(window, client_of, creator):
    windows = [Page(client_of(creator), window.destination) for _ in range(4)]
    answers = at_once(lambda each: each.choose().json()["pieces"], *windows)
    assert len(set(answers)) == 1


def test_many_that_begin_at_once_are_not_more_than_may_be(window, client_of, creator, settings):
    settings.UPLOADS_AT_ONCE = 2
    windows = [Page(client_of(creator), window.destination, modified=n) for n in range(6)]
    answers = at_once(lambda each: each.choose().status_code, *windows)
    assert sorted(answers) == [200, 200, 422, 422, 422, 422]


def test_many_who_complete_at_once_make_one_draft(window, acme):
    window.begun().send_all()
    answers = at_once(lambda _: window.complete().json()["next_url"], *range(4))
    assert len(set(answers)) == 1
    assert len(kept(acme)) == 1


def test_threads_never_exceed_the_rate(sample_platform, db):
    def ask(number):
        sender = rates.Sender(sample_platform, uuid.UUID(int=number % 2), "a1")
        for _ in range(3):
            time.sleep(rates.reserve(sender, patience=60))
            with lock:
                went[number % 2].append(time.monotonic())

    went: dict[int, list[float]] = {0: [], 1: []}
    lock = Lock()
    sample_platform.limits = Limits(
        batch_rows=3, rates=(Rate(20, 1, Per.APP), Rate(12, 1, Per.AUTHORIZATION))
    )
    at_once(ask, *range(6))
    for each in went.values():
        assert len(each) == 9
        # Waking up late is no fault, going too early would be.
        assert max(each) - min(each) >= 8 / 12 - 0.05
    both = went[0] + went[1]
    assert max(both) - min(both) >= 17 / 20 - 0.05


@pytest.fixture
def eager():
    """Run tasks where they are sent, after the commit that sent them."""
    app = tasks.advance.app
    before = app.conf.task_always_eager
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = before


def test_messages_alone_bring_an_export_to_its_end(eager, servers, destination, creator):
    export = started(destination, creator)
    tasks.advance.delay(str(export.organization_id), str(export.id))
    assert stored(export).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_a_broker_that_is_down_delays_and_loses_nothing(
    servers, destination, creator, monkeypatch, request
):
    def down(*_args, **_options):
        raise ConnectionError

    export = started(destination, creator)
    with monkeypatch.context() as patch:
        for task in (tasks.advance, tasks.prepare_small, tasks.send_small):
            patch.setattr(task, "apply_async", down)
        tasks.sweep_exports()
        tasks.advance(str(export.organization_id), str(export.id))
    assert stored(export).state == ExportState.PREPARING
    request.getfixturevalue("eager")
    Route.objects.filter(kind="export").update(due_at="2026-01-01T00:00:00Z")
    tasks.sweep_exports()
    assert stored(export).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)
    assert django_settings.CELERY_BEAT_SCHEDULE["exports"]["task"] == tasks.sweep_exports.name
