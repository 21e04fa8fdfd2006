"""How long an organization keeps what it sent."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from organizations.models import Tenant

FILES_DAYS, MOST_FILES_DAYS = 30, 90
LEAST_SETS_DAYS, MOST_SETS_DAYS = 7, 730


class Retention(Tenant):
    """One row an organization that chose; without one the defaults hold.

    `files_days` is for rejects and what "Retry failed" would send, counted from an export's end;
    `sets_days` for the delivered sets that a Replace compares with, None: as long as it needs them.
    """

    files_days = models.PositiveSmallIntegerField(
        "Rejects and what failed, in days",
        default=FILES_DAYS,
        validators=(MinValueValidator(1), MaxValueValidator(MOST_FILES_DAYS)),
        help_text=f"1 to {MOST_FILES_DAYS}, after an export's end. “Retry failed” needs them.",
    )
    sets_days = models.PositiveSmallIntegerField(
        "Delivered sets, in days",
        null=True,
        blank=True,
        validators=(MinValueValidator(LEAST_SETS_DAYS), MaxValueValidator(MOST_SETS_DAYS)),
        help_text=f"{LEAST_SETS_DAYS} to {MOST_SETS_DAYS}, after the export that delivered them. "
        "Left empty, they are kept until a later Replace has made them needless.",
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("organization",), name="retention_once"),
            models.CheckConstraint(
                condition=models.Q(files_days__range=(1, MOST_FILES_DAYS)),
                name="retention_files_bounded",
            ),
            models.CheckConstraint(
                condition=models.Q(sets_days=None)
                | models.Q(sets_days__range=(LEAST_SETS_DAYS, MOST_SETS_DAYS)),
                name="retention_sets_bounded",
            ),
        )

    def __str__(self) -> str:
        return f"{self.files_days} days"
