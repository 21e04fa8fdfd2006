"""What uses an authorization, as told by the rooms above, which register here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """One thing that uses an authorization: its name, its page, how it is.

    `under_way` is what goes on there just now. `ad_account_id` is the platform's, where it writes
    to one.
    """

    name: str
    url: str
    state: str = ""
    ad_account_id: str = ""
    ad_account_name: str = ""
    under_way: Sequence[UnderWay] = ()


@dataclass(frozen=True)
class UnderWay:
    """Something that goes on under an authorization: its name, its page, how far it is."""

    name: str
    url: str
    state: str


Users = Callable[[Sequence[uuid.UUID]], Mapping[uuid.UUID, list[Usage]]]

_users: list[Users] = []


def register(users: Users) -> None:
    """Let a room above say what uses authorizations. It is asked inside the fence, once a page."""
    if users not in _users:
        _users.append(users)


def used_by(authorization_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Usage]]:
    """Return what uses each of these authorizations."""
    found: dict[uuid.UUID, list[Usage]] = {id_: [] for id_ in authorization_ids}
    for users in _users:
        for id_, usages in users(authorization_ids).items():
            found[id_].extend(usages)
    return found
