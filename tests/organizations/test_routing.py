import uuid
from datetime import timedelta

import pytest

from organizations import routing
from organizations.models import Route

pytestmark = pytest.mark.django_db

ORGANIZATION, ROW = uuid.uuid4(), uuid.uuid4()
SOON = timedelta(seconds=30)


def add(**how):
    routing.add("attempt", organization_id=ORGANIZATION, row_id=ROW, **how)


def test_a_row_is_found_by_its_secret_and_kind_only():
    add(secret="state-1")
    assert routing.find("attempt", "state-1") == routing.Found(ORGANIZATION, ROW)
    assert routing.find("attempt", "state-2") is None
    assert routing.find("invitation", "state-1") is None


def test_the_table_does_not_hold_the_secret():
    add(secret="state-1")
    assert b"state-1" not in bytes(Route.objects.get().key)


def test_a_removed_row_is_not_found():
    add(secret="state-1")
    routing.remove("attempt", ROW)
    assert routing.find("attempt", "state-1") is None


def test_what_is_said_again_replaces_what_was_said():
    add(secret="state-1")
    add(due_in=SOON)
    assert routing.find("attempt", "state-1") is None
    assert Route.objects.count() == 1


def test_a_row_comes_when_it_is_due_and_again_after_a_while():
    add(due_in=timedelta(seconds=-1))
    found = [routing.Found(ORGANIZATION, ROW)]
    assert routing.take_due("attempt", again_in=timedelta(seconds=-1)) == found
    assert routing.take_due("attempt", again_in=SOON) == found
    assert routing.take_due("attempt", again_in=SOON) == []


def test_a_row_is_not_taken_before_its_time():
    add(due_in=SOON)
    assert routing.take_due("attempt", again_in=SOON) == []
