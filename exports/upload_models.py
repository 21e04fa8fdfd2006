"""An upload that is under way in pieces."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from destinations.models import Destination
from organizations.models import Person, Tenant


class Uploads(models.QuerySet["Upload"]):
    """The questions that are asked of uploads."""

    def of(self, person: Person) -> Uploads:
        """Narrow to a person's own: nobody else goes on with them."""
        return self.filter(created_by=person)

    def bytes_to_come(self) -> int:
        """Return how much of the disk is promised to them and not used yet."""
        left = models.Sum(models.F("file_size") - models.F("received"))
        return self.aggregate(left=left)["left"] or 0


class Upload(Tenant):
    """A file of which the first `received` bytes lie sealed on disk. The row is the truth.

    Its id will be the export's. `fingerprint` is the keyed hash by which the same file of the same
    person is recognized, `claim` names the page that sends: the newest that chose the file.
    """

    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    received_at = models.DateTimeField(default=timezone.now)

    fingerprint = models.BinaryField()
    file_name = models.CharField(max_length=254)
    file_size = models.BigIntegerField()
    # Every piece but the last has this size.
    piece_bytes = models.PositiveIntegerField()
    received = models.BigIntegerField(default=0)
    claim = models.UUIDField(default=uuid.uuid4)

    staged_name = models.CharField(max_length=254)
    key_sealed = models.BinaryField()

    objects = Uploads.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("destination", "created_by", "fingerprint"), name="upload_once"
            ),
            models.CheckConstraint(
                condition=models.Q(received__gte=0, received__lte=models.F("file_size")),
                name="upload_received_of_size",
            ),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_whole(self) -> bool:
        """Say whether every byte is here."""
        return self.received == self.file_size

    @property
    def next_piece_bytes(self) -> int:
        """Return how long the next piece has to be; 0 if there is none."""
        return min(self.piece_bytes, self.file_size - self.received)
