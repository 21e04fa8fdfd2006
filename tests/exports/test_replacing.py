"""Replace by difference: only what differs is sent, and the record says what that is."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from audit.models import Entry
from exports.models import ExportBatch
from exports.retention import expire
from exports.services import export_cancel
from exports.states import BatchState, ExportState, Mode, Operation
from organizations import fence
from tests.exports.driving import (
    batches,
    delivered,
    digests,
    files,
    prepared,
    retried,
    started,
    table,
    work,
)
from tests.exports.replacing import (
    TWO,
    begun,
    by_difference,
    counts,
    nobody_is_asked,
    of_two,
    person_servers,
    replaced,
    two,
)
from tests.exports.sample_servers import LOST
from tests.factories import change, stored

__all__ = ("by_difference", "nobody_is_asked", "of_two", "person_servers")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

PEOPLE = [f"person{number}@example.com" for number in range(9)]


def test_only_what_differs_is_sent(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:6]))
    servers.heard.clear()
    servers.batches.clear()
    export = delivered(started(destination, creator, *PEOPLE[1:8], mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[1:8])}
    assert servers.heard == ["remove", "add"]
    assert servers.batches == [digests(PEOPLE[0]), digests(*PEOPLE[6:8])]
    assert counts(export) == {"held": 6, "removed": 1, "added": 2, "kept": 5}


def test_removals_have_all_ended_before_the_first_addition(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:7]))
    servers.heard.clear()
    servers.answer("remove", 503)
    export = begun(destination, creator, table("new@example.com"))
    work(export)
    assert "add" not in servers.heard
    with fence.inside(export.organization_id):
        export.batches.exclude(not_before=None).update(not_before=Now())
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.heard[-1] == "add"
    assert servers.held == {"au1": digests("new@example.com")}


def test_of_an_audience_of_which_nothing_is_known_all_is_added(servers, destination, creator):
    servers.held["au7"], servers.names["au7"] = {"a stranger"}, "Loyal"
    export = delivered(started(destination, creator, *PEOPLE[:2], mode=Mode.REPLACE))
    assert servers.held == {"au7": {"a stranger", *digests(*PEOPLE[:2])}}
    assert counts(export) == {"held": 0, "removed": 0, "added": 2, "kept": 0}
    assert not stored(destination).audience_is_ours


def test_what_changes_nothing_sends_nothing(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE, mode=Mode.REPLACE))
    servers.heard.clear()
    export = delivered(started(destination, creator, *PEOPLE, mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert servers.heard == []
    assert stored(destination).audience_is_ours


def test_a_replace_that_succeeded_is_the_whole_record(servers, destination, creator):
    first = delivered(started(destination, creator, *PEOPLE[:4]))
    second = delivered(started(destination, creator, PEOPLE[5], mode=Mode.REMOVE))
    assert len(files(first)) == 3
    last = delivered(started(destination, creator, *PEOPLE[2:5], mode=Mode.REPLACE))
    assert files(first) == {first.rejects_name}
    assert files(second) == {second.rejects_name}
    kept = {row.stored_name for row in batches(last) if row.operation != Operation.REMOVE}
    assert files(last) == {last.rejects_name, *kept}
    assert len(kept) == 2


def test_an_addition_whose_answer_was_lost_may_be_there(servers, destination, creator):
    servers.answer("add", LOST)
    export = begun(destination, creator, table(*PEOPLE[:2]), mode=Mode.ADD)
    work(export)
    with fence.inside(export.organization_id):
        export_cancel(export=stored(export), by=creator)
    delivered(export)
    assert servers.held == {"au1": digests(*PEOPLE[:2])}
    delivered(started(destination, creator, PEOPLE[1], PEOPLE[2], mode=Mode.REPLACE))
    assert servers.held == {"au1": digests(PEOPLE[1], PEOPLE[2])}


def test_what_was_never_sent_is_not_in_the_record(servers, destination, creator):
    export = prepared(destination, creator, *PEOPLE)
    with fence.inside(export.organization_id):
        export_cancel(export=export, by=creator)
    delivered(export)
    last = delivered(started(destination, creator, PEOPLE[0], mode=Mode.REPLACE))
    assert counts(last) == {"held": 0, "removed": 0, "added": 1, "kept": 0}
    assert files(export) == {export.rejects_name}


def test_retry_of_what_failed_makes_it_whole(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:4]))
    servers.answer("remove", 400)
    export = delivered(started(destination, creator, *PEOPLE[3:9], mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    assert retried(export, creator).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[3:9])}


def test_an_audience_that_is_gone_is_filled_anew(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:4]))
    servers.held.clear()
    export = delivered(started(destination, creator, *PEOPLE[2:7], mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    assert retried(export, creator).state == ExportState.SUCCEEDED
    assert servers.held == {"au2": digests(*PEOPLE[2:7])}
    assert counts(stored(export)) == {"held": 0, "removed": 0, "added": 5, "kept": 0}


def test_the_record_is_of_an_audience_and_not_of_a_destination(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:4]))
    servers.held["au9"] = set()
    change(destination, audience_id="au9")
    delivered(started(destination, creator, PEOPLE[3], mode=Mode.REPLACE))
    assert servers.held == {"au1": digests(*PEOPLE[:4]), "au9": digests(PEOPLE[3])}


def test_an_export_that_began_elsewhere_does_not_go_on_here(servers, destination, creator):
    servers.answer("add", 400)
    export = delivered(started(destination, creator, *PEOPLE[:4], mode=Mode.REPLACE))
    servers.held["au9"] = set()
    change(destination, audience_id="au9")
    export = retried(export, creator)
    assert export.state == ExportState.FAILED
    assert "another audience" in export.reason
    assert servers.held["au9"] == set()


def test_memberships_that_would_expire_are_renewed(servers, destination, creator):
    change(destination, settings={**destination.settings, "membership_days": "30"})
    first = delivered(started(destination, creator, *PEOPLE[:2], mode=Mode.REPLACE))
    again = delivered(started(destination, creator, *PEOPLE[:2], mode=Mode.REPLACE))
    assert again.comparison["kept"] == 2
    for row in batches(again):
        change(row, finished_at=Now() - timedelta(days=16))
    servers.heard.clear()
    assert delivered(started(destination, creator, *PEOPLE[:2], mode=Mode.REPLACE)).is_final
    assert servers.heard == ["add"]
    assert first.state == ExportState.SUCCEEDED


def test_a_record_that_is_not_readable_is_said(servers, destination, creator, staging_folder):
    first = delivered(started(destination, creator, *PEOPLE[:3]))
    (row,) = batches(first)
    (staging_folder / row.stored_name).write_bytes(b"broken")
    export = delivered(started(destination, creator, PEOPLE[5], mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert export.comparison["unknown"] == 3
    again = delivered(started(destination, creator, PEOPLE[5], mode=Mode.REPLACE))
    assert again.comparison["unknown"] == 3


def test_the_record_outlives_the_time_of_the_files(servers, destination, creator):
    first = delivered(started(destination, creator, *PEOPLE[:3]))
    change(first, finished_at=Now() - timedelta(days=31))
    expire(organization_id=first.organization_id, export_id=first.id)
    delivered(started(destination, creator, PEOPLE[1], mode=Mode.REPLACE))
    assert servers.held == {"au1": digests(PEOPLE[1])}


def test_the_history_says_what_was_found(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:3]))
    export = delivered(started(destination, creator, *PEOPLE[1:5], mode=Mode.REPLACE))
    with fence.inside(export.organization_id):
        told = Entry.objects.get(subject_id=export.id, action="audience compared").detail
    assert told == {"held": 3, "removed": 1, "added": 2, "kept": 2, "unknown": 0}


A, B, C, X, Y = (f"{letter}@example.com" for letter in "abcxy")


def test_who_shares_an_identifier_with_one_who_leaves_stays(person_servers, of_two, creator):
    replaced(of_two, creator, two((A, X), (B, X), (C, Y)), mode=Mode.ADD, columns=TWO)
    export = replaced(of_two, creator, two((B, X), (C, Y)), columns=TWO)
    assert person_servers.held == {"au1": digests(B, X, C, Y)}
    assert counts(export) == {"held": 3, "removed": 1, "added": 1, "kept": 1}


def test_other_types_than_before_are_told_apart(person_servers, of_two, creator):
    replaced(of_two, creator, table(A, B), mode=Mode.ADD)
    export = replaced(of_two, creator, two((A, X), (B, "")), columns=TWO)
    assert person_servers.held == {"au1": digests(A, X, B)}
    assert counts(export) == {"held": 2, "removed": 1, "added": 1, "kept": 1}
    replaced(of_two, creator, table(A, B))
    assert person_servers.held == {"au1": digests(A, B)}


def test_a_removal_sent_again_is_followed_by_all_additions(person_servers, of_two, creator):
    replaced(of_two, creator, two((A, X), (B, Y)), mode=Mode.ADD, columns=TWO)
    person_servers.answer("remove", 400)
    export = replaced(of_two, creator, two((B, X), (C, Y)), columns=TWO)
    assert export.state == ExportState.FAILED
    assert retried(export, creator).state == ExportState.SUCCEEDED
    assert person_servers.held == {"au1": digests(B, X, C, Y)}


def test_a_batch_is_of_one_type_where_a_platform_takes_one(servers, destination, creator):
    change(destination, identifiers=["second"])
    replaced(stored(destination), creator, table(A, B), columns={"second": 0})
    change(destination, identifiers=["email"])
    export = replaced(stored(destination), creator, table(B, C))
    assert servers.held == {"au1": digests(B, C)}
    with fence.inside(export.organization_id):
        sent = ExportBatch.objects.filter(export=export).sent()
        assert {row.state for row in sent} == {BatchState.ACCEPTED}


def test_a_removal_of_which_a_row_is_refused_goes_in_halves_as_a_removal(
    servers, destination, creator
):
    delivered(started(destination, creator, *PEOPLE[:3]))
    servers.answer("remove", 422)
    export = delivered(started(destination, creator, PEOPLE[8], mode=Mode.REPLACE))
    assert export.state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(PEOPLE[8])}
    assert servers.heard[-4:] == ["remove", "remove", "remove", "add"]


def test_the_page_says_what_differs(servers, destination, creator, client_of):
    delivered(started(destination, creator, *PEOPLE[:6]))
    export = prepared(destination, creator, *PEOPLE[2:9], mode=Mode.REPLACE)
    assert "Comparing the file with what was sent before" in page_of(client_of(creator), export)
    work(export)
    shown = page_of(client_of(creator), export)
    for words in ("Added</span><b>3", "Removed</span><b>2", "Kept</span><b>4", "of 6 sent before"):
        assert words in shown
    assert "2 to remove, 3 to add, 4 to keep" in shown
    assert "exact as long as nothing else writes to the audience" in shown
    assert "of 5" in shown


def page_of(client, export):
    return client.get(reverse("exports:detail", args=[export.pk])).content.decode()
