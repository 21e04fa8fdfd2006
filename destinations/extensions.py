"""What rooms above know of destinations: they register here, and pages of this room show it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from authorizations.usage import UnderWay
from destinations.models import Destination


@dataclass(frozen=True)
class LastDelivery:
    """The newest thing that was delivered to a destination, or is on its way."""

    words: str
    tone: str
    at: datetime
    url: str


@dataclass(frozen=True)
class Panel:
    """A part of a destination's page: a template and what it shows."""

    template: str
    context: Mapping[str, Any]


class Extension(Protocol):
    """What a room above answers. It is asked inside the fence."""

    def last_deliveries(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, LastDelivery]:
        """Return the newest delivery of each destination that has one."""
        ...

    def panel(self, destination: Destination) -> Panel:
        """Return what a destination's page shows of it."""
        ...

    def why_busy(self, destination: Destination) -> str:
        """Say what is on its way to the destination, and what to do; empty where nothing is."""
        ...

    def under_way(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Sequence[UnderWay]]:
        """Return what is on its way to each of these destinations."""
        ...

    def resumed(self, destination: Destination) -> None:
        """Take notice that a destination can be delivered to again."""
        ...

    def deleted(self, destination: Destination) -> None:
        """Take notice that a destination was deleted."""
        ...


_extensions: list[Extension] = []


def register(extension: Extension) -> None:
    """Let a room above say what it knows of destinations."""
    if extension not in _extensions:
        _extensions.append(extension)


def last_deliveries(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, LastDelivery]:
    """Return the newest delivery of each destination that has one."""
    found: dict[uuid.UUID, LastDelivery] = {}
    for extension in _extensions:
        found.update(extension.last_deliveries(ids))
    return found


def panels(destination: Destination) -> list[Panel]:
    """Return what rooms above show on a destination's page."""
    return [extension.panel(destination) for extension in _extensions]


def why_busy(destination: Destination) -> str:
    """Say what is on its way to a destination, and what to do; empty where nothing is."""
    return next(filter(None, (each.why_busy(destination) for each in _extensions)), "")


def under_way(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[UnderWay]]:
    """Return what is on its way to each of these destinations that has something."""
    found: dict[uuid.UUID, list[UnderWay]] = {}
    for extension in _extensions:
        for id_, each in extension.under_way(ids).items():
            found.setdefault(id_, []).extend(each)
    return found


def resumed(destination: Destination) -> None:
    """Tell the rooms above that a destination can be delivered to again."""
    for extension in _extensions:
        extension.resumed(destination)


def deleted(destination: Destination) -> None:
    """Tell the rooms above that a destination was deleted."""
    for extension in _extensions:
        extension.deleted(destination)
