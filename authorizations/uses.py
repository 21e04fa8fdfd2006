"""What tokens were asked for: which kind of call, for which export, by whose doing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from authorizations.models import Authorization, TokenUse
from organizations import fence


@dataclass(frozen=True)
class Use:
    """What a token is wanted for: the kind of call, by whose doing, for which export."""

    kind: str
    person_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None


def record_use(organization_id: uuid.UUID, authorization_id: uuid.UUID, use: Use) -> None:
    """Count one use; for each kind of call and export there is one row. Outside the fence."""
    with fence.inside(organization_id):
        count_use(organization_id, authorization_id, use)


def count_use(
    organization_id: uuid.UUID, authorization_id: uuid.UUID, use: Use, times: int = 1
) -> None:
    """Count some uses of one kind. In the fence."""
    Authorization.objects.filter(pk=authorization_id).filter(
        Q(last_used_at=None) | Q(last_used_at__lt=Now() - timedelta(seconds=30))
    ).update(last_used_at=Now())
    key = {
        "authorization_id": authorization_id,
        "kind": use.kind,
        "subject_id": use.subject_id or uuid.UUID(int=0),
    }
    counted = TokenUse.objects.filter(**key).update(count=F("count") + times, last_at=Now())
    if not counted:
        # Two workers may both see no row; the second one's is dropped, the use is known.
        first = TokenUse(
            organization_id=organization_id, person_id=use.person_id, count=times, **key
        )
        TokenUse.objects.bulk_create([first], ignore_conflicts=True)
