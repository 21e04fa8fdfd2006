"""Who exports in the drill: two organizations, three authorizations of one platform.

Each authorization is another person's at the platform, and each export of two that run at the same
time has a file of its own, so that whatever went under the wrong authorization shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infosum_auth.demo import Demo
from infosum_auth.demo_check import Audience
from infosum_auth.demo_walks import ANALYST, CREATOR, authorize, control
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
