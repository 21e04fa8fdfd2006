"""Whose turn it is: exports of one destination, what comes once, and the end of each."""

import pytest

from destinations.services import destination_pause, destination_resume
from exports import conducting, finishing, first_steps, rates
from exports.models import Export
from exports.states import BatchState, ExportState, Mode, WaitingFor
from organizations import fence
from tests.exports.driving import (
    advance,
    batches,
    cancel,
    delivered,
    digests,
    files,
    half_sent,
    let_leases_end,
    prepared,
    send_next,
    started,
    taken_over,
)
from tests.exports.sample_servers import Killed, kill
from tests.factories import change, destined, stored

pytestmark = pytest.mark.django_db


def test_exports_to_one_destination_go_one_after_the_other(servers, destination, creator):
    first, second = prepared(destination, creator), prepared(destination, creator)
    advance(second)
    assert stored(second).waiting_for == WaitingFor.TURN
    assert delivered(first).state == ExportState.SUCCEEDED
    assert delivered(second).state == ExportState.SUCCEEDED


def test_exports_to_two_destinations_do_not_wait_for_each_other(
    servers, authorization, destination, creator
):
    other = destined(authorization, creator, name="Others", audience_name="Others")
    prepared(destination, creator)
    assert delivered(prepared(other, creator)).state == ExportState.SUCCEEDED


def test_a_second_export_waits_until_every_lease_of_the_canceled_first_has_ended(
    servers, destination, creator
):
    first = prepared(destination, creator)
    frozen = half_sent(first, servers)
    second = started(destination, creator, "new@example.com", mode=Mode.REPLACE)
    cancel(first, creator)
    assert delivered(first).state == ExportState.CANCELED
    assert delivered(second).waiting_for == WaitingFor.TURN
    assert servers.count("clear") == 0
    let_leases_end(frozen)
    assert delivered(second).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests("new@example.com")
    delivered(first)
    assert stored(frozen).state == BatchState.CANCELED


def test_a_second_export_waits_while_the_canceled_first_may_still_empty_the_audience(
    servers, destination, creator
):
    servers.held["au1"], servers.names["au1"] = set(), "Loyal"
    first = prepared(destination, creator, mode=Mode.REPLACE)
    servers.answer("clear", kill)
    with pytest.raises(Killed):
        advance(first)
    cancel(first, creator)
    second = started(destination, creator, "new@example.com")
    assert delivered(second).waiting_for == WaitingFor.TURN
    let_leases_end(first)
    assert delivered(second).state == ExportState.SUCCEEDED


def test_files_stay_while_a_worker_of_the_canceled_export_may_have_them_open(
    servers, destination, creator
):
    export = prepared(destination, creator)
    frozen = half_sent(export, servers)
    cancel(export, creator)
    delivered(export)
    assert frozen.stored_name in files(export)
    let_leases_end(frozen)
    delivered(export)
    assert files(export) == {stored(export).rejects_name}


def test_what_comes_once_is_done_by_one_at_a_time(servers, destination, creator):
    export = prepared(destination, creator)
    servers.answer("create", kill)
    with pytest.raises(Killed):
        advance(export)
    assert advance(export) == conducting.Next()
    assert servers.count("create") == 1
    let_leases_end(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    # Looked for by name first: the killed create may have come through.
    assert servers.heard[:4] == ["find", "create", "find", "create"]


def test_a_frozen_worker_of_what_comes_once_writes_nothing_when_it_wakes(
    servers, destination, creator
):
    def lose_it():
        taken_over(export)
        return 403

    export = prepared(destination, creator)
    servers.answer("create", lose_it)
    assert advance(export) == conducting.Next()
    assert stored(export).state == ExportState.SENDING
    assert stored(export).lease_owner is not None


def test_a_frozen_worker_that_wakes_does_not_empty_what_others_have_filled(
    servers, destination, creator, monkeypatch
):
    servers.held["au1"], servers.names["au1"] = set(), "Loyal"
    export = prepared(destination, creator, mode=Mode.REPLACE)
    monkeypatch.setattr(first_steps, "is_to_be_emptied", frozen_before(export, True))
    assert advance(export) == conducting.Next()
    assert servers.heard == ["find"]
    assert stored(export).cleared_at is None


def test_what_somebody_else_has_emptied_just_now_is_not_emptied_again(
    servers, destination, creator
):
    servers.held["au1"], servers.names["au1"] = set(), "Loyal"
    export = prepared(destination, creator, mode=Mode.REPLACE)
    with fence.inside(export.organization_id):
        read = Export.objects.select_related("destination").get(pk=export.pk)
    advance(export)
    assert first_steps.done(read)
    assert servers.count("clear") == 1
    assert delivered(export).state == ExportState.SUCCEEDED


def test_a_frozen_worker_that_wakes_creates_no_second_audience(
    servers, destination, creator, monkeypatch
):
    export = prepared(destination, creator)
    monkeypatch.setattr(rates, "spend", frozen_before(export, None))
    assert advance(export) == conducting.Next()
    assert servers.heard == ["find"]
    assert stored(destination).audience_asked_at is None


def frozen_before(export, answer):
    def answered(*_):
        if stored(export).lease_owner is not None:
            taken_over(export)
        return answer

    return answered


def test_a_paused_destination_waits_and_resumes(servers, destination, creator):
    export = prepared(destination, creator)
    with fence.inside(export.organization_id):
        destination_pause(destination=destination, by=creator)
    export = delivered(export)
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.DESTINATION)
    assert servers.heard == []
    with fence.inside(export.organization_id):
        destination_resume(destination=stored(destination), by=creator)
    assert delivered(export).state == ExportState.SUCCEEDED


def test_a_destination_without_an_authorization_waits_for_one(
    servers, authorization, destination, creator
):
    export = prepared(destination, creator)
    change(destination, authorization=None)
    export = delivered(export)
    assert export.waiting_for == WaitingFor.RECONNECTION
    change(destination, authorization=authorization)
    assert delivered(export).state == ExportState.SUCCEEDED


def test_a_retry_that_begins_while_files_are_destroyed_keeps_them(servers, destination, creator):
    servers.answer("add", None, 400)
    export = delivered(started(destination, creator))
    with fence.inside(export.organization_id):
        # Read as failed, then retried by somebody: what was read is not true any more.
        read = Export.objects.get(pk=export.id)
        change(export, state=ExportState.SENDING)
        change(batches(export)[1], state=BatchState.PENDING)
        finishing.tidy_up(read)
    assert delivered(export).state == ExportState.SUCCEEDED


def test_an_export_that_is_all_delivered_ends_whatever_became_of_its_destination(
    servers, destination, creator
):
    export = prepared(destination, creator)
    for _ in advance(export).send:
        send_next(export)
    with fence.inside(export.organization_id):
        destination_pause(destination=destination, by=creator)
    assert delivered(export).state == ExportState.SUCCEEDED
