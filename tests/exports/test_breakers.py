"""A platform that is down is left alone, probed, and gone on with."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from exports import breakers
from exports.breakers import OPENS_AFTER, Way
from exports.shared_models import Breaker
from exports.states import ExportState, WaitingFor
from providers.errors import BadRequest, PermissionMissing, PlatformDown, Throttled
from tests.exports.driving import (
    advance,
    delivered,
    digests,
    let_time_pass,
    prepared,
    started,
    work,
)
from tests.factories import stored

pytestmark = pytest.mark.django_db

DOWN = PlatformDown("Trouble there.", status=503)
PEOPLE = tuple(f"person{number}@acme.co" for number in range(30))


def opened(times: int = OPENS_AFTER) -> None:
    for _ in range(times):
        breakers.note_error("sample", DOWN)


def let_the_pause_be_over() -> None:
    Breaker.objects.update(probe_at=Now() - timedelta(seconds=1))


def pause() -> int:
    return Breaker.objects.get().pause_seconds


def test_it_opens_after_so_many_outages_in_a_row():
    opened(OPENS_AFTER - 1)
    assert breakers.may_go("sample") == Way.CLEAR
    opened(1)
    assert breakers.may_go("sample") == Way.SHUT
    assert breakers.shut_since("sample") is not None


def test_an_answer_in_between_begins_the_count_anew():
    opened(OPENS_AFTER - 1)
    assert not breakers.note_answer("sample")
    opened(OPENS_AFTER - 1)
    assert breakers.may_go("sample") == Way.CLEAR


@pytest.mark.parametrize("kind", [BadRequest, PermissionMissing, Throttled])
def test_an_error_that_is_an_answer_counts_as_one(kind):
    opened()
    breakers.note_error("sample", kind("No.", status=400))
    assert breakers.may_go("sample") == Way.CLEAR


def test_another_platform_has_its_own():
    opened()
    assert breakers.may_go("other") == Way.CLEAR


def test_one_alone_probes_when_the_pause_is_over():
    opened()
    let_the_pause_be_over()
    assert breakers.shut_since("sample") is None
    assert [breakers.may_go("sample") for _ in range(3)] == [Way.PROBE, Way.SHUT, Way.SHUT]


def test_a_probe_of_a_killed_worker_is_followed_by_another():
    opened()
    let_the_pause_be_over()
    breakers.may_go("sample")
    let_the_pause_be_over()
    assert breakers.may_go("sample") == Way.PROBE


def test_pauses_grow_up_to_a_minute():
    opened()
    found = [pause()]
    for _ in range(5):
        let_the_pause_be_over()
        breakers.may_go("sample")
        breakers.note_error("sample", DOWN)
        found.append(pause())
    assert found == [5, 10, 20, 40, 60, 60]


def test_late_news_of_requests_from_before_do_not_lengthen_the_pause():
    opened(3 * OPENS_AFTER)
    assert pause() == 5


def test_an_answered_probe_closes_it():
    opened()
    let_the_pause_be_over()
    breakers.may_go("sample")
    assert breakers.note_answer("sample")
    assert breakers.may_go("sample") == Way.CLEAR


def test_an_export_waits_for_the_platform_and_nothing_is_sent(servers, destination, creator):
    opened()
    export = prepared(destination, creator, *PEOPLE)
    work(export)
    export = stored(export)
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PLATFORM)
    assert "Sample Ads has not answered since" in export.reason
    assert servers.heard == []


def test_a_single_request_probes_and_all_goes_on_once_it_is_answered(servers, destination, creator):
    delivered(started(destination, creator, "first@acme.co"))
    servers.answer("add", *[503] * OPENS_AFTER)
    export = prepared(destination, creator, *PEOPLE)
    work(export)
    assert breakers.may_go("sample") == Way.SHUT
    asked = servers.count("add")
    let_time_pass(export)
    work(export)
    assert servers.count("add") == asked
    servers.answer("add", 503)
    let_the_pause_be_over()
    work(export)
    assert servers.count("add") == asked + 1
    assert stored(export).waiting_for == WaitingFor.PLATFORM
    let_the_pause_be_over()
    let_time_pass(export)
    export = delivered(export)
    assert export.state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests("first@acme.co", *PEOPLE)
    assert not Breaker.objects.exists()


def test_finding_the_audience_probes_too(servers, destination, creator):
    opened()
    export = prepared(destination, creator, *PEOPLE)
    advance(export)
    assert servers.heard == []
    let_the_pause_be_over()
    assert delivered(export).state == ExportState.SUCCEEDED


def test_it_is_never_blamed_on_the_authorization(servers, destination, creator, authorization):
    servers.answer("find", *[503] * OPENS_AFTER)
    export = prepared(destination, creator, *PEOPLE)
    for _ in range(OPENS_AFTER + 2):
        work(export)
    assert servers.count("find") == OPENS_AFTER
    assert stored(authorization).broken_at is None
