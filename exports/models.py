"""An export and its batches."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from destinations.models import Destination
from exports.check_models import Check  # noqa: F401 - Django looks for models here
from exports.erasure_models import Erasure
from exports.fetch_models import Fetch  # noqa: F401 - as above
from exports.retention_models import Retention  # noqa: F401 - as above
from exports.schedule_models import Schedule, ScheduleRun  # noqa: F401 - as above
from exports.shared_models import Breaker, RateBudget  # noqa: F401 - as above
from exports.states import (
    EXPORT_MOVES,
    FINAL,
    SENT,
    UNENDED,
    BatchState,
    ExportState,
    Mode,
    Operation,
    Recorded,
    WaitingFor,
)
from exports.upload_models import Upload  # noqa: F401 - as above
from organizations.models import Person, Tenant

_SMALL_FILE = 4 * 1024 * 1024


class Exports(models.QuerySet["Export"]):
    """The questions that are asked of exports."""

    def started(self) -> Exports:
        """Leave out drafts: somebody looked at a file and did not start."""
        return self.exclude(state=ExportState.DRAFT)

    def under_way(self) -> Exports:
        """Narrow to those that are not over."""
        return self.started().exclude(state__in=FINAL)


class Export(Tenant):
    """A file on its way to a destination. This row is the truth; a task message is only a hint.

    `staged_name` names the sealed upload, destroyed once prepared. `key_sealed` is one file key an
    export, under which upload, batches and rejects are sealed, each with its own label. `shape` is
    how the file is written, `columns` which column holds which identifier type:
    `{type: column number}`, `taking` how values stand in its cells (`exports.engine.taking`).
    """

    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="exports", db_constraint=False
    )
    # A Remove that erases a person has no file: whom it removes is found when its turn comes.
    erasure = models.ForeignKey(
        Erasure, null=True, on_delete=models.PROTECT, related_name="exports", db_constraint=False
    )
    mode = models.CharField(max_length=20, choices=Mode, default=Mode.ADD)
    state = models.CharField(max_length=30, choices=ExportState, default=ExportState.DRAFT)
    # Why it waits or failed; `waiting_for` only while it waits.
    waiting_for = models.CharField(max_length=20, choices=WaitingFor, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    file_name = models.CharField(max_length=254)
    file_size = models.BigIntegerField(default=0)
    # Where it was fetched; empty for an upload.
    address = models.CharField(max_length=1000, blank=True)
    staged_name = models.CharField(max_length=254, blank=True)
    key_sealed = models.BinaryField()
    shape = models.JSONField(default=dict)
    columns = models.JSONField(default=dict)
    taking = models.JSONField(default=dict)
    rejects_name = models.CharField(max_length=254, blank=True)

    rows = models.BigIntegerField(default=0)
    identifiers = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    reject_reasons = models.JSONField(default=dict)

    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    prepared_at = models.DateTimeField(null=True)
    # Native replace: when the audience was emptied, so that a retry goes on with adding.
    cleared_at = models.DateTimeField(null=True)
    # Replace by difference: with which audience it was compared, and what came of it:
    # `{"audience", "held", "removed", "added", "kept", "unknown", "types"}`, people as numbers.
    # Erasure: `{"audience", "files", "found", "requests"}`, the last of tries that failed.
    comparison = models.JSONField(default=dict)
    # When a person was asked whether a Replace may remove so many.
    asked_at = models.DateTimeField(null=True)
    sending_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    # Preparing, and what comes once before the batches: who works on it, until when by the
    # database's clock, how often it was begun.
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    # Answers in a row, to what comes once or together, that nobody understands.
    unknown_answers = models.PositiveIntegerField(default=0)

    objects = Exports.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=ExportState.values), name="export_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(mode__in=Mode.values), name="export_mode_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state=ExportState.WAITING) ^ models.Q(waiting_for=""),
                name="export_waits_for_something",
            ),
        )
        indexes = (
            models.Index(fields=("organization", "-created_at"), name="export_newest"),
            models.Index(fields=("destination", "started_at"), name="export_turn"),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def has_small_file(self) -> bool:
        """Say whether its file is read in seconds, however it is packed."""
        return self.file_size <= _SMALL_FILE

    @property
    def awaits_erasing(self) -> bool:
        """Say whether it erases a person and has not looked yet where that person is."""
        is_open = self.state in {ExportState.SENDING, ExportState.WAITING}
        return self.erasure_id is not None and is_open and "audience" not in self.comparison

    @property
    def is_final(self) -> bool:
        """Say whether nothing more happens by itself."""
        return ExportState(self.state) in FINAL

    def move(self, to: ExportState, **also: object) -> bool:
        """Move from the state that this object was read in: False if somebody else moved it.

        A compare-and-set in the database. What an export waited for is forgotten.
        """
        if to not in EXPORT_MOVES.get(ExportState(self.state), frozenset()):
            return False
        changes: dict[str, object] = {"waiting_for": "", "reason": "", **also, "state": to}
        if to in FINAL:
            changes["finished_at"] = Now()
        if to == ExportState.SENDING:
            # The rate is that of this time: what it waited says nothing of it.
            changes["sending_at"] = None
        moved = Export.objects.filter(pk=self.pk, state=self.state).update(**changes)
        if moved:
            self.refresh_from_db()
        return bool(moved)

    def take_lease(self, seconds: float) -> uuid.UUID | None:
        """Become the one who works on this export, if nobody else is; return our name as owner."""
        owner = uuid.uuid4()
        taken = (
            Export.objects.filter(pk=self.pk, state=self.state)
            .filter(not_leased())
            .update(
                lease_owner=owner,
                lease_until=Now() + timedelta(seconds=seconds),
                attempts=models.F("attempts") + 1,
            )
        )
        return owner if taken else None

    def is_held(self) -> bool:
        """Say whether somebody works on it, by the database's clock: no other need be told."""
        return Export.objects.filter(pk=self.pk, lease_until__gte=Now()).exists()


def not_leased() -> models.Q:
    """Narrow exports or batches to those that nobody works on, by the database's clock."""
    return models.Q(lease_until=None) | models.Q(lease_until__lt=Now())


class ExportBatches(models.QuerySet["ExportBatch"]):
    """The questions that are asked of batches."""

    def due(self) -> ExportBatches:
        """Narrow to those to be sent now: new ones, and those whose worker is gone."""
        return (
            self.filter(state__in=(BatchState.PENDING, BatchState.SENDING))
            .filter(not_leased())
            .filter(models.Q(not_before=None) | models.Q(not_before__lte=Now()))
        )

    def under_way(self) -> ExportBatches:
        """Narrow to those with a request that may still have an effect."""
        return self.filter(state=BatchState.SENDING, lease_until__gte=Now())

    def sent(self) -> ExportBatches:
        """Leave out those that are there for the record only."""
        return self.filter(operation__in=SENT)


class ExportBatch(Tenant):
    """Identifiers for one request. `stored_name` is the sealed file that holds them.

    `origin` is the batch as it was prepared, of which this one is a part.
    """

    export = models.ForeignKey(
        Export, on_delete=models.CASCADE, related_name="batches", db_constraint=False
    )
    origin = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="parts", db_constraint=False
    )
    number = models.PositiveIntegerField()
    operation = models.CharField(max_length=10, choices=Operation, default=Operation.ADD)
    # The platform's id of the audience to which it was sent last, or is to be added by an erasure.
    audience_id = models.CharField(max_length=120, blank=True)
    recorded = models.CharField(max_length=10, choices=Recorded, blank=True, default=Recorded.YES)
    state = models.CharField(max_length=20, choices=BatchState, default=BatchState.PENDING)
    identifiers = models.PositiveIntegerField()
    stored_name = models.CharField(max_length=254)

    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    # A message about it was sent and may still arrive; until then nobody sends another.
    hinted_until = models.DateTimeField(null=True)
    # Requests begun: what was sent again after a kill shows here.
    attempts = models.PositiveIntegerField(default=0)
    # Answers in a row that blamed the platform, and since when; the last of them that nobody
    # understands.
    troubles = models.PositiveIntegerField(default=0)
    troubled_since = models.DateTimeField(null=True)
    unknown_answers = models.PositiveIntegerField(default=0)

    accepted = models.PositiveIntegerField(default=0)
    request_id = models.CharField(max_length=120, blank=True)
    receipt = models.JSONField(default=dict)
    error = models.CharField(max_length=400, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    finished_at = models.DateTimeField(null=True)

    objects = ExportBatches.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("export", "number"), name="batch_number_unique"),
            models.CheckConstraint(
                condition=models.Q(state__in=BatchState.values), name="batch_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(operation__in=Operation.values), name="batch_operation_known"
            ),
        )
        indexes = (
            models.Index(fields=("export", "state", "not_before"), name="batch_next"),
            # The next ones of an export that has sent most of its batches.
            models.Index(
                fields=("export", "number"),
                name="batch_unsent",
                condition=models.Q(state__in=(BatchState.PENDING, BatchState.SENDING)),
            ),
            # What an organization has in flight, among all that it ever sent.
            models.Index(
                fields=("organization",),
                name="batch_in_flight",
                condition=models.Q(state=BatchState.SENDING),
            ),
            # Asked before every addition of a Replace, when it has none left as a rule.
            models.Index(
                fields=("export",),
                name="batch_removal",
                condition=models.Q(operation=Operation.REMOVE, state__in=UNENDED),
            ),
        )
        ordering = ("number",)

    def __str__(self) -> str:
        return f"batch {self.number}"

    def part(self, *, number: int, identifiers: int, stored_name: str) -> ExportBatch:
        """Return a batch, not saved, that holds a part of this one."""
        return ExportBatch(
            organization_id=self.organization_id,
            export_id=self.export_id,
            origin_id=self.origin_id or self.pk,
            number=number,
            operation=self.operation,
            audience_id=self.audience_id,
            identifiers=identifiers,
            stored_name=stored_name,
        )
