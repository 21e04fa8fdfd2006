"""Exports of a destination whose authorization is removed, and then replaced."""

import pytest
from django.urls import reverse

from authorizations import removal, usage
from authorizations.models import AtPlatform
from exports.states import ExportState, WaitingFor
from organizations import fence
from organizations.models import Route
from tests.exports.driving import ADDRESSES, delivered, digests, prepared, work
from tests.exports.sample_servers import SampleServers
from tests.factories import authorized, stored
from tests.sample_platform import grants

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def staging_folder(settings, tmp_path):
    settings.STAGING_DIR = str(tmp_path / "staging")


@pytest.fixture
def servers(sample_platform, network) -> SampleServers:
    grants(network)
    found = SampleServers()
    found.listen(network)
    return found


@pytest.fixture
def export(destination, creator, servers):
    """Half sent: the first of three batches was taken, then the platform had trouble."""
    row = prepared(destination, creator)
    servers.answer("add", None, 503, 503)
    work(row)
    assert len(servers.batches) == 1
    return row


def reassign(client, destination, to):
    return client.post(reverse("destinations:reconnect"), {f"to-{destination.pk}": str(to.pk)})


def test_it_waits_and_goes_on_where_it_was_once_the_destination_is_reassigned(
    client_of, acme, analyst, admin, creator, authorization, destination, export, servers
):
    removal.authorization_remove(authorization=authorization, by=admin)
    work(export)
    row = stored(export)
    assert (row.state, row.waiting_for) == (ExportState.WAITING, WaitingFor.RECONNECTION)
    assert row.reason == "Its authorization was removed."
    assert len(servers.batches) == 1

    other = authorized(acme, analyst, name="Second")
    Route.objects.filter(kind="export").delete()
    reassign(client_of(creator), destination, other)
    assert Route.objects.filter(kind="export", row_id=export.pk).exists()
    with fence.inside(acme.id):
        export.batches.update(not_before=None)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*ADDRESSES)}
    assert len(servers.batches) == 3


def test_a_started_one_waits_too_and_loses_nothing(
    client_of, acme, analyst, admin, creator, authorization, destination, servers
):
    export = prepared(destination, creator)
    removal.authorization_remove(authorization=authorization, by=admin)
    work(export)
    assert stored(export).waiting_for == WaitingFor.RECONNECTION
    assert servers.heard == []
    reassign(client_of(creator), destination, authorized(acme, analyst, name="Second"))
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(*ADDRESSES)}


def test_the_page_before_removing_shows_what_is_under_way(client_of, admin, authorization, export):
    page = client_of(admin).get(reverse("authorizations:remove", args=[authorization.pk]))
    shown = page.content.decode()
    assert "Exports under way: 1" in shown
    assert f'href="{reverse("exports:detail", args=[export.pk])}">buyers.csv</a>' in shown
    assert "They wait for reconnection" in shown


def test_what_is_over_is_not_under_way(admin, creator, authorization, destination, servers):
    delivered(prepared(destination, creator))
    with fence.inside(authorization.organization_id):
        (use,) = usage.used_by([authorization.pk])[authorization.pk]
    assert use.under_way == ()
    removed = removal.authorization_remove(authorization=authorization, by=admin)
    assert removed == AtPlatform.BY_PERSON
