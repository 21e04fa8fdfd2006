"""Who exports in the drill: two organizations, three authorizations of one platform.

Each authorization is another person's at the platform, and each export of two that run at the same
time has a file of its own, so that whatever went under the wrong authorization shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infosum_auth.demo import Demo
from infosum_auth.demo_check import Expected, expected_of
from infosum_auth.demo_walks import ANALYST, CREATOR, authorize, control
from infosum_auth.sample_audience import messy_rows
from providers.platform import Platform

_STRANGER = "stranger@globex.example"
# People of the emulated platforms who may write audiences, by platform.
_PEOPLE = {"snapchat": ("Olivia Org-Admin", "Amir Agency", "Dana Data")}
# Who authorizes and who exports: twice in one organization, once in another one.
_MEMBERS = ((ANALYST, CREATOR), (ANALYST, CREATOR), (_STRANGER, _STRANGER))


@dataclass(frozen=True)
class Audience:
    """A file, and what must arrive of it."""

    file: Path
    expected: Expected

    @classmethod
    def made(cls, file: Path, rows: int, seed: int) -> Audience:
        """Write a file of so many rows; the same seed gives the same one."""
        file.write_text("".join(messy_rows(rows, seed=seed)), encoding="utf-8")
        return cls(file, expected_of(file))


@dataclass(frozen=True)
class Party:
    """One who exports under one authorization. `person` is the id of who approved it there."""

    member: str
    authorization: str
    person: str
    audience: Audience


def parties(demo: Demo, platform: Platform, audiences: Sequence[Audience]) -> list[Party]:
    """Make the authorizations; the first party has the first file, the others the second one."""
    emulated = control(demo, "people")[platform.key]["people"]
    ids = {each["name"]: each["id"] for each in emulated}
    found = []
    for number, (authorizes, exports) in enumerate(_MEMBERS):
        name = f"Drill {number + 1} at {platform.label}"
        person = _PEOPLE[platform.key][number]
        authorize(demo, platform, name, by=authorizes, person=person)
        found.append(Party(exports, name, ids[person], audiences[min(number, 1)]))
    return found
