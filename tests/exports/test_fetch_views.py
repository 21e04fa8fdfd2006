"""The pages of a file from an address."""

import pytest
from django.urls import reverse

from exports.fetch_models import Fetch
from exports.fetch_services import ROUTE
from infosum_auth.environment import Intake
from organizations import fence
from organizations.models import Route
from tests.exports.driving import files
from tests.exports.fetches import LONG, PIECE, draft_of, go, wanted
from tests.exports.scheduling import draft, due, schedule
from tests.exports.uploading import kept, nothing_is_left, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_fetched_pieces")]

__all__ = ("draft", "schedule")


def test_a_person_asks_for_a_file_and_comes_to_its_draft(
    client_of, creator, destination, server, acme
):
    client = client_of(creator)
    page = client.get(reverse("exports:new", args=[destination.pk])).content.decode()
    assert server.address("files/") in page
    begin = reverse("exports:fetch_begin", args=[destination.pk])
    answer = client.post(begin, {"address": server.address()})
    with fence.inside(acme.id):
        row = Fetch.objects.get()
    where = reverse("exports:fetch", args=[row.pk])
    assert answer["Location"] == where
    assert "Being fetched" in client.get(where).content.decode()
    go(row)
    start = reverse("exports:start", args=[row.pk])
    assert client.get(where)["Location"] == start
    part = client.get(reverse("exports:fetch_progress", args=[row.pk])).content.decode()
    assert start in part
    assert "data-live-url" not in part


def test_why_it_failed_is_shown_and_it_can_be_tried_again(client_of, creator, destination, server):
    client = client_of(creator)
    row = wanted(destination, creator, server.address())
    server.statuses = [404]
    go(row)
    page = client.get(reverse("exports:fetch", args=[row.pk])).content.decode()
    assert "There is no file at the address" in page
    client.post(reverse("exports:fetch_again", args=[row.pk]))
    go(row)
    assert opened(draft_of(row)) == server.content


def test_discarding_leaves_nothing(client_of, creator, destination, server, acme):
    server.content, server.cut_after = LONG, [3 * PIECE]
    row = wanted(destination, creator, server.address())
    go(row)
    assert files()
    client_of(creator).post(reverse("exports:fetch_discard", args=[row.pk]))
    assert nothing_is_left(acme)
    go(row)
    assert not Route.objects.filter(kind=ROUTE).exists()


def test_one_that_has_just_become_a_draft_is_discarded_too(
    client_of, creator, destination, server, acme
):
    row = wanted(destination, creator, server.address())
    go(row)
    assert kept(acme)
    client_of(creator).post(reverse("exports:fetch_discard", args=[row.pk]))
    assert nothing_is_left(acme)


def test_what_is_not_allowed_is_said_at_the_field(client_of, creator, destination, server, acme):
    begin = reverse("exports:fetch_begin", args=[destination.pk])
    answer = client_of(creator).post(begin, {"address": "https://evil.example/a.csv"})
    assert answer.status_code == 422
    # Above the form, too: on a phone the field is far down.
    assert answer.content.decode().count("does not allow this address") == 2
    assert nothing_is_left(acme)


def test_nothing_is_offered_where_the_operator_allows_nothing(
    client_of, creator, destination, settings
):
    settings.INTAKE = Intake()
    client = client_of(creator)
    page = client.get(reverse("exports:new", args=[destination.pk])).content.decode()
    assert "From an address" not in page
    begin = reverse("exports:fetch_begin", args=[destination.pk])
    assert client.post(begin, {"address": "https://a.example/b.csv"}).status_code == 404


def test_that_of_a_schedules_run_promises_no_look_and_is_none_of_the_persons_own(
    client_of, creator, schedule, destination
):
    client, new = client_of(creator), reverse("exports:new", args=[destination.pk])
    promise, by_itself = "before you have seen what is in the file", "Its export starts by itself"
    run = due(schedule)
    shown = client.get(reverse("exports:fetch", args=[run.pk])).content.decode()
    assert by_itself in shown
    assert promise not in shown
    own = wanted(destination, creator, schedule.address)
    shown = client.get(reverse("exports:fetch", args=[own.pk])).content.decode()
    assert promise in shown
    assert by_itself not in shown
    listed = client.get(new).content.decode()
    assert reverse("exports:fetch", args=[own.pk]) in listed
    assert reverse("exports:fetch", args=[run.pk]) not in listed
