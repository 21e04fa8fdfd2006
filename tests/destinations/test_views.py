"""A destination's pages as each person sees them, scripts off."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from destinations.models import Destination
from organizations import fence
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

LIST, NEW = reverse("destinations:list"), reverse("destinations:new")
ACTIONS = ("pause", "resume", "test", "confirm_absent", "test_edit")


def at(name, row) -> str:
    return reverse(f"destinations:{name}", args=[row.pk])


def page(client, address) -> str:
    return client.get(address).content.decode()


def fill(row, **values) -> dict[str, str]:
    return {
        "name": row.name,
        "platform": row.platform,
        "authorization": str(row.authorization_id),
        "ad_account": row.ad_account_id,
        "identifiers": "email",
        "sample-audience_name": "Loyal",
        "sample-days": "30",
        **values,
    }


def test_an_analyst_sees_it_and_may_change_nothing(client_of, analyst, destination, admin):
    client = client_of(analyst)
    shown = page(client, at("detail", destination))
    assert "Loyal customers" in shown
    for words in ("New export", "Pause", "Edit", "Delete", "Test connection"):
        assert f">{words}<" not in shown
    answers = [client.get(at(name, destination)) for name in ("edit", "delete")]
    answers += [client.post(at(name, destination)) for name in (*ACTIONS, "edit", "delete")]
    assert {answer.status_code for answer in answers} == {403}
    assert all("admin@acme.example" in answer.content.decode() for answer in answers)
    assert "Destination creator" in answers[0].content.decode()
    assert (stored(destination).paused_at, stored(destination).deleted_at) == (None, None)


def test_a_stranger_finds_nothing(client_of, stranger, destination):
    client = client_of(stranger)
    answers = [client.get(at(name, destination)) for name in ("detail", "edit", "delete")]
    answers += [client.post(at(name, destination)) for name in (*ACTIONS, "edit", "delete")]
    assert {answer.status_code for answer in answers} == {404}
    assert "Loyal customers" not in page(client, LIST)
    assert stored(destination).deleted_at is None


def test_actions_are_not_done_by_following_a_link(client_of, creator, destination):
    client = client_of(creator)
    assert {client.get(at(name, destination)).status_code for name in ACTIONS} == {405}


def test_its_page_shows_what_it_is(client_of, creator, destination, room):
    change(destination, audience_id="au1", audience_name="Loyal", audience_size=12345)
    shown = page(client_of(creator), at("detail", destination))
    for words in ("Acme UK", "Sample Ads", "E-mail", "Audience name", "Ready", "12,345", "au1"):
        assert words in shown
    assert "Panel of Loyal customers" in shown
    for words in ("Test connection", "Edit", "Pause", "Delete"):
        assert f">{words}<" in shown


@pytest.mark.parametrize(
    ("size", "state", "told"),
    [
        (0, "not ready", "being counted"),
        (0, "processing, too small", "being counted"),
        (None, "processing", "being counted"),
        (None, "targetable", "not told yet"),
        (0, "too few users", "<b>0</b>"),
        (40, "processing", "<b>40</b>"),
    ],
)
def test_a_size_is_told_once_the_platform_has_counted_with_the_state_beside_it(
    client_of, creator, destination, size, state, told
):
    now = timezone.now()
    change(
        destination,
        audience_id="au1",
        audience_size=size,
        audience_state=state,
        audience_checked_at=now,
    )
    shown = page(client_of(creator), at("detail", destination))
    assert told in shown
    assert f"{state}, as of" in shown
    assert ("being counted" in shown) == (told == "being counted")


def test_a_ready_one_offers_a_new_export_and_a_paused_one_does_not(client_of, creator, destination):
    client = client_of(creator)
    export = reverse("exports:new", args=[destination.pk])
    assert f'href="{export}"' in page(client, at("detail", destination))
    client.post(at("pause", destination))
    assert export not in page(client, at("detail", destination))


def test_one_that_needs_reconnection_says_why_and_leads_to_what_mends_it(
    client_of, creator, destination, authorization
):
    change(authorization, broken_at=timezone.now(), broken_reason="The grant was revoked.")
    shown = page(client_of(creator), at("detail", destination))
    assert "The grant was revoked." in shown
    assert "nothing is lost" in shown
    assert f'href="{at("edit", destination)}"' in shown
    assert reverse("authorizations:detail", args=[authorization.pk]) in shown


def test_pause_and_resume(client_of, creator, destination, room):
    client = client_of(creator)
    shown = client.post(at("pause", destination), follow=True).content.decode()
    assert "Nothing is sent until it is resumed." in shown
    assert ">Resume<" in shown
    shown = client.post(at("resume", destination), follow=True).content.decode()
    assert ">Pause<" in shown
    assert room.told == [destination]


def test_edit_saves(client_of, creator, destination):
    client = client_of(creator)
    assert 'value="Loyal customers"' in page(client, at("edit", destination))
    answer = client.post(at("edit", destination), fill(destination, name="Renamed"), follow=True)
    assert "Saved." in answer.content.decode()
    assert stored(destination).name == "Renamed"


def test_edit_refuses_what_is_wrong_and_loses_nothing(client_of, creator, destination):
    posted = fill(destination, name="Renamed", ad_account="a3")
    answer = client_of(creator).post(at("edit", destination), posted)
    assert answer.status_code == 422
    assert "needs Sample Editor" in answer.content.decode()
    assert 'value="Renamed"' in answer.content.decode()
    assert stored(destination).name == "Loyal customers"


def test_edit_cannot_move_it_to_another_platform(client_of, creator, destination):
    answer = client_of(creator).post(
        at("edit", destination), fill(destination, platform="snapchat")
    )
    assert answer.status_code == 422
    assert stored(destination).platform == "sample"


def test_edit_does_not_swap_the_audience_from_under_an_export(
    client_of, creator, destination, room
):
    room.busy = "The file of its schedule is being fetched."
    posted = fill(destination, ad_account="a2")
    answer = client_of(creator).post(at("edit", destination), posted)
    assert answer.status_code == 422
    assert "change the audience. The file of its schedule is being fetched." in (
        answer.content.decode()
    )
    assert stored(destination).ad_account_id == "a1"


def test_edit_of_one_that_needs_reconnection_says_why(
    client_of, creator, destination, authorization
):
    change(authorization, broken_at=timezone.now(), broken_reason="The grant was revoked.")
    assert "The grant was revoked." in page(client_of(creator), at("edit", destination))


def test_delete_says_what_happens_then_does_it(client_of, creator, destination, authorization):
    client = client_of(creator)
    shown = page(client, at("delete", destination))
    assert "The audience at Sample Ads stays as it is." in shown
    shown = client.post(at("delete", destination), follow=True).content.decode()
    assert "“Loyal customers” was deleted" in shown
    assert f"/{destination.pk}/" not in shown
    assert stored(authorization).removed_at is None
    assert "It was deleted." in page(client, at("detail", destination))
    for name in ("edit", "delete"):
        assert client.get(at(name, destination)).status_code == 404


def test_one_with_something_on_its_way_is_not_deleted(client_of, creator, destination, room):
    room.busy = "Somebody is being erased from its audience."
    client = client_of(creator)
    shown = page(client, at("delete", destination))
    assert room.busy in shown
    assert ">Delete</button>" not in shown
    shown = client.post(at("delete", destination), follow=True).content.decode()
    assert f"Nothing was deleted. {room.busy}" in shown
    assert stored(destination).deleted_at is None


def test_one_whose_adapter_is_not_installed_is_shown_and_can_be_deleted(
    client_of, creator, destination
):
    change(destination, platform="gone")
    client = client_of(creator)
    assert "Platform not installed" in page(client, at("detail", destination))
    assert "Platform not installed" in page(client, LIST)
    assert client.get(at("edit", destination)).status_code == 404
    assert client.post(at("test", destination)).status_code == 404
    assert client.post(at("delete", destination)).status_code == 302


def test_an_unconfirmed_audience_waits_for_a_person(
    client_of, creator, analyst, destination, sample_platform, monkeypatch
):
    monkeypatch.setattr(type(sample_platform), "audiences_can_be_looked_up", False)
    change(destination, audience_asked_at=timezone.now() - timedelta(minutes=5))
    button = at("confirm_absent", destination)
    assert "Nobody knows" in page(client_of(analyst), at("detail", destination))
    assert button not in page(client_of(analyst), at("detail", destination))
    client = client_of(creator)
    assert button in page(client, at("detail", destination))
    client.post(button)
    assert stored(destination).audience_asked_at is None
    assert "Nobody knows" not in page(client, at("detail", destination))


def test_nobodys_word_is_taken_while_the_platform_can_be_asked(client_of, creator, destination):
    change(destination, audience_asked_at=timezone.now() - timedelta(minutes=5))
    client_of(creator).post(at("confirm_absent", destination))
    assert stored(destination).audience_asked_at is not None


def test_the_authorizations_page_lists_the_destinations_that_use_it(
    client_of, analyst, creator, destination, authorization
):
    client = client_of(analyst)
    address = reverse("authorizations:detail", args=[authorization.pk])
    shown = page(client, address)
    assert f'<a href="{at("detail", destination)}">Loyal customers</a>' in shown
    client_of(creator).post(at("pause", destination))
    assert "Paused" in page(client, address)
    assert "1 destination" in page(client, reverse("authorizations:list"))
    client_of(creator).post(at("delete", destination))
    assert "No destination uses it yet." in page(client, address)


def test_no_page_shows_a_token(client_of, admin, destination):
    client = client_of(admin)
    for address in (LIST, *(at(name, destination) for name in ("detail", "edit", "delete"))):
        assert "access-1" not in page(client, address)
        assert "refresh-1" not in page(client, address)


def test_a_name_is_shown_as_text(client_of, creator, destination):
    change(destination, name="<script>alert(1)</script>")
    client = client_of(creator)
    for address in (LIST, *(at(name, destination) for name in ("detail", "edit", "delete"))):
        assert "<script>alert" not in page(client, address)
    with fence.inside(destination.organization_id):
        assert Destination.objects.get().name.startswith("<script>")
