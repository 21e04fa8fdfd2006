"""What is done to destinations, and what it leaves in the database and the audit log."""

import pytest

from audit.models import Entry
from destinations import services
from destinations.models import Destination
from organizations import fence
from tests.factories import change, destined, filled, stored

pytestmark = pytest.mark.django_db


def actions(row) -> list[str]:
    with fence.inside(row.organization_id):
        entries = Entry.objects.filter(subject_id=row.pk).order_by("at")
        return [entry.action for entry in entries]


def update(row, by, **wish):
    with fence.inside(row.organization_id):
        row = Destination.objects.select_related("authorization").get(pk=row.pk)
        services.destination_update(
            destination=row, by=by, filled=filled(row.authorization, **wish)
        )


def do(service, row, by):
    with fence.inside(row.organization_id):
        service(destination=row, by=by)


def found(row) -> None:
    """Let the destination's audience be known."""
    change(row, audience_id="au1", audience_name="Loyal", audience_size=7)


def test_a_creator_without_any_permission_at_the_platform_makes_one(destination, creator):
    row = stored(destination)
    assert row.created_by_id == creator.pk
    assert (row.platform, row.ad_account_id, row.ad_account_name) == ("sample", "a1", "Acme UK")
    assert row.settings == {"audience_name": "Loyal", "days": "30"}
    assert row.identifiers == ["email"]
    assert actions(row) == ["destination created"]


def test_a_name_is_taken_in_any_case_and_free_again_once_deleted(
    destination, authorization, creator
):
    with pytest.raises(services.NameTaken):
        destined(authorization, creator, name="LOYAL customers")
    do(services.destination_delete, destination, creator)
    assert destined(authorization, creator, name="LOYAL customers").pk != destination.pk


def test_a_refused_name_leaves_no_trace(destination, authorization, creator):
    with pytest.raises(services.NameTaken):
        destined(authorization, creator)
    with fence.inside(destination.organization_id):
        assert Destination.objects.count() == 1
        assert Entry.objects.filter(action="destination created").count() == 1


def test_its_own_name_in_another_case_is_not_taken(destination, creator):
    update(destination, creator, name="LOYAL CUSTOMERS")
    assert stored(destination).name == "LOYAL CUSTOMERS"


@pytest.mark.parametrize("wish", [{"ad_account": "a2"}, {"audience_name": "Others"}])
def test_asking_for_another_audience_forgets_the_one_found(destination, creator, wish):
    found(destination)
    update(destination, creator, **wish)
    row = stored(destination)
    assert (row.audience_id, row.audience_name, row.audience_size) == ("", "", None)


def test_another_name_or_setting_keeps_the_audience(destination, creator):
    found(destination)
    update(destination, creator, name="Renamed", days="60")
    row = stored(destination)
    assert (row.name, row.settings["days"], row.audience_id) == ("Renamed", "60", "au1")
    assert actions(row)[-1] == "destination changed"


def test_the_audience_is_not_swapped_from_under_an_export(destination, creator, room):
    found(destination)
    room.busy = "An export is on its way."
    with pytest.raises(services.Delivering):
        update(destination, creator, ad_account="a2")
    assert stored(destination).audience_id == "au1"
    update(destination, creator, name="Renamed")
    assert stored(destination).name == "Renamed"


def test_pausing_twice_is_recorded_once_and_resuming_tells_the_rooms_above(
    destination, creator, room
):
    for _ in range(2):
        do(services.destination_pause, destination, creator)
    assert stored(destination).paused_at is not None
    for _ in range(2):
        do(services.destination_resume, stored(destination), creator)
    assert stored(destination).paused_at is None
    assert actions(destination)[1:] == ["destination paused", "destination resumed"]
    assert room.told == [destination]


def test_a_change_tells_the_rooms_above_only_where_nothing_stands_in_the_way(
    destination, creator, room
):
    do(services.destination_pause, destination, creator)
    update(destination, creator, name="Still paused")
    assert room.told == []
    do(services.destination_resume, stored(destination), creator)
    update(destination, creator, name="Going again")
    assert len(room.told) == 2


def test_resuming_what_still_needs_reconnection_tells_nobody(
    destination, authorization, creator, room
):
    do(services.destination_pause, destination, creator)
    change(authorization, broken_at=authorization.authorized_at)
    do(services.destination_resume, stored(destination), creator)
    assert stored(destination).paused_at is None
    assert room.told == []


def test_one_with_an_export_on_its_way_is_not_deleted(destination, creator, room):
    room.busy = "An export is on its way."
    with pytest.raises(services.Delivering, match="An export is on its way"):
        do(services.destination_delete, destination, creator)
    assert stored(destination).deleted_at is None


def test_a_deleted_one_keeps_its_row_and_can_not_be_paused(destination, creator):
    do(services.destination_delete, destination, creator)
    row = stored(destination)
    do(services.destination_pause, row, creator)
    assert row.deleted_at is not None
    assert stored(row).paused_at is None
    assert actions(row)[-1] == "destination deleted"


def test_an_authorization_in_use_is_never_deleted_from_under_a_destination(
    destination, authorization
):
    with fence.inside(authorization.organization_id), pytest.raises(Exception, match="protected"):
        authorization.delete()
    assert stored(destination).authorization_id == authorization.pk


def test_a_name_is_taken_by_the_rule_of_the_database(authorization, creator):
    destined(authorization, creator, name="kelvin")
    with fence.inside(authorization.organization_id):
        # The Kelvin sign, whose small letter is k though it is not the capital of k.
        assert services.name_taken("\u212aelvin")
