"""Wrap every organization's data keys by the first of MASTER_KEYS, after that one was changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from organizations import fence, sealing
from organizations.models import Organization


class Command(BaseCommand):
    """Rewrap while everything runs; may be run again."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Go organization by organization: the fence shows one at a time."""
        changed = 0
        for organization in Organization.objects.all():
            with fence.inside(organization.id):
                changed += sealing.rewrap_data_keys(organization.id)
        self.stdout.write(f"{changed} data keys wrapped anew.")
