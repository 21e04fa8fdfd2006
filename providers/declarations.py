"""What an adapter says about its platform, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Permission:
    """The permission that the authorizing person needs, in words, with the platform's page."""

    text: str
    help_label: str
    help_url: str


@dataclass(frozen=True)
class IdentifierType:
    """A kind of identifier that the platform takes.

    `normalize` returns the text to hash, or raises `identifiers.Invalid` with a reason code.
    `wire_name` is the platform's own word for it; `column_names` are what people call the column
    (lower-case, letters and digits only).
    """

    key: str
    label: str
    wire_name: str
    normalize: Callable[[str], str]
    column_names: tuple[str, ...] = ()
    example: str = ""
    by_name_only: bool = False
    """Whether its column shows by its name alone: any text may be a city."""


class Per(StrEnum):
    """What a published rate counts by."""

    APP = "app"
    AUTHORIZATION = "authorization"
    AD_ACCOUNT = "ad account"


@dataclass(frozen=True)
class Rate:
    """At most `count` requests in `seconds`, counted by `per`."""

    count: int
    seconds: float
    per: Per


@dataclass(frozen=True)
class Limits:
    """The platform's published limits. `batch_rows` people of one identifier type are one request.

    `batch_bytes` is what a request may have, where it is that which binds: then fewer people of
    several types fit (`Platform.rows_a_request`).
    `trial_requests_a_day` is for an application that the platform has not approved yet, where it
    lets such a one send at all. After `membership_days` people leave unless they are sent again;
    None where they stay.
    """

    batch_rows: int
    rates: tuple[Rate, ...]
    minimum_audience: int = 0
    batch_bytes: int | None = None
    trial_requests_a_day: int | None = None
    membership_days: int | None = None


class Replace(StrEnum):
    """How an audience's members can be replaced there."""

    NATIVE = "native"
    BY_DIFFERENCE = "by difference"


@dataclass(frozen=True)
class Revocation:
    """How access ends at the platform: by a call of ours, or by a person at `url`."""

    by_call: bool
    url: str
    words: str


class FieldKind(StrEnum):
    """What a declared form field holds."""

    TEXT = "text"
    LONG_TEXT = "long text"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True)
class FormField:
    """A field of the platform's own form, free of any web framework.

    `example` is what the demo fills in; a form filled with all examples must be accepted.
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    help: str = ""
    initial: str = ""
    max_length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    pattern: str = ""
    pattern_message: str = ""
    example: str = ""
