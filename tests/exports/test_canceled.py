"""A cancel while a worker is about to ask the platform: what was sent before stays, as it says."""

from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Entry
from destinations import audiences
from exports import delivery, first_steps, gathering
from exports.claims import Over
from exports.shared_models import RateBudget
from exports.states import BatchState, ExportState, Mode
from organizations import fence
from providers.declarations import Limits, Per, Rate
from tests.exports.driving import (
    ADDRESSES,
    advance,
    batches,
    cancel,
    delivered,
    digests,
    prepared,
    started,
    states,
)
from tests.exports.made_of_files import PEOPLE, held, set_of, step, until
from tests.exports.test_sending import ready, stint
from tests.factories import change, stored
from tests.sample_platform import TOKEN_URL

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def canceled_meanwhile(network, destination, creator):
    """Let an export be canceled while the token that it needs is renewed."""

    def while_renewed(export) -> None:
        def renew(_request):
            cancel(export, creator)
            connections.close_all()
            return 200, {}, '{"access_token": "access-2", "token_type": "bearer"}'

        begun = timezone.now() - timedelta(hours=1)
        ended = begun + timedelta(minutes=30)
        change(destination.authorization, access_issued_at=begun, access_expires_at=ended)
        network.remove("POST", TOKEN_URL)
        network.add_callback("POST", TOKEN_URL, callback=renew)

    return while_renewed


def entries(action) -> int:
    return Entry.objects.filter(action=action).count()


def test_an_audience_is_not_emptied_for_a_canceled_replace(
    servers, destination, creator, canceled_meanwhile
):
    delivered(started(destination, creator))
    export = prepared(destination, creator, *ADDRESSES[1:], mode=Mode.REPLACE)
    canceled_meanwhile(export)
    advance(export)
    assert servers.count("clear") == 0
    assert servers.held == {"au1": digests(*ADDRESSES)}
    export = stored(export)
    assert (export.state, export.reason, export.cleared_at) == (ExportState.CANCELED, "", None)
    # Whoever comes next need not wait until its lease has ended.
    assert export.lease_owner is None
    assert delivered(started(destination, creator)).state == ExportState.SUCCEEDED


def test_a_cancel_while_an_audience_is_emptied_says_what_it_holds(servers, destination, creator):
    delivered(started(destination, creator))
    export = prepared(destination, creator, *ADDRESSES[1:], mode=Mode.REPLACE)
    servers.answer("clear", lambda: cancel(export, creator))
    assert delivered(export).state == ExportState.CANCELED
    assert servers.held == {"au1": set()}
    assert stored(export).reason.count("was emptied and holds 0 of the 6 people") == 1
    with fence.inside(export.organization_id):
        assert entries("audience left incomplete") == 2


def test_a_cancel_right_after_that_says_it_once(servers, destination, creator, monkeypatch):
    delivered(started(destination, creator))
    export = prepared(destination, creator, *ADDRESSES[1:], mode=Mode.REPLACE)
    monkeypatch.setattr(first_steps.breakers, "note_answer", lambda _: cancel(export, creator))
    advance(export)
    assert stored(export).reason.count("was emptied and holds 0 of the 6 people") == 1
    with fence.inside(export.organization_id):
        assert entries("audience left incomplete") == 2


@pytest.mark.parametrize("can_be_looked_up", [True, False])
def test_no_audience_is_created_for_a_canceled_export(
    servers, sample_platform, destination, creator, canceled_meanwhile, can_be_looked_up
):
    sample_platform.audiences_can_be_looked_up = can_be_looked_up
    export = prepared(destination, creator)
    canceled_meanwhile(export)
    advance(export)
    assert stored(export).state == ExportState.CANCELED
    assert servers.count("create") == 0
    # Nobody needs to look whether it was created.
    assert stored(destination).audience_asked_at is None
    assert delivered(started(destination, creator)).state == ExportState.SUCCEEDED


def test_files_of_a_canceled_export_take_no_effect(sandbox, made_of_files, creator, monkeypatch):
    export = until(started(made_of_files, creator, *PEOPLE), BatchState.UPLOADED)
    target_of = audiences.target_of

    def meanwhile(*asked):
        monkeypatch.undo()
        cancel(export, creator)
        return target_of(*asked)

    monkeypatch.setattr(audiences, "target_of", meanwhile)
    assert not gathering.put_in_effect(export.organization_id, export.id)
    assert held(sandbox) == []
    assert stored(export).lease_owner is None
    step(export)
    assert states(export) == [BatchState.CANCELED] * 3
    assert set_of(*PEOPLE) not in held(sandbox)


@pytest.fixture
def some_a_second(sample_platform):
    sample_platform.limits = Limits(batch_rows=3, rates=(Rate(4, 1.0, Per.AD_ACCOUNT),))


def canceled_by_the_first(servers, export, by) -> None:
    def answer():
        cancel(export, by)
        connections.close_all()

    servers.answer("add", answer)
    # What looking for the audience spent is over.
    RateBudget.objects.all().delete()
    stint(export)


def test_what_waits_for_its_place_is_not_sent_after_a_cancel(
    servers, destination, creator, some_a_second
):
    export = ready(destination, creator)
    canceled_by_the_first(servers, export, creator)
    assert servers.count("add") == 1
    said = states(export)
    assert said.count(BatchState.ACCEPTED) == 1
    assert said.count(BatchState.CANCELED) == len(said) - 1
    assert sum(batch.attempts for batch in batches(export)) == 1


def test_nor_what_was_late_and_waits_for_another(
    servers, destination, creator, some_a_second, monkeypatch
):
    export = ready(destination, creator, *ADDRESSES)
    monkeypatch.setattr(delivery, "placed", lambda _, claimed: [(each, 0.0) for each in claimed])
    monkeypatch.setattr(delivery, "_LATE_SECONDS", -1.0)
    canceled_by_the_first(servers, export, creator)
    assert servers.count("add") == 1
    assert sorted(states(export)) == [BatchState.ACCEPTED, *[BatchState.CANCELED] * 2]


def claimed_of(export):
    way = delivery.way_of(export)
    with fence.inside(export.organization_id):
        claim, *_ = delivery.claim_on(way, export.id, at_most=1)
    return way, claim


def test_a_request_that_looks_at_its_lease_looks_at_its_export(servers, destination, creator):
    export = ready(destination, creator)
    _, claim = claimed_of(export)
    cancel(export, creator)
    claim.taken_at -= 60
    with pytest.raises(Over):
        claim.begin_request()
    assert stored(claim.batch).state == BatchState.SENDING


def test_what_need_not_wait_asks_the_database_nothing(servers, destination, creator):
    way, claim = claimed_of(ready(destination, creator))
    with CaptureQueriesContext(connection) as caught:
        assert delivery.deliver(claim, way, 0.0) is not None
    assert caught.captured_queries == []
