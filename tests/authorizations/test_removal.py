"""Removing an authorization: what is destroyed, what ends at the platform, what stays."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from audit.models import Entry
from authorizations import removal, tokens
from authorizations.models import AtPlatform, SharedGrant
from authorizations.uses import Use
from organizations import fence
from organizations.models import Route
from providers.errors import GrantDead
from tests.authorizations.revoking import REVOKE_URL, let_access_be_revoked, revoked
from tests.factories import authorized, change, destined, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def revocable(sample_platform, network, monkeypatch):
    let_access_be_revoked(sample_platform, network, monkeypatch)
    return sample_platform


@pytest.fixture
def address(authorization) -> str:
    return reverse("authorizations:remove", args=[authorization.pk])


def remove(row, by) -> AtPlatform:
    return removal.authorization_remove(authorization=row, by=by)


def test_the_tokens_are_destroyed_and_the_row_stays(admin, authorization):
    remove(authorization, admin)
    row = stored(authorization)
    assert (row.access_sealed, row.refresh_sealed, row.secret_sealed) == (None, None, None)
    assert row.removed_at is not None
    assert row.name == "Acme UK"
    assert not Route.objects.filter(row_id=row.pk).exists()
    assert not SharedGrant.objects.exists()


def test_no_token_can_be_put_back_onto_it(admin, authorization):
    remove(authorization, admin)
    with pytest.raises(IntegrityError, match="removed_holds_no_token"):
        change(authorization, access_sealed=b"sealed")


def test_nobody_gets_a_token_of_it_any_more(admin, authorization):
    remove(authorization, admin)
    with pytest.raises(GrantDead, match="removed"):
        tokens.call(
            authorization.organization_id,
            authorization.pk,
            Use("check"),
            lambda platform, connection: None,
        )


def test_a_refresh_that_is_on_its_way_puts_nothing_back(admin, authorization, network):
    change(authorization, access_expires_at=authorization.authorized_at)

    def slow(request):
        remove(authorization, admin)
        return 200, {}, '{"access_token": "access-2", "refresh_token": "r2", "expires_in": 9}'

    network.add_callback("POST", "https://login.sample.example/token", callback=slow)
    with pytest.raises(GrantDead, match="removed"):
        tokens.call(
            authorization.organization_id,
            authorization.pk,
            Use("check"),
            lambda platform, connection: None,
        )
    assert stored(authorization).access_sealed is None


def test_what_cannot_be_revoked_by_a_call_is_left_to_a_person_with_the_link(
    client_of, admin, authorization, address
):
    client = client_of(admin)
    for page in (client.get(address), client.post(address, follow=True)):
        shown = page.content.decode()
        assert "Remove the app." in shown
        assert 'href="https://sample.example/apps"' in shown
    assert stored(authorization).at_platform == AtPlatform.BY_PERSON


def test_it_is_revoked_at_the_platform_with_its_own_token(
    client_of, admin, authorization, revocable, network, address
):
    client = client_of(admin)
    assert "The access is revoked there." in client.get(address).content.decode()
    assert revoked(network) == []
    page = client.post(address, follow=True).content.decode()
    assert "The access was revoked at Sample Ads." in page
    assert revoked(network) == ["access-1"]


def test_a_platform_that_fails_does_not_stop_it_and_the_person_gets_the_link(
    client_of, admin, authorization, revocable, network, address
):
    network.upsert("POST", REVOKE_URL, status=503)
    page = client_of(admin).post(address, follow=True).content.decode()
    assert "Sample Ads did not confirm that the access was revoked." in page
    assert 'href="https://sample.example/apps"' in page
    row = stored(authorization)
    assert (row.at_platform, row.access_sealed) == (AtPlatform.FAILED, None)


def test_a_platform_that_is_not_set_up_any_more_does_not_stop_it(
    admin, authorization, revocable, settings
):
    settings.PLATFORM_ENVIRONMENT = {}
    assert remove(authorization, admin) == AtPlatform.FAILED
    assert stored(authorization).access_sealed is None


def test_a_token_that_does_not_open_is_destroyed_all_the_same(
    admin, authorization, revocable, network
):
    change(authorization, access_sealed=b"damaged" * 10)
    assert remove(authorization, admin) == AtPlatform.FAILED
    assert revoked(network) == []
    assert stored(authorization).access_sealed is None


def test_the_platform_is_asked_outside_any_transaction(
    admin, authorization, revocable, monkeypatch
):
    seen = []
    monkeypatch.setattr(
        type(revocable),
        "revoke",
        lambda *_: seen.append((fence.current_organization_id(), stored(authorization).removed_at)),
    )
    remove(authorization, admin)
    ((organization, removed_at),) = seen
    assert organization is None
    assert removed_at is not None


def test_two_who_remove_it_do_it_once(client_of, admin, authorization, revocable, network, address):
    stale = stored(authorization)
    remove(authorization, admin)
    with pytest.raises(removal.AlreadyRemoved):
        remove(stale, admin)
    assert revoked(network) == ["access-1"]
    assert client_of(admin).post(address).status_code == 404


def test_the_name_is_free_again(admin, analyst, acme, authorization):
    remove(authorization, admin)
    assert authorized(acme, analyst, name="ACME uk").name == "ACME uk"


def test_page_and_history_stay_and_nothing_is_offered(client_of, admin, authorization, address):
    client = client_of(admin)
    client.post(address)
    detail = reverse("authorizations:detail", args=[authorization.pk])
    page = client.get(detail).content.decode()
    for words in ("Acme UK", "Removed", "Authorized by", f"Removed by {admin.email}"):
        assert words in page
    for words in ("Reconnect", "Rename", "Remove", "Check again"):
        assert f">{words}<" not in page
    for name in ("rename", "remove"):
        gone = reverse(f"authorizations:{name}", args=[authorization.pk])
        assert client.get(gone).status_code == 404
    reconnect = reverse("authorizations:reconnect", args=[authorization.pk])
    assert client.post(reconnect).status_code == 404


def test_it_leaves_the_list_unless_it_is_asked_for(client_of, admin, authorization, address):
    client, all_ = client_of(admin), reverse("authorizations:list")
    client.post(address)
    assert f"/{authorization.pk}/" not in client.get(all_).content.decode()
    assert f"/{authorization.pk}/" in client.get(f"{all_}?state=Removed").content.decode()


def test_it_is_written_down(admin, authorization, revocable):
    remove(authorization, admin)
    with fence.inside(authorization.organization_id):
        entries = Entry.objects.filter(subject_id=authorization.pk).order_by("at")
        told = [(entry.action, entry.person) for entry in entries]
    assert told[-2:] == [("removed", admin.email), ("revoked at the platform", "")]


def test_its_destinations_stay_and_say_that_they_need_reconnection(
    client_of, admin, creator, authorization, address
):
    destination = destined(authorization, creator)
    page = client_of(admin).get(address).content.decode()
    assert "Loyal customers" in page
    assert "They stay, say “Needs reconnection”" in page
    client_of(admin).post(address)
    client = client_of(creator)
    shown = client.get(reverse("destinations:detail", args=[destination.pk])).content.decode()
    assert "Needs reconnection" in shown
    assert "Its authorization was removed." in shown
    assert ">New export<" not in shown
    assert stored(destination).authorization_id == authorization.pk


def test_only_admins_remove(client_of, admin, creator, analyst, stranger, authorization, address):
    detail = reverse("authorizations:detail", args=[authorization.pk])
    for person in (creator, analyst):  # the analyst authorized it
        client = client_of(person)
        assert ">Remove<" not in client.get(detail).content.decode()
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 403
            assert admin.email in answer.content.decode()
    for answer in (client_of(stranger).get(address), client_of(stranger).post(address)):
        assert answer.status_code == 404
    assert stored(authorization).removed_at is None
