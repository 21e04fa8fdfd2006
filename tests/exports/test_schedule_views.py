"""What people do with schedules on their pages."""

import re

import pytest
from django.urls import reverse

from audit.models import Entry
from destinations.services import destination_delete
from exports.models import Export
from exports.schedule_models import RunState, Schedule
from organizations import fence
from tests.exports.fetches import draft_of, go, wanted
from tests.exports.scheduling import draft, due, fetched, runs, schedule
from tests.factories import stored

pytestmark = pytest.mark.django_db

__all__ = ("draft", "schedule")


def test_a_person_saves_one_by_the_file_that_was_looked_at(
    client_of, creator, draft, destination, acme
):
    client = client_of(creator)
    start = client.get(reverse("exports:start", args=[draft.pk])).content.decode()
    save = reverse("exports:schedule_save", args=[draft.pk])
    assert save in start
    page = client.get(save).content.decode()
    assert "Save schedule" in page
    filled = {
        "every": "week",
        "at": "07:30",
        "weekday": "2",
        "time_zone": "America/New_York",
        "mode": "add",
        "column-email": "0",
    }
    assert client.post(save, {**filled, "time_zone": "Mars/Olympus"}).status_code == 422
    answer = client.post(save, filled)
    assert answer["Location"] == reverse("destinations:detail", args=[destination.pk])
    with fence.inside(acme.id):
        row = Schedule.objects.get()
        assert not Export.objects.exists()
        assert Entry.objects.filter(action="schedule created").exists()
    assert row.columns == {"email": "email"}
    shown = client.get(answer["Location"]).content.decode()
    assert "Every Wednesday at 07:30" in shown
    assert re.search(r"Wednesday, \d+ \w+ \d{4}, 07:30 E[SD]T", shown)


def test_a_person_runs_it_now_edits_pauses_and_deletes_it(
    client_of, admin, schedule, destination, acme, server
):
    client = client_of(admin)

    def post(what, **filled):
        return client.post(reverse(f"exports:schedule_{what}", args=[schedule.pk]), filled)

    post("run_now")
    [run] = runs(acme)
    assert run.asked_by == admin
    assert fetched(run).state == RunState.STARTED
    shown = client.get(reverse("destinations:detail", args=[destination.pk])).content.decode()
    assert reverse("exports:detail", args=[run.pk]) in shown
    filled = {"mode": "remove", "every": "hour", "at": "00:15", "weekday": "0", "time_zone": "UTC"}
    assert post("edit", address="https://evil.example/a.csv", **filled).status_code == 422
    assert post("edit", address=server.address("files/other.csv"), **filled).status_code == 302
    row = stored(schedule)
    assert (row.mode, row.saved_by, row.next_at.minute) == ("remove", admin, 15)
    post("pause")
    assert stored(schedule).paused_at is not None
    post("resume")
    assert stored(schedule).paused_at is None
    post("delete")
    with fence.inside(acme.id):
        assert not Schedule.objects.exists()
        said = set(Entry.objects.values_list("action", flat=True))
    assert {f"schedule {word}" for word in ("changed", "paused", "resumed", "deleted")} <= said


def test_deleting_says_what_it_means_and_does_nothing_before_it_is_confirmed(
    client_of, creator, schedule, destination, acme
):
    client, address = client_of(creator), reverse("exports:schedule_delete", args=[schedule.pk])
    of_it = reverse("destinations:detail", args=[destination.pk])
    # A link to a page, which works without scripts.
    assert f'href="{address}">Delete schedule</a>' in client.get(of_it).content.decode()
    page = client.get(address)
    shown = page.content.decode()
    assert page.status_code == 200
    assert f'href="{of_it}">Keep it</a>' in shown
    assert schedule.address in shown
    assert "being fetched" not in shown
    assert stored(schedule).pk == schedule.pk
    due(schedule)
    assert "A file is being fetched for it just now." in client.get(address).content.decode()
    answer = client.post(address)
    assert (answer.status_code, answer["Location"]) == (302, of_it)
    with fence.inside(acme.id):
        assert not Schedule.objects.exists()
    assert client.get(address).status_code == 404


def test_a_column_whose_name_is_there_twice_is_refused(
    client_of, creator, destination, server, acme
):
    server.content = b"email,email\na@example.com,b@example.com\n"
    row = wanted(destination, creator, server.address())
    go(row)
    filled = {"every": "day", "at": "06:00", "weekday": "0", "time_zone": "UTC", "mode": "add"}
    save = reverse("exports:schedule_save", args=[draft_of(row).pk])
    answer = client_of(creator).post(save, {**filled, "column-email": "0"})
    assert answer.status_code == 422
    assert "is there more than once" in answer.content.decode()
    with fence.inside(acme.id):
        assert not Schedule.objects.exists()


def test_saving_says_where_runs_are_explained(client_of, creator, draft):
    save = reverse("exports:schedule_save", args=[draft.pk])
    shown = client_of(creator).get(save).content.decode()
    assert "the run is explained on the destination's page" in shown


def test_that_of_a_deleted_destination_has_no_next_run(
    client_of, creator, schedule, destination, acme
):
    client, address = client_of(creator), reverse("destinations:detail", args=[destination.pk])
    gone = "None: the destination was deleted"
    assert gone not in client.get(address).content.decode()
    with fence.inside(acme.id):
        destination_delete(destination=destination, by=creator)
    shown = client.get(address).content.decode()
    assert gone in shown
    assert f"{schedule.next_there:%H:%M %Z}" not in shown
