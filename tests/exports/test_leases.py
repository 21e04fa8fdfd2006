"""Workers that are killed, frozen or too many: who sends, who writes, whose turn it is."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from destinations.services import destination_pause, destination_resume
from exports import conducting, delivery, finishing
from exports.claims import LeaseLost
from exports.models import Export
from exports.services import export_cancel
from exports.states import BatchState, ExportState, Mode, WaitingFor
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
    advance,
    batches,
    delivered,
    digests,
    files,
    let_leases_end,
    prepared,
    started,
    taken_over,
)
from tests.exports.sample_servers import Killed
from tests.factories import change, destined, stored
from tests.sample_platform import TOKEN_URL

pytestmark = pytest.mark.django_db


def kill():
    raise Killed


def half_sent(export, servers):
    """Let the worker of the first batch be killed while it waits for the answer."""
    first, *_ = advance(export).send
    servers.answer("add", kill)
    with pytest.raises(Killed):
        delivery.send(export.organization_id, first)
    return batches(export)[0]


def cancel(export, by):
    with fence.inside(export.organization_id):
        export_cancel(export=stored(export), by=by)


def test_a_killed_workers_batch_is_sent_again_once_its_lease_has_ended(
    servers, destination, creator
):
    export = prepared(destination, creator)
    batch = half_sent(export, servers)
    assert (batch.state, batch.attempts) == (BatchState.SENDING, 1)
    assert batch.id not in advance(export).send
    assert delivery.send(export.organization_id, batch.id) is None
    assert delivered(export).state == ExportState.SENDING
    let_leases_end(batch)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert [each.attempts for each in batches(export)] == [2, 1, 1]
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_a_lease_outlasts_any_request(servers, destination, creator):
    batch = half_sent(prepared(destination, creator), servers)
    assert batch.lease_until - timezone.now() > timedelta(seconds=100)


def test_a_worker_that_lost_its_lease_before_sending_sends_nothing(
    servers, network, destination, creator
):
    def renew_slowly(request):
        taken_over(batch)
        return 200, {}, '{"access_token": "access-2", "token_type": "bearer"}'

    export = prepared(destination, creator)
    batch_id, *_ = advance(export).send
    batch = next(each for each in batches(export) if each.id == batch_id)
    begun = timezone.now() - timedelta(hours=1)
    change(
        destination.authorization,
        access_issued_at=begun,
        access_expires_at=begun + timedelta(minutes=30),
    )
    network.remove("POST", TOKEN_URL)
    network.add_callback("POST", TOKEN_URL, callback=renew_slowly)
    assert delivery.send(export.organization_id, batch_id) is None
    assert servers.count("add") == 0
    assert stored(batch).attempts == 0


def test_a_lease_that_ran_out_is_not_sent_under_even_if_nobody_took_it(
    servers, network, destination, creator
):
    def renew_slowly(request):
        let_leases_end(batch)
        return 200, {}, '{"access_token": "access-2", "token_type": "bearer"}'

    export = prepared(destination, creator)
    advance(export)
    batch = batches(export)[0]
    network.remove("POST", TOKEN_URL)
    network.add_callback("POST", TOKEN_URL, callback=renew_slowly)
    # The token is rejected: it would be sent a second time with the renewed one.
    servers.answer("add", 401)
    delivery.send(export.organization_id, batch.id)
    assert servers.count("add") == 1
    assert servers.held["au1"] == set()
    assert stored(batch).attempts == 1


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_request_that_does_not_begin_at_once_looks_at_its_lease_again(
    servers, destination, creator, seconds
):
    export = prepared(destination, creator)
    advance(export)
    way = delivery.way_of(export)
    with fence.inside(export.organization_id):
        claim, *_ = delivery.claim_on(way, export.id, at_most=1)
    let_leases_end(claim.batch)
    # As after a freeze of so long.
    claim.taken_at -= seconds
    if seconds:
        with pytest.raises(LeaseLost):
            claim.begin_request()
    else:
        claim.begin_request()
    assert stored(claim.batch).attempts == 1


def test_a_second_request_under_a_claim_counts_and_takes_the_lease_anew(
    servers, network, destination, creator
):
    export = prepared(destination, creator)
    advance(export)
    servers.answer("add", 401)
    batch = batches(export)[0]
    delivery.send(export.organization_id, batch.id)
    assert (stored(batch).state, stored(batch).attempts) == (BatchState.ACCEPTED, 2)


def test_a_receipt_that_arrives_after_the_lease_was_lost_is_dropped(servers, destination, creator):
    export = prepared(destination, creator)
    batch_id, *_ = advance(export).send
    batch = batches(export)[0]
    owners = []
    servers.answer("add", lambda: owners.append(taken_over(batch)))
    delivery.send(export.organization_id, batch_id)
    now = stored(batch)
    assert (now.state, now.lease_owner, now.accepted) == (BatchState.SENDING, owners[0], 0)
    assert now.stored_name in files(export)


@pytest.mark.parametrize("status", [400, 403, 404, 429, 503])
def test_a_trouble_that_arrives_after_the_lease_was_lost_changes_nothing(
    servers, destination, creator, status
):
    def take_over():
        taken_over(batch)
        return status

    export = prepared(destination, creator)
    batch_id, *_ = advance(export).send
    batch = batches(export)[0]
    change(batch, troubles=5)
    servers.answer("add", take_over)
    delivery.send(export.organization_id, batch_id)
    now = stored(batch)
    assert (now.state, now.error, now.troubles) == (BatchState.SENDING, "", 5)
    assert stored(export).state == ExportState.SENDING
    assert stored(destination).audience_id == "au1"
    assert [each.state for each in batches(export)[1:]] == [BatchState.PENDING] * 2


def test_nobody_sends_for_an_export_that_is_over_or_waits(servers, destination, creator):
    export = prepared(destination, creator)
    first, second, third = advance(export).send
    change(export, state=ExportState.WAITING, waiting_for=WaitingFor.PERSON)
    assert delivery.send(export.organization_id, first) is None
    change(export, state=ExportState.WAITING, waiting_for=WaitingFor.PLATFORM)
    assert delivery.send(export.organization_id, second) == export.id
    cancel(export, creator)
    assert delivery.send(export.organization_id, third) is None
    assert delivery.send(export.organization_id, uuid.uuid4()) is None
    assert servers.count("add") == 1


def test_another_organization_cannot_name_a_batch(servers, destination, creator, globex):
    export = prepared(destination, creator)
    batch_id, *_ = advance(export).send
    assert delivery.send(globex.id, batch_id) is None
    assert servers.count("add") == 0


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
    for batch_id in advance(export).send:
        delivery.send(export.organization_id, batch_id)
    with fence.inside(export.organization_id):
        destination_pause(destination=destination, by=creator)
    assert delivered(export).state == ExportState.SUCCEEDED
