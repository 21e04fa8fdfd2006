"""How much may be with a platform at a time: bounded per export and per organization.

The rows say it: a batch that is being sent has a lease. So it holds over all workers, and what a
killed one had counts until its leases have ended.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count, Q

from exports.models import Export, ExportBatch
from providers.registry import registry

# Workers hold what they send in memory, and a batch of some platforms has 100,000 identifiers.
_MOST_IDENTIFIERS = 1_000_000
# One on its way while the next is made, however large they are.
_LEAST = 2


def most_of(export: Export) -> int:
    """Return how many batches of an export may be in flight; none where its adapter is gone."""
    to = export.destination
    if to.platform not in registry:
        return 0
    by_memory = _MOST_IDENTIFIERS // registry.get(to.platform).rows_a_request(
        export.columns, to.settings
    )
    of_an_export: int = settings.EXPORT_IN_FLIGHT
    return min(of_an_export, max(_LEAST, by_memory))


def room_for(export: Export, *, besides: int = 0) -> int:
    """Return how many more batches may be sent now; `besides` are told to workers already.

    In the fence. Exact for one export where its row is locked; exports of one organization that
    are looked at in the same moment may together go beyond theirs by what one of them takes.
    """
    is_own = Q(export=export)
    found = ExportBatch.objects.under_way().aggregate(
        own=Count("pk", filter=is_own), others=Count("pk", filter=~is_own)
    )
    own: int = found["own"] + besides
    all_of_them: int = found["others"] + own
    most, of_an_organization = most_of(export), int(settings.ORGANIZATION_IN_FLIGHT)
    # An organization with many exports: each goes on, however little.
    least = 1 if own == 0 and most else 0
    return max(least, min(most - own, of_an_organization - all_of_them))
