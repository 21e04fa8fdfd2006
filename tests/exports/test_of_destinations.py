"""What pages of destinations show of exports, and what they are told."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from destinations import extensions
from destinations.services import destination_pause, destination_resume
from exports import audience_sizes, breakers, tasks
from exports.models import Export
from exports.outcomes import wait
from exports.progress import Progress, progress_of
from exports.shared_models import Breaker
from exports.states import ExportState, WaitingFor
from organizations import fence
from organizations.models import Route
from providers.errors import PlatformDown
from tests.exports.driving import ADDRESSES, batches, delivered, drafted, prepared, started
from tests.exports.erased import asked, carried_out
from tests.exports.scheduling import draft, due, fetched, schedule
from tests.factories import change, destined, stored

pytestmark = pytest.mark.django_db

__all__ = ("draft", "schedule")


def page(client, destination) -> str:
    address = reverse("destinations:detail", args=[destination.pk])
    return client.get(address).content.decode()


def test_a_destinations_page_shows_its_exports(client_of, analyst, servers, destination, creator):
    client = client_of(analyst)
    assert "Nothing was exported here yet." in page(client, destination)
    first = delivered(started(destination, creator, *ADDRESSES[:2], "n/a"))
    drafted(destination, creator, name="draft.csv")
    shown = page(client, destination)
    assert reverse("exports:detail", args=[first.pk]) in shown
    assert "draft.csv" not in shown
    # One bar is no chart.
    assert '<svg class="chart"' not in shown
    delivered(started(destination, creator, *ADDRESSES))
    heights = re.findall(r'class="bar-sent \w+"[^>]*height="([\d.]+)"', page(client, destination))
    assert heights == ["28.6", "100.0"]


def test_the_newest_export_of_each_destination_is_known(
    authorization, destination, creator, servers
):
    other = destined(authorization, creator, name="Others", audience_name="Others")
    delivered(started(destination, creator))
    newest = started(destination, creator)
    with fence.inside(destination.organization_id):
        found = extensions.last_deliveries([destination.pk, other.pk])
    assert set(found) == {destination.pk}
    assert (found[destination.pk].words, found[destination.pk].url) == (
        "Preparing",
        reverse("exports:detail", args=[newest.pk]),
    )


def why_busy(destination) -> str:
    with fence.inside(destination.organization_id):
        return extensions.why_busy(stored(destination))


def test_a_destination_is_busy_while_an_export_is_under_way(servers, destination, creator):
    drafted(destination, creator)
    assert why_busy(destination) == ""
    export = started(destination, creator)
    assert why_busy(destination).startswith("An export is on its way to this destination. Cancel")
    delivered(export)
    assert why_busy(destination) == ""


def test_nobody_is_told_to_cancel_an_erasure(servers, destination, creator, admin, acme):
    delivered(started(destination, creator, *ADDRESSES))
    erasure = asked(acme, admin, ADDRESSES[0])
    assert why_busy(destination) == (
        "Somebody is being erased from its audience. Wait until that has ended."
    )
    # What can be canceled is said first.
    export = started(destination, creator)
    assert "Cancel it first" in why_busy(destination)
    carried_out(erasure)
    delivered(export)
    assert why_busy(destination) == ""


def test_an_erasure_that_waits_says_what_it_waits_for(
    servers, destination, authorization, creator, admin, acme
):
    delivered(started(destination, creator, *ADDRESSES))
    asked(acme, admin, ADDRESSES[0])
    change(destination, paused_at=timezone.now())
    assert "Resume the destination first" in why_busy(destination)
    change(authorization, broken_at=timezone.now(), broken_reason="The grant was revoked.")
    assert why_busy(destination) == (
        "Somebody is being erased from its audience. That waits: The grant was revoked. "
        "Reconnect the destination first, then wait until that has ended."
    )


def test_an_erasure_that_waits_for_a_person_says_what_to_do(
    servers, destination, creator, admin, acme
):
    delivered(started(destination, creator, *ADDRESSES))
    erasure = asked(acme, admin, ADDRESSES[0])
    servers.answer("remove", 403)
    carried_out(erasure)
    assert "choose “Go on”." in why_busy(destination)


def test_a_schedules_file_that_is_fetched_is_no_export(schedule, destination):
    run = due(schedule)
    assert why_busy(destination) == (
        "The file of its schedule is being fetched. Wait until that has ended."
    )
    fetched(run)
    assert why_busy(destination).startswith("An export is on its way")


def test_a_resumed_destination_wakes_what_waits_for_it(servers, destination, creator):
    export = prepared(destination, creator)
    with fence.inside(destination.organization_id):
        destination_pause(destination=destination, by=creator)
    delivered(export)
    route = Route.objects.filter(kind="export", row_id=export.id)
    assert route.get().due_at > timezone.now()
    with fence.inside(destination.organization_id):
        destination_resume(destination=stored(destination), by=creator)
    assert route.get().due_at <= timezone.now()


def test_an_audience_is_read_after_an_export_until_it_has_settled(servers, destination, creator):
    export = delivered(started(destination, creator))
    route = Route.objects.filter(kind=audience_sizes.ROUTE)
    assert route.get().due_at - timezone.now() <= audience_sizes.SOON
    audience_sizes.read(destination.organization_id, destination.id)
    now = stored(destination)
    assert (now.audience_size, now.audience_state) == (7, "READY")
    assert route.get().due_at - timezone.now() <= audience_sizes.SOON
    change(export, finished_at=timezone.now() - audience_sizes.LOOKS[-1])
    tasks.read_audience(str(destination.organization_id), str(destination.id))
    assert not route.exists()


@pytest.mark.parametrize(
    ("minutes", "hours"), [(1.1, 1), (60.1, 6), (361, 24), (1_441, 48), (2_881, 72)]
)
def test_it_is_read_for_as_long_as_platforms_take_to_match_people(
    servers, destination, creator, minutes, hours
):
    export = delivered(started(destination, creator))
    age = timedelta(minutes=minutes)
    change(export, finished_at=timezone.now() - age)
    audience_sizes.read(destination.organization_id, destination.id)
    left = Route.objects.get(kind=audience_sizes.ROUTE).due_at - timezone.now()
    assert abs(left - (timedelta(hours=hours) - age)) < timedelta(seconds=20)


def test_the_times_count_from_the_newest_export(servers, destination, creator):
    older = delivered(started(destination, creator))
    change(older, finished_at=timezone.now() - timedelta(days=2))
    newer = delivered(started(destination, creator, "late@example.com"))
    change(newer, finished_at=timezone.now() - timedelta(minutes=2))
    audience_sizes.read(destination.organization_id, destination.id)
    left = Route.objects.get(kind=audience_sizes.ROUTE).due_at - timezone.now()
    assert timedelta(minutes=50) < left < timedelta(hours=1)


def test_the_audience_of_a_deleted_destination_is_not_read_any_more(servers, destination, creator):
    delivered(started(destination, creator))
    asked = len(servers.heard)
    change(destination, deleted_at=Now())
    audience_sizes.read(destination.organization_id, destination.id)
    assert len(servers.heard) == asked
    assert not Route.objects.filter(kind=audience_sizes.ROUTE).exists()


def test_an_audience_that_cannot_be_read_now_is_no_failure(servers, destination, creator):
    export = delivered(started(destination, creator))
    Route.objects.update(due_at=Now() + timedelta(hours=1))
    servers.answer("status", 503)
    audience_sizes.read(destination.organization_id, destination.id)
    route = Route.objects.filter(kind=audience_sizes.ROUTE)
    assert route.get().due_at - timezone.now() <= audience_sizes.SOON
    assert Breaker.objects.get().outages == 1
    # Not for ever: then only at the times at which it is looked at anyway.
    change(export, finished_at=timezone.now() - timedelta(days=1))
    servers.answer("status", 503, 503)
    audience_sizes.read(destination.organization_id, destination.id)
    assert route.get().due_at - timezone.now() > timedelta(hours=23)
    change(export, finished_at=timezone.now() - timedelta(days=3))
    audience_sizes.read(destination.organization_id, destination.id)
    assert not route.exists()
    change(destination, authorization=None)
    audience_sizes.read(destination.organization_id, destination.id)
    assert stored(destination).audience_size is None
    assert stored(export).state == ExportState.SUCCEEDED


def test_an_audience_is_read_once_its_platform_is_there_again(servers, destination, creator):
    delivered(started(destination, creator))
    Route.objects.update(due_at=Now() + timedelta(hours=1))
    asked = len(servers.heard)
    for _ in range(breakers.OPENS_AFTER):
        breakers.note_error(destination.platform, PlatformDown("Trouble there.", status=503))
    audience_sizes.read(destination.organization_id, destination.id)
    assert len(servers.heard) == asked
    route = Route.objects.get(kind=audience_sizes.ROUTE)
    assert route.due_at - timezone.now() <= audience_sizes.SOON
    breakers.note_answer(destination.platform)
    audience_sizes.read(destination.organization_id, destination.id)
    assert stored(destination).audience_size == 7


def test_an_audience_that_nobody_confirmed_is_not_read(servers, sample_platform, destination):
    sample_platform.audiences_can_be_looked_up = False
    change(destination, audience_asked_at=Now())
    audience_sizes.read(destination.organization_id, destination.id)
    assert servers.heard == []


def test_progress_counts_what_was_accepted(servers, destination, creator):
    servers.answer("add", None, 400)
    export = delivered(started(destination, creator))
    with fence.inside(export.organization_id):
        found = progress_of(export)
    assert (found.accepted, found.sent, found.batches) == (4, 4, 3)
    assert (found.batches_done, found.batches_failed) == (2, 1)
    assert (found.rate, found.seconds_left) == (None, None)


def test_the_rate_and_the_time_left_come_from_what_was_sent(servers, destination, creator):
    export = prepared(destination, creator)
    first = batches(export)[0]
    change(first, state="accepted", accepted=3, finished_at=timezone.now())
    change(export, sending_at=timezone.now() - timedelta(seconds=10))
    with fence.inside(export.organization_id):
        found = progress_of(Export.objects.get(pk=export.pk))
    assert found.rate == pytest.approx(0.3, rel=0.05)
    assert found.seconds_left == pytest.approx(13.3, rel=0.05)


def test_the_time_that_an_export_waited_says_nothing_of_its_rate(servers, destination, creator):
    export = prepared(destination, creator)
    first, second, *_ = batches(export)
    change(first, state="accepted", accepted=3, finished_at=timezone.now() - timedelta(hours=9))
    change(export, sending_at=timezone.now() - timedelta(hours=10))
    with fence.inside(export.organization_id):
        wait(Export.objects.get(pk=export.pk), WaitingFor.DESTINATION, "It was paused.")
        assert progress_of(Export.objects.get(pk=export.pk)).rate is None
        assert Export.objects.get(pk=export.pk).move(ExportState.SENDING)
        assert progress_of(Export.objects.get(pk=export.pk)).rate is None
    change(second, state="accepted", accepted=3, finished_at=timezone.now())
    change(export, sending_at=timezone.now() - timedelta(seconds=10))
    with fence.inside(export.organization_id):
        found = progress_of(Export.objects.get(pk=export.pk))
    assert (found.sent, found.rate) == (6, pytest.approx(0.3, rel=0.05))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "1 s"), (59, "59 s"), (300, "5 min"), (20_000, "6 h")],
)
def test_the_time_left_is_said_in_words(seconds, words):
    assert Progress(0, 0, 1, 0, 0, rate=1.0, seconds_left=seconds).time_left == words
