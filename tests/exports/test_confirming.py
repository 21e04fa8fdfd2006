"""Platforms that take a batch first and say later what came of it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from exports import breakers, confirming
from exports.shared_models import Breaker
from exports.states import BatchState, ExportState, WaitingFor
from organizations import fence
from providers.errors import PlatformDown
from tests.exports.driving import advance, batches, delivered, started, states
from tests.factories import stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken(servers, destination, creator):
    """An export all of whose batches the platform has taken."""
    servers.jobs = {}
    return delivered(started(destination, creator))


def time_passes(export, **also):
    with fence.inside(export.organization_id):
        export.batches.filter(state=BatchState.TAKEN).update(
            not_before=Now() - timedelta(seconds=1), hinted_until=None, **also
        )


def confirmed(export):
    time_passes(export)
    for batch_id in advance(export).confirm:
        confirming.confirm(export.organization_id, batch_id)
    return delivered(export)


def test_what_is_only_taken_is_not_a_success(servers, taken):
    assert taken.state == ExportState.SENDING
    assert states(taken) == [BatchState.TAKEN] * 3
    assert servers.count("add") == 3
    assert not advance(taken).confirm
    assert confirmed(taken).state == ExportState.SENDING
    assert states(taken) == [BatchState.TAKEN] * 3
    assert servers.count("add") == 3


def test_what_the_platform_confirms_is_accepted_with_its_own_count(servers, taken):
    servers.jobs |= {name: {"state": "done", "accepted": 1} for name in servers.jobs}
    export = confirmed(taken)
    assert export.state == ExportState.SUCCEEDED
    assert [each.accepted for each in batches(export)] == [1, 1, 1]
    assert all(each.receipt == {"job": "done"} for each in batches(export))
    assert servers.count("job") == 3


def test_a_job_that_fails_late_is_a_failed_batch_that_can_be_sent_again(servers, taken, creator):
    first, *others = servers.jobs
    servers.jobs[first] = {"state": "refused"}
    servers.jobs |= {name: {"state": "done", "accepted": 3} for name in others}
    export = confirmed(taken)
    assert export.state == ExportState.FAILED
    assert "refused all of them" in export.reason
    assert sorted(states(export)) == [BatchState.ACCEPTED, BatchState.ACCEPTED, BatchState.FAILED]


def test_trouble_with_asking_is_not_the_batchs(servers, taken):
    servers.answer("job", 500, 429, 503)
    export = confirmed(taken)
    assert export.state == ExportState.SENDING
    assert states(export) == [BatchState.TAKEN] * 3


def test_it_is_asked_once_at_a_time(servers, taken):
    time_passes(taken)
    batch_id, *_ = advance(taken).confirm
    assert not advance(taken).confirm
    assert confirming.confirm(taken.organization_id, batch_id) is None
    assert confirming.confirm(taken.organization_id, batch_id) is None
    assert servers.count("job") == 1


def test_a_platform_that_never_says_is_not_waited_for_for_ever(servers, taken):
    time_passes(taken, troubled_since=timezone.now() - timedelta(hours=73))
    for batch_id in advance(taken).confirm:
        confirming.confirm(taken.organization_id, batch_id)
    export = delivered(taken)
    assert export.state == ExportState.FAILED
    assert "did not say in three days" in export.reason
    assert stored(export).finished_at is not None


def shut() -> None:
    for _ in range(breakers.OPENS_AFTER):
        breakers.note_error("sample", PlatformDown("Trouble there.", status=503))


def ask_for_all(export) -> None:
    for batch in batches(export):
        confirming.confirm(export.organization_id, batch.pk)


def test_a_platform_that_is_left_alone_is_not_asked(servers, taken):
    time_passes(taken)
    shut()
    ask_for_all(taken)
    assert servers.count("job") == 0
    # They are as due as before.
    with fence.inside(taken.organization_id):
        assert taken.batches.filter(not_before__lte=Now()).count() == 3
    assert {batch.troubled_since for batch in batches(taken)} == {None}


def test_one_alone_probes_and_its_answer_lets_all_go_on(servers, taken):
    time_passes(taken)
    shut()
    advance(taken)
    assert stored(taken).waiting_for == WaitingFor.PLATFORM
    servers.answer("job", 503)
    Breaker.objects.update(probe_at=Now())
    ask_for_all(taken)
    assert servers.count("job") == 1
    assert Breaker.objects.get().pause_seconds == 10
    time_passes(taken)
    Breaker.objects.update(probe_at=Now())
    ask_for_all(taken)
    assert servers.count("job") == 1 + 3
    assert not Breaker.objects.exists()
    # The platform works on them still, but it answers.
    export = stored(taken)
    assert (export.state, export.reason) == (ExportState.SENDING, "")
    assert states(export) == [BatchState.TAKEN] * 3


def test_outages_while_asking_count_as_the_platforms(servers, taken):
    servers.answer("job", *[503] * breakers.OPENS_AFTER)
    for _ in range(2):
        time_passes(taken)
        ask_for_all(taken)
    assert breakers.may_go("sample") == breakers.Way.SHUT


def test_a_job_that_failed_is_an_answer(servers, taken):
    for _ in range(breakers.OPENS_AFTER - 1):
        breakers.note_error("sample", PlatformDown("Trouble there.", status=503))
    servers.jobs |= {name: {"state": "refused"} for name in servers.jobs}
    confirmed(taken)
    assert not Breaker.objects.exists()


def test_a_pause_that_the_platform_asks_for_is_kept(servers, taken):
    servers.answer("job", *[(429, {"Retry-After": "600"})] * 3)
    confirmed(taken)
    for batch in batches(taken):
        assert batch.not_before - timezone.now() > timedelta(seconds=500)


def test_a_permission_that_is_missing_is_said(servers, taken):
    servers.answer("job", 403)
    export = confirmed(taken)
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PERSON)
    assert set(states(export)) == {BatchState.TAKEN}


def test_an_error_of_ours_while_asking_ends_in_the_end(
    servers, taken, sample_platform, monkeypatch
):
    def broken(*_):
        raise KeyError

    monkeypatch.setattr(type(sample_platform), "confirm", broken)
    for _ in range(30):
        time_passes(taken)
        ask_for_all(taken)
    assert set(states(taken)) == {BatchState.FAILED}
    assert "Something went wrong on this server" in delivered(taken).reason


def test_no_more_count_as_accepted_than_were_sent(servers, taken):
    servers.jobs |= {name: {"state": "done", "accepted": 10**12} for name in servers.jobs}
    export = confirmed(taken)
    assert export.state == ExportState.SUCCEEDED
    assert [each.accepted for each in batches(export)] == [
        each.identifiers for each in batches(export)
    ]
