"""An erasure that failed and is tried again, and what others do to its audience meanwhile."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from destinations.services import destination_delete
from exports import erasing
from exports.erasure_models import Erasure
from exports.erasures import ErasureState, receipt_of, state_of
from exports.services import export_retry, may_retry
from exports.states import BatchState, ExportState, Mode, Operation
from organizations import fence
from tests.exports.driving import batches, delivered, digests, files, let_leases_end, retried
from tests.exports.erased import asked, exports_of, kept_digests
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
from tests.factories import change, stored

__all__ = ("by_difference", "nobody_is_asked", "of_two", "person_servers")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

A, B, C, X, Y, Z = (f"{letter}@example.com" for letter in "abcxyz")


@pytest.fixture
def first(person_servers, of_two, creator):
    """Return an export that brought three people; two of them share an identifier."""
    people = two((A, X), (B, X), (C, Y))
    return replaced(of_two, creator, people, mode=Mode.ADD, columns=TWO)


@pytest.fixture
def without_others(first, person_servers, admin, acme):
    """Return an erasure that removed a person, and another with them, whom it failed to add."""
    (export,) = exports_of(asked(acme, admin, A))
    person_servers.answer("add", 400)
    export = delivered(export)
    assert export.state == ExportState.FAILED
    assert person_servers.held == {"au1": digests(B, C, Y)}
    return export


def test_those_who_share_an_identifier_are_added_again(without_others, person_servers, admin):
    export = retried(without_others, admin)
    assert export.state == ExportState.SUCCEEDED
    assert person_servers.held == {"au1": digests(B, C, X, Y)}
    with fence.inside(export.organization_id):
        erasure = Erasure.objects.get()
        assert erasure.finished_at is not None
        (told,) = receipt_of(erasure)["audiences"]
    # That of the try that failed is told too.
    assert (told["files_rewritten"], told["records_found"]) == (1, 2)
    assert len(told["platform_request_ids"]) == 3


def test_whom_a_newer_export_removed_is_not_brought_back(
    without_others, person_servers, of_two, creator, admin
):
    replaced(of_two, creator, two((B, X)), mode=Mode.REMOVE, columns=TWO)
    assert retried(without_others, admin).state == ExportState.SUCCEEDED
    assert person_servers.held == {"au1": digests(C, Y)}


def test_whom_a_newer_export_brought_is_left_as_they_are(
    without_others, person_servers, of_two, creator, admin
):
    replaced(of_two, creator, two((Z, Y), (A, Z)), mode=Mode.ADD, columns=TWO)
    export = retried(without_others, admin)
    assert export.state == ExportState.SUCCEEDED
    # Erased from the newer one too: what was asked for is carried out as of now.
    assert person_servers.held == {"au1": digests(B, C, X, Y, Z)}


def test_until_then_a_replace_takes_them_for_doubtful(
    without_others, person_servers, of_two, creator, admin
):
    newer = replaced(of_two, creator, two((B, X), (C, Y)), columns=TWO)
    assert (newer.comparison["added"], newer.comparison["kept"]) == (1, 1)
    assert person_servers.held == {"au1": digests(B, C, X, Y)}
    assert retried(without_others, admin).state == ExportState.SUCCEEDED
    assert person_servers.held == {"au1": digests(B, C, X, Y)}


def test_a_newer_replace_does_not_make_it_forget_whom_it_removes(
    first, person_servers, of_two, creator, admin, acme
):
    (export,) = exports_of(asked(acme, admin, C))
    person_servers.answer("remove", 400)
    assert delivered(export).state == ExportState.FAILED
    newer = replaced(of_two, creator, two((B, X)), columns=TWO)
    assert newer.state == ExportState.SUCCEEDED
    assert kept_digests(newer) == digests(B, X)
    assert person_servers.held["au1"] >= digests(B, C, X, Y)
    export = retried(export, admin)
    assert export.state == ExportState.SUCCEEDED
    # Y was sent together with what was typed, and is nobody else's.
    assert person_servers.held == {"au1": digests(B, X)}


def test_of_a_file_that_was_written_again_none_is_left_by_a_kill(
    first, person_servers, admin, acme, monkeypatch
):
    def killed(_):
        raise Killed

    (export,) = exports_of(asked(acme, admin, A))
    with monkeypatch.context() as patch:
        # Right after it was stored that another file counts.
        patch.setattr(erasing.staging, "remove", killed)
        with pytest.raises(Killed):
            erasing.erase(acme.id, export.id)
    assert len([name for name in files(first) if "batch" in name]) == 2
    let_leases_end(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert kept_digests(first) == digests(B, C, X, Y)
    (row,) = (row for row in batches(first) if row.operation == Operation.ADD)
    assert [name for name in files(first) if "batch" in name] == [row.stored_name]


def test_a_file_that_held_nobody_else_is_gone_after_a_kill_too(
    person_servers, of_two, creator, admin, acme, monkeypatch
):
    def killed(_):
        raise Killed

    first = replaced(of_two, creator, two((A, X)), mode=Mode.ADD, columns=TWO)
    (export,) = exports_of(asked(acme, admin, A))
    with monkeypatch.context() as patch:
        patch.setattr(erasing.staging, "remove", killed)
        with pytest.raises(Killed):
            erasing.erase(acme.id, export.id)
    assert [name for name in files(first) if "batch" in name]
    let_leases_end(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert not [name for name in files(first) if "batch" in name]


def test_whom_a_replace_removed_is_not_taken_for_there_as_an_erasure_had_added_them(
    first, person_servers, of_two, creator, admin, acme
):
    (export,) = exports_of(asked(acme, admin, A))
    person_servers.answer("remove", 400)
    # B was added again, and A is not removed.
    assert delivered(export).state == ExportState.FAILED
    replaced(of_two, creator, two((C, Y)), columns=TWO)
    replaced(of_two, creator, two((B, X), (C, Y)), columns=TWO)
    assert person_servers.held["au1"] >= digests(B, X, C, Y)
    assert retried(export, admin).state == ExportState.SUCCEEDED
    assert person_servers.held == {"au1": digests(B, X, C, Y)}


def test_a_request_of_the_try_that_failed_is_waited_for(without_others, admin, acme):
    (row, *_) = batches(without_others)
    change(row, state=BatchState.SENDING, lease_until=Now() + timedelta(minutes=1))
    with fence.inside(acme.id):
        export_retry(export=without_others, by=admin)
    erasing.erase(acme.id, without_others.id)
    assert row.pk in {each.pk for each in batches(without_others)}
    let_leases_end(row)
    erasing.erase(acme.id, without_others.id)
    assert row.pk not in {each.pk for each in batches(without_others)}


def test_at_a_destination_that_was_deleted_there_is_nothing_to_try(without_others, acme):
    with fence.inside(acme.id):
        assert may_retry(without_others)
    change(without_others.destination, deleted_at="2026-01-01T00:00Z")
    with fence.inside(acme.id):
        assert not may_retry(stored(without_others))


def test_where_it_failed_and_the_destination_is_deleted_the_audience_is_out_of_reach(
    without_others, admin, acme, client_of
):
    with fence.inside(acme.id):
        erasure = Erasure.objects.get()
        assert state_of(erasure) == ErasureState.FAILED
    page = client_of(admin).get(reverse("exports:erasure", args=[erasure.pk])).content.decode()
    assert "Retry failed" in page
    with fence.inside(acme.id):
        destination_delete(destination=without_others.destination, by=admin)
        erasure.refresh_from_db()
        assert state_of(erasure) == ErasureState.ERASED
    assert erasure.sought_sealed is None
    (told,) = erasure.out_of_reach
    assert told["destination"] == without_others.destination.name


def test_halves_of_what_an_erasure_adds_again_are_as_doubtful(without_others):
    row = next(each for each in batches(without_others) if each.operation == Operation.ADD)
    assert row.part(number=9, identifiers=1, stored_name="a/b").audience_id == "au1"
