"""People, organizations, memberships, and what must be known before an organization is."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from organizations.roles import May, Role, may


class PersonManager(BaseUserManager["Person"]):
    """Create people; look them up by e-mail address in any case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """Create a person. Without a password only an identity provider can sign them in."""
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        """Find the person for a typed e-mail address."""
        return self.get(email__iexact=(username or "").strip())


class Person(AbstractBaseUser):
    """Somebody who signs in. What they may do is said by their memberships."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="person_email_unique"),)
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.email


class Organization(models.Model):
    """A tenant: nothing of it is visible from another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(Lower("name"), name="organization_name_unique"),)

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """A row that belongs to one organization. Its table gets a fence in its first migration."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Membership(Tenant):
    """A person's role in one organization."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "person"), name="membership_once_an_organization"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} is {self.get_role_display()}"

    def may(self, what: May) -> bool:
        """Say whether this member may do something."""
        return may(self.role, what)


class DataKey(Tenant):
    """An organization's key, wrapped by a master key that only the environment holds."""

    master_key = models.CharField(max_length=60)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization",),
                condition=models.Q(retired_at=None),
                name="data_key_one_in_use",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class Route(models.Model):
    """How a row is found before its organization is known: by a keyed hash, or because it is due.

    This table has no fence, so it holds nothing else. `kind` says what the row is.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=40)
    key = models.BinaryField(null=True)
    due_at = models.DateTimeField(null=True)
    organization_id = models.UUIDField()
    row_id = models.UUIDField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("kind", "key"), name="route_key_unique"),
            models.UniqueConstraint(fields=("kind", "row_id"), name="route_row_once_a_kind"),
        )
        indexes = (models.Index(fields=("kind", "due_at"), name="route_due"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"
