"""Erasing that is killed or frozen, or asked for while something else happens."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.urls import reverse

from exports import erasing, pieces, services
from exports.models import Export
from exports.services import NotNow, export_retry, export_start, may_retry
from exports.states import ExportState, Mode, Operation
from exports.upload_models import Upload
from organizations import fence
from tests.exports.driving import (
    batches,
    delivered,
    digests,
    files,
    let_leases_end,
    started,
)
from tests.exports.erased import asked, carried_out, exports_of, kept_digests
from tests.exports.piecing import Page
from tests.exports.replacing import (
    TWO,
    by_difference,
    nobody_is_asked,
    of_two,
    person_servers,
    replaced,
    two,
)
from tests.exports.sample_servers import Killed
from tests.exports.uploading import file, nothing_is_left
from tests.factories import change, stored

__all__ = ("by_difference", "nobody_is_asked", "of_two", "person_servers")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

A, B, C, X, Y = (f"{letter}@example.com" for letter in "abcxy")


def not_prepared(export):
    """Return an export that was given up while it was prepared, as after three killed tries."""
    change(export, state=ExportState.FAILED, reason="“Retry failed” tries again.")
    return stored(export)


def must_not_be_retried(export, by):
    with fence.inside(export.organization_id), pytest.raises(NotNow):
        export_retry(export=export, by=by)


def test_the_upload_of_an_export_that_was_never_prepared_is_destroyed_at_once(
    servers, destination, creator, admin, acme
):
    delivered(started(destination, creator, B))
    failed = not_prepared(started(destination, creator, A, B))
    with fence.inside(acme.id):
        assert may_retry(failed)
    erasure = asked(acme, admin, A)
    assert files(failed) == set()
    assert stored(failed).staged_name == ""
    assert "upload it again" in stored(failed).reason
    # Read before the erasure was asked for.
    must_not_be_retried(failed, creator)
    carried_out(erasure)
    assert servers.held == {"au1": digests(B)}


def test_what_fails_while_the_erasure_waits_is_not_prepared_behind_it(
    servers, destination, creator, admin, acme, client_of
):
    delivered(started(destination, creator, B))
    export = started(destination, creator, A, B)
    erasure = asked(acme, admin, A)
    failed = not_prepared(export)
    assert failed.staged_name
    must_not_be_retried(failed, creator)
    page = client_of(creator).get(reverse("exports:detail", args=[failed.pk]))
    assert "somebody is being erased" in page.content.decode()
    assert "Retry failed</button>" not in page.content.decode()
    carried_out(erasure)
    assert files(failed) == set()
    must_not_be_retried(failed, creator)
    # One that fails later has no one behind it.
    later = not_prepared(started(destination, creator, C))
    with fence.inside(acme.id):
        export_retry(export=later, by=creator)
    assert delivered(later).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(B, C)}


@pytest.fixture
def arriving(client_of, creator, destination) -> Upload:
    """Return an upload that is here whole, and is no draft yet."""
    content = f"email\n{A}\n{B}\n".encode()
    Page(client_of(creator), destination, content).begun().send_all()
    with fence.inside(destination.organization_id):
        return Upload.objects.select_related("destination").get()


def completed_meanwhile(monkeypatch, then=lambda _: None):
    """Let uploads become drafts right before somebody else deletes their rows."""
    delete = Upload.delete

    def too_late(upload):
        monkeypatch.setattr(Upload, "delete", delete)
        then(pieces.upload_complete(upload=upload, by=upload.created_by))
        return delete(upload)

    monkeypatch.setattr(Upload, "delete", too_late)


def test_an_upload_that_becomes_a_draft_meanwhile_is_destroyed(arriving, admin, acme, monkeypatch):
    completed_meanwhile(monkeypatch)
    assert asked(acme, admin, A).drafts_destroyed == 1
    with fence.inside(acme.id):
        assert not Export.objects.exists()
    assert files() == set()


def test_a_file_that_is_received_by_a_form_meanwhile_is_refused(
    client_of, creator, admin, acme, address, monkeypatch
):
    create = services.draft_create

    def late(**what):
        asked(acme, admin, A)
        return create(**what)

    monkeypatch.setattr(services, "draft_create", late)
    answer = client_of(creator).post(address, {"file": file()})
    assert answer.status_code == 422
    assert "Somebody was erased" in answer.content.decode()
    assert nothing_is_left(acme)
    monkeypatch.setattr(services, "draft_create", create)
    assert client_of(creator).post(address, {"file": file()}).status_code == 302


def test_an_upload_that_is_started_meanwhile_has_the_remove_behind_it(
    servers, arriving, creator, admin, acme, monkeypatch
):
    def start(draft):
        export_start(export=draft, by=creator, mode=Mode.ADD, columns={"email": 0})

    completed_meanwhile(monkeypatch, start)
    erasure = asked(acme, admin, A)
    assert erasure.drafts_destroyed == 0
    with fence.inside(acme.id):
        first = Export.objects.get(erasure=None)
    assert delivered(first).state == ExportState.SUCCEEDED
    (export,) = carried_out(erasure)
    assert export.state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(B)}


def test_after_a_kill_others_who_share_an_identifier_are_added_again(
    person_servers, of_two, creator, admin, acme, monkeypatch
):
    def killed(*_):
        raise Killed

    people = two((A, X), (B, X), (C, Y))
    first = replaced(of_two, creator, people, mode=Mode.ADD, columns=TWO)
    (export,) = exports_of(asked(acme, admin, A))
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(erasing, "_finish", killed)
            with pytest.raises(Killed):
                erasing.erase(acme.id, export.id)
        let_leases_end(export)
    assert kept_digests(first) == digests(B, C, X, Y)
    erasing.erase(acme.id, export.id)
    assert [(row.operation, row.identifiers) for row in batches(export)] == [
        (Operation.REMOVE, 2),
        (Operation.ADD, 1),
    ]
    assert delivered(export).state == ExportState.SUCCEEDED
    assert person_servers.held == {"au1": digests(B, C, X, Y)}


def test_a_worker_that_sleeps_past_its_lease_leaves_the_files_of_the_next(
    servers, destination, creator, admin, acme, monkeypatch
):
    first = delivered(started(destination, creator, A, B))
    (export,) = exports_of(asked(acme, admin, A))

    @contextmanager
    def inside(organization_id):
        with fence.inside(organization_id):
            yield
        if batches(export):
            # Frozen right after what is to be removed was stored.
            monkeypatch.setattr(erasing, "fence", fence)
            let_leases_end(export)
            erasing.erase(organization_id, export.id)

    monkeypatch.setattr(erasing, "fence", SimpleNamespace(inside=inside))
    erasing.erase(acme.id, export.id)
    names = {row.stored_name for row in batches(export)}
    assert names
    assert names <= files(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(B)}
    assert kept_digests(first) == digests(B)
