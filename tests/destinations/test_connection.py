"""Test connection: what the platform says, as a sentence with the next step."""

import pytest
import requests
from django.urls import reverse
from django.utils import timezone

from authorizations.models import AdAccount
from destinations.models import Destination
from organizations import fence
from tests.destinations.conftest import asked, holds
from tests.factories import change, stored
from tests.sample_platform import BASE, TOKEN_URL, knows

pytestmark = pytest.mark.django_db

NEW, TEST_NEW = reverse("destinations:new"), reverse("destinations:test_new")


@pytest.fixture
def client(client_of, creator):
    return client_of(creator)


def tell(client, row) -> str:
    """Press "Test connection" on a destination's page; return what it then says."""
    answer = client.post(reverse("destinations:test", args=[row.pk]), follow=True)
    return said(answer)


def said(answer) -> str:
    (message,) = answer.context["messages"]
    assert str(message) in answer.content.decode().replace("&#x27;", "'")
    return f"{message.level_tag}: {message}"


def fill(authorization, **values) -> dict[str, str]:
    return {
        "name": "Loyal customers",
        "platform": "sample",
        "authorization": str(authorization.pk),
        "ad_account": "a1",
        "identifiers": "email",
        "sample-audience_name": "Loyal",
        **values,
    }


def test_nothing_is_there_yet(client, destination, platform, network):
    assert tell(client, destination) == "success: Connected. The first export creates the audience."
    assert asked(network, "POST", "/audiences") == 0


def test_the_audience_is_there(client, destination, platform, network):
    holds(network, "au1")
    assert tell(client, destination) == "success: Connected. The audience “Loyal” is there."
    assert stored(destination).audience_id == "au1"
    network.add("GET", f"{BASE}/audiences/au1", json={"size": 12345})
    assert tell(client, destination).endswith("is there; its size is 12,345.")
    assert stored(destination).audience_size == 12345


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 503}, "Sample Ads has trouble. Wait a moment and try again."),
        ({"status": 429}, "Too fast. Wait a moment and try again."),
        ({"status": 400}, "Sample Ads refused. Change the settings and test again."),
        ({"status": 403}, "The role does not suffice. Ask for the permission at the platform"),
        ({"body": requests.ReadTimeout("slow")}, "did not answer in time. Wait a moment"),
    ],
)
def test_trouble_at_the_platform_is_said_with_the_next_step(
    client, destination, authorization, platform, network, answer, words
):
    network.remove("GET", f"{BASE}/audiences")
    network.add("GET", f"{BASE}/audiences", **answer)
    told = tell(client, destination)
    assert told.startswith("error: Not connected. ")
    assert words in told
    assert stored(authorization).broken_at is None


def test_a_dead_grant_is_marked_and_the_page_says_what_mends_it(
    client, destination, authorization, platform, network
):
    network.upsert("GET", f"{BASE}/accounts", status=401)
    network.add("POST", TOKEN_URL, status=400, json={"error": "invalid_grant"})
    assert "Reconnect the authorization, or choose another one." in tell(client, destination)
    assert stored(authorization).broken_at is not None
    with fence.inside(destination.organization_id):
        assert Destination.objects.needing_reconnection().count() == 1


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        ([{"id": "a2", "name": "Acme DE"}], "does not reach the ad account any more"),
        ([{"id": "a1", "name": "A", "verdict": "insufficient"}], "needs Sample Editor"),
    ],
)
def test_an_ad_account_that_was_lost_since_is_noticed(
    client, destination, platform, network, accounts, words
):
    knows(network, accounts=accounts)
    told = tell(client, destination)
    assert told.startswith("error: Not connected. ")
    assert words in told
    assert asked(network, "GET", "/audiences") == 0


def test_without_an_authorization_it_says_where_to_choose_one(client, destination, network):
    change(destination, authorization=None)
    assert "Choose one under “Edit”." in tell(client, destination)
    assert len(network.calls) == 0


def test_a_platform_that_is_not_set_up_any_more(client, destination, platform, settings):
    settings.PLATFORM_ENVIRONMENT = {}
    assert "Sample Ads is not set up here. Tell the operator." in tell(client, destination)


def test_an_unconfirmed_create_is_not_called_connected(client, destination, platform, monkeypatch):
    monkeypatch.setattr(type(platform), "audiences_can_be_looked_up", False)
    change(destination, audience_asked_at=timezone.now())
    assert "Look there whether it exists." in tell(client, destination)


def test_a_form_is_tested_before_anything_is_saved_and_loses_nothing(
    client, acme, authorization, platform, network
):
    holds(network, "au1")
    answer = client.post(TEST_NEW, fill(authorization), follow=True)
    assert said(answer) == "success: Connected. The audience “Loyal” is there."
    assert answer.redirect_chain[-1][0].startswith(f"{NEW}?draft=")
    assert 'value="Loyal customers"' in answer.content.decode()
    assert '<option value="a1" selected>' in answer.content.decode()
    with fence.inside(acme.id):
        assert not Destination.objects.exists()


def test_a_form_with_wrong_input_is_not_tested(client, authorization, platform, network):
    answer = client.post(TEST_NEW, fill(authorization, ad_account="a3"))
    assert answer.status_code == 422
    assert "needs Sample Editor" in answer.content.decode()
    assert f'action="{NEW}"' in answer.content.decode()
    assert len(network.calls) == 0


def test_a_change_is_tested_before_it_is_saved(
    client, destination, authorization, platform, network
):
    holds(network, "au2")
    address = reverse("destinations:test_edit", args=[destination.pk])
    posted = fill(authorization, **{"sample-audience_name": "Others"})
    answer = client.post(address, posted, follow=True)
    assert said(answer) == "success: Connected. The audience “Others” is there."
    assert 'value="Others"' in answer.content.decode()
    row = stored(destination)
    assert (row.audience_id, row.settings["audience_name"]) == ("", "Loyal")


def test_it_also_learns_which_ad_accounts_there_are_now(client, destination, platform, network):
    knows(network, accounts=[{"id": "a1", "name": "A"}, {"id": "a9", "name": "New there"}])
    tell(client, destination)
    with fence.inside(destination.organization_id):
        there = AdAccount.objects.filter(gone_at=None).values_list("platform_id", flat=True)
        assert sorted(there) == ["a1", "a9"]
