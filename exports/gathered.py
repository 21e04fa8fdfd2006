"""Batches that a platform holds and that change nothing before they are put in effect together."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Now

from exports import record
from exports.models import Export, ExportBatch
from exports.states import BatchState
from providers.registry import registry


def gathers(export: Export) -> int:
    """Return how many batches of an export take effect at once; 0 where each does by itself."""
    to = export.destination
    return registry.get(to.platform).gathers(to.settings) if to.platform in registry else 0


def due(export: Export) -> list[ExportBatch]:
    """Return the batches to be put in effect now. In the fence.

    None before all that can be uploaded is, and none as long as the platform works on others: it
    would take no change meanwhile. Removals come before the additions that are held back for them.
    """
    most = gathers(export)
    if not most:
        return []
    under_way = (BatchState.PENDING, BatchState.SENDING, BatchState.TAKEN)
    in_order = export.batches.filter(record.in_order(export))
    if in_order.filter(state__in=under_way).exists():
        return []
    uploaded = in_order.filter(state=BatchState.UPLOADED)
    if uploaded.filter(not_before__gt=Now()).exists():
        return []
    return list(uploaded.filter(Q(not_before=None) | Q(not_before__lte=Now()))[:most])
