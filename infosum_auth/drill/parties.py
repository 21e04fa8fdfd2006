"""Who exports in the drill: two organizations, three authorizations of one platform.

Each authorization is another person's at the platform, and each export of two that run at the same
time has a file of its own, so that whatever went under the wrong authorization shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from infosum_auth.demo import Demo
from infosum_auth.demo_check import Expected, expected_of
from infosum_auth.demo_walks import ANALYST, CREATOR, authorize, control
from infosum_auth.sample_audience import messy_rows
from providers.platform import Platform

_STRANGER = "stranger@globex.example"
# People who may write audiences, by the platforms at which the drill can be.
PEOPLE = {
    "snapchat": ("Olivia Org-Admin", "Amir Agency", "Dana Data"),
    "pinterest": ("Olive Owner", "Mia Mixed", "Adam Admin"),
}
# Who authorizes and who exports: twice in one organization, once in another one.
_MEMBERS = ((ANALYST, CREATOR), (ANALYST, CREATOR), (_STRANGER, _STRANGER))


@dataclass(frozen=True)
class Audience:
    """A file, and what must arrive of it."""

    file: Path

    @cached_property
    def expected(self) -> Expected:
        return expected_of(self.file)

    @classmethod
    def made(cls, file: Path, rows: int, seed: int) -> Audience:
        """Write a file of so many rows; the same seed gives the same one."""
        return cls._written(file, messy_rows(rows, seed=seed))

    @classmethod
    def before(cls, file: Path, rows: int, seed: int) -> Audience:
        """Write what a Replace by that file finds: a part of it, and others who will leave.

        Fewer than the share from which on a person is asked whether that is meant.
        """
        others = rows // 7
        stay = islice(messy_rows(rows, seed=seed), rows - others)
        leave = islice(messy_rows(rows, seed=seed + 1000), 1, others)
        return cls._written(file, (line for lines in (stay, leave) for line in lines))

    @classmethod
    def _written(cls, file: Path, lines: Iterator[str]) -> Audience:
        file.write_text("".join(lines), encoding="utf-8")
        return cls(file)


@dataclass(frozen=True)
class Party:
    """One who exports under one authorization. `person` is the id of who approved it there.

    `before` is what a Replace by `audience` finds.
    """

    member: str
    authorization: str
    person: str
    audience: Audience
    before: Audience


def parties(
    demo: Demo, platform: Platform, audiences: Sequence[tuple[Audience, Audience]]
) -> list[Party]:
    """Make the authorizations; the first party has the first files, the others the second ones.

    They are an audience and what is there before a Replace by it.
    """
    emulated = control(demo, "people")[platform.key]["people"]
    ids = {each["name"]: each["id"] for each in emulated}
    found = []
    for number, (authorizes, exports) in enumerate(_MEMBERS):
        name = f"Drill {number + 1} at {platform.label}"
        person = PEOPLE[platform.key][number]
        authorize(demo, platform, name, by=authorizes, person=person)
        found.append(Party(exports, name, ids[person], *audiences[min(number, 1)]))
    return found
