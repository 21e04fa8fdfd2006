"""What becomes of an export when its audience is gone, or nobody knows whether it is there."""

import pytest

from exports.services import export_go_on
from exports.states import BatchState, ExportState, Mode, WaitingFor
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
    advance,
    delivered,
    digests,
    prepared,
    retried,
    send_next,
    started,
    states,
)
from tests.exports.sample_servers import LOST
from tests.factories import change, stored

pytestmark = pytest.mark.django_db


def test_an_audience_that_is_gone_fails_and_retry_creates_it(servers, destination, creator):
    change(destination, audience_id="gone")
    export = delivered(started(destination, creator))
    assert export.state == ExportState.FAILED
    assert "“Retry failed” looks for the audience again, or creates it." in export.reason
    assert servers.count("add") == 1
    assert stored(destination).audience_id == ""
    assert states(export) == [BatchState.FAILED] * 3
    export = retried(export, creator)
    assert export.state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*ADDRESSES)}


def test_an_audience_that_is_gone_when_it_is_to_be_emptied_is_found_by_retry(
    servers, destination, creator
):
    change(destination, audience_id="gone")
    servers.held["au7"], servers.names["au7"] = {"somebody"}, "Loyal"
    export = delivered(started(destination, creator, mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    export = retried(export, creator)
    assert export.state == ExportState.SUCCEEDED
    assert servers.held == {"au7": digests(*ADDRESSES)}


def test_the_answer_of_a_create_that_was_lost_is_looked_up(servers, destination, creator):
    servers.answer("create", LOST)
    export = delivered(started(destination, creator))
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PLATFORM)
    assert stored(destination).audience_asked_at is not None
    export = delivered(export)
    assert export.state == ExportState.SUCCEEDED
    assert servers.heard[:3] == ["find", "create", "find"]
    assert servers.held == {"au1": digests(*ADDRESSES)}
    assert stored(destination).audience_asked_at is None


def test_the_intent_to_create_is_stored_before_the_platform_is_asked(servers, destination, creator):
    def look():
        seen.append(stored(destination).audience_asked_at)

    seen: list[object] = []
    servers.answer("create", look)
    delivered(started(destination, creator))
    assert seen != []
    assert None not in seen


def test_a_lost_create_that_cannot_be_looked_up_waits_for_a_person(
    servers, sample_platform, destination, creator
):
    sample_platform.audiences_can_be_looked_up = False
    servers.answer("create", LOST)
    export = delivered(delivered(started(destination, creator)))
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PERSON)
    assert "did not answer. Look there whether it was created" in export.reason
    assert servers.count("create") == 1
    # They found it there and put its id into the destination.
    change(destination, audience_id="au1", audience_asked_at=None)
    with fence.inside(export.organization_id):
        export_go_on(export=export, by=creator)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.count("create") == 1


def test_an_emptying_whose_answer_was_lost_is_done_again_before_any_batch(
    servers, destination, creator
):
    delivered(started(destination, creator, "old@example.com"))
    servers.heard.clear()
    servers.answer("clear", LOST)
    export = delivered(started(destination, creator, mode=Mode.REPLACE))
    assert export.waiting_for == WaitingFor.PLATFORM
    export = delivered(export)
    assert export.state == ExportState.SUCCEEDED
    assert servers.heard == ["clear", "clear", "add", "add", "add"]
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_retrying_a_replace_does_not_empty_again(servers, destination, creator):
    servers.answer("add", None, 400)
    export = delivered(started(destination, creator, mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    assert retried(export, creator).state == ExportState.SUCCEEDED
    assert servers.count("clear") == 1
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_a_batch_given_back_after_its_export_failed_is_sent_by_retry(servers, destination, creator):
    change(destination, audience_id="au1")
    servers.held["au1"] = set()
    export = prepared(destination, creator)
    advance(export)

    def audience_is_gone():
        send_next(export)
        return 503

    # One batch is in flight when another learns that the audience is gone.
    servers.answer("add", audience_is_gone, 404)
    send_next(export)
    assert states(export) == [BatchState.PENDING, BatchState.FAILED, BatchState.FAILED]
    servers.names["au1"] = "Loyal"
    export = delivered(export)
    assert states(export) == [BatchState.FAILED] * 3
    export = retried(export, creator)
    assert export.state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_what_a_vanished_audience_had_accepted_is_sent_to_the_new_one(
    servers, destination, creator
):
    export = prepared(destination, creator)
    advance(export)
    send_next(export)
    assert len(servers.held["au1"]) == 3
    servers.held.clear()
    servers.names.clear()
    export = delivered(export)
    assert states(export) == [BatchState.FAILED] * 3
    export = retried(export, creator)
    assert export.state == ExportState.SUCCEEDED
    assert list(servers.held.values()) == [digests(*ADDRESSES)]
