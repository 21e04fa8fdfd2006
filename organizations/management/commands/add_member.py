"""Make a person a member of an organization: the first admin of a new one, above all."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from organizations import fence, services
from organizations.models import Membership, Organization, Person
from organizations.roles import Role


class Command(BaseCommand):
    """Ask for the password of a person who is new here, or read it from standard input."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take who, where and as what. A password is no argument: others could see it."""
        parser.add_argument("email")
        parser.add_argument("--organization", required=True, help="its name")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="", help="the person's own name")
        parser.add_argument(
            "--new", action="store_true", help="create the organization, which must not exist"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing, all of it or nothing, once nothing is to be typed any more."""
        role = Role(options["role"])
        organization = _organization(options["organization"].strip(), is_new=options["new"])
        email, name, password = options["email"].strip().lower(), options["name"].strip(), ""
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            password = _password_of(Person(email=email, name=name))
        else:
            _must_not_be_in(organization, person)
        with transaction.atomic():
            if options["new"]:
                organization = services.organization_create(name=organization.name)
            person = person or Person.objects.create_user(email, password, name=name)
            services.membership_create(organization=organization, person=person, role=role)
        self.stdout.write(f"{person} is now in {organization}, as {role.label}.")


def _organization(name: str, *, is_new: bool) -> Organization:
    """Return the one that is there, or one to create."""
    found = Organization.objects.filter(name__iexact=name).first()
    if is_new:
        if found is not None:
            raise CommandError(f"There is an organization {found} already. Leave out --new.")
        organization = Organization(name=name)
        _checked(organization)
        return organization
    if found is None:
        raise CommandError(f"There is no organization {name!r}. With --new it is created.")
    return found


def _must_not_be_in(organization: Organization, person: Person) -> None:
    with fence.inside(organization.id):
        member = Membership.objects.filter(person=person).first()
    if member is not None:
        raise CommandError(
            f"{person} is in {organization} already, as {member.get_role_display()}."
        )


def _password_of(person: Person) -> str:
    """Ask for the password of a new person, whose e-mail address is looked at before."""
    _checked(person, but="password")
    password = _password()
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password


def _checked(row: Organization | Person, *, but: str = "") -> None:
    try:
        row.full_clean(exclude={but})
    except ValidationError as error:
        lines = (f"{name}: {' '.join(of_it)}" for name, of_it in error.message_dict.items())
        raise CommandError("\n".join(lines)) from None


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise CommandError("These were two different passwords.")
    return password
