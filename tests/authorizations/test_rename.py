"""Renaming an authorization in place."""

import pytest
from django.urls import reverse

from audit.models import Entry
from authorizations import services
from organizations import fence
from tests.factories import authorized, change, destined, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(authorization) -> str:
    return reverse("authorizations:rename", args=[authorization.pk])


def rename(authorization, by, name):
    with fence.inside(authorization.organization_id):
        services.authorization_rename(authorization=authorization, by=by, name=name)


def test_destinations_show_the_new_name_at_once(client_of, admin, creator, authorization, address):
    destination = destined(authorization, creator)
    client_of(admin).post(address, {"name": "Acme Europe"})
    client = client_of(creator)
    for shown in (
        reverse("destinations:list"),
        reverse("destinations:detail", args=[destination.pk]),
        reverse("destinations:edit", args=[destination.pk]),
    ):
        page = client.get(shown).content.decode()
        assert "Acme Europe" in page
        assert f">{authorization.name}</a>" not in page


def test_an_admin_fills_it_in_where_the_name_stands(client_of, admin, authorization, address):
    client = client_of(admin)
    detail = reverse("authorizations:detail", args=[authorization.pk])
    assert f'href="{address}">Rename</a>' in client.get(detail).content.decode()
    page = client.get(address).content.decode()
    assert 'value="Acme UK"' in page
    assert "Ad accounts" in page
    page = client.post(address, {"name": "Acme Europe"}, follow=True).content.decode()
    assert "<h1>Acme Europe</h1>" in page
    assert "It is called “Acme Europe” now" in page
    assert "formerly “Acme UK”" in page


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "Give the authorization a name."), ("   ", "Give the"), ("second ONE", "Choose another")],
)
def test_a_wrong_name_is_said_at_the_field(
    client_of, admin, analyst, acme, authorization, address, name, sentence
):
    authorized(acme, analyst, name="Second one")
    response = client_of(admin).post(address, {"name": name})
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert 'id="id_name_error"' in page
    assert stored(authorization).name == "Acme UK"


def test_its_own_name_in_another_case_is_not_taken(admin, client_of, authorization, address):
    assert client_of(admin).post(address, {"name": "ACME UK"}).status_code == 302
    assert stored(authorization).name == "ACME UK"


def test_the_name_of_a_removed_one_is_free(client_of, admin, analyst, acme, authorization, address):
    other = authorized(acme, analyst, name="Second one")
    change(other, removed_at=other.authorized_at, access_sealed=None, refresh_sealed=None)
    assert client_of(admin).post(address, {"name": "Second one"}).status_code == 302
    assert stored(authorization).name == "Second one"


def test_a_name_taken_between_the_look_and_the_save_is_refused_by_the_database(
    admin, analyst, acme, authorization
):
    authorized(acme, analyst, name="Second one")
    with pytest.raises(services.NameTaken):
        rename(authorization, admin, "SECOND one")
    assert stored(authorization).name == "Acme UK"


def test_it_is_written_down_once_with_the_former_name(admin, authorization):
    rename(authorization, admin, "Acme UK")
    rename(authorization, admin, "Acme Europe")
    with fence.inside(authorization.organization_id):
        entry = Entry.objects.get(action="renamed", subject_id=authorization.pk)
    assert (entry.person, entry.subject) == (admin.email, "Acme Europe")
    assert entry.detail == {"formerly": "Acme UK"}


def test_only_admins_rename(client_of, admin, creator, analyst, stranger, authorization, address):
    detail = reverse("authorizations:detail", args=[authorization.pk])
    for person in (creator, analyst):  # the analyst authorized it
        client = client_of(person)
        assert ">Rename<" not in client.get(detail).content.decode()
        for answer in (client.get(address), client.post(address, {"name": "Mine"})):
            assert answer.status_code == 403
            assert admin.email in answer.content.decode()
    assert client_of(stranger).post(address, {"name": "Mine"}).status_code == 404
    assert stored(authorization).name == "Acme UK"


def test_a_name_is_shown_as_text(client_of, admin, authorization, address):
    page = client_of(admin).post(address, {"name": "<script>alert(1)</script>"}, follow=True)
    assert "<script>alert" not in page.content.decode()
