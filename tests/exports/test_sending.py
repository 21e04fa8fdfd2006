"""Stints: many batches at once, few statements, bounded, and nothing lost when one is cut off."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from authorizations.models import TokenUse
from exports import sending
from exports.models import ExportBatch
from exports.services import export_cancel
from exports.shared_models import RateBudget
from exports.states import BatchState, ExportState
from organizations import fence
from providers.declarations import Limits, Per, Rate
from tests.exports.driving import (
    advance,
    batches,
    delivered,
    digests,
    let_leases_end,
    let_time_pass,
    prepared,
    states,
)
from tests.exports.sample_servers import Killed
from tests.factories import destined, stored

pytestmark = pytest.mark.django_db(transaction=True)

MANY = tuple(f"person{number}@example.com" for number in range(120))
# More batches than a stint has slots.
MORE = tuple(f"person{number}@example.com" for number in range(4 * sending.SLOTS))


def ready(destination, creator, *addresses):
    """Return an export whose audience is there and whose batches may go."""
    export = prepared(destination, creator, *(addresses or MANY))
    advance(export)
    return stored(export)


def stint(export) -> bool:
    return sending.send_for_a_while(export.organization_id, export.id)


def to_the_end(export) -> None:
    """Go on as messages would: a stint ends where its time is over or others have the room."""
    while advance(export).send or stint(export):
        pass


def in_threads(work, *items):
    def run(item):
        try:
            return work(item)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(run, items))


def test_a_stint_sends_all_that_is_due_each_once(servers, destination, creator):
    export = ready(destination, creator)
    assert stint(export)
    assert servers.count("add") == len(batches(export)) == 40
    assert servers.held["au1"] == digests(*MANY)
    assert {batch.attempts for batch in batches(export)} == {1}
    assert {batch.lease_owner for batch in batches(export)} == {None}
    assert not stint(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    with fence.inside(export.organization_id):
        assert TokenUse.objects.get(subject_id=export.id).count == 40 + 2


def test_few_statements_and_transactions_are_spent_on_a_batch(servers, destination, creator):
    export = ready(destination, creator)
    servers.slow = 0.05
    with CaptureQueriesContext(connection) as caught:
        stint(export)
    said = [each["sql"] for each in caught.captured_queries]
    # One by one it was 72 and 9.
    assert len(said) / 40 < 6
    assert sum(sql == "COMMIT" for sql in said) / 40 < 1


def test_several_are_in_flight_at_a_time(servers, destination, creator):
    export = ready(destination, creator, *MORE)
    servers.slow = 0.5
    began = time.monotonic()
    stint(export)
    assert servers.most_at_once == sending.SLOTS
    assert time.monotonic() - began < 64 * 0.5 / 4


def test_stints_at_once_stay_within_the_bound_of_an_export(servers, destination, creator, settings):
    settings.EXPORT_IN_FLIGHT = 5
    export = ready(destination, creator)
    servers.slow = 0.05
    in_threads(lambda _: stint(export), *range(4))
    assert 1 < servers.most_at_once <= 5
    to_the_end(export)
    assert servers.held["au1"] == digests(*MANY)
    assert servers.count("add") == 40


def test_an_organizations_exports_share_its_bound_and_each_goes_on(
    servers, authorization, destination, creator, settings
):
    settings.ORGANIZATION_IN_FLIGHT = 4
    other = destined(authorization, creator, name="Others", audience_name="Others")
    first, second = ready(destination, creator), ready(other, creator)
    servers.slow = 0.05
    in_threads(stint, first, second)
    assert all(BatchState.ACCEPTED in states(export) for export in (first, second))
    # What one may take before it sees the other, and the one that each may have always.
    assert servers.most_at_once <= 2 * 4
    for export in (first, second):
        to_the_end(export)
    assert servers.count("add") == 80


def test_a_stint_ends_and_leaves_the_rest_to_the_next(servers, destination, creator, monkeypatch):
    monkeypatch.setattr(sending, "STINT_SECONDS", 0.1)
    export = ready(destination, creator, *MORE)
    servers.slow = 0.2
    assert stint(export)
    assert servers.count("add") == sending.SLOTS
    assert states(export).count(BatchState.PENDING) == len(batches(export)) - sending.SLOTS > 0
    assert delivered(export).state == ExportState.SUCCEEDED


def test_a_cancel_stops_after_what_is_in_flight(servers, destination, creator, settings):
    def cancel():
        with fence.inside(export.organization_id):
            export_cancel(export=stored(export), by=creator)
        heard.append(servers.count("add"))
        connections.close_all()

    heard = []
    settings.EXPORT_IN_FLIGHT = 3
    export = ready(destination, creator)
    servers.answer("add", None, None, None, None, cancel)
    stint(export)
    # What was claimed by then, and no more.
    assert servers.count("add") <= heard[0] + 2
    assert states(export).count(BatchState.CANCELED) >= 40 - heard[0] - 2 > 0
    assert BatchState.SENDING not in states(export)


def test_trouble_of_one_batch_does_not_hold_up_the_others(servers, destination, creator):
    export = ready(destination, creator)
    servers.answer("add", 503, 400)
    stint(export)
    assert servers.count("add") == 40
    said = states(export)
    assert (said.count(BatchState.PENDING), said.count(BatchState.FAILED)) == (1, 1)
    assert said.count(BatchState.ACCEPTED) == 38


def test_no_thread_keeps_a_connection(servers, destination, creator):
    def count():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = current_user")
            return cursor.fetchone()[0]

    export = ready(destination, creator)
    before, threads = count(), threading.active_count()
    # Each writes its trouble from its own thread.
    servers.answer("add", *[503] * 20)
    stint(export)
    assert count() == before
    assert threading.active_count() == threads


def test_what_finds_no_place_in_the_rate_comes_back_uncounted(
    servers, destination, creator, sample_platform, monkeypatch
):
    monkeypatch.setattr(sending, "STINT_SECONDS", 3.0)
    sample_platform.limits = Limits(batch_rows=3, rates=(Rate(1, 1.0, Per.APP),))
    export = ready(destination, creator)
    # What looking for the audience spent is over.
    RateBudget.objects.all().delete()
    stint(export)
    # Now, after one, two, and three seconds, and what the stint's own time gave.
    assert 4 <= servers.count("add") <= 8
    kept = batches(export)
    assert {batch.attempts for batch in kept if batch.state == BatchState.PENDING} == {0}
    assert any(batch.not_before for batch in kept)


def test_a_rejected_token_is_renewed_once_for_all_slots(
    servers, destination, creator, network, monkeypatch
):
    monkeypatch.setattr(sending, "SLOTS", 4)
    export = ready(destination, creator)
    # All four have asked before the first is told.
    servers.slow = 0.3
    servers.answer("add", *[401] * 4)
    stint(export)
    renewals = [call for call in network.calls if "login.sample.example" in call.request.url]
    assert len(renewals) == 1
    assert [batch.attempts for batch in batches(export)].count(2) == 4


def test_a_killed_stint_loses_nothing_and_sends_again_what_was_in_flight(
    servers, destination, creator, settings
):
    settings.EXPORT_IN_FLIGHT = 4
    export = ready(destination, creator)

    def kill():
        raise Killed

    servers.answer("add", *[None] * 10, kill)
    with pytest.raises(Killed):
        stint(export)
    left = [batch for batch in batches(export) if batch.state == BatchState.SENDING]
    assert 1 <= len(left) <= 4
    let_leases_end(*left)
    let_time_pass(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*MANY)
    assert servers.count("add") <= 40 + 4


def test_an_export_that_is_not_there_or_not_to_be_sent_is_left_alone(
    servers, destination, creator, globex
):
    export = ready(destination, creator)
    assert not sending.send_for_a_while(globex.id, export.id)
    with fence.inside(export.organization_id):
        ExportBatch.objects.filter(export=export).update(state=BatchState.ACCEPTED)
    assert not stint(export)
    assert servers.count("add") == 0


@pytest.mark.parametrize(("slots", "times"), [(2, 1), (sending.SLOTS, 0)])
def test_a_stint_whose_slots_are_all_taken_asks_for_help_once(
    servers, destination, creator, monkeypatch, slots, times
):
    monkeypatch.setattr(sending, "SLOTS", slots)
    export = ready(destination, creator, *MANY[:12])
    asked = []
    sending.send_for_a_while(
        export.organization_id, export.id, ask_for_help=lambda: asked.append(export)
    )
    assert len(batches(export)) == 4
    assert len(asked) == times
    assert servers.count("add") == 4


def test_where_no_more_may_be_in_flight_a_stint_asks_for_no_help(
    servers, destination, creator, monkeypatch, settings
):
    monkeypatch.setattr(sending, "SLOTS", 2)
    settings.EXPORT_IN_FLIGHT = 2
    export = ready(destination, creator, *MANY[:12])
    asked = []
    sending.send_for_a_while(
        export.organization_id, export.id, ask_for_help=lambda: asked.append(export)
    )
    assert servers.count("add") == 4
    assert not asked
