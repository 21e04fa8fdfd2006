"""What an export's page says aloud while it moves, and of the audience afterwards."""

import pytest
from django.urls import reverse
from django.utils import timezone

from exports.states import BatchState, ExportState, WaitingFor
from organizations import fence
from tests.exports.driving import delivered, prepared, started
from tests.factories import change

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client_of, analyst):
    """Return what the whole page and the part that moves say, which must be the same."""

    def said(export) -> str:
        client = client_of(analyst)
        page = client.get(reverse("exports:detail", args=[export.pk])).content.decode()
        part = client.get(reverse("exports:progress", args=[export.pk])).content.decode()
        words = part.split('data-live-says="')[1].split('"')[0]
        stays = page.split('role="status" data-live-news>')[1].split("<")[0]
        assert stays == words
        # Nothing inside the part that is replaced claims to be read out.
        assert 'role="status"' not in part
        return words

    return said


def test_the_state_is_said_in_a_place_that_stays(pages, servers, destination, creator):
    export = started(destination, creator)
    assert pages(export) == "Preparing."
    change(export, state=ExportState.WAITING, waiting_for=WaitingFor.PLATFORM, reason="It is slow.")
    assert pages(export) == "Waiting for the platform. It is slow."


def test_progress_is_said_by_quarters(pages, servers, destination, creator):
    export = prepared(destination, creator)
    assert pages(export) == "Sending: 0 % sent."
    with fence.inside(export.organization_id):
        batch = export.batches.order_by("number").first()
    change(batch, state=BatchState.ACCEPTED, accepted=batch.identifiers)
    # 3 of 7.
    assert pages(export) == "Sending: 25 % sent."


def test_the_end_is_said_and_the_audience_is_shown_as_the_platform_reports_it(
    pages, servers, destination, creator, client_of
):
    export = delivered(prepared(destination, creator))
    assert pages(export) == "Succeeded."
    address = reverse("exports:detail", args=[export.pk])

    def show() -> str:
        return client_of(creator).get(address).content.decode()

    change(destination, audience_size=None)
    assert "not told yet" in show()
    change(
        destination,
        audience_size=123456,
        audience_state="READY",
        audience_checked_at=timezone.now(),
    )
    assert "<b>123,456</b>" in show()
    assert "READY, as of" in show()
