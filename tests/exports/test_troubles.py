"""What becomes of an export when the platform does not do what it is asked."""

import pytest
from django.utils import timezone

from destinations.connection import ad_accounts_look
from exports import troubles
from exports.models import ExportBatch
from exports.outcomes import end_or_wait
from exports.services import NotNow, export_cancel, export_go_on, export_retry
from exports.states import BatchState, ExportState, WaitingFor
from organizations import fence
from providers.errors import PlatformDown, Throttled, UnknownAnswer
from tests.exports.driving import (
    ADDRESSES,
    batches,
    delivered,
    digests,
    files,
    let_time_pass,
    prepared,
    reconnected,
    retried,
    started,
    states,
)
from tests.exports.sample_servers import LOST
from tests.factories import change, stored
from tests.sample_platform import TOKEN_URL, knows

pytestmark = pytest.mark.django_db


def test_an_outage_is_waited_out_and_said_after_three(servers, destination, creator):
    servers.answer("add", *[503] * 3)
    export = started(destination, creator, "jane@example.com")
    for troubled in (1, 2):
        export = delivered(export)
        assert (export.state, batches(export)[0].troubles) == (ExportState.SENDING, troubled)
        let_time_pass(export)
    export = delivered(export)
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PLATFORM)
    assert export.reason == "Sample Ads has trouble."
    let_time_pass(export)
    export = delivered(export)
    assert (export.state, export.waiting_for, export.reason) == (ExportState.SUCCEEDED, "", "")
    assert batches(export)[0].attempts == 4


def test_an_outage_is_never_blamed_on_the_authorization(servers, network, destination, creator):
    servers.answer("find", 503)
    servers.answer("add", 503, 401)
    network.upsert("POST", TOKEN_URL, status=503)
    export = started(destination, creator, "jane@example.com")
    for _ in range(3):
        export = delivered(export)
        let_time_pass(export)
    assert not export.is_final
    assert stored(destination.authorization).broken_at is None
    network.upsert("POST", TOKEN_URL, json={"access_token": "access-2", "token_type": "bearer"})
    assert delivered(export).state == ExportState.SUCCEEDED


def test_an_outage_of_a_day_is_given_up_and_can_be_retried(servers, destination, creator):
    servers.answer("add", 503)
    export = delivered(started(destination, creator, "jane@example.com"))
    let_time_pass(export)
    change(batches(export)[0], troubled_since=timezone.now() - troubles.OUTAGES_LAST)
    servers.answer("add", 503)
    export = delivered(export)
    assert export.state == ExportState.FAILED
    assert "Tell the operator" in export.reason
    export = retried(export, creator)
    assert export.state == ExportState.SUCCEEDED
    assert batches(export)[0].troubled_since is None


def test_a_dead_grant_waits_for_reconnection_and_goes_on_by_itself(
    servers, network, destination, creator, analyst
):
    servers.answer("add", None, 401)
    network.upsert("POST", TOKEN_URL, status=400, json={"error": "invalid_grant"})
    export = delivered(started(destination, creator))
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.RECONNECTION)
    assert states(export) == [BatchState.ACCEPTED, BatchState.PENDING, BatchState.PENDING]
    assert stored(destination.authorization).broken_at is not None
    heard = len(servers.heard)
    assert delivered(export).state == ExportState.WAITING
    assert len(servers.heard) == heard
    reconnected(destination.authorization, analyst)
    export = delivered(export)
    assert (export.state, export.waiting_for) == (ExportState.SUCCEEDED, "")
    assert servers.held["au1"] == digests(*ADDRESSES)
    assert servers.tokens == {"Bearer access-1", "Bearer access-2"}


def test_a_missing_permission_waits_for_a_person_until_they_say_go_on(
    servers, destination, creator
):
    servers.answer("add", 403)
    export = delivered(started(destination, creator))
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PERSON)
    assert "Ask for the permission there, then choose “Go on”." in export.reason
    assert delivered(export).waiting_for == WaitingFor.PERSON
    assert servers.count("add") == 1
    with fence.inside(export.organization_id):
        export_go_on(export=export, by=creator)
        with pytest.raises(NotNow):
            export_go_on(export=stored(export), by=creator)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_a_platform_taken_out_of_the_environment_waits_for_the_operator(
    servers, destination, creator, settings
):
    kept = settings.PLATFORM_ENVIRONMENT
    settings.PLATFORM_ENVIRONMENT = {}
    export = delivered(started(destination, creator))
    assert export.waiting_for == WaitingFor.PERSON
    assert "Sample Ads is not set up here." in export.reason
    change(destination, audience_id="au1")
    with fence.inside(export.organization_id):
        export_go_on(export=export, by=creator)
    export = delivered(export)
    assert export.waiting_for == WaitingFor.PERSON
    assert states(export) == [BatchState.PENDING] * 3
    settings.PLATFORM_ENVIRONMENT = kept
    servers.held["au1"] = set()
    with fence.inside(export.organization_id):
        export_go_on(export=export, by=creator)
    assert delivered(export).state == ExportState.SUCCEEDED


def test_a_bad_request_fails_its_batch_alone_and_retry_sends_only_it(servers, destination, creator):
    servers.answer("add", None, 400)
    export = delivered(started(destination, creator))
    assert export.state == ExportState.FAILED
    assert export.reason == (
        "1 of 3 batches failed. Sample Ads refused. The others were delivered."
    )
    assert states(export) == [BatchState.ACCEPTED, BatchState.FAILED, BatchState.ACCEPTED]
    assert files(export) == {export.rejects_name, batches(export)[1].stored_name}
    servers.heard.clear()
    export = retried(export, creator)
    assert export.state == ExportState.SUCCEEDED
    assert servers.heard == ["add"]
    assert servers.held["au1"] == digests(*ADDRESSES)
    assert (batches(export)[1].error, batches(export)[1].attempts) == ("", 2)
    with fence.inside(export.organization_id), pytest.raises(NotNow):
        export_retry(export=export, by=creator)


def test_a_batch_whose_answer_was_lost_is_sent_again_which_is_harmless(
    servers, destination, creator
):
    servers.answer("add", LOST)
    export = delivered(started(destination, creator))
    let_time_pass(export)
    export = delivered(export)
    assert export.state == ExportState.SUCCEEDED
    assert [batch.attempts for batch in batches(export)] == [2, 1, 1]
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_a_batch_in_flight_when_its_export_is_canceled_ends_with_it(servers, destination, creator):
    def cancel():
        with fence.inside(export.organization_id):
            export_cancel(export=stored(export), by=creator)
        return 503

    export = prepared(destination, creator)
    servers.answer("add", cancel)
    export = delivered(export)
    assert export.state == ExportState.CANCELED
    assert states(export) == [BatchState.CANCELED] * 3
    assert servers.count("add") == 1
    assert files(export) == {export.rejects_name}


def test_an_answer_nobody_understands_is_asked_for_again_a_few_times():
    error = UnknownAnswer("The answer was not readable.", code="X1")
    again = [troubles.trouble_of(error, unknown=count).again_in for count in range(6)]
    assert all(again[:4])
    assert again[4:] == [None, None]
    assert troubles.trouble_of(error, troubles=40).again_in
    assert troubles.trouble_of(error, unknown=4).reason == (
        "The answer was not readable. (X1) Tell the operator."
    )


@pytest.mark.parametrize("call", ["add", "create_audience"])
def test_an_error_of_ours_is_tried_a_few_times_and_then_said(
    servers, sample_platform, destination, creator, monkeypatch, caplog, call
):
    tries = []

    address = "jane@example.com"

    def broken(self, *_args):
        tries.append(self)
        raise KeyError(address)

    export = started(destination, creator, address)
    with monkeypatch.context() as patch:
        patch.setattr(type(sample_platform), call, broken)
        for _ in range(8):
            export = delivered(export)
            let_time_pass(export)
    assert export.state == ExportState.FAILED
    assert "Something went wrong on this server; its log says what. Tell the operator." in (
        export.reason
    )
    assert 4 <= len(tries) <= 6
    assert "an error of ours, KeyError" in caplog.text
    assert "jane" not in caplog.text
    assert retried(export, creator).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(address)


def test_an_error_of_ours_leaves_the_other_batches_alone(
    servers, sample_platform, destination, creator, monkeypatch
):
    add, tries = type(sample_platform).add, []

    def broken_once(self, connection, audience, batch):
        tries.append(batch)
        if len(tries) == 1:
            raise KeyError("jane@example.com")
        return add(self, connection, audience, batch)

    monkeypatch.setattr(type(sample_platform), "add", broken_once)
    export = delivered(started(destination, creator))
    assert states(export) == [BatchState.PENDING] + [BatchState.ACCEPTED] * 2
    let_time_pass(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held["au1"] == digests(*ADDRESSES)


def test_pauses_double_up_to_a_minute_and_spread():
    error = PlatformDown("Trouble.")
    pauses = [troubles.trouble_of(error, troubles=count).again_in for count in range(12)]
    for count, pause in enumerate(pauses):
        least = min(60.0, 2.0**count)
        assert least <= pause <= least * 1.25
    asked_for = troubles.trouble_of(PlatformDown("Trouble.", retry_after=300)).again_in
    assert asked_for == 300


def test_a_platform_that_asks_for_no_pause_is_not_asked_at_once():
    assert troubles.trouble_of(Throttled("Too fast.", retry_after=0)).again_in == 1.0


def test_what_is_kept_of_an_error_fits_its_column(servers, destination, creator):
    reason = troubles.trouble_of(PlatformDown("x" * 900))
    export = prepared(destination, creator)
    with fence.inside(export.organization_id):
        end_or_wait(export, reason)
    assert len(stored(export).reason) == ExportBatch._meta.get_field("error").max_length


def test_a_role_that_was_lost_waits_for_the_destination_and_goes_on_once_it_is_back(
    servers, destination, creator, network
):
    """The platform is asked at once: its page says which role is missing, and nobody must click."""
    servers.answer("add", 403)
    lost = {"id": destination.ad_account_id, "name": "Acme UK", "verdict": "insufficient"}
    knows(network, accounts=[lost])
    export = delivered(started(destination, creator))
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.DESTINATION)
    assert "grants the permission needed: Sample Admin or Sample Editor" in export.reason
    knows(network, accounts=[{**lost, "verdict": "sufficient"}])
    ad_accounts_look(
        organization_id=destination.organization_id, authorization_id=destination.authorization_id
    )
    assert delivered(export).state == ExportState.SUCCEEDED
