"""Fill an empty installation with two sample organizations, their people and an audience file."""

from __future__ import annotations

import hashlib
import json
import random
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from organizations import services
from organizations.models import Organization, Person
from organizations.roles import Role

PASSWORD = "demo-password-1"

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

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where the sample audience goes and how long it is."""
        parser.add_argument("--audience", type=Path, help="write a sample audience file here")
        parser.add_argument("--rows", type=int, default=5_000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is not there yet."""
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
        audience: Path | None = options["audience"]
        if audience is not None and not audience.exists():
            audience.write_text("".join(messy_rows(options["rows"])), encoding="utf-8")
        self.stdout.write(json.dumps({"people": people}))


def messy_rows(count: int, seed: int = 7) -> Iterator[str]:
    """Yield the lines of a CSV of e-mail addresses as people really have them.

    Mixed case, white space, duplicates in other spellings, hashes among the raw values, and some
    that are no address at all. The same seed gives the same file.
    """
    chance = random.Random(seed)
    yield "customer,E-Mail Address,city\n"
    for number in range(count):
        name = f"person{chance.randrange(count)}"
        address = f"{name}@{chance.choice(('example.com', 'mail.example.org', 'shop.example.net'))}"
        yield f"{number},{_mess_up(address, chance)},{chance.choice(('Berlin', 'London', 'Oslo'))}\n"


def _mess_up(address: str, chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.55:
        return address
    if kind < 0.70:
        return address.upper()
    if kind < 0.80:
        return f'"  {address.title()} "'
    if kind < 0.85:
        return f"\u00a0{address}\u3000"
    if kind < 0.92:
        return hashlib.sha256(address.encode()).hexdigest()
    return chance.choice(
        ("", "n/a", "no at sign", "two@@example.com", "a b@example.com", "x@nodot")
    )
