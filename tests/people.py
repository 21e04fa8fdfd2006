"""Who the tests are about: two organizations, and a person for each way of standing to a row."""

from collections.abc import Callable

import pytest
from django.test import Client

from organizations import services
from organizations.models import Organization, Person
from organizations.roles import Role


@pytest.fixture
def acme(db) -> Organization:
    return services.organization_create(name="Acme")


@pytest.fixture
def globex(db) -> Organization:
    return services.organization_create(name="Globex")


@pytest.fixture
def admin(acme) -> Person:
    return member(acme, "admin@acme.example", Role.ADMIN)


@pytest.fixture
def creator(acme) -> Person:
    return member(acme, "creator@acme.example", Role.CREATOR)


@pytest.fixture
def analyst(acme) -> Person:
    return member(acme, "analyst@acme.example", Role.ANALYST)


@pytest.fixture
def stranger(globex) -> Person:
    return member(globex, "stranger@globex.example", Role.ADMIN)


@pytest.fixture
def client_of() -> Callable[[Person], Client]:
    """Return a function that gives a person's signed-in browser, scripts off."""

    def sign_in(person: Person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


def member(organization: Organization, email: str, role: Role) -> Person:
    """Create somebody who belongs to an organization."""
    person = Person.objects.create_user(email, "a long enough password")
    services.membership_create(organization=organization, person=person, role=role)
    return person
