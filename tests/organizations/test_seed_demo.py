import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from organizations.models import Person
from organizations.services import organization_create

pytestmark = pytest.mark.django_db


def seeded(capsys, *words):
    call_command("seed_demo", *words)
    return capsys.readouterr().out


def test_the_sample_people_are_made_once(capsys):
    people = json.loads(seeded(capsys))["people"]
    assert json.loads(seeded(capsys))["people"] == people
    assert {person.email for person in Person.objects.all()} == {each["email"] for each in people}


@pytest.mark.parametrize("words", [(), ("--only-check",)])
def test_they_do_not_join_organizations_of_somebody(words):
    organization_create(name="Initech")
    with pytest.raises(CommandError, match="organizations of its own"):
        call_command("seed_demo", *words)
    assert not Person.objects.exists()


def test_to_check_makes_nobody(capsys):
    assert seeded(capsys, "--only-check") == ""
    assert not Person.objects.exists()


def test_a_database_without_tables_is_nobodys(capsys):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = pg_catalog")
    assert seeded(capsys, "--only-check") == ""
