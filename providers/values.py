"""What adapters take and return. Platform ids are strings; durations are in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from providers.rows import Row, Rows
from providers.secret import Secret


@dataclass(frozen=True)
class Tokens:
    """The secrets of one grant. `secret` is OAuth 1.0a's token secret."""

    access: Secret
    refresh: Secret | None = None
    secret: Secret | None = None


@dataclass(frozen=True)
class Grant:
    """What an exchange or a refresh gave.

    An absent refresh token means that the platform sent none: the stored one stays. `scopes` is
    None where the platform did not say what it granted. `facts` is what else it told, never secret.
    """

    tokens: Tokens
    expires_in: int | None = None
    refresh_expires_in: int | None = None
    scopes: frozenset[str] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ConsentStart:
    """Where the person goes, by what the answer will be known, and what must be kept for it.

    `lookup` is the state (OAuth 2.0) or the request token (OAuth 1.0a). `secret` is the PKCE
    verifier or the request token's secret, or None.
    """

    # Out of `repr`: it carries the state.
    url: str = field(repr=False)
    lookup: Secret
    secret: Secret | None = None


@dataclass(frozen=True)
class Callback:
    """What came back to the redirect address.

    `lookup` is empty where the answer names no attempt. `code` is None where the person refused;
    then `refusal` holds the platform's word for it, shortened and free of secrets. `scopes` is
    what was granted where the platform says it here, else None.
    """

    lookup: Secret
    code: Secret | None
    refusal: str = ""
    scopes: frozenset[str] | None = None


@dataclass(frozen=True)
class Identity:
    """Who authorized. Two identities are the same account where their ids meet."""

    ids: frozenset[str]
    name: str
    username: str = ""

    def same_as(self, other: Identity) -> bool:
        """Say whether both are one account at the platform, by stable ids, then by username."""
        if self.ids & other.ids:
            return True
        return bool(self.username) and self.username == other.username


class Verdict(StrEnum):
    """Whether a role suffices to write audiences."""

    SUFFICIENT = "sufficient"
    UNVERIFIED = "unverified"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True)
class AdAccount:
    """An ad account as the authorizing person sees it; `reason` says what is missing."""

    id: str
    name: str
    group: str = ""
    roles: tuple[str, ...] = ()
    verdict: Verdict = Verdict.UNVERIFIED
    reason: str = ""
    currency: str = ""


@dataclass(frozen=True)
class AudienceRequest:
    """The audience that a destination wants: an existing one by id, or one by name.

    `identifiers` are the keys of the identifier types that it will be sent, for platforms that
    want to know them when it is created; empty where nobody chose.
    """

    ad_account_id: str
    name: str
    existing_id: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audience:
    """An audience at the platform. `size` is None where the platform does not say it yet.

    `settings` is the destination's filled form: some of it may belong to every batch.
    """

    id: str
    name: str
    ad_account_id: str
    state: str = ""
    size: int | None = None
    usable: bool | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Identifiers for one request: a row a person, a column an identifier type.

    `rows[i][j]` is the lower-case SHA-256 hex digest of type `types[j]`, or None where that person
    has none.
    """

    types: tuple[str, ...]
    rows: Sequence[Row] = field(repr=False)

    def joined(self, separator: bytes) -> bytes:
        """Return the digests of a batch of one identifier type in hexadecimal, in the rows' order.

        Much faster than going through the rows, where a request's body is a list of digests.
        """
        (_,) = self.types
        if isinstance(self.rows, Rows):
            return self.rows.columns[0].joined(separator)
        return separator.join(digest.encode() for (digest,) in self.rows if digest)

    @property
    def count(self) -> int:
        """Return how many digests a batch of one identifier type has."""
        (_,) = self.types
        if isinstance(self.rows, Rows):
            return len(self.rows.columns[0])
        return sum(digest is not None for (digest,) in self.rows)


PARTIALLY = "partially"


@dataclass(frozen=True)
class Receipt:
    """The platform's answer to a batch, kept for support. `accepted` counts rows, not matches.

    With a fact `PARTIALLY` some rows were not taken, and the platform does not say which.

    Not `settled` where the platform has taken the batch and still works on it: `Platform.confirm`
    tells later what came of it. Not `in_effect` where it lies there and changes nothing before
    `Platform.put_in_effect`.
    """

    accepted: int
    request_id: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    settled: bool = True
    in_effect: bool = True
