"""The arrangement of the tests themselves: two roles, one test database, nothing left behind."""

import pytest
from django.db import ProgrammingError, connection, connections

from organizations.models import Person


def role_and_database(alias):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        return cursor.fetchone()


@pytest.mark.django_db(databases=["default", "owner"])
def test_two_roles_see_one_test_database():
    app, database = role_and_database("default")
    owner, same_database = role_and_database("owner")
    assert (app, owner) == ("infosum_app", "infosum_owner")
    assert database == same_database
    assert database.startswith("test_")


@pytest.mark.django_db
def test_the_application_role_can_neither_own_nor_pass_the_fence():
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert cursor.fetchone() == (0,)
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute("CREATE TABLE anything ()")


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db
def test_a_test_is_rolled_back(turn):
    assert not Person.objects.filter(email="left@behind.example").exists()
    Person.objects.create(email="left@behind.example")


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_is_emptied_as_the_owner(turn):
    assert not Person.objects.filter(email="left@behind.example").exists()
    Person.objects.create(email="left@behind.example")


@pytest.mark.parametrize("turn", [1, 2])
def test_a_fixture_alone_makes_a_transactional_test(turn, transactional_db):
    assert not Person.objects.filter(email="left@behind.example").exists()
    Person.objects.create(email="left@behind.example")
