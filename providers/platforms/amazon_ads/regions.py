"""Amazon's three regions: each has its own hosts, and a token is good in all of them.

An ad account that was found outside of the authorization's region carries its own in its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from providers.connection import Connection
from providers.declarations import FieldKind, FormField


@dataclass(frozen=True)
class Region:
    """Where people consent, where tokens come from, and where the API is."""

    name: str
    authorize: str
    login: str
    api: str


# https://advertising.amazon.com/API/docs/en-us/guides/account-management/authorization/overview
REGIONS = {
    "NA": Region(
        "North America",
        "https://www.amazon.com/ap/oa",
        "https://api.amazon.com",
        "https://advertising-api.amazon.com",
    ),
    "EU": Region(
        "Europe",
        "https://eu.account.amazon.com/ap/oa",
        "https://api.amazon.co.uk",
        "https://advertising-api-eu.amazon.com",
    ),
    "FE": Region(
        "Far East",
        "https://apac.account.amazon.com/ap/oa",
        "https://api.amazon.co.jp",
        "https://advertising-api-fe.amazon.com",
    ),
}
_HOME = "NA"
_CHOICES = tuple((key, region.name) for key, region in REGIONS.items())

OF_AUTHORIZATION = FormField(
    name="region",
    label="Region",
    kind=FieldKind.CHOICE,
    initial=_HOME,
    choices=_CHOICES,
    help="Where the Amazon Ads account is. Europe includes the Middle East, Africa and India.",
)


def key_of(options: Mapping[str, str]) -> str:
    """Return the region's key that was chosen at "New authorization", or the default."""
    chosen = options.get("region") or _HOME
    return chosen if chosen in REGIONS else _HOME


def of(options: Mapping[str, str]) -> Region:
    """Return the region that was chosen at "New authorization"."""
    return REGIONS[key_of(options)]


def account_id(connection: Connection, key: str, id_: str) -> str:
    """Return the id of an ad account in a region: with that region where it is not at home."""
    return id_ if key == key_of(connection.options) else f"{key}:{id_}"


def plain(ad_account_id: str) -> str:
    """Return Amazon's own id of an ad account."""
    return ad_account_id.rpartition(":")[2]


def api(connection: Connection, ad_account_id: str) -> str:
    """Return the API that an ad account is reached at."""
    key = ad_account_id.rpartition(":")[0]
    return (REGIONS.get(key) or of(connection.options)).api
