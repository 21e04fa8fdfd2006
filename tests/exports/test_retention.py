"""What is kept of exports, and for how long: the organization says it, the sweep does it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from destinations.services import destination_delete
from exports import record, retention, tasks
from exports.retention_models import Retention
from exports.states import ExportState, Mode
from organizations import fence
from organizations.models import Route
from tests.exports.driving import delivered, digests, files, retried, started
from tests.exports.replacing import by_difference, nobody_is_asked
from tests.factories import change, stored

__all__ = ("by_difference", "nobody_is_asked")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

A, B, C = (f"{letter}@example.com" for letter in "abc")


def chosen(organization, by, files_days=30, sets_days=None) -> None:
    row = Retention(organization_id=organization.id, files_days=files_days, sets_days=sets_days)
    with fence.inside(organization.id):
        retention.retention_change(chosen=row, by=by)


def ended_days_ago(export, days) -> None:
    """Let an export be so old, and the sweep come by when it is told to."""
    change(export, finished_at=timezone.now() - timedelta(days=days))
    with fence.inside(export.organization_id):
        retention.keep_for_now(stored(export))
    tasks.sweep_drafts()


def has_batches(export) -> bool:
    return any("batch" in name for name in files(export))


def test_sets_stay_as_long_as_a_replace_needs_them(servers, destination, creator):
    export = delivered(started(destination, creator, A, B))
    ended_days_ago(export, 1_000)
    assert has_batches(export)
    assert stored(export).rejects_name == ""


def test_sets_are_destroyed_when_their_time_is_over(servers, destination, creator, admin, acme):
    export = delivered(started(destination, creator, A, B))
    chosen(acme, admin, sets_days=40)
    ended_days_ago(export, 39)
    assert has_batches(export)
    ended_days_ago(export, 41)
    assert not has_batches(export)
    later = delivered(started(destination, creator, B, C, mode=Mode.REPLACE))
    assert servers.held == {"au1": digests(A, B, C)}
    assert (later.comparison["kept"], later.comparison["unknown"]) == (0, 2)


def test_sets_are_destroyed_on_time_where_files_are_kept_longer(
    servers, destination, creator, admin, acme
):
    export = delivered(started(destination, creator, A, B))
    chosen(acme, admin, files_days=30, sets_days=7)
    ended_days_ago(export, 6)
    assert has_batches(export)
    ended_days_ago(export, 8)
    assert files(export) == {stored(export).rejects_name} != {""}
    ended_days_ago(export, 31)
    assert files(export) == set()


def test_a_choice_of_a_short_time_for_sets_holds_for_what_lies_there_already(
    servers, destination, creator, admin, acme
):
    export = delivered(started(destination, creator, A))
    change(export, finished_at=timezone.now() - timedelta(days=8))
    chosen(acme, admin, files_days=30, sets_days=7)
    tasks.sweep_drafts()
    assert not has_batches(export)
    # Its other files have their own time.
    due_at = Route.objects.get(kind=retention.ROUTE, row_id=export.id).due_at
    assert abs(due_at - timezone.now() - timedelta(days=22)) < timedelta(minutes=1)


def test_retry_failed_still_sends_what_failed_when_the_time_of_sets_is_over(
    servers, destination, creator, admin, acme
):
    delivered(started(destination, creator, A, B))
    chosen(acme, admin, files_days=30, sets_days=7)
    servers.answer("remove", 400)
    export = delivered(started(destination, creator, B, C, mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    ended_days_ago(export, 8)
    with fence.inside(acme.id):
        # Those who were kept and added are in no record any more, though their files are there.
        assert record.unknown(stored(destination)) == 2
    assert retried(export, creator).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(B, C)}
    assert not has_batches(export)


def test_what_failed_goes_with_the_files_when_sets_went_before(
    servers, destination, creator, admin, acme
):
    chosen(acme, admin, files_days=30, sets_days=7)
    servers.answer("add", 400)
    export = delivered(started(destination, creator, A))
    ended_days_ago(export, 8)
    assert has_batches(export)
    ended_days_ago(export, 31)
    assert files(export) == set()


def test_what_failed_is_kept_as_long_as_was_chosen(servers, destination, creator, admin, acme):
    chosen(acme, admin, files_days=3)
    servers.answer("add", 400)
    change(destination, platform="sample")
    export = delivered(started(destination, creator, A))
    assert export.state == ExportState.FAILED
    ended_days_ago(export, 2)
    assert stored(export).rejects_name
    ended_days_ago(export, 4)
    assert not stored(export).rejects_name


def test_a_choice_holds_for_what_lies_there_already(servers, destination, creator, admin, acme):
    export = delivered(started(destination, creator, A))
    change(export, finished_at=timezone.now() - timedelta(days=20))
    chosen(acme, admin, files_days=10, sets_days=15)
    assert Route.objects.get(kind=retention.ROUTE, row_id=export.id).due_at <= timezone.now()
    tasks.sweep_drafts()
    tasks.sweep_drafts()
    assert files(export) == set()


def test_all_of_a_deleted_destination_goes(servers, destination, creator, admin):
    export = delivered(started(destination, creator, A))
    with fence.inside(destination.organization_id):
        destination_delete(destination=stored(destination), by=creator)
    tasks.sweep_drafts()
    assert files(export) == set()


@pytest.mark.parametrize(
    ("files_days", "sets_days", "status"),
    [("14", "", 302), ("14", "60", 302), ("0", "", 422), ("91", "", 422), ("14", "3", 422)],
)
def test_an_admin_chooses_within_bounds(client_of, admin, acme, files_days, sets_days, status):
    client = client_of(admin)
    address = reverse("exports:settings")
    assert "removes nobody" in client.get(address).content.decode()
    answer = client.post(address, {"files_days": files_days, "sets_days": sets_days})
    assert answer.status_code == status
    with fence.inside(acme.id):
        row = retention.retention_of(acme.id)
    assert row.files_days == (14 if status == 302 else 30)


def test_nobody_else_does(client_of, creator):
    assert client_of(creator).get(reverse("exports:settings")).status_code == 403
