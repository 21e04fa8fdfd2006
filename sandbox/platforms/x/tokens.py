"""Request tokens and access tokens: X keeps one pair for an application and a user."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from threading import RLock

from sandbox.clock import Clock
from sandbox.grants import Grants

# How long a request token lives is not documented.
REQUEST_TOKEN_SECONDS = 900
# Access tokens do not expire.
FOR_EVER = 100 * 365 * 86400


@dataclass
class RequestToken:
    """A walk to the consent page. It is used once, whatever the person decides."""

    text: str
    secret: str
    callback: str
    expires_at: float
    person: str = ""
    verifier: str = ""
    is_over: bool = False
    logged_in: bool = False


@dataclass(frozen=True)
class Pair:
    """An access token with its secret."""

    text: str
    secret: str
    person: str


class Tokens:
    """All pairs that were ever issued; which of them is alive, the grants know."""

    def __init__(self, clock: Clock, grants: Grants) -> None:
        self.clock, self.grants = clock, grants
        self._asked: dict[str, RequestToken] = {}
        self._pairs: dict[str, Pair] = {}
        self._lock = RLock()

    def ask(self, callback: str) -> RequestToken:
        expires_at = self.clock.now() + REQUEST_TOKEN_SECONDS
        text, secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        asked = RequestToken(text, secret, callback, expires_at)
        with self._lock:
            self._asked[asked.text] = asked
        return asked

    def asked(self, text: str) -> RequestToken | None:
        """Return a request token, used or not."""
        with self._lock:
            return self._asked.get(text)

    def waiting(self, text: str) -> RequestToken | None:
        """Return a request token that nobody has decided on yet."""
        found = self.asked(text)
        if found is None or found.is_over or found.verifier or found.expires_at < self.clock.now():
            return None
        return found

    def approve(self, asked: RequestToken, person: str) -> str:
        with self._lock:
            asked.person, asked.verifier = person, secrets.token_urlsafe(24)
        return asked.verifier

    def exchange(self, asked: RequestToken, verifier: str) -> Pair | None:
        """Return the person's pair for a good verifier, once."""
        with self._lock:
            is_good = bool(verifier) and verifier == asked.verifier and not asked.is_over
            if not is_good or asked.expires_at < self.clock.now():
                return None
            asked.is_over = True
            return self.alive_of(asked.person) or self._issue(asked.person)

    def alive_of(self, person: str) -> Pair | None:
        """Return the pair of a person who has approved before, and still does."""
        with self._lock:
            pairs = [pair for pair in self._pairs.values() if pair.person == person]
        return next((pair for pair in pairs if self.is_alive(pair)), None)

    def pair(self, text: str) -> Pair | None:
        """Return a pair, alive or not: a revoked token's signature can still be verified."""
        with self._lock:
            return self._pairs.get(text)

    def is_alive(self, pair: Pair) -> bool:
        return self.grants.by_access(pair.text) is not None

    def invalidate(self, pair: Pair) -> None:
        grant = self.grants.by_access(pair.text)
        if grant is not None:
            grant.revoked = True

    def _issue(self, person: str) -> Pair:
        text = self.grants.issue(self.grants.grant(person, ()), FOR_EVER, f"{person}-")
        self._pairs[text] = Pair(text, secrets.token_urlsafe(32), person)
        return self._pairs[text]
