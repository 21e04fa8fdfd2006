"""A draft that was read and counted."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from exports.states import Mode
from organizations.models import Tenant


class Check(Tenant):
    """A whole draft read and counted, with nothing sent: the newest of each draft.

    `columns`, `taking` and `mode` are what was asked about. `refusal` says why the file cannot be
    read to its end, `report` what was found (`exports.checks` has its shape).
    """

    export = models.OneToOneField(
        "exports.Export", on_delete=models.CASCADE, related_name="check_made", db_constraint=False
    )
    mode = models.CharField(max_length=20, choices=Mode)
    columns = models.JSONField(default=dict)
    taking = models.JSONField(default=dict)
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=400, blank=True)
    report = models.JSONField(default=dict)

    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"check of {self.export_id}"
