"""Where an audience is of one identifier type, no other one gets into it unnoticed."""

from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import timezone

from destinations import services
from destinations.models import Destination
from organizations import fence
from providers import audience_form
from tests.factories import change, filled, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def of_one_type(sample_platform):
    """Let audiences be asked for by name or id, each of one identifier type."""

    def audience_request(ad_account_id, settings):
        return audience_form.request_from(ad_account_id, settings, id_field="audience_id")

    sample_platform.audiences_are_of_one_type = True
    sample_platform.audience_request = audience_request


@pytest.fixture
def found(destination) -> Destination:
    """Return a destination whose audience of e-mail addresses is known."""
    change(destination, audience_id="au1", audience_name="Loyal", audience_size=7)
    return destination


def update(row, by, identifier, **wish):
    with fence.inside(row.organization_id):
        row = Destination.objects.select_related("authorization").get(pk=row.pk)
        wanted = replace(filled(row.authorization, **wish), identifiers=[identifier])
        services.destination_update(destination=row, by=by, filled=wanted)


def create(authorization, by, identifier, **wish) -> Destination:
    with fence.inside(authorization.organization_id):
        return services.destination_create(
            organization=authorization.organization,
            by=by,
            platform="sample",
            filled=replace(filled(authorization, **wish), identifiers=[identifier]),
        )


def by_id(audience_id) -> dict[str, str]:
    return {"audience_name": "", "audience_id": audience_id}


def test_the_audience_that_is_known_gets_no_other_identifier(found, creator):
    with pytest.raises(services.OtherIdentifier, match="this one is of “E-mail”"):
        update(found, creator, "second")
    assert (stored(found).identifiers, stored(found).audience_id) == (["email"], "au1")


def test_at_a_platform_that_says_so(found, creator):
    change(found, platform="pinterest")
    with pytest.raises(services.OtherIdentifier, match="An audience at Pinterest"):
        update(found, creator, "apple_ad_id")


def test_elsewhere_an_audience_takes_another_identifier(found, creator, sample_platform, room):
    room.busy = "An export is on its way."
    sample_platform.audiences_are_of_one_type = False
    update(found, creator, "second")
    assert (stored(found).identifiers, stored(found).audience_id) == (["second"], "au1")


def test_another_audience_may_be_of_another_identifier(found, creator):
    update(found, creator, "second", audience_name="Others")
    row = stored(found)
    assert (row.identifiers, row.audience_id, row.audience_name) == (["second"], "", "")


def test_what_was_not_made_yet_may_be_of_another_identifier(destination, creator):
    update(destination, creator, "second")
    assert stored(destination).identifiers == ["second"]


def test_what_may_have_been_made_gets_no_other_identifier(destination, creator):
    change(destination, audience_asked_at=timezone.now())
    with pytest.raises(services.OtherIdentifier):
        update(destination, creator, "second")


def test_what_is_on_its_way_makes_an_audience_of_its_own_identifier(destination, creator, room):
    room.busy = "An export is on its way."
    with pytest.raises(services.Delivering):
        update(destination, creator, "second")
    update(destination, creator, "email", name="Renamed")
    assert stored(destination).name == "Renamed"


@pytest.mark.parametrize("deleted_at", [None, timezone.now()])
def test_another_destinations_audience_is_not_asked_for_by_its_name(
    found, authorization, creator, deleted_at
):
    change(found, deleted_at=deleted_at)
    with pytest.raises(services.OtherIdentifier):
        create(authorization, creator, "second", name="By second")
    create(authorization, creator, "email", name="By e-mail")
    create(authorization, creator, "second", name="Elsewhere", ad_account="a2")


def test_another_destinations_audience_is_not_asked_for_by_its_id(found, authorization, creator):
    with pytest.raises(services.OtherIdentifier):
        create(authorization, creator, "second", name="By second", **by_id("au1"))
    create(authorization, creator, "second", name="Another one", **by_id("au2"))


def test_an_audience_that_is_known_by_its_id_is_not_asked_for_by_its_name(authorization, creator):
    row = create(authorization, creator, "email", **by_id("au1"))
    change(row, audience_id="au1", audience_name="Loyal")
    with pytest.raises(services.OtherIdentifier):
        create(authorization, creator, "second", name="By second")


def test_a_wrong_word_about_an_audience_is_taken_back_with_its_destination(
    found, authorization, creator
):
    """Of an audience that is given by its id, only people said which identifier it holds."""
    change(found, deleted_at=timezone.now())
    row = create(authorization, creator, "second", **by_id("au1"))
    assert row.identifiers == ["second"]


def test_whatever_else_is_changed_does_not_ask(found, authorization, creator):
    other = create(authorization, creator, "second", name="Others", audience_name="Others")
    change(other, audience_id="au1", audience_name="Loyal")
    update(found, creator, "email", name="Renamed")
    assert stored(found).name == "Renamed"


def test_the_form_says_so_at_the_identifier(client_of, creator, found, platform):
    posted = {
        "name": "Loyal customers",
        "platform": "sample",
        "authorization": str(found.authorization_id),
        "ad_account": "a1",
        "identifiers": "second",
        "sample-audience_name": "Loyal",
        "sample-days": "30",
    }
    client = client_of(creator)
    edited = client.post(reverse("destinations:edit", args=[found.pk]), posted)
    made = client.post(reverse("destinations:new"), {**posted, "name": "By second"})
    for answer in (edited, made):
        assert answer.status_code == 422
        assert "this one is of “E-mail”" in answer.context["form"].errors["identifiers"][0]
        assert 'value="Loyal"' in answer.content.decode()
