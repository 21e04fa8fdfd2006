"""`manage.py add_member`, by which the first admin of a real installation comes to be."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit.models import Entry
from organizations import fence
from organizations.models import Membership, Organization, Person
from organizations.services import organization_create

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def added(monkeypatch, capsys):
    def add(*words, password=PASSWORD):
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
        call_command("add_member", *words)
        return capsys.readouterr().out

    return add


def roles_in(name):
    organization = Organization.objects.get(name=name)
    with fence.inside(organization.id):
        rows = Membership.objects.select_related("person")
        return {row.person.email: row.role for row in rows}


def test_the_first_admin_signs_in_and_administers(added, client):
    said = added("Ada@Initech.example", "--organization", "Initech", "--role", "admin", "--new")
    assert said == "ada@initech.example is now in Initech, as Admin.\n"
    assert PASSWORD not in said
    signed_in = client.post(
        reverse("organizations:sign_in"), {"username": "ada@initech.example", "password": PASSWORD}
    )
    assert signed_in.status_code == 302
    assert client.get(reverse("organizations:members")).status_code == 200
    with fence.inside(Organization.objects.get().id):
        assert [entry.action for entry in Entry.objects.all()] == ["member added"]


def test_somebody_known_joins_another_organization_by_their_old_password(added):
    added("ada@initech.example", "--organization", "Initech", "--role", "admin", "--new")
    organization_create(name="Hooli")
    added("ADA@initech.example", "--organization", "hooli", "--role", "analyst", password="")
    assert roles_in("Hooli") == {"ada@initech.example": "analyst"}
    assert Person.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (["a@b.example", "--organization", "Hooly"], PASSWORD, "There is no organization 'Hooly'"),
        (["a@b.example", "--organization", "hooli", "--new"], PASSWORD, "Leave out --new"),
        (["a@b.example", "--organization", "", "--new"], PASSWORD, "name: "),
        (["nobody", "--organization", "Hooli"], PASSWORD, "email: Enter a valid email address"),
        (["a@b.example", "--organization", "Hooli"], "", "too short"),
        (["a@b.example", "--organization", "New", "--new"], "password", "too common"),
        (["ada@hooli.example", "--organization", "Hooli"], "", "already, as Analyst"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_created(added, words, password, said):
    organization_create(name="Hooli")
    added("ada@hooli.example", "--organization", "Hooli", "--role", "analyst")
    with pytest.raises(CommandError, match=said):
        added(*words, "--role", "admin", password=password)
    assert roles_in("Hooli") == {"ada@hooli.example": "analyst"}
    assert Person.objects.count() == 1
    assert Organization.objects.count() == 1


def test_a_password_at_a_terminal_is_typed_twice(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    typed = iter([PASSWORD, "correct horse buttery"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(
        "organizations.management.commands.add_member.getpass", lambda _asked: next(typed)
    )
    with pytest.raises(CommandError, match="two different"):
        call_command(
            "add_member", "a@b.example", "--organization", "Initech", "--role", "admin", "--new"
        )
    assert not Organization.objects.exists()
