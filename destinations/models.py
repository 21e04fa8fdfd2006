"""A destination: which audience, in which ad account, under which authorization."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from authorizations.models import Authorization
from organizations.models import Person, Tenant
from providers.registry import registry

# In the platforms' own words for the state of an audience.
_STILL_WORKING = ("processing", "uploading", "initializing", "pending", "not ready")


class Destinations(models.QuerySet["Destination"]):
    """The questions that are asked of destinations."""

    def live(self) -> Destinations:
        """Narrow to those that were not deleted."""
        return self.filter(deleted_at=None)

    def needing_reconnection(self) -> Destinations:
        """Narrow to those whose authorization is gone or holds no good grant."""
        return self.live().filter(
            models.Q(authorization=None)
            | models.Q(authorization__removed_at__isnull=False)
            | models.Q(authorization__broken_at__isnull=False)
        )


class Destination(Tenant):
    """Where audiences are delivered. Without a usable authorization it needs reconnection.

    `settings` are the filled fields of the platform's own form; `identifiers` the keys of the
    identifier types that it takes. `audience_id` is the platform's, once found or created.
    """

    name = models.CharField(max_length=120)
    platform = models.CharField(max_length=40)
    authorization = models.ForeignKey(
        Authorization,
        null=True,
        on_delete=models.PROTECT,
        related_name="destinations",
        db_constraint=False,
    )
    ad_account_id = models.CharField(max_length=120, blank=True)
    ad_account_name = models.CharField(max_length=254, blank=True)
    identifiers = models.JSONField(default=list)
    settings = models.JSONField(default=dict, blank=True)

    audience_id = models.CharField(max_length=120, blank=True)
    audience_name = models.CharField(max_length=400, blank=True)
    audience_state = models.CharField(max_length=60, blank=True)
    audience_size = models.BigIntegerField(null=True)
    audience_checked_at = models.DateTimeField(null=True)
    # Set before the platform is asked to create the audience, cleared with its id: a create whose
    # answer was lost is looked up before anything is created again.
    audience_asked_at = models.DateTimeField(null=True)

    # Whether it was created for this destination: then nobody was in it before.
    audience_is_ours = models.BooleanField(default=False)

    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    paused_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = Destinations.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "organization",
                Lower("name"),
                condition=models.Q(deleted_at=None),
                name="destination_name_unique_among_live",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="destination_name_not_empty"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def audience_is_being_counted(self) -> bool:
        """Say whether the platform still works on the audience, so that a size of 0 is none yet."""
        state = self.audience_state.lower()
        return not self.audience_size and any(word in state for word in _STILL_WORKING)

    @property
    def platform_label(self) -> str:
        """Return the platform's name for people."""
        return registry.label(self.platform)
