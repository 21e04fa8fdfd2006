"""From a started export to its end, at a platform that answers well."""

import pytest

from audit.models import Entry
from authorizations.models import TokenUse
from exports import conducting
from exports.services import may_retry
from exports.states import BatchState, ExportState, Mode
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
    advance,
    batches,
    delivered,
    digests,
    files,
    hints_are_lost,
    is_found_by_the_sweep,
    prepared,
    send_next,
    started,
    states,
)
from tests.factories import change, stored

pytestmark = pytest.mark.django_db


def test_the_whole_way_sends_exactly_the_set(servers, destination, creator):
    export = delivered(started(destination, creator, *ADDRESSES, ADDRESSES[0].upper()))
    assert export.state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*ADDRESSES)}
    assert (export.rows, export.identifiers, export.duplicates, export.rejected) == (8, 7, 1, 0)
    assert [batch.identifiers for batch in batches(export)] == [3, 3, 1]
    assert export.finished_at is not None


def test_each_batch_keeps_its_receipt_and_not_its_identifiers(servers, destination, creator):
    export = delivered(started(destination, creator))
    kept = batches(export)
    assert {batch.state for batch in kept} == {BatchState.ACCEPTED}
    assert [batch.accepted for batch in kept] == [3, 3, 1]
    assert sorted(batch.request_id for batch in kept) == ["r1", "r2", "r3"]
    assert [batch.attempts for batch in kept] == [1, 1, 1]
    assert {batch.lease_owner for batch in kept} == {None}
    assert files(export) == {export.rejects_name}
    assert not is_found_by_the_sweep(export)


def test_rows_that_cannot_be_sent_are_said_at_the_end(servers, destination, creator):
    export = delivered(started(destination, creator, "jane@example.com", "n/a", "n/a"))
    assert export.state == ExportState.SUCCEEDED_WITH_REJECTS
    assert (export.identifiers, export.rejected) == (1, 2)
    assert export.reject_reasons == {"not an e-mail address": 2}
    assert servers.held["au1"] == digests("jane@example.com")


def test_remove_takes_the_people_out(servers, destination, creator):
    delivered(started(destination, creator))
    export = delivered(started(destination, creator, *ADDRESSES[:4], mode=Mode.REMOVE))
    assert export.state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES[4:])


def test_replace_empties_once_and_only_before_the_first_batch(servers, destination, creator):
    delivered(started(destination, creator, "old@example.com"))
    servers.heard.clear()
    export = delivered(started(destination, creator, mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)
    assert servers.heard == ["clear", "add", "add", "add"]


def test_the_audience_is_created_once_for_many_exports(servers, destination, creator):
    for number in range(3):
        delivered(started(destination, creator, f"p{number}@example.com"))
    assert servers.count("create") == 1
    assert stored(destination).audience_id == "au1"
    assert len(servers.held["au1"]) == 3


def test_an_audience_that_is_there_by_name_is_taken(servers, destination, creator):
    servers.held["au7"], servers.names["au7"] = set(), "Loyal"
    delivered(started(destination, creator))
    assert servers.count("create") == 0
    assert servers.held["au7"] == digests(*ADDRESSES)


def test_a_bounded_number_is_in_flight(servers, destination, creator, settings):
    settings.EXPORT_IN_FLIGHT = 2
    export = prepared(destination, creator)
    assert len(advance(export).send) == 2
    assert delivered(export).state == ExportState.SUCCEEDED


def test_an_export_is_told_to_the_history_and_the_use_of_the_token(servers, destination, creator):
    export = delivered(started(destination, creator))
    with fence.inside(export.organization_id):
        told = list(
            Entry.objects.filter(subject_id=export.id)
            .order_by("at")
            .values_list("action", flat=True)
        )
        use = TokenUse.objects.get(subject_id=export.id)
    assert told == ["export started", "file prepared", "export finished"]
    assert (use.kind, use.person_id, use.count) == ("export", creator.id, 5)
    assert servers.tokens == {"Bearer access-1"}


def test_nothing_is_done_twice_once_it_is_over(servers, destination, creator):
    export = delivered(started(destination, creator))
    servers.heard.clear()
    assert advance(export) == conducting.Next()
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.heard == []


def test_an_export_that_is_not_there_is_forgotten(destination, creator):
    export = started(destination, creator)
    with fence.inside(export.organization_id):
        type(export).objects.filter(pk=export.pk).delete()
    assert advance(export) == conducting.Next()
    assert not is_found_by_the_sweep(export)


def test_a_batch_that_is_not_readable_fails_alone(servers, destination, creator, staging_folder):
    export = prepared(destination, creator)
    first, second, _ = batches(export)
    change(first, stored_name=second.stored_name.replace("batch", "gone"))
    path = staging_folder / second.stored_name
    path.write_bytes(path.read_bytes()[:-1])
    export = delivered(export)
    assert states(export) == [BatchState.FAILED, BatchState.FAILED, BatchState.ACCEPTED]
    assert export.state == ExportState.FAILED
    assert "not readable any more" in export.reason
    assert "The others were delivered." in export.reason


def test_a_batch_is_told_to_workers_once_until_its_message_may_be_lost(
    servers, destination, creator
):
    export = prepared(destination, creator)
    told = advance(export).send
    assert len(told) == 3
    assert not advance(export).send
    send_next(export)
    assert not advance(export).send
    hints_are_lost(export)
    assert set(advance(export).send) == set(told[1:])


@pytest.mark.parametrize(
    ("newer", "may"), [(Mode.ADD, True), (Mode.REMOVE, False), (Mode.REPLACE, False)]
)
def test_a_retry_does_not_undo_what_a_newer_export_did(servers, destination, creator, newer, may):
    servers.answer("add", 400)
    export = delivered(started(destination, creator))
    assert export.state == ExportState.FAILED
    assert delivered(started(destination, creator, mode=newer)).is_final
    with fence.inside(export.organization_id):
        assert may_retry(export) is may
