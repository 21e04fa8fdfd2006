"""What all workers and organizations share of a platform: tables without a fence."""

from __future__ import annotations

from django.db import models


class Breaker(models.Model):
    """A platform that does not answer: how often in a row, and while it is open, when it is probed.

    Shared by all workers and organizations, so it has no fence. No row: nothing is known against
    the platform.
    """

    platform = models.CharField(max_length=40, primary_key=True)
    outages = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    # Somebody was told to probe and has not said yet what came of it.
    is_probed = models.BooleanField(default=False)
    pause_seconds = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.platform


class RateBudget(models.Model):
    """When the next request of one budget may go (generic cell rate algorithm).

    Shared by all workers and organizations, so it has no fence: the key is a keyed hash.
    """

    key = models.BinaryField(primary_key=True)
    theoretical_arrival = models.DateTimeField()

    def __str__(self) -> str:
        return bytes(self.key).hex()[:12]
