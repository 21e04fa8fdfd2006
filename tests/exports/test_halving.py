"""A platform refuses some of the rows: the others arrive, and what is bad is found and said."""

import errno

import pytest
from django.urls import reverse

from exports import halving
from exports.services import may_retry
from exports.states import BatchState, ExportState, Mode
from organizations import fence
from tests.exports.driving import (
    advance,
    batches,
    delivered,
    digests,
    files,
    let_time_pass,
    prepared,
    retried,
    started,
    states,
)
from tests.exports.sample_servers import Killed
from tests.factories import change

pytestmark = pytest.mark.django_db

PEOPLE = tuple(f"person{number}@acme.co" for number in range(32))


@pytest.fixture
def large(sample_platform, monkeypatch):
    """All 32 people in one batch."""
    limits = type(sample_platform).limits
    monkeypatch.setattr(type(sample_platform), "limits", type(limits)(32, limits.rates))


def refuse(servers, *people: str) -> None:
    servers.bad = digests(*people)


def test_the_bad_row_is_found_and_the_others_arrive(servers, destination, creator, large):
    refuse(servers, PEOPLE[11])
    export = delivered(started(destination, creator, *PEOPLE))
    assert servers.held["au1"] == digests(*PEOPLE) - servers.bad
    assert export.state == ExportState.SUCCEEDED_WITH_REJECTS
    found = [batch for batch in batches(export) if batch.state == BatchState.REFUSED]
    assert [batch.identifiers for batch in found] == [1]
    assert found[0].error == "Sample Ads refuses some of them. (bad_rows)"
    # 32, 16, 8, 4, 2 and 1 were refused, and each one's other half was taken.
    assert servers.count("add") == 11
    assert states(export).count(BatchState.SPLIT) == 5


def test_parts_know_their_origin_and_are_numbered_on(servers, destination, creator, large):
    refuse(servers, PEOPLE[0])
    export = delivered(started(destination, creator, *PEOPLE))
    first, *parts = batches(export)
    assert first.origin_id is None
    assert {part.origin_id for part in parts} == {first.id}
    assert [part.number for part in parts] == list(range(2, len(parts) + 2))
    assert sum(batch.identifiers for batch in batches(export) if batch.state != "split") == 32


def test_what_is_removed_is_halved_too(servers, destination, creator, large):
    delivered(started(destination, creator, *PEOPLE))
    refuse(servers, PEOPLE[3])
    delivered(started(destination, creator, *PEOPLE[:8], mode=Mode.REMOVE))
    assert servers.held["au1"] == digests(*PEOPLE[8:], PEOPLE[3])


def test_nothing_is_left_of_the_files(servers, destination, creator, large):
    refuse(servers, PEOPLE[0], PEOPLE[31])
    export = delivered(started(destination, creator, *PEOPLE))
    assert files(export) == {export.rejects_name}


def test_where_everything_is_refused_it_is_given_up_soon(
    servers, destination, creator, large, monkeypatch
):
    monkeypatch.setattr(halving, "REFUSED_AT_FIRST", 5)
    refuse(servers, *PEOPLE)
    export = delivered(started(destination, creator, *PEOPLE))
    assert export.state == ExportState.FAILED
    assert "Sample Ads refuses some of them." in export.reason
    assert servers.count("add") <= 2 * 5 + 1
    assert servers.held["au1"] == set()


def test_an_export_of_which_nobody_is_taken_has_failed(servers, destination, creator, large):
    refuse(servers, *PEOPLE[:3])
    export = delivered(started(destination, creator, *PEOPLE[:3]))
    assert export.state == ExportState.FAILED
    assert export.reason.startswith("Sample Ads took none of the identifiers. Sample Ads refuses")
    assert states(export).count(BatchState.REFUSED) == 3
    with fence.inside(export.organization_id):
        assert not may_retry(export)


def test_an_export_is_not_halved_for_ever(servers, destination, creator, large, monkeypatch):
    monkeypatch.setattr(halving, "MOST_SPLIT", 3)
    refuse(servers, PEOPLE[0])
    export = delivered(started(destination, creator, *PEOPLE))
    assert export.state == ExportState.FAILED
    assert states(export).count(BatchState.SPLIT) == 3
    assert servers.held["au1"] == digests(*PEOPLE[4:])


def test_retry_goes_on_with_what_was_given_up_and_only_that(
    servers, destination, creator, large, monkeypatch
):
    refuse(servers, PEOPLE[0])
    with monkeypatch.context() as few:
        few.setattr(halving, "MOST_SPLIT", 3)
        export = delivered(started(destination, creator, *PEOPLE))
    servers.batches.clear()
    export = retried(export, creator)
    assert export.state == ExportState.SUCCEEDED_WITH_REJECTS
    assert servers.held["au1"] == digests(*PEOPLE[1:])
    assert frozenset().union(*servers.batches) == digests(*PEOPLE[1:4])


def test_a_worker_killed_while_it_halves_loses_nothing(
    servers, destination, creator, large, monkeypatch
):
    refuse(servers, PEOPLE[5])
    export = prepared(destination, creator, *PEOPLE)

    def killed(*_args, **_how):
        raise Killed

    with monkeypatch.context() as deadly:
        deadly.setattr(halving, "_replaced", killed)
        with pytest.raises(Killed):
            delivered(export)
    (batch,) = batches(export)
    assert batch.state == BatchState.SENDING
    change(batch, lease_until=batch.lease_until.replace(year=2000))
    export = delivered(export)
    assert servers.held["au1"] == digests(*PEOPLE) - servers.bad
    assert files(export) == {export.rejects_name}


def test_a_batch_for_whose_halves_there_is_no_room_waits_for_some(
    servers, destination, creator, large, monkeypatch
):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    refuse(servers, PEOPLE[5])
    with monkeypatch.context() as patch:
        patch.setattr(halving, "_stored", full)
        export = delivered(started(destination, creator, *PEOPLE))
    (batch,) = batches(export)
    assert (batch.state, batch.lease_owner) == (BatchState.PENDING, None)
    assert batch.not_before is not None
    let_time_pass(export)
    export = delivered(export)
    assert export.state == ExportState.SUCCEEDED_WITH_REJECTS
    assert servers.held["au1"] == digests(*PEOPLE) - servers.bad


def test_a_canceled_export_is_not_halved_any_further(
    servers, destination, creator, large, monkeypatch
):
    refuse(servers, PEOPLE[5])
    export = prepared(destination, creator, *PEOPLE)
    advance(export)
    change(export, state=ExportState.CANCELED)
    export = delivered(export)
    assert servers.count("add") == 0
    assert files(export) == {export.rejects_name}


def test_the_page_and_the_download_say_what_was_refused(
    servers, destination, creator, large, client_of
):
    refuse(servers, PEOPLE[5], PEOPLE[20])
    export = delivered(started(destination, creator, *PEOPLE, "nobody"))
    client = client_of(creator)
    page = client.get(reverse("exports:detail", args=[export.pk])).content.decode()
    assert "Refused there" in page
    assert "Refused by the platform: Sample Ads refuses some of them. (bad_rows)" in page
    answer = client.get(reverse("exports:rejects", args=[export.pk]))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines == [
        "row,identifier,reason",
        '34,email,"not an e-mail address"',
        *[',,"refused by the platform: Sample Ads refuses some of them. (bad_rows)"'] * 2,
    ]
