"""One row an action. The application role may insert and read rows, never change them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Entry(models.Model):
    """Somebody did something to something, in one organization.

    Ids are kept without foreign keys and names as they were: the record outlives what it tells of.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization_id = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)
    person_id = models.UUIDField(null=True)
    person = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=254, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=("organization_id", "-at"), name="audit_by_time"),
            models.Index(fields=("organization_id", "subject_id", "-at"), name="audit_by_subject"),
        )
        ordering = ("-at",)
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    @property
    def facts(self) -> list[tuple[str, object]]:
        """Return the details with their names in words."""
        return [(name.replace("_", " "), value) for name, value in self.detail.items()]
