"""A Replace that would remove many asks first; one that was cut short says so."""

import pytest
from django.urls import reverse

from audit.models import Entry
from exports.services import export_cancel, export_go_on
from exports.states import ExportState, Mode, WaitingFor
from organizations import fence
from tests.exports.driving import delivered, digests, retried, started, table, work
from tests.exports.replacing import begun, by_difference
from tests.factories import change, stored

__all__ = ("by_difference",)
pytestmark = pytest.mark.django_db

PEOPLE = [f"person{number}@example.com" for number in range(10)]


def gone_on(export, by):
    with fence.inside(export.organization_id):
        export_go_on(export=stored(export), by=by)
    return delivered(export)


@pytest.mark.parametrize("left", [7, 6])
def test_more_than_three_tenths_are_asked_about(
    servers, destination, creator, by_difference, client_of, left
):
    delivered(started(destination, creator, *PEOPLE))
    export = delivered(started(destination, creator, *PEOPLE[:left], mode=Mode.REPLACE))
    if left == 7:
        assert export.state == ExportState.SUCCEEDED
        return
    assert export.waiting_for == WaitingFor.PERSON
    assert "remove 4 of the 10 people who are known to be in the audience (40%)" in export.reason
    assert servers.count("remove") == 0
    shown = client_of(creator).get(reverse("exports:detail", args=[export.pk])).content.decode()
    assert "It would remove" in shown
    assert "permission counts" not in shown
    assert gone_on(export, creator).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[:6])}
    again = delivered(started(destination, creator, *PEOPLE[:2], mode=Mode.REPLACE))
    assert again.waiting_for == WaitingFor.PERSON


def test_to_cancel_instead_changes_nothing(servers, destination, creator, by_difference):
    delivered(started(destination, creator, *PEOPLE))
    export = delivered(started(destination, creator, PEOPLE[0], mode=Mode.REPLACE))
    with fence.inside(export.organization_id):
        export_cancel(export=export, by=creator)
    export = delivered(export)
    assert servers.held == {"au1": digests(*PEOPLE)}
    assert export.reason == ""


def test_before_an_audience_is_emptied_its_size_is_compared(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE[:4]))
    change(destination, audience_size=1_000)
    export = delivered(started(destination, creator, *PEOPLE[:6], mode=Mode.REPLACE))
    assert export.waiting_for == WaitingFor.PERSON
    assert "remove 994 of the 1,000 people" in export.reason
    assert servers.count("clear") == 0
    assert gone_on(export, creator).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[:6])}


def test_without_a_size_what_was_sent_is_compared(servers, destination, creator):
    delivered(started(destination, creator, *PEOPLE))
    export = delivered(started(destination, creator, *PEOPLE[:6], mode=Mode.REPLACE))
    assert "remove 4 of the 10 people" in export.reason


def test_an_audience_that_was_emptied_and_not_filled_is_said(
    servers, destination, creator, client_of
):
    delivered(started(destination, creator, *PEOPLE[:5]))
    servers.answer("add", lambda: None, 400)
    export = delivered(started(destination, creator, *PEOPLE[:6], mode=Mode.REPLACE))
    assert export.state == ExportState.FAILED
    assert "was emptied and holds 3 of the 6 people" in export.reason
    there = reverse("destinations:detail", args=[destination.pk])
    shown = client_of(creator).get(there).content.decode()
    assert "“Retry failed” there or a later Replace makes it whole." in shown
    with fence.inside(export.organization_id):
        told = Entry.objects.filter(action="audience left incomplete")
        assert {entry.subject_id for entry in told} == {export.id, destination.id}
    assert retried(export, creator).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*PEOPLE[:6])}
    assert "The audience is incomplete." not in client_of(creator).get(there).content.decode()


def test_a_canceled_one_is_said_until_a_later_replace(servers, destination, creator, client_of):
    servers.answer("add", lambda: None, 503)
    export = begun(destination, creator, table(*PEOPLE[:6]))
    work(export)
    with fence.inside(export.organization_id):
        export_cancel(export=stored(export), by=creator)
    assert "was emptied and holds 3 of the 6 people" in delivered(export).reason
    there = reverse("destinations:detail", args=[destination.pk])
    shown = client_of(creator).get(there).content.decode()
    assert "The audience is incomplete." in shown
    # One that was canceled has no such button.
    assert "A later Replace makes it whole." in shown
    delivered(started(destination, creator, *PEOPLE[:6], mode=Mode.REPLACE))
    assert "The audience is incomplete." not in client_of(creator).get(there).content.decode()


def test_one_by_difference_that_was_cut_short_is_said_too(
    servers, destination, creator, by_difference
):
    delivered(started(destination, creator, *PEOPLE))
    servers.answer("add", 400)
    export = delivered(
        started(destination, creator, *PEOPLE[2:], "n@example.com", mode=Mode.REPLACE)
    )
    assert export.state == ExportState.FAILED
    assert "was changed in part: it holds 8 of the 9 people" in export.reason
