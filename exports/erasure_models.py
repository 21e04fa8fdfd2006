"""A person who is to be erased everywhere."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from organizations.models import Person, Tenant


class Erasure(Tenant):
    """What an admin asked for, and the receipt of it. Its removals are exports.

    `masked` is what is shown of the identifier. `sought_sealed` are its digests by destination and
    identifier type, sealed, as long as there is something to do.
    """

    masked = models.CharField(max_length=80)
    requested_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    sought_sealed = models.BinaryField(null=True)
    # Audiences of destinations that were deleted, or that they had before they were edited: nothing
    # of ours reaches them any more. `[{"destination", "platform", "ad_account", "audience"}]`.
    out_of_reach = models.JSONField(default=list)
    drafts_destroyed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.masked
