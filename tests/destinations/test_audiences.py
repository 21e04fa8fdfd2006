"""An audience is found, or created once, whatever is lost on the way."""

import json
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from audit.models import Entry
from authorizations.uses import Use
from destinations import audiences, services
from destinations.audiences import AudienceUnconfirmed, NoAuthorization
from organizations import fence
from providers.errors import NotThere, PermissionMissing, PlatformDown
from providers.values import AudienceRequest
from tests.destinations.conftest import asked, holds, makes
from tests.factories import change, stored
from tests.sample_platform import BASE

pytestmark = pytest.mark.django_db

USE = Use("find or create the audience")
# A request without an answer: it may have arrived.
LOST = requests.ConnectionError("cut")


def ensure(row):
    return audiences.audience_ensure(row.organization_id, row.pk, USE)


def look_up(row):
    return audiences.audience_look_up(row.organization_id, row.pk, USE)


@pytest.fixture
def no_look_up(platform, monkeypatch):
    """A platform that cannot be asked for an audience by its name."""
    monkeypatch.setattr(type(platform), "audiences_can_be_looked_up", False)


def test_one_that_is_there_is_used(destination, platform, network):
    holds(network, "au7")
    assert ensure(destination).id == "au7"
    assert asked(network, "POST", "/audiences") == 0
    assert stored(destination).audience_id == "au7"


def test_one_that_is_not_there_is_created_once(destination, platform, network):
    makes(network)
    assert ensure(destination).id == ensure(destination).id == "au1"
    assert asked(network, "POST", "/audiences") == 1
    assert asked(network, "GET", "/audiences") == 1
    with fence.inside(destination.organization_id):
        entry = Entry.objects.get(action="audience created")
    assert (entry.subject_id, entry.detail) == (destination.pk, {"audience": "Loyal"})


def test_what_it_will_hold_is_known_when_it_is_created(destination):
    change(destination, identifiers=["second"])
    target = audiences.target_of(destination.organization_id, destination.pk)
    assert target.request.identifiers == ("second",)
    change(destination, audience_id="au1", settings={"audience_name": "Loyal", "days": "30"})
    known = audiences.target_of(destination.organization_id, destination.pk).audience
    assert known.settings == {"audience_name": "Loyal", "days": "30"}


def test_the_intent_is_stored_before_the_platform_is_asked(destination, platform, network):
    seen = []

    def create(request):
        seen.append(stored(destination).audience_asked_at)
        return 200, {}, json.dumps({"id": "au1"})

    network.add_callback("POST", f"{BASE}/audiences", callback=create)
    ensure(destination)
    assert seen[0] is not None
    assert stored(destination).audience_asked_at is None


def test_after_a_lost_answer_it_is_looked_up_and_not_created_again(destination, platform, network):
    network.add("POST", f"{BASE}/audiences", body=LOST)
    with pytest.raises(PlatformDown):
        ensure(destination)
    assert stored(destination).audience_asked_at is not None
    holds(network, "au1")
    assert ensure(destination).id == "au1"
    assert asked(network, "POST", "/audiences") == 1


def test_after_a_lost_request_it_is_created(destination, platform, network):
    network.add("POST", f"{BASE}/audiences", body=LOST)
    with pytest.raises(PlatformDown):
        ensure(destination)
    network.remove("POST", f"{BASE}/audiences")
    makes(network)
    assert ensure(destination).id == "au1"


def test_a_refusal_leaves_no_intent_behind(destination, platform, network):
    network.add("POST", f"{BASE}/audiences", status=403)
    with pytest.raises(PermissionMissing):
        ensure(destination)
    assert stored(destination).audience_asked_at is None


def test_an_unconfirmed_create_waits_for_a_person_where_nobody_can_look_it_up(
    destination, no_look_up, network, creator, room
):
    network.add("POST", f"{BASE}/audiences", body=LOST)
    with pytest.raises(PlatformDown):
        ensure(destination)
    for ask in (ensure, look_up):
        with pytest.raises(AudienceUnconfirmed):
            ask(destination)
    assert asked(network, "POST", "/audiences") == 1

    with fence.inside(destination.organization_id):
        services.audience_confirm_absent(destination=stored(destination), by=creator)
    assert room.told == [destination]
    network.remove("POST", f"{BASE}/audiences")
    makes(network)
    assert ensure(destination).id == "au1"


def test_a_create_that_is_on_its_way_is_not_unconfirmed_yet(destination, no_look_up):
    change(destination, audience_asked_at=timezone.now())
    assert not audiences.is_unconfirmed(stored(destination))
    change(destination, audience_asked_at=timezone.now() - timedelta(minutes=3))
    assert audiences.is_unconfirmed(stored(destination))


def test_where_it_can_be_looked_up_no_person_is_asked(destination, platform):
    change(destination, audience_asked_at=timezone.now() - timedelta(minutes=3))
    assert not audiences.is_unconfirmed(stored(destination))


def test_an_id_that_the_platform_does_not_know_is_never_created(
    destination, platform, network, monkeypatch
):
    def by_id(self, ad_account_id, settings):
        return AudienceRequest(ad_account_id, "", existing_id="au404")

    monkeypatch.setattr(type(platform), "audience_request", by_id)
    with pytest.raises(NotThere):
        ensure(destination)
    assert asked(network, "POST", "/audiences") == 0


def test_looking_it_up_creates_nothing(destination, platform, network):
    assert look_up(destination) is None
    assert asked(network, "POST", "/audiences") == 0
    assert stored(destination).audience_checked_at is None


def test_a_known_one_is_read_again_with_its_size(destination, platform, network):
    change(destination, audience_id="au1", audience_name="Loyal")
    network.add("GET", f"{BASE}/audiences/au1", json={"size": 1234})
    assert look_up(destination).size == 1234
    row = stored(destination)
    assert (row.audience_size, row.audience_state) == (1234, "READY")
    assert row.audience_checked_at is not None


def test_one_that_is_gone_at_the_platform_is_made_anew(destination, platform, network):
    change(destination, audience_id="au1", audience_name="Loyal", audience_size=7)
    audiences.audience_forget(destination.organization_id, destination.pk, "another")
    assert stored(destination).audience_size == 7
    audiences.audience_forget(destination.organization_id, destination.pk, "au1")
    assert stored(destination).audience_size is None
    makes(network, "au2")
    assert ensure(destination).id == "au2"


def test_one_found_for_settings_that_were_changed_meanwhile_is_not_kept(
    destination, platform, network
):
    """The next export would go to the wrong audience."""
    names = []

    def find(request):
        names.append(request.params["name"])
        if len(names) == 1:
            change(destination, settings={"audience_name": "Others"})
        return 200, {}, json.dumps([{"id": f"id of {names[-1]}"}])

    network.remove("GET", f"{BASE}/audiences")
    network.add_callback("GET", f"{BASE}/audiences", callback=find)
    look_up(destination)
    assert stored(destination).audience_id == ""
    change(destination, settings={"audience_name": "Loyal"})
    names.clear()
    assert ensure(destination).id == "id of Others"
    assert stored(destination).audience_id == "id of Others"


def test_without_an_authorization_nobody_is_asked(destination, network):
    change(destination, authorization=None)
    for ask in (ensure, look_up):
        with pytest.raises(NoAuthorization):
            ask(destination)
    assert len(network.calls) == 0
