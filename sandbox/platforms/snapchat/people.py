"""The sample people of Snapchat: each stands for a row of its table of roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.emulator import Person
from sandbox.faults import Faults

RETAIL = "40d6719b-da09-410b-9185-0cc9c0dfed1d"
AGENCY = "507d7a57-94de-4239-8a74-e93c00ca53e6"
UK = "497979f0-ea17-4971-8288-054883f1caca"
DE = "8adc3db7-8148-4fbf-999c-8d2266369d74"
NORTH = "1d1a9b6c-6a0f-4f0e-9c43-5d0d0b8f1c11"
SOUTH = "2e2b0c7d-7b10-401f-8d54-6e1e1c902d22"
WEST = "3f3c1d8e-8c21-4120-9e65-7f2f2da13e33"

ORGANIZATIONS: dict[str, dict[str, Any]] = {
    RETAIL: {"id": RETAIL, "name": "Acme Retail Ltd", "country": "GB", "type": "ENTERPRISE"},
    AGENCY: {"id": AGENCY, "name": "North Star Agency", "country": "US", "is_agency": True},
}


def _account(account_id: str, name: str, organization: str, currency: str) -> dict[str, Any]:
    return {
        "id": account_id,
        "name": name,
        "organization_id": organization,
        "type": "PARTNER",
        "status": "ACTIVE",
        "currency": currency,
        "timezone": "Europe/London",
    }


ACCOUNTS: dict[str, dict[str, Any]] = {
    UK: _account(UK, "Acme Retail UK", RETAIL, "GBP"),
    DE: _account(DE, "Acme Retail DE", RETAIL, "EUR"),
    NORTH: _account(NORTH, "Client North", AGENCY, "USD"),
    SOUTH: _account(SOUTH, "Client South", AGENCY, "USD"),
    WEST: _account(WEST, "Client West", AGENCY, "USD"),
}

# organization -> (roles there, {ad account -> roles on it})
Roles = dict[str, tuple[list[str], dict[str, list[str]]]]


def _person(number: int, name: str, about: str, roles: Roles) -> Person:
    username = name.lower().replace(" ", "").replace("-", "")
    organizations = list(roles) or [RETAIL]
    members = {
        organization: f"82ebdbce-de88-4ba0-a6b4-{number:06d}{place:06d}"
        for place, organization in enumerate(organizations, start=1)
    }
    return Person(
        id=f"snap-{number}",
        name=name,
        username=username,
        email=f"{username}@people.example",
        about=about,
        facts={"roles": roles, "members": members},
    )


PEOPLE = (
    _person(
        1,
        "Olivia Org-Admin",
        "Organizational Admin",
        {RETAIL: (["admin"], {UK: [], DE: []})},
    ),
    _person(
        2,
        "Amir Agency",
        "Agency Member",
        {AGENCY: (["agency_member"], {NORTH: [], SOUTH: []})},
    ),
    _person(3, "Carla Campaign", "Campaign Manager", {RETAIL: (["member"], {UK: ["general"]})}),
    _person(4, "Dana Data", "Data Manager", {RETAIL: (["member"], {UK: ["audience"]})}),
    _person(5, "Rita Reports", "may only read reports", {RETAIL: (["member"], {UK: ["reports"]})}),
    _person(
        6,
        "Bea Business",
        "Business Admin: billing and members, nothing inside ad accounts",
        {RETAIL: (["business_admin"], {UK: [], DE: []})},
    ),
    _person(
        7,
        "Dan Data-Admin",
        "data_admin of the organization: reporting only, not Data Manager",
        {RETAIL: (["data_admin"], {UK: [], DE: []})},
    ),
    _person(
        8,
        "Mia Mixed",
        "in two organizations; may write in two of five ad accounts",
        {
            RETAIL: (["member"], {UK: ["audience"], DE: ["reports"]}),
            AGENCY: (["member"], {NORTH: ["admin"], SOUTH: ["creative"], WEST: ["reports"]}),
        },
    ),
    _person(9, "Nora None", "in no organization's ad accounts", {RETAIL: (["member"], {})}),
    _person(
        10, "Adam Account-Admin", "admin of one ad account", {RETAIL: (["member"], {DE: ["admin"]})}
    ),
)

MAY_WRITE_IN_ACCOUNT = {"admin", "general", "audience"}
MAY_WRITE_IN_ORGANIZATION = {"admin", "agency_member", "agency_admin"}


@dataclass(frozen=True)
class Access:
    """What one caller reaches just now; a dropped role or a gone account counts."""

    person: Person
    faults: Faults

    def organizations(self) -> list[str]:
        return list(self._roles())

    def organization_roles(self, organization: str) -> list[str]:
        return self._roles().get(organization, ([], {}))[0]

    def accounts(self, organization: str) -> list[str]:
        held = self._roles().get(organization, ([], {}))[1]
        return [account for account in held if not self.faults.is_on("account_gone", account)]

    def account_roles(self, account: str) -> list[str]:
        if self.faults.is_on("drop_role", account):
            return []
        for _, accounts in self._roles().values():
            if account in accounts:
                return accounts[account]
        return []

    def reaches(self, account: str) -> bool:
        return any(account in self.accounts(each) for each in self.organizations())

    def may_write(self, account: str) -> bool:
        """Say whether segments of this ad account may be written."""
        if not self.reaches(account) or self.faults.is_on("drop_role", account):
            return False
        organization = ACCOUNTS[account]["organization_id"]
        return bool(
            MAY_WRITE_IN_ACCOUNT & set(self.account_roles(account))
            or MAY_WRITE_IN_ORGANIZATION & set(self.organization_roles(organization))
        )

    def _roles(self) -> Roles:
        roles: Roles = self.person.facts["roles"]
        return roles
