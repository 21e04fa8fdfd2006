"""What all of an export's batches would meet is met once, and no stint turns in circles."""

import time
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now

from exports import breakers, delivery, sending
from exports.rates import Sender, hold
from exports.shared_models import Breaker
from exports.states import BatchState, ExportState
from organizations import fence
from providers.declarations import Limits, Per, Rate
from providers.errors import PlatformDown, UnknownAnswer
from tests.exports.driving import (
    ADDRESSES,
    batches,
    delivered,
    digests,
    let_time_pass,
    states,
)
from tests.exports.test_sending import ready, stint
from tests.factories import change, stored
from tests.sample_platform import BASE, TOKEN_URL, knows

pytestmark = pytest.mark.django_db(transaction=True)


def no_token(export, network) -> None:
    """Let the token be over, and nobody give another."""
    with fence.inside(export.organization_id):
        authorization = export.destination.authorization
    change(
        authorization, access_issued_at="2026-01-01T00:00Z", access_expires_at="2026-01-02T00:00Z"
    )
    network.upsert("POST", TOKEN_URL, status=503)


def test_a_token_that_is_not_to_be_had_is_one_outage(servers, destination, creator, network):
    export = ready(destination, creator)
    no_token(export, network)
    assert not stint(export)
    assert Breaker.objects.get().outages == 1
    assert [batch.troubles for batch in batches(export)].count(1) == 1
    assert servers.count("add") == 0


def test_a_token_that_somebody_else_renews_is_none(servers, destination, creator, monkeypatch):
    def renewed(*_ids):
        raise delivery.tokens.BeingRenewed("The token is being renewed.", retry_after=5)

    export = ready(destination, creator)
    monkeypatch.setattr(delivery.tokens, "lend", renewed)
    assert not stint(export)
    assert not Breaker.objects.exists()
    assert {batch.state for batch in batches(export)} == {BatchState.PENDING}


def test_a_token_that_could_not_be_renewed_is_not_asked_for_by_each_slot(
    servers, destination, creator, network, monkeypatch
):
    monkeypatch.setattr(sending, "SLOTS", 8)
    monkeypatch.setattr(sending, "STINT_SECONDS", 0.1)
    export = ready(destination, creator)
    servers.slow = 0.3
    servers.answer("add", *[401] * 8)
    network.upsert("POST", TOKEN_URL, status=503)
    before = len(network.calls)
    stint(export)
    asked = [call.request.url for call in network.calls][before:]
    assert servers.count("add") == 8
    assert asked.count(TOKEN_URL) == 1
    assert Breaker.objects.get().outages == 1


def test_a_stint_ends_where_the_platform_wants_nobody_to_ask(
    servers, destination, creator, sample_platform
):
    sample_platform.limits = Limits(batch_rows=3, rates=(Rate(1000, 1.0, Per.AD_ACCOUNT),))
    export = ready(destination, creator)
    hold(Sender(sample_platform, destination.authorization_id, destination.ad_account_id), 300)
    assert not stint(export)
    # One round of them has come back, to be looked at again when the sweep comes by.
    tried = [batch for batch in batches(export) if batch.not_before]
    assert 1 <= len(tried) <= sending.SLOTS
    assert servers.count("add") == 0


def test_who_is_late_and_held_gives_the_batch_back(
    servers, destination, creator, sample_platform, monkeypatch
):
    sample_platform.limits = Limits(batch_rows=3, rates=(Rate(1000, 1.0, Per.AD_ACCOUNT),))
    export = ready(destination, creator, *ADDRESSES[:3])
    hold(Sender(sample_platform, destination.authorization_id, destination.ad_account_id), 300)
    # They had places before that, and no time.
    monkeypatch.setattr(delivery, "placed", lambda _, claimed: [(each, 0.0) for each in claimed])
    monkeypatch.setattr(delivery, "_LATE_SECONDS", -1.0)
    began = time.monotonic()
    stint(export)
    assert time.monotonic() - began < 3
    (batch,) = batches(export)
    assert (batch.state, batch.attempts, servers.count("add")) == (BatchState.PENDING, 0, 0)
    assert batch.not_before is not None


def test_a_slot_that_cannot_note_anything_takes_no_others_receipt_with_it(
    servers, destination, creator, monkeypatch
):
    def broken(_claim, _error):
        raise DatabaseError

    export = ready(destination, creator)
    monkeypatch.setattr(delivery, "note_trouble", broken)
    servers.answer("add", None, None, 503)
    stint(export)
    found = states(export)
    assert found.count(BatchState.SENDING) == 1
    assert found.count(BatchState.ACCEPTED) == len(found) - 1


def test_an_error_while_trouble_is_noted_is_noted_as_ours(
    servers, destination, creator, monkeypatch
):
    from exports import undelivered

    def broken(**_):
        raise KeyError("accounts")

    export = ready(destination, creator, *ADDRESSES[:3])
    monkeypatch.setattr(undelivered, "ad_accounts_look", broken)
    servers.answer("add", 403)
    stint(export)
    (batch,) = batches(export)
    assert (batch.state, batch.troubles) == (BatchState.PENDING, 1)
    assert "Something went wrong on this server" in batch.error


def test_of_all_that_are_refused_for_a_role_one_looks_at_the_ad_accounts(
    servers, destination, creator, network
):
    export = ready(destination, creator)
    lost = {"id": destination.ad_account_id, "name": "Acme UK", "verdict": "insufficient"}
    knows(network, accounts=[lost])
    servers.slow = 0.2
    servers.answer("add", *[403] * 40)
    before = len(network.calls)
    stint(export)
    asked = [call.request.url for call in network.calls][before:]
    assert servers.count("add") > 5
    assert sum(url.startswith(f"{BASE}/accounts") for url in asked) == 1
    assert delivered(export).waiting_for == "destination"


def test_answers_that_nobody_understands_are_counted_by_themselves(
    servers, destination, creator, sample_platform, monkeypatch
):
    export = ready(destination, creator, *ADDRESSES[:3])
    servers.answer("add", *[503] * 4)
    for _ in range(4):
        delivered(export)
        let_time_pass(export)
    add = type(sample_platform).add
    monkeypatch.setattr(type(sample_platform), "add", _not_understood)
    delivered(export)
    (batch,) = batches(export)
    assert (batch.state, batch.troubles, batch.unknown_answers) == (BatchState.PENDING, 5, 1)
    monkeypatch.setattr(type(sample_platform), "add", add)
    let_time_pass(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES[:3])


def _not_understood(*_):
    raise UnknownAnswer("The answer was not readable.")


def test_what_was_met_before_somebody_was_waited_for_is_not_in_a_row(servers, destination, creator):
    from destinations.services import destination_pause, destination_resume

    export = ready(destination, creator, *ADDRESSES[:3])
    servers.answer("add", 503)
    delivered(export)
    with fence.inside(destination.organization_id):
        destination_pause(destination=destination, by=creator)
    assert delivered(export).waiting_for == "destination"
    change(batches(export)[0], troubled_since="2026-01-01T00:00Z")
    with fence.inside(destination.organization_id):
        destination_resume(destination=stored(destination), by=creator)
    let_time_pass(export)
    servers.answer("add", 503)
    assert delivered(export).state == ExportState.SENDING
    assert batches(export)[0].troubles == 1
    let_time_pass(export)
    assert delivered(export).state == ExportState.SUCCEEDED


def test_an_outage_is_no_answer_that_lets_all_go_on(servers, destination, creator):
    for _ in range(breakers.OPENS_AFTER):
        breakers.note_error("sample", delivery.tokens.BeingRenewed("It is being renewed."))
    assert breakers.may_go("sample") == breakers.Way.CLEAR
    breakers.note_error("sample", PlatformDown("Trouble.", status=503))
    breakers.note_error("sample", delivery.tokens.BeingRenewed("It is being renewed."))
    assert Breaker.objects.get().outages == 1


def test_a_probe_that_finds_nothing_to_send_is_for_somebody_else(servers, destination, creator):
    export = ready(destination, creator, *ADDRESSES[:3])
    with fence.inside(export.organization_id):
        export.batches.update(not_before=Now() + timedelta(minutes=5))
    for _ in range(breakers.OPENS_AFTER):
        breakers.note_error("sample", PlatformDown("Trouble.", status=503))
    Breaker.objects.update(probe_at=Now())
    assert not stint(export)
    assert breakers.may_go("sample") == breakers.Way.PROBE
