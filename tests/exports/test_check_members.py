""" "Check" where a record of the audience is kept: who is there, who would come and go."""

import re

import pytest
from django.urls import reverse

from exports import checks
from exports.check_models import Check
from exports.services import export_start
from exports.states import Mode
from organizations import fence
from tests.exports.driving import batches, delivered, drafted, started, table
from tests.exports.replacing import begun, by_difference
from tests.factories import change, stored
from tests.sample_platform import SamplePlatform

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "servers")]

__all__ = ("by_difference",)

BOTH = {"email": 0, "second": 1}


def checked(draft, mode=Mode.REPLACE, columns=None) -> Check:
    """Return the check of a draft after a worker has made it."""
    with fence.inside(draft.organization_id):
        checks.check_ask(export=draft, mode=mode, columns=columns or {"email": 0})
    checks.carry_out(draft.organization_id, draft.id)
    with fence.inside(draft.organization_id):
        return Check.objects.get(export=draft)


def members(draft, **more) -> dict[str, int]:
    found = checked(draft, **more).report["members"]
    assert set(found) == {"held", "already", "join", "leave"}
    return found


@pytest.fixture
def page_of(client_of, creator):
    """Return a function that gives the words of a draft's page."""

    def words(draft) -> str:
        answer = client_of(creator).get(reverse("exports:start", args=[draft.pk]))
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    return words


def test_who_is_there_comes_and_goes_is_counted(destination, creator):
    delivered(started(destination, creator, "jane@acme.co", "joe@acme.co", "old@acme.co"))
    draft = drafted(destination, creator, "email\nJane@acme.co\njoe@acme.co\nnew@acme.co\n")
    assert members(draft) == {"held": 3, "already": 2, "join": 1, "leave": 1}


def test_other_types_than_were_sent_before_are_compared_rightly(destination, creator):
    change(destination, identifiers=["email", "second"])
    delivered(started(destination, creator, "jane@acme.co", "joe@acme.co"))
    draft = drafted(destination, creator, "email,second\njane@acme.co,x@acme.co\njoe@acme.co,\n")
    # Jane's record is another one now: she is sent anew.
    found = members(draft, columns=BOTH)
    assert found == {"held": 2, "already": 1, "join": 1, "leave": 1}


@pytest.mark.parametrize(
    ("before", "file"),
    [
        ([], "a@x.co,\nb@x.co,\n"),
        ([(Mode.ADD, "a@x.co,\nb@x.co,\n")], "b@x.co,\nc@x.co,\nc@x.co,\nnobody,\n"),
        ([(Mode.ADD, "a@x.co,\nb@x.co,\n"), (Mode.REMOVE, "b@x.co,\n")], "a@x.co,\nb@x.co,\n"),
        # Who shares an identifier with somebody who leaves is sent again.
        ([(Mode.ADD, "a@x.co,s@x.co\nb@x.co,s@x.co\nc@x.co,\n")], "b@x.co,s@x.co\nc@x.co,\n"),
        ([(Mode.REPLACE, "a@x.co,\nb@x.co,\n")], "b@x.co,\na@x.co,\n"),
    ],
)
def test_the_export_does_what_its_check_said(destination, creator, monkeypatch, before, file):
    monkeypatch.setattr(SamplePlatform, "identifiers_together", True)
    change(destination, identifiers=["email", "second"])
    for mode, people in before:
        delivered(begun(destination, creator, f"email,second\n{people}", mode=mode, columns=BOTH))
    draft = drafted(destination, creator, f"email,second\n{file}")
    said = members(draft, columns=BOTH)
    with fence.inside(draft.organization_id):
        export_start(export=draft, by=creator, mode=Mode.REPLACE, columns=BOTH)
    done = delivered(stored(draft)).comparison
    assert said == {
        "held": done["held"],
        "already": done["kept"],
        "join": done["added"],
        "leave": done["removed"],
    }


def test_the_page_says_what_a_replace_would_change(destination, creator, page_of):
    old = [f"person{number}@acme.co" for number in range(20)]
    delivered(started(destination, creator, *old))
    new = [*old[4:], "jane@acme.co"]
    draft = drafted(destination, creator, table(*new, *new))
    checked(draft)
    shown = page_of(draft)
    assert "Would be added 1 of 17 people in 34 rows" in shown
    assert "Would be removed 4 of 20 sent before" in shown
    assert "Would be kept 16 not sent again" in shown
    # Two with those who leave, three at a time, and one with her who comes.
    assert "Requests 3 less than a minute" in shown
    for wrong in ("Would be sent", "Already members", "Many would be removed", "Nothing would"):
        assert wrong not in shown
    with fence.inside(draft.organization_id):
        export_start(export=draft, by=creator, mode=Mode.REPLACE, columns={"email": 0})
    assert sum(batch.attempts for batch in batches(delivered(stored(draft)))) == 3


def test_the_page_says_that_a_replace_would_ask_first(destination, creator, page_of):
    delivered(started(destination, creator, "a@acme.co", "b@acme.co", "c@acme.co"))
    draft = drafted(destination, creator, "email\nb@acme.co\nc@acme.co\nd@acme.co\n")
    checked(draft)
    assert (
        "Many would be removed. The export would wait for somebody to choose “Go on” before it "
        "removes 1 of 3 people." in page_of(draft)
    )


def test_the_page_says_that_a_replace_would_change_nothing(destination, creator, page_of):
    delivered(started(destination, creator, "a@acme.co", "b@acme.co"))
    draft = drafted(destination, creator, "email\nb@acme.co\na@acme.co\n")
    checked(draft)
    assert "Nothing would change." in page_of(draft)
    assert "Requests 0" in page_of(draft)


@pytest.mark.parametrize(("mode", "would"), [(Mode.ADD, "sent"), (Mode.REMOVE, "removed")])
def test_other_modes_send_the_whole_file(destination, creator, page_of, mode, would):
    delivered(started(destination, creator, "a@acme.co", "b@acme.co"))
    draft = drafted(destination, creator, "email\nb@acme.co\nc@acme.co\n")
    checked(draft, mode=mode)
    shown = page_of(draft)
    assert f"Would be {would} 2 of 2 rows" in shown
    assert "Already members 1 for sure" in shown
    assert "Would be kept" not in shown


def test_a_check_of_an_older_version_is_shown_without_what_it_lacks(destination, creator, page_of):
    draft = drafted(destination, creator, "email\nb@acme.co\nc@acme.co\n")
    check = checked(draft)
    check.report["members"] = {"held": 3, "already": 2, "leave": 1}
    change(check, report=check.report)
    assert "Would be sent 2 of 2 rows" in page_of(draft)
