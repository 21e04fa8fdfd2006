"""A file that is fetched from an address."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from destinations.models import Destination
from organizations.models import Person, Tenant


class Fetches(models.QuerySet["Fetch"]):
    """The questions that are asked of fetches."""

    def at_work(self) -> Fetches:
        """Narrow to those that a worker receives just now."""
        return self.filter(lease_until__gte=Now())

    def due(self) -> Fetches:
        """Narrow to those that may be taken up now."""
        return self.filter(
            models.Q(lease_until=None) | models.Q(lease_until__lt=Now()),
            models.Q(not_before=None) | models.Q(not_before__lte=Now()),
            failed_at=None,
        )


class Fetch(Tenant):
    """A file of which the first `received` bytes lie sealed on disk. The row is the truth.

    Its id will be the export's. `validator` is the server's mark of this version of the file: with
    it what is missing is asked for.
    """

    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=1000)

    # As the server says it; unknown before it answered, or where it does not say.
    file_size = models.BigIntegerField(null=True)
    received = models.BigIntegerField(default=0)
    is_whole = models.BooleanField(default=False)
    validator = models.CharField(max_length=400, blank=True)
    begun_anew = models.PositiveIntegerField(default=0)
    staged_name = models.CharField(max_length=254)
    key_sealed = models.BinaryField()

    # Tries since something arrived last.
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=400, blank=True)
    failed_at = models.DateTimeField(null=True)
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    objects = Fetches.as_manager()

    def __str__(self) -> str:
        return self.address


# Longer than a server may be silent (`exports.fetching`), and than between two signs of life.
LEASE = timedelta(seconds=60)
