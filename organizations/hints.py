"""Hint to a worker that there is something to do; rows and sweeps are what makes it done."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)


def hint(task: Any, *ids: uuid.UUID) -> None:
    """Send a task message with these ids once the transaction has committed.

    A broker that is down delays the work until the sweep finds it; it never fails what a person
    does, and never undoes what is saved.
    """
    transaction.on_commit(lambda: _send(task, ids))


def _send(task: Any, ids: tuple[uuid.UUID, ...]) -> None:
    try:
        task.delay(*(str(each) for each in ids))
    except Exception as error:  # noqa: BLE001 - each broker's client raises its own kinds
        logger.warning("no hint for %s: %s", task.name, type(error).__name__)
