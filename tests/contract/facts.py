"""What a platform's contract file must say, so that the suite can hold its adapter to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from providers.errors import PlatformError
from providers.values import Verdict


class Refresh(StrEnum):
    """How a platform's refresh answers."""

    ROTATES = "a new refresh token"
    SAME = "the same refresh token"
    SILENT = "no refresh token"


@dataclass(frozen=True)
class Facts:
    """A platform's people and habits in the sandbox, and what its sheet expects of the adapter.

    `people`: name at the consent page -> every ad account they see -> the verdict on it.
    `writer`: one of them, and `ad_account` one that they may write to.
    `denials`: every form of a callback without approval that the sheet names.
    `refreshes`: how the sandbox is told to refresh ("": as it does anyway) -> what comes.
    `own_faults`: the sandbox's faults of this platform alone -> what a write becomes; None where
    it succeeds all the same, a number where so many of three rows are accepted.
    `settings`: a filled destination form, `name_field` its field for the audience's name.
    `digests`: identifier key -> raw value -> digest, from the sheet's vectors.
    `refuses_more_than`: rows that the sheet says one request may hold, or None.
    `small_pages`: the sandbox's switch for short pages, or None where nothing is paged.
    `free_text`: identifier keys for which any words are good.
    `gathered_settings`: a filled form whose batches take effect together, or None where none do.
    """

    people: Mapping[str, Mapping[str, Verdict]]
    writer: str
    ad_account: str
    denials: tuple[Mapping[str, str], ...]
    refreshes: Mapping[str, Refresh]
    own_faults: Mapping[str, type[PlatformError] | int | None]
    settings: Mapping[str, str]
    name_field: str
    digests: Mapping[str, Mapping[str, str]]
    refuses_more_than: int | None
    small_pages: str | None
    free_text: frozenset[str] = frozenset()
    gathered_settings: Mapping[str, str] | None = None
