"""What the page of a draft says of its check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exports.check_models import Check
from exports.completeness import question
from exports.engine.suspicions import LOOKED_AT, Suspicion
from exports.estimates import Estimate, estimate
from exports.models import Export
from exports.states import Mode
from providers.platform import Platform
from providers.registry import registry

_NOBODY = "Nobody is found by them."
_ADVICE = {
    Suspicion.HASHED_TWICE: f"{_NOBODY} Send the values as typed, or hashed once.",
    Suspicion.UPPER_CASE: "They are sent in lower case.",
    Suspicion.HASH_OF_NOTHING: "They are not sent.",
    Suspicion.OTHER_HASH: "They are not sent: only SHA-256 is taken, or the values as typed.",
    Suspicion.MADE_UP: _NOBODY,
    Suspicion.TEST_DOMAIN: _NOBODY,
}


@dataclass(frozen=True)
class Line:
    """Something that was counted, with the first few values of it, masked."""

    words: str
    count: int
    samples: tuple[str, ...]

    @property
    def advice(self) -> str:
        """Return what becomes of suspicious values, or what to do."""
        return _ADVICE[Suspicion(self.words)]


@dataclass(frozen=True)
class TypeChecked:
    """What a file has of one identifier type."""

    label: str
    column: str
    valid: int
    distinct: int
    invalid: tuple[Line, ...]
    suspicions: tuple[Line, ...]
    raw: int
    hashed: int

    @property
    def duplicates(self) -> int:
        """Return how many valid values are there already."""
        return self.valid - self.distinct

    @property
    def invalid_count(self) -> int:
        """Return how many values cannot be sent."""
        return sum(line.count for line in self.invalid)

    @property
    def is_mixed(self) -> bool:
        """Say whether raw values and hashes stand in one column."""
        return bool(self.raw and self.hashed)


@dataclass(frozen=True)
class Members:
    """What is known of an audience beside the file, in people.

    `held` may be in it; of the file's people `already` are for sure and `join` may not be; `leave`
    are in it and not in the file.
    """

    held: int
    already: int
    join: int
    leave: int

    @property
    def is_as_wanted(self) -> bool:
        """Say whether a Replace would have nothing to do."""
        return not (self.join or self.leave)

    @property
    def are_asked_about(self) -> bool:
        """Say whether a Replace would wait for a person before it takes so many out."""
        return bool(question(self.leave, self.held))


@dataclass(frozen=True)
class Checked:
    """A check that came to its end, in the words and numbers of the page."""

    mode: Mode
    rows: int
    rejected: int
    people: int
    distinct: int
    members: Members | None
    types: tuple[TypeChecked, ...]
    estimate: Estimate
    minimum_audience: int
    looked_at: int

    @property
    def duplicates(self) -> int:
        """Return how many people are in the file more than once."""
        return self.people - self.distinct

    @property
    def difference(self) -> Members | None:
        """Return what a Replace would do where only what differs is sent; else None."""
        return self.members if self.mode == Mode.REPLACE else None

    @property
    def is_below_minimum(self) -> bool:
        """Say whether the platform would not use an audience of these people alone."""
        return self.mode != Mode.REMOVE and self.distinct < self.minimum_audience

    @property
    def is_looked_at_in_part(self) -> bool:
        """Say whether only the first rows were looked at for what is suspicious."""
        return self.rows > self.looked_at

    @property
    def time(self) -> str:
        """Return the least time that the platform's rate makes it take, in words."""
        seconds = self.estimate.seconds
        if seconds < 60:
            return "less than a minute"
        minutes = round(seconds / 60)
        if minutes < 90:
            return f"about {minutes} minute{'' if minutes == 1 else 's'}"
        return f"about {round(minutes / 60)} hours"


def checked(export: Export, check: Check | None) -> Checked | None:
    """Return what a check found; None where there is none that came to its end."""
    if check is None or check.finished_at is None or not check.report:
        return None
    platform = registry.get(export.destination.platform)
    report = check.report
    mode, members = Mode(check.mode), _members(report)
    people = [report["distinct"]]
    if members is not None and mode == Mode.REPLACE:
        people = [members.leave, members.join]
    return Checked(
        mode=mode,
        rows=report["rows"],
        rejected=report["rejected"],
        people=report["people"],
        distinct=report["distinct"],
        members=members,
        types=tuple(
            _of_type(platform, export, check, key, found) for key, found in report["types"].items()
        ),
        estimate=estimate(
            platform,
            people,
            platform.rows_a_request(check.columns, export.destination.settings),
        ),
        minimum_audience=platform.limits.minimum_audience,
        looked_at=LOOKED_AT,
    )


def _members(report: Mapping[str, Any]) -> Members | None:
    """Return what a check found of the audience; None where no record is kept of it."""
    found = report.get("members")
    # Of a check that an older version has made, part is missing.
    return Members(**found) if found and "join" in found else None


def _of_type(
    platform: Platform, export: Export, check: Check, key: str, found: Mapping[str, Any]
) -> TypeChecked:
    samples = found["samples"]
    names = export.shape["column_names"]
    return TypeChecked(
        label=platform.identifier(key).label,
        column=names[check.columns[key]],
        valid=found["valid"],
        distinct=found["distinct"],
        invalid=_lines(found["invalid"], samples),
        suspicions=_lines(found["suspicions"], samples),
        raw=found["raw"],
        hashed=found["hashed"],
    )


def _lines(counts: Mapping[str, int], samples: Mapping[str, list[str]]) -> tuple[Line, ...]:
    most_first = sorted(counts.items(), key=lambda item: -item[1])
    return tuple(
        Line(words, count, tuple(filter(None, samples.get(words, ()))))
        for words, count in most_first
    )
