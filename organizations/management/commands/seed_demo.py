"""Fill an empty installation with two sample organizations and their people."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from organizations import services
from organizations.models import Organization, Person
from organizations.roles import Role

# Printed for everybody who tries the demo.
PASSWORD = "demo-password-1"  # noqa: S105

SAMPLE = {
    "Acme": (
        ("analyst@acme.example", "Ana Lyst", Role.ANALYST),
        ("creator@acme.example", "Chris Creator", Role.CREATOR),
        ("admin@acme.example", "Ada Admin", Role.ADMIN),
    ),
    "Globex": (("stranger@globex.example", "Sam Stranger", Role.ADMIN),),
}


class Command(BaseCommand):
    """Create the sample people once; print who they are as JSON."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what can be asked for."""
        parser.add_argument(
            "--only-check",
            action="store_true",
            help="only fail where they do not belong; before the database is migrated, too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is not there yet."""
        if _is_of_somebody():
            raise CommandError(
                "This installation has organizations of its own. The sample people's passwords are "
                "public, so they belong into a demo's own database alone."
            )
        if options["only_check"]:
            return
        people = []
        with transaction.atomic():
            for name, members in SAMPLE.items():
                organization = Organization.objects.filter(name=name).first()
                organization = organization or services.organization_create(name=name)
                for email, full_name, role in members:
                    if not Person.objects.filter(email=email).exists():
                        person = Person.objects.create_user(email, PASSWORD, name=full_name)
                        services.membership_create(
                            organization=organization, person=person, role=role
                        )
                    people.append(
                        {
                            "email": email,
                            "password": PASSWORD,
                            "role": role.label,
                            "organization": name,
                        }
                    )
        self.stdout.write(json.dumps({"people": people}))


def _is_of_somebody() -> bool:
    table = Organization._meta.db_table  # noqa: SLF001 - Django's documented way to a table's name
    if table not in connection.introspection.table_names():
        return False
    return Organization.objects.exclude(name__in=SAMPLE).exists()
