"""Write to the audit log."""

from __future__ import annotations

import uuid
from typing import Any

from audit.models import Entry


def record(
    action: str,
    *,
    organization_id: uuid.UUID,
    person: Any = None,
    subject: Any = None,
    **detail: str | int | None,
) -> Entry:
    """Write that `person` did `action` to `subject`; call it inside the transaction that does it.

    `person` is None where the product acted by itself. `detail` is never secret.
    """
    return Entry.objects.create(
        organization_id=organization_id,
        person_id=getattr(person, "id", None),
        person=str(person or ""),
        action=action,
        subject_id=getattr(subject, "id", None),
        subject=str(subject or "")[:254],
        detail=detail,
    )
