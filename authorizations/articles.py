"""What the help says of a platform: the adapter's declarations, put into words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from authorizations.declared_fields import LONGEST
from authorizations.platforms import is_configured
from providers import identifiers
from providers.declarations import FieldKind, FormField, Limits, Per, Rate, Replace
from providers.platform import Platform
from providers.registry import registry

TITLE = "OAuth destinations and required permissions"
# The table's columns, on the page and in the command.
DESTINATION = "Destination"
PERMISSION = "User permissions to authorize connection"

_PERIODS = {1: "a second", 60: "a minute", 3_600: "an hour", 86_400: "a day"}
_COUNTED = {
    Per.APP: "for everybody here together",
    Per.AUTHORIZATION: "for each authorization",
    Per.AD_ACCOUNT: "for each ad account",
}


@dataclass(frozen=True)
class Line:
    """A line of the table of platforms."""

    platform: Platform
    is_set_up: bool


@dataclass(frozen=True)
class FieldHelp:
    """A declared form field, with its limits as sentences."""

    declared: FormField
    limits: tuple[str, ...]


@dataclass(frozen=True)
class IdentifierHelp:
    """An identifier type, with its example as it is written, cleaned and hashed."""

    label: str
    raw: str
    cleaned: str
    digest: str


@dataclass(frozen=True)
class Article:
    """What a person reads before they authorize a platform or fill in its form."""

    platform: Platform
    is_set_up: bool
    options: tuple[FieldHelp, ...]
    fields: tuple[FieldHelp, ...]
    across_fields: tuple[str, ...]
    identifiers: tuple[IdentifierHelp, ...]
    limits: tuple[str, ...]
    replace: str


def table() -> list[Line]:
    """Return the table of platforms, by label."""
    return [Line(platform, is_configured(platform.key)) for platform in registry]


def article(platform: Platform) -> Article:
    """Return a platform's article."""
    return Article(
        platform=platform,
        is_set_up=is_configured(platform.key),
        options=_helps(platform.authorization_fields),
        fields=_helps(platform.destination_fields),
        across_fields=tuple(platform.check_destination({}).values()),
        identifiers=tuple(_identifiers(platform)),
        limits=tuple(limits_in_words(platform.limits)),
        replace=_replace_in_words(platform),
    )


def limits_in_words(limits: Limits) -> Iterator[str]:
    """Yield a sentence for each limit that is kept."""
    size = f" and {limits.batch_bytes / 1_000_000:g} MB" if limits.batch_bytes else ""
    yield f"At most {limits.batch_rows:,} rows{size} are sent in a request."
    yield from map(_rate_in_words, limits.rates)
    if limits.minimum_audience:
        yield f"Fewer than {limits.minimum_audience:,} matched people cannot be targeted."
    else:
        yield "No smallest audience is published."


def field_limits(field: FormField) -> Iterator[str]:
    """Yield a sentence for each limit of a declared field."""
    if field.kind == FieldKind.CHOICE:
        yield f"One of: {', '.join(label for _, label in field.choices)}."
    if field.kind == FieldKind.INTEGER:
        yield _whole_number(field.minimum, field.maximum)
    if field.kind in {FieldKind.TEXT, FieldKind.LONG_TEXT}:
        yield f"At most {field.max_length or LONGEST:,} characters."
    if field.pattern_message:
        yield field.pattern_message
    if field.initial:
        shown = dict(field.choices).get(field.initial, field.initial)
        yield f"Filled in at first: {shown}."


def _helps(fields: tuple[FormField, ...]) -> tuple[FieldHelp, ...]:
    return tuple(FieldHelp(field, tuple(field_limits(field))) for field in fields)


def _identifiers(platform: Platform) -> Iterator[IdentifierHelp]:
    """Yield the types with their examples, cleaned by the adapter's own rule."""
    for each in platform.identifiers:
        cleaned = each.normalize(each.example)
        yield IdentifierHelp(each.label, each.example, cleaned, identifiers.digest(cleaned))


def _rate_in_words(rate: Rate) -> str:
    period = _PERIODS.get(int(rate.seconds), f"in {rate.seconds:g} seconds")
    requests = "request" if rate.count == 1 else "requests"
    return f"At most {rate.count:,} {requests} {period} are sent {_COUNTED[rate.per]}."


def _whole_number(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f"A whole number from {minimum:,} to {maximum:,}."
    if minimum is not None:
        return f"A whole number, at least {minimum:,}."
    if maximum is not None:
        return f"A whole number, at most {maximum:,}."
    return "A whole number."


def _replace_in_words(platform: Platform) -> str:
    if platform.replace == Replace.NATIVE:
        return (
            f"{platform.label} empties an audience in one call, and then the people in the file "
            "join it. Until they have, the audience is smaller than it will be."
        )
    return (
        f"{platform.label} has no call that empties an audience. Where “Replace” is offered, it is "
        "by difference: who is not in the file any more is removed, who is new is added. That is "
        "exact for an audience that was created here and that nobody else fills."
    )
