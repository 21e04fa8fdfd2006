"""Secrets for servers that only this machine sees: private databases, the demo, the tests."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, generate: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Return the secrets of a file that only its owner reads; generate them the first time."""
    if path.exists():
        known: dict[str, str] = json.loads(path.read_text())
        return known
    fresh = generate()
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(fresh, file)
    unfinished.rename(path)
    return fresh


def application_secrets() -> dict[str, str]:
    """Return a fresh SECRET_KEY and MASTER_KEYS (one key, `<key id>:<base64 of 32 bytes>`)."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "MASTER_KEYS": "local:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }
