"""Fill an empty installation with two sample organizations and their people."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

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

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is not there yet."""
        if Organization.objects.exclude(name__in=SAMPLE).exists():
            raise CommandError(
                "This installation has organizations of its own. The sample people's passwords are "
                "public, so they belong into a demo's own database alone."
            )
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
