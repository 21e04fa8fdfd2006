"""Workers that are killed, frozen or too many: who sends, who writes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from exports import delivery
from exports.claims import LeaseLost
from exports.states import BatchState, ExportState, WaitingFor
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
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
    taken_over,
)
from tests.factories import change, stored
from tests.sample_platform import TOKEN_URL

pytestmark = pytest.mark.django_db


def test_a_killed_workers_batch_is_sent_again_once_its_lease_has_ended(
    servers, destination, creator
):
    export = prepared(destination, creator)
    batch = half_sent(export, servers)
    assert (batch.state, batch.attempts) == (BatchState.SENDING, 1)
    assert batch.id not in advance(export).send
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

    export = prepared(destination, creator, "jane@example.com")
    advance(export)
    (batch,) = batches(export)
    begun = timezone.now() - timedelta(hours=1)
    change(
        destination.authorization,
        access_issued_at=begun,
        access_expires_at=begun + timedelta(minutes=30),
    )
    network.remove("POST", TOKEN_URL)
    network.add_callback("POST", TOKEN_URL, callback=renew_slowly)
    assert not send_next(export)
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
    send_next(export)
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
    send_next(export)
    assert (stored(batch).state, stored(batch).attempts) == (BatchState.ACCEPTED, 2)


def test_a_receipt_that_arrives_after_the_lease_was_lost_is_dropped(servers, destination, creator):
    export = prepared(destination, creator)
    advance(export)
    batch = batches(export)[0]
    owners = []
    servers.answer("add", lambda: owners.append(taken_over(batch)))
    send_next(export)
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
    advance(export)
    batch = batches(export)[0]
    change(batch, troubles=5)
    servers.answer("add", take_over)
    send_next(export)
    now = stored(batch)
    assert (now.state, now.error, now.troubles) == (BatchState.SENDING, "", 5)
    assert stored(export).state == ExportState.SENDING
    assert stored(destination).audience_id == "au1"
    assert [each.state for each in batches(export)[1:]] == [BatchState.PENDING] * 2


def test_nobody_sends_for_an_export_that_is_over_or_waits(servers, destination, creator):
    export = prepared(destination, creator)
    advance(export)
    change(export, state=ExportState.WAITING, waiting_for=WaitingFor.PERSON)
    assert not send_next(export)
    change(export, state=ExportState.WAITING, waiting_for=WaitingFor.PLATFORM)
    assert send_next(export)
    cancel(export, creator)
    assert not send_next(export)
    assert servers.count("add") == 1
