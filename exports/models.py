"""An export, its batches, and the rate budgets that all workers share."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from destinations.models import Destination
from organizations.models import Person, Tenant


class Mode(models.TextChoices):
    """What an export does with its identifiers."""

    ADD = "add", "Add"
    REMOVE = "remove", "Remove"
    REPLACE = "replace", "Replace"


class ExportState(models.TextChoices):
    """Where an export stands."""

    DRAFT = "draft", "Draft"
    PREPARING = "preparing", "Preparing"
    SENDING = "sending", "Sending"
    WAITING = "waiting", "Waiting"
    SUCCEEDED = "succeeded", "Succeeded"
    SUCCEEDED_WITH_REJECTS = "succeeded_with_rejects", "Succeeded with rejects"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class BatchState(models.TextChoices):
    """Where a batch stands."""

    PENDING = "pending", "Pending"
    SENDING = "sending", "Sending"
    ACCEPTED = "accepted", "Accepted"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class Export(Tenant):
    """A file on its way to a destination. This row is the truth; a task message is only a hint.

    `staged_*` name the sealed upload (destroyed once prepared) and its sealed file key; `file_key`
    is one key an export, under which batches and rejects are sealed too, each with its own label.
    `shape` and `choices` are how the file was read and which columns were chosen.
    """

    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="exports", db_constraint=False
    )
    mode = models.CharField(max_length=20, choices=Mode, default=Mode.ADD)
    state = models.CharField(max_length=30, choices=ExportState, default=ExportState.DRAFT)
    # Only while waiting: for whom (reconnection, platform, person, turn), and the sentence.
    waiting_for = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    file_name = models.CharField(max_length=254)
    file_size = models.BigIntegerField(default=0)
    staged_name = models.CharField(max_length=254, blank=True)
    key_sealed = models.BinaryField(null=True)
    shape = models.JSONField(default=dict)
    choices = models.JSONField(default=list)
    rejects_name = models.CharField(max_length=254, blank=True)

    rows = models.BigIntegerField(default=0)
    identifiers = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    reject_reasons = models.JSONField(default=dict)
    accepted = models.BigIntegerField(default=0)

    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    prepared_at = models.DateTimeField(null=True)
    # Native replace: when the audience was emptied, so that a retry goes on with adding.
    cleared_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    # Preparing and other one-at-a-time steps: who works on it, until when by the database's clock.
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=ExportState.values), name="export_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(mode__in=Mode.values), name="export_mode_known"
            ),
        )
        indexes = (models.Index(fields=("organization", "-created_at"), name="export_newest"),)

    def __str__(self) -> str:
        return self.file_name


class ExportBatch(Tenant):
    """Identifiers for one request. `stored_name` is the sealed file that holds them."""

    export = models.ForeignKey(
        Export, on_delete=models.CASCADE, related_name="batches", db_constraint=False
    )
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=10, choices=((Mode.ADD, "Add"), (Mode.REMOVE, "Remove")))
    state = models.CharField(max_length=20, choices=BatchState, default=BatchState.PENDING)
    identifiers = models.PositiveIntegerField()
    stored_name = models.CharField(max_length=254)

    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    accepted = models.PositiveIntegerField(default=0)
    request_id = models.CharField(max_length=120, blank=True)
    receipt = models.JSONField(default=dict)
    error = models.CharField(max_length=400, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("export", "number"), name="batch_number_unique"),
            models.CheckConstraint(
                condition=models.Q(state__in=BatchState.values), name="batch_state_known"
            ),
        )
        indexes = (models.Index(fields=("export", "state", "not_before"), name="batch_next"),)
        ordering = ("number",)

    def __str__(self) -> str:
        return f"batch {self.number}"


class RateBudget(models.Model):
    """When the next request of one budget may go (generic cell rate algorithm).

    Shared by all workers and organizations, so it has no fence: the key is a keyed hash.
    """

    key = models.BinaryField(primary_key=True)
    theoretical_arrival = models.DateTimeField()

    def __str__(self) -> str:
        return bytes(self.key).hex()[:12]
