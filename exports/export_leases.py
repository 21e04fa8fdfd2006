"""Hold an export's lease while a platform is asked several things, however long that takes.

A thread keeps it. So it ends soon after its worker was killed, lost the database or was frozen,
and never while a request that had begun before may still be under way.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import Error, connections
from django.db.models import QuerySet
from django.db.models.functions import Now

from exports.models import Export
from exports.states import FINAL
from organizations import fence

logger = logging.getLogger(__name__)

# Longer than one request can take (providers.transport: under 100 s), and than the time between
# two signs of life.
LEASE_SECONDS = 110.0
_SIGN_SECONDS = 5.0


class LeaseLost(Exception):
    """The lease of an export ran out, or the export is over: nothing more is to be done by us."""


@contextmanager
def kept(export: Export, owner: uuid.UUID) -> Iterator[None]:
    """Keep the lease of an export that was taken for `LEASE_SECONDS`. Outside the fence."""
    is_over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(export, owner, is_over), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_over.set()
        keeper.join()


def hold(export: Export, owner: uuid.UUID) -> None:
    """Make sure of a lease right before a platform is asked for a change. Outside the fence.

    A worker that was frozen for longer than its lease finds here that somebody else has done it;
    and whoever canceled the export was told that all stays as it is. Raises LeaseLost.
    """
    with fence.inside(export.organization_id):
        if not _renewed(_mine(export, owner).exclude(state__in=FINAL)):
            raise LeaseLost


def let_go(export: Export, owner: uuid.UUID) -> bool:
    """Give a lease back where it is still ours; say whether it was. In the fence."""
    return bool(_mine(export, owner).update(lease_owner=None, lease_until=None))


def _keep(export: Export, owner: uuid.UUID, is_over: threading.Event) -> None:
    try:
        while not is_over.wait(_SIGN_SECONDS):
            if not _is_renewed(export, owner):
                return
    finally:
        connections.close_all()


def _is_renewed(export: Export, owner: uuid.UUID) -> bool:
    """Renew a lease; False where it is somebody else's. A database that is away is asked again."""
    try:
        with fence.inside(export.organization_id):
            # Whatever became of the export: the record is folded after its end.
            return _renewed(_mine(export, owner))
    except Error as error:
        logger.warning("export %s: its lease was not renewed: %s", export.pk, type(error).__name__)
        connections.close_all()
        return True


def _mine(export: Export, owner: uuid.UUID) -> QuerySet[Export]:
    return Export.objects.filter(pk=export.pk, lease_owner=owner)


def _renewed(mine: QuerySet[Export]) -> bool:
    lasting = mine.filter(lease_until__gte=Now())
    return bool(lasting.update(lease_until=Now() + timedelta(seconds=LEASE_SECONDS)))
