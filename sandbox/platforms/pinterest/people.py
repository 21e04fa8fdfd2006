"""The sample people of Pinterest: each stands for a row of its table of roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.emulator import Person
from sandbox.faults import Faults

UK, DE = "549755885175", "549755885176"
NORTH, SOUTH, WEST = "549755901001", "549755901002", "549755901003"

_RETAIL = {"id": "383791336903426391", "username": "acmeretail"}
_AGENCY = {"id": "383791336903426777", "username": "northstaragency"}


def _account(
    account_id: str, name: str, owner: dict[str, str], country: str, currency: str
) -> dict[str, Any]:
    return {
        "id": account_id,
        "name": name,
        "owner": owner,
        "country": country,
        "currency": currency,
        "created_time": 1451431341,
        "updated_time": 1451431341,
    }


ACCOUNTS: dict[str, dict[str, Any]] = {
    UK: _account(UK, "Acme Retail UK", _RETAIL, "GB", "GBP"),
    DE: _account(DE, "Acme Retail DE", _RETAIL, "DE", "EUR"),
    NORTH: _account(NORTH, "Client North", _AGENCY, "US", "USD"),
    SOUTH: _account(SOUTH, "Client South", _AGENCY, "US", "USD"),
    WEST: _account(WEST, "Client West", _AGENCY, "CA", "CAD"),
}

# ad account -> the person's roles on it
Roles = dict[str, list[str]]


def _person(
    number: int,
    name: str,
    about: str,
    roles: Roles,
    *,
    kind: str = "BUSINESS",
    user: dict[str, str] | None = None,
) -> Person:
    made = name.lower().replace(" ", "").replace("-", "")
    username = user["username"] if user else made
    return Person(
        id=f"pin-{number}",
        name=name,
        username=username,
        email=f"{made}@people.example",
        about=about,
        facts={
            "roles": roles,
            "kind": kind,
            "user": user["id"] if user else f"2783136121146311{number:03d}",
        },
    )


PEOPLE = (
    _person(1, "Olive Owner", "owns two ad accounts", {UK: ["OWNER"], DE: ["OWNER"]}, user=_RETAIL),
    _person(2, "Adam Admin", "Admin", {UK: ["ADMIN"]}),
    _person(3, "Audrey Audience", "Audience", {UK: ["AUDIENCE_MANAGER"]}),
    _person(4, "Carl Campaign", "Campaign only: no audiences", {UK: ["CAMPAIGN_MANAGER"]}),
    _person(5, "Ana Analyst", "may only read reports", {UK: ["ANALYST"]}),
    _person(6, "Fin Finance", "sees and pays bills", {DE: ["FINANCE_MANAGER", "FINANCE_VIEW"]}),
    _person(
        7,
        "Rhea Restricted",
        "a restricted owner: nobody says what that may do",
        {UK: ["RESTRICTED_OWNER"]},
    ),
    _person(
        8,
        "Mia Mixed",
        "in five ad accounts; may write in two of them",
        {
            UK: ["ANALYST", "AUDIENCE_MANAGER", "CAMPAIGN_MANAGER"],
            DE: ["ANALYST"],
            NORTH: ["ADMIN"],
            SOUTH: ["CATALOGS_MANAGER", "PROFILE_PUBLISHER"],
            WEST: [],
        },
    ),
    _person(9, "Paul Pinner", "a personal account without ad accounts", {}, kind="PINNER"),
)
# The account that owns the application: whom a token of client credentials speaks for.
APP_OWNER = _person(100, "App Owner", "owns the application", {})

MAY_WRITE = {"OWNER", "ADMIN", "AUDIENCE_MANAGER"}
# Not confirmed either way; `restricted_owner_refused` turns it round.
RESTRICTED = "RESTRICTED_OWNER"
# A role that no specification knows yet.
NEW_ROLE = "GROWTH_SUPERVISOR"


@dataclass(frozen=True)
class Access:
    """What one caller reaches just now; a dropped role or a gone account counts."""

    person: Person
    scopes: frozenset[str]
    faults: Faults
    is_client: bool = False
    """Whether the application speaks for itself: reads as its owner, and writes nothing."""

    def accounts(self) -> list[str]:
        held: Roles = self.person.facts["roles"]
        return [account for account in held if not self.faults.is_on("account_gone", account)]

    def permissions(self, account: str) -> list[str]:
        if account not in self.accounts() or self.faults.is_on("drop_role", account):
            return []
        held = list(self.person.facts["roles"][account])
        return [*held, NEW_ROLE] if self.faults.is_on("new_role", account) else held

    def may_write(self, account: str) -> bool:
        """Say whether customer lists and audiences of this ad account may be written."""
        allowed = set(MAY_WRITE)
        if not self.faults.is_on("restricted_owner_refused"):
            allowed.add(RESTRICTED)
        return bool(allowed & set(self.permissions(account)))


def ad_account(access: Access, account: str) -> dict[str, Any]:
    """Return an ad account as its caller sees it."""
    return ACCOUNTS[account] | {"permissions": access.permissions(account)}


def user_account(user_id: str, username: str, name: str, kind: str) -> dict[str, Any]:
    is_business = kind == "BUSINESS"
    return {
        "account_type": kind,
        "id": user_id,
        "username": username,
        "business_name": name if is_business else None,
        "profile_image": f"https://i.pinimg.example/{username}.jpg",
        "website_url": f"https://{username}.example" if is_business else "",
        "about": "",
        "board_count": 14,
        "pin_count": 339,
        "follower_count": 10,
        "following_count": 347,
        "monthly_views": 163,
    }
