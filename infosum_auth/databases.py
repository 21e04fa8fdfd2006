"""Which databases a command uses: those of the environment, or a private server's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_APPLICATION, _OWNER, _BROKER = "DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_DATABASE_URL"


class PartialDatabasesError(ValueError):
    """Some of the database variables are given and others, named in the message, are not."""


@dataclass(frozen=True, kw_only=True)
class Databases:
    """The addresses of the databases, passwords included."""

    application: str = field(repr=False)
    owner: str = field(repr=False)
    broker: str = field(default="", repr=False)

    def environment(self) -> dict[str, str]:
        """Return them as the environment variables that the settings read."""
        given = {_APPLICATION: self.application, _OWNER: self.owner, _BROKER: self.broker}
        return {name: url for name, url in given.items() if url}


def resolve_databases(environment: Mapping[str, str]) -> Databases | None:
    """Return the databases that the environment names, or None for the private server.

    Raises PartialDatabasesError for a partial set. The broker's is needed only without REDIS_URL.
    """
    given = {name: environment.get(name, "") for name in (_APPLICATION, _OWNER, _BROKER)}
    if not any(given.values()):
        return None
    needed = [_APPLICATION, _OWNER] + ([] if environment.get("REDIS_URL") else [_BROKER])
    missing = [name for name in needed if not given[name]]
    if missing:
        present = ", ".join(name for name, url in given.items() if url)
        raise PartialDatabasesError(
            f"{present} is set but {' and '.join(missing)} is not. "
            "Set all of them, or none for a private PostgreSQL."
        )
    return Databases(application=given[_APPLICATION], owner=given[_OWNER], broker=given[_BROKER])
