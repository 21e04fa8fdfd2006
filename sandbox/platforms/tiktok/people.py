"""The sample people of TikTok: each stands for a role on ad accounts, told or not told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.emulator import Person
from sandbox.faults import Faults

RETAIL, AGENCY = "7100000000000000001", "7100000000000000002"
UK, DE, CLOSED = "6900000000000000001", "6900000000000000002", "6900000000000000003"
NORTH, SOUTH = "6900000000000000011", "6900000000000000012"
# In no Business Center, so nobody is told who has which role on it.
SOLO = "6900000000000000021"

BUSINESS_CENTERS: dict[str, dict[str, Any]] = {
    RETAIL: {"bc_id": RETAIL, "name": "Acme Retail Ltd", "company": "Acme", "currency": "GBP"},
    AGENCY: {"bc_id": AGENCY, "name": "North Star Agency", "company": "North Star"},
}


def _account(
    account: str, name: str, center: str, money: str, *, status: str = "ENABLE"
) -> dict[str, Any]:
    currency, country = money.split()
    return {
        "advertiser_id": account,
        "name": name,
        "company": name.rsplit(" ", 1)[0],
        "currency": currency,
        "country": country,
        "timezone": "Etc/GMT",
        "display_timezone": "Europe/London",
        "status": f"STATUS_{status}",
        "role": "ROLE_ADVERTISER",
        "advertiser_account_type": "AUCTION",
        "balance": 0.0,
        "create_time": 1672341876,
        "owner_bc_id": center,
        "email": "d***@***",
        "industry": "292801",
        "language": "",
        "rejection_reason": "-",
    }


ACCOUNTS: dict[str, dict[str, Any]] = {
    UK: _account(UK, "Acme Retail UK", RETAIL, "GBP GB"),
    DE: _account(DE, "Acme Retail DE", RETAIL, "EUR DE"),
    CLOSED: _account(CLOSED, "Acme Retail FR", RETAIL, "EUR FR", status="DISABLE"),
    NORTH: _account(NORTH, "Client North", AGENCY, "USD US"),
    SOUTH: _account(SOUTH, "Client South", AGENCY, "USD US"),
    SOLO: _account(SOLO, "Solo Shop", "", "USD US"),
}

EVERYTHING = (1, 3, 15)


def _person(
    number: int,
    name: str,
    about: str,
    roles: dict[str, str],
    centers: dict[str, str],
    *,
    scopes: tuple[int, ...] = EVERYTHING,
) -> Person:
    username = name.lower().replace(" ", "").replace("-", "")
    return Person(
        id=f"tiktok-{number}",
        name=name,
        username=username,
        email=f"{username}@people.example",
        about=about,
        facts={
            "core_user_id": f"72000000000000000{number:02d}",
            "roles": roles,
            "centers": centers,
            "scopes": scopes,
        },
    )


PEOPLE = (
    _person(
        1,
        "Ada Admin",
        "Ad Account Admin, and admin of the Business Center",
        {UK: "ADMIN", DE: "ADMIN"},
        {RETAIL: "ADMIN"},
    ),
    _person(2, "Oscar Operator", "Ad Account Operator", {UK: "OPERATOR"}, {RETAIL: "STANDARD"}),
    _person(
        3,
        "Anna Analyst",
        "Ad Account Analyst: may only look",
        {UK: "ANALYST"},
        {RETAIL: "STANDARD"},
    ),
    _person(
        4,
        "Mia Mixed",
        "in two Business Centers and on an ad account outside of both",
        {
            UK: "OPERATOR",
            DE: "ANALYST",
            CLOSED: "ADMIN",
            NORTH: "ADMIN",
            SOUTH: "ANALYST",
            SOLO: "OPERATOR",
        },
        {RETAIL: "STANDARD", AGENCY: "STANDARD"},
    ),
    _person(
        5,
        "Uma Untold",
        "operator, but approves no Business Center permission: the role stays unknown",
        {NORTH: "OPERATOR"},
        {AGENCY: "STANDARD"},
        scopes=(1, 3),
    ),
    _person(
        6,
        "Olaf Outside",
        "analyst of an ad account outside of any Business Center",
        {SOLO: "ANALYST"},
        {},
    ),
    _person(7, "Nora None", "approves without any ad account", {}, {}),
    _person(
        8,
        "Sam Scopeless",
        "operator, but approves no audience permission",
        {UK: "OPERATOR"},
        {RETAIL: "STANDARD"},
        scopes=(1,),
    ),
)

MAY_WRITE = {"ADMIN", "OPERATOR"}


@dataclass(frozen=True)
class Access:
    """What one caller reaches just now; a dropped role or a gone account counts."""

    person: Person
    faults: Faults

    def centers(self) -> dict[str, str]:
        held: dict[str, str] = self.person.facts["centers"]
        return held

    def accounts(self) -> list[str]:
        held: dict[str, str] = self.person.facts["roles"]
        return [account for account in held if not self.faults.is_on("account_gone", account)]

    def role(self, account: str) -> str:
        """Return the role on an ad account; who lost theirs may still look."""
        if self.faults.is_on("drop_role", account):
            return "ANALYST"
        role: str = self.person.facts["roles"].get(account, "")
        return role

    def reaches(self, account: str) -> bool:
        return account in self.accounts()

    def may_write(self, account: str) -> bool:
        """Say whether audiences of this ad account may be written."""
        enabled = ACCOUNTS[account]["status"] == "STATUS_ENABLE"
        return enabled and self.role(account) in MAY_WRITE
