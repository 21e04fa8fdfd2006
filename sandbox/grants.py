"""Codes, grants and tokens of one platform."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from threading import RLock

from sandbox.clock import Clock


@dataclass(frozen=True)
class Code:
    """A single-use authorization code."""

    person: str
    redirect_uri: str
    scopes: tuple[str, ...]
    expires_at: float


@dataclass
class Grant:
    """What a person gave to the application. `refresh` is the refresh token that is good now."""

    person: str
    scopes: tuple[str, ...]
    refresh: str = ""
    revoked: bool = False
    access: dict[str, float] = field(default_factory=dict)


class Grants:
    """Issue, refresh, expire and revoke."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._codes: dict[str, Code] = {}
        self._grants: list[Grant] = []
        self._lock = RLock()

    def code_for(self, person: str, redirect_uri: str, scopes: tuple[str, ...]) -> str:
        text = secrets.token_urlsafe(24)
        with self._lock:
            expires_at = self.clock.now() + 600
            self._codes[text] = Code(person, redirect_uri, scopes, expires_at)
        return text

    def take_code(self, text: str, redirect_uri: str) -> Code | None:
        """Return a good code once; used, late or for another address is None."""
        with self._lock:
            code = self._codes.pop(text, None)
        if code is None or code.redirect_uri != redirect_uri:
            return None
        return code if code.expires_at > self.clock.now() else None

    def grant(self, person: str, scopes: tuple[str, ...]) -> Grant:
        made = Grant(person, scopes, refresh=secrets.token_hex(32))
        with self._lock:
            self._grants.append(made)
        return made

    def issue(self, grant: Grant, seconds: int, prefix: str = "") -> str:
        text = prefix + secrets.token_urlsafe(32)
        with self._lock:
            grant.access[text] = self.clock.now() + seconds
        return text

    def by_refresh(self, text: str) -> Grant | None:
        with self._lock:
            return next((g for g in self._grants if g.refresh == text and not g.revoked), None)

    def rotate(self, grant: Grant) -> str:
        with self._lock:
            grant.refresh = secrets.token_hex(32)
        return grant.refresh

    def by_access(self, text: str) -> Grant | None:
        """Return the grant of an access token that is good now."""
        with self._lock:
            for grant in self._grants:
                if not grant.revoked and grant.access.get(text, 0) > self.clock.now():
                    return grant
        return None

    def expire_all(self) -> None:
        with self._lock:
            for grant in self._grants:
                grant.access.clear()

    def revoke_all(self) -> None:
        with self._lock:
            for grant in self._grants:
                grant.revoked = True
