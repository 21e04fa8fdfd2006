"""Seal a grant's tokens onto a row and open them again; each is bound to its row and field."""

from __future__ import annotations

import uuid

from authorizations.models import Authorization, AuthorizationAttempt
from organizations.sealing import seal, unseal
from providers.secret import Secret
from providers.values import Tokens


def seal_text(secret: Secret, *, organization_id: uuid.UUID, row: uuid.UUID, field: str) -> bytes:
    """Seal one secret for one field of one row."""
    return seal(secret.reveal().encode(), organization_id=organization_id, place=f"{row}:{field}")


def open_text(
    sealed: bytes | None, *, organization_id: uuid.UUID, row: uuid.UUID, field: str
) -> Secret | None:
    """Open one field of one row; None where there is nothing. Raises SealBroken."""
    if sealed is None:
        return None
    place = f"{row}:{field}"
    return Secret(unseal(bytes(sealed), organization_id=organization_id, place=place).decode())


def put_on_authorization(authorization: Authorization, tokens: Tokens) -> None:
    """Seal tokens onto an authorization (not saved). An absent refresh token keeps the old one."""
    organization, row = authorization.organization_id, authorization.id
    for field, secret in _parts(tokens).items():
        if secret is not None:
            sealed = seal_text(secret, organization_id=organization, row=row, field=field)
            setattr(authorization, f"{field}_sealed", sealed)


def of_authorization(authorization: Authorization) -> Tokens | None:
    """Open an authorization's tokens; None where it holds none. Raises SealBroken."""
    opened = {
        field: open_text(
            getattr(authorization, f"{field}_sealed"),
            organization_id=authorization.organization_id,
            row=authorization.id,
            field=field,
        )
        for field in ("access", "refresh", "secret")
    }
    return _tokens(opened)


def sealed_for_attempt(attempt: AuthorizationAttempt, tokens: Tokens) -> dict[str, bytes | None]:
    """Return the attempt's sealed token fields, to be saved with its next move."""
    return {
        _ATTEMPT_FIELDS[field]: seal_text(
            secret, organization_id=attempt.organization_id, row=attempt.id, field=field
        )
        if secret is not None
        else None
        for field, secret in _parts(tokens).items()
    }


def of_attempt(attempt: AuthorizationAttempt) -> Tokens | None:
    """Open the tokens that an attempt holds until they are checked. Raises SealBroken."""
    opened = {
        field: open_text(
            getattr(attempt, name),
            organization_id=attempt.organization_id,
            row=attempt.id,
            field=field,
        )
        for field, name in _ATTEMPT_FIELDS.items()
    }
    return _tokens(opened)


# `secret_sealed` of an attempt is the PKCE verifier or the request token's secret.
_ATTEMPT_FIELDS = {
    "access": "access_sealed",
    "refresh": "refresh_sealed",
    "secret": "token_secret_sealed",
}


def _parts(tokens: Tokens) -> dict[str, Secret | None]:
    return {"access": tokens.access, "refresh": tokens.refresh, "secret": tokens.secret}


def _tokens(opened: dict[str, Secret | None]) -> Tokens | None:
    access = opened["access"]
    if access is None:
        return None
    return Tokens(access=access, refresh=opened["refresh"], secret=opened["secret"])
