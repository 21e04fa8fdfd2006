"""Who else holds the same access at a platform, across organizations, as keyed hashes.

Some platforms keep one grant for an application and a person, so several authorizations here may
share it, and ending it there ends it for all of them. This counts them without naming anybody.
"""

from __future__ import annotations

import uuid

from authorizations.models import SharedGrant
from organizations.routing import keyed_hash
from providers.platform import Platform
from providers.registry import registry
from providers.values import Identity, Tokens


def hold(holder: uuid.UUID, platform_key: str, identity: Identity, tokens: Tokens) -> None:
    """Note that a row holds this access, and no other one any more."""
    release(holder)
    platform = registry.get(platform_key)
    SharedGrant.objects.bulk_create(
        SharedGrant(key=key, holder=_holder(holder)) for key in _keys(platform, identity, tokens)
    )


def release(holder: uuid.UUID) -> bool:
    """Note that a row holds nothing any more; say whether it was the last one to hold it.

    Of several that are released at a time, the last one learns so: each waits for the others.
    """
    mine = SharedGrant.objects.filter(holder=_holder(holder))
    keys = list(mine.values_list("key", flat=True))
    same_access = SharedGrant.objects.filter(key__in=keys).order_by("pk").select_for_update()
    others = {bytes(row.holder) for row in same_access} - {_holder(holder)}
    mine.delete()
    return not others


def is_shared(holder: uuid.UUID) -> bool:
    """Say whether another row holds the same access."""
    mine = SharedGrant.objects.filter(holder=_holder(holder)).values_list("key", flat=True)
    same_access = SharedGrant.objects.filter(key__in=list(mine))
    return same_access.exclude(holder=_holder(holder)).exists()


def _keys(platform: Platform, identity: Identity, tokens: Tokens) -> list[bytes]:
    """Return what the access is known by.

    The token itself, as some platforms hand out the same one again; and the account, where one
    grant serves all of its tokens or where a person ends access, which they do for the account.
    """
    known_by = {f"token\0{(tokens.refresh or tokens.access).reveal()}"}
    if platform.grants_are_shared or not platform.revocation.by_call:
        known_by |= {f"account\0{each}" for each in identity.ids}
    return sorted(keyed_hash("grant", f"{platform.key}\0{each}") for each in known_by)


def _holder(row_id: uuid.UUID) -> bytes:
    return keyed_hash("grant holder", str(row_id))
