"""Work that goes on after the person's request: checking an approval, looking after tokens."""

from __future__ import annotations

import uuid

from celery import shared_task

from authorizations import learning, renewal, services
from organizations.hints import hint


@shared_task
def learn(organization_id: str, attempt_id: str) -> None:
    """Learn who approved and what they may do."""
    learning.learn(uuid.UUID(organization_id), uuid.UUID(attempt_id))


@shared_task
def sweep_attempts() -> None:
    """End attempts that nobody finished; check again those whose message was lost."""
    for found in learning.sweep():
        hint(learn, found.organization_id, found.row_id)


@shared_task
def sweep_authorizations() -> None:
    """Look after authorizations whose time has come."""
    for found in renewal.take_due():
        hint(renew, found.organization_id, found.row_id)


@shared_task
def renew(organization_id: str, authorization_id: str) -> None:
    """Renew an authorization's tokens ahead of their end, and learn what it reaches now."""
    services.authorization_look_after(
        organization_id=uuid.UUID(organization_id), authorization_id=uuid.UUID(authorization_id)
    )
