"""An export's lease while the platform is asked: it lasts as long as the worker does."""

import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from exports import export_leases
from exports.states import ExportState
from organizations import fence
from tests.exports.driving import advance, delivered, let_leases_end, prepared, taken_over
from tests.exports.sample_servers import Killed
from tests.factories import change, stored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(export_leases, "_SIGN_SECONDS", 0.02)


def lease_of(export) -> timedelta:
    return stored(export).lease_until - timezone.now()


def leased(export):
    """Return the export and the owner of a lease that ends soon."""
    with fence.inside(export.organization_id):
        owner = stored(export).take_lease(export_leases.LEASE_SECONDS)
    change(export, lease_until=timezone.now() + timedelta(seconds=20))
    return stored(export), owner


def wait_for(true) -> bool:
    until = time.monotonic() + 10
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_it_is_kept_while_the_platform_takes_its_time(servers, destination, creator):
    export = prepared(destination, creator)
    left = []

    def slow():
        change(export, lease_until=timezone.now() + timedelta(seconds=20))
        left.append(wait_for(lambda: lease_of(export) > timedelta(seconds=100)))

    servers.answer("create", slow)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert left == [True]


def test_a_database_that_was_away_is_told_again(servers, destination, creator, monkeypatch):
    export, owner = leased(prepared(destination, creator))
    inside, failures = fence.inside, []

    def away(organization):
        if len(failures) < 3:
            failures.append(organization)
            raise OperationalError("the server closed the connection")
        return inside(organization)

    with monkeypatch.context() as patch, export_leases.kept(export, owner):
        patch.setattr(export_leases.fence, "inside", away)
        assert wait_for(lambda: len(failures) == 3)
        patch.undo()
        patch.setattr(export_leases, "_SIGN_SECONDS", 0.02)
        assert wait_for(lambda: lease_of(export) > timedelta(seconds=100))


def test_one_that_has_ended_or_is_anothers_is_left_alone(servers, destination, creator):
    export, owner = leased(prepared(destination, creator))
    taken_over(export)
    before = stored(export).lease_until
    with export_leases.kept(export, owner):
        time.sleep(0.3)
    assert stored(export).lease_until == before
    change(export, lease_owner=owner)
    let_leases_end(export)
    before = stored(export).lease_until
    with export_leases.kept(export, owner):
        time.sleep(0.3)
    assert stored(export).lease_until == before


def test_a_killed_worker_keeps_it_for_less_than_two_minutes(servers, destination, creator):
    def killed():
        raise Killed

    export = prepared(destination, creator)
    servers.answer("create", killed)
    with pytest.raises(Killed):
        advance(export)
    left = lease_of(export)
    time.sleep(0.3)
    assert timedelta() < lease_of(export) < left <= timedelta(seconds=110)
