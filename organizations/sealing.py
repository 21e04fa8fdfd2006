"""Seal small secrets under the organization's data key (AES-256-GCM, bound to their place).

A sealed value is: version (1 byte), data key id (16), nonce (12), ciphertext with tag. Its place
(organization, purpose, row, field) is associated data, so a value moved elsewhere does not open.
The data key itself is wrapped by a master key from the environment.
"""

from __future__ import annotations

import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction

from organizations.models import DataKey

_VERSION = b"\x01"
_HEADER = 1 + 16 + 12


class SealBroken(Exception):
    """A sealed value does not open: wrong place, wrong key, or damaged. Never treated as empty."""


def seal(text: bytes, *, organization_id: uuid.UUID, place: str) -> bytes:
    """Seal bytes for one place. Call it inside the organization's fence."""
    key = _key_in_use(organization_id)
    nonce = os.urandom(12)
    sealed = AESGCM(_unwrap(key)).encrypt(nonce, text, _bound(organization_id, place))
    return _VERSION + key.id.bytes + nonce + sealed


def unseal(sealed: bytes, *, organization_id: uuid.UUID, place: str) -> bytes:
    """Open what `seal` gave for the same place, or raise SealBroken."""
    sealed = bytes(sealed)
    if len(sealed) < _HEADER + 16 or sealed[:1] != _VERSION:
        raise SealBroken("This is not a sealed value of a version that is known here.")
    key_id = uuid.UUID(bytes=sealed[1:17])
    try:
        key = DataKey.objects.get(id=key_id, organization_id=organization_id)
    except DataKey.DoesNotExist:
        raise SealBroken("The key of this sealed value is not there.") from None
    try:
        opened = AESGCM(_unwrap(key)).decrypt(
            sealed[17:_HEADER], sealed[_HEADER:], _bound(organization_id, place)
        )
    except InvalidTag:
        raise SealBroken("A sealed value does not open at this place.") from None
    return opened


def rewrap_data_keys(organization_id: uuid.UUID) -> int:
    """Wrap the organization's data keys by the current master key; return how many changed."""
    current = _current_master_key()
    changed = 0
    for key in DataKey.objects.filter(organization_id=organization_id).exclude(master_key=current):
        key.wrapped = _wrap(_unwrap(key), key.id, current)
        key.master_key = current
        key.save(update_fields=["wrapped", "master_key"])
        changed += 1
    return changed


def _key_in_use(organization_id: uuid.UUID) -> DataKey:
    in_use = DataKey.objects.filter(organization_id=organization_id, retired_at=None)
    key = in_use.first()
    if key is not None:
        return key
    key = DataKey(organization_id=organization_id, master_key=_current_master_key())
    key.wrapped = _wrap(AESGCM.generate_key(256), key.id, key.master_key)
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError:
        # Somebody else made the first key at the same moment: there is one, and it is theirs.
        return in_use.get()
    return key


def _current_master_key() -> str:
    return next(iter(settings.MASTER_KEYS))


def _wrap(data_key: bytes, key_id: uuid.UUID, master_key: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(settings.MASTER_KEYS[master_key]).encrypt(nonce, data_key, key_id.bytes)


def _unwrap(key: DataKey) -> bytes:
    master = settings.MASTER_KEYS.get(key.master_key)
    if master is None:
        raise SealBroken(f"The master key '{key.master_key}' is not in MASTER_KEYS.")
    wrapped = bytes(key.wrapped)
    try:
        return AESGCM(master).decrypt(wrapped[:12], wrapped[12:], key.id.bytes)
    except InvalidTag:
        raise SealBroken(f"The master key '{key.master_key}' is not the one that sealed.") from None


def _bound(organization_id: uuid.UUID, place: str) -> bytes:
    return f"{organization_id}\0{place}".encode()
