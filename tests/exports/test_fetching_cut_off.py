"""A fetch whose worker is killed or frozen costs one piece, and nothing of what others do."""

import pytest

from exports import fetching, staging
from exports.models import Export
from organizations import fence
from tests.exports.cutting_off import after_each_commit, killed_before_a_piece_counts, start
from tests.exports.driving import files
from tests.exports.fetches import LONG, PIECE, at_once, draft_of, go, wanted
from tests.exports.preparing import run, sent_of
from tests.exports.sample_servers import Killed
from tests.exports.uploading import kept, opened
from tests.factories import change, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_fetched_pieces")]


@pytest.mark.parametrize("number", [0, 2, len(LONG) // PIECE])
def test_a_kill_before_a_placed_piece_counts_costs_that_piece_alone(
    destination, creator, server, monkeypatch, number
):
    server.content, server.cut_after = LONG, [number * PIECE + 10]
    row = wanted(destination, creator, server.address())
    go(row)
    assert stored(row).received == number * PIECE
    with monkeypatch.context() as patch:
        killed_before_a_piece_counts(patch)
        with pytest.raises(Killed):
            at_once(row)
    assert len(files()) == number + 1
    change(row, lease_until=None)
    at_once(row)
    draft = draft_of(row)
    assert opened(draft) == LONG
    if number:
        assert server.asked[-1]["range"] == f"bytes={number * PIECE}-"
    assert len(files()) == -(-len(LONG) // PIECE)


def test_a_piece_that_did_not_count_is_not_taken_for_one_of_a_newer_file(
    destination, creator, server, monkeypatch
):
    server.content = LONG
    row = wanted(destination, creator, server.address())
    with monkeypatch.context() as patch:
        killed_before_a_piece_counts(patch)
        with pytest.raises(Killed):
            go(row)
    server.content, server.tag = b"email\na@example.com\n", '"v2"'
    change(row, lease_until=None)
    go(row)
    assert opened(draft_of(row)) == server.content


def test_pieces_that_were_lost_from_the_disk_are_fetched_again(destination, creator, server):
    server.content, server.cut_after = LONG, [3 * PIECE + 100]
    row = wanted(destination, creator, server.address())
    go(row)
    staging.remove(f"{stored(row).staged_name}/000001")
    at_once(row)
    assert stored(row).received == 0
    at_once(row)
    assert opened(draft_of(row)) == LONG


def test_who_wakes_after_the_draft_was_kept_leaves_what_was_made_of_it(
    destination, creator, server, acme, monkeypatch
):
    def prepared_meanwhile():
        for draft in kept(acme):
            if draft.started_at is None:
                start(draft)
                run(draft)

    server.content = LONG
    row = wanted(destination, creator, server.address())
    after_each_commit(monkeypatch, fetching, prepared_meanwhile)
    go(row)
    with fence.inside(row.organization_id):
        export = Export.objects.get(pk=row.pk)
    assert len(sent_of(export)) == LONG.count(b"@")


def test_who_wakes_while_beginning_anew_leaves_what_its_successor_received(
    destination, creator, server, monkeypatch
):
    update, woken = fetching._Work._update, []

    def frozen(self, **what):
        update(self, **what)
        if "staged_name" in what and not woken:
            woken.append(self)
            change(row, lease_until=None)
            go(row)

    server.content, server.cut_after = LONG, [3 * PIECE + 100]
    row = wanted(destination, creator, server.address())
    go(row)
    server.content, server.tag = LONG.replace(b"person", b"nobody"), '"v2"'
    monkeypatch.setattr(fetching._Work, "_update", frozen)
    at_once(row)
    draft = draft_of(row)
    assert opened(draft) == server.content
    # Of the version before nothing is left.
    assert all(name.startswith(f"{draft.staged_name}/") for name in files())


def test_who_wakes_before_beginning_anew_leaves_the_fetch_to_its_successor(
    destination, creator, server, monkeypatch
):
    begin_anew, woken = fetching._Work.begin_anew, []

    def frozen(self):
        if not woken:
            woken.append(self)
            change(row, lease_until=None)
            go(row)
        begin_anew(self)

    server.content, server.cut_after = LONG, [3 * PIECE + 100]
    row = wanted(destination, creator, server.address())
    go(row)
    staging.remove(f"{stored(row).staged_name}/000001")
    monkeypatch.setattr(fetching._Work, "begin_anew", frozen)
    at_once(row)
    assert woken
    at_once(row)
    assert opened(draft_of(row)) == LONG
