"""The sample people of X: each stands for a row of its table of permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.emulator import Person
from sandbox.faults import Faults

UK, DE, NORTH, SOUTH = "18ce54d4x5t", "18ce53wo3nm", "18ce54aymz3", "18ce55gze09"


def _account(account_id: str, name: str, business: str | None, status: str) -> dict[str, Any]:
    return {
        "name": name,
        "business_name": business,
        "timezone": "Europe/London",
        "timezone_switch_at": "2013-05-22T07:00:00Z",
        "id": account_id,
        "created_at": "2016-09-02T22:29:43Z",
        "updated_at": "2016-09-02T22:29:43Z",
        "business_id": None,
        "approval_status": status,
        "deleted": False,
    }


ACCOUNTS: dict[str, dict[str, Any]] = {
    UK: _account(UK, "Acme Retail UK", "Acme Retail Ltd", "ACCEPTED"),
    DE: _account(DE, "Acme Retail DE", "Acme Retail Ltd", "ACCEPTED"),
    NORTH: _account(NORTH, "Client North", None, "ACCEPTED"),
    SOUTH: _account(SOUTH, "Client South", None, "UNDER_REVIEW"),
}
CURRENCIES = {UK: "GBP", DE: "EUR", NORTH: "USD", SOUTH: "USD"}


def _person(user_id: str, name: str, about: str, permissions: dict[str, list[str]]) -> Person:
    username = name.lower().replace(" ", "_").replace("-", "")[:15]
    return Person(
        id=user_id,
        name=name,
        username=username,
        email=f"{username}@people.example",
        about=about,
        facts={"permissions": permissions},
    )


PEOPLE = (
    _person(
        "2417045708",
        "Ada Account-Admin",
        "Account Admin",
        {UK: ["ACCOUNT_ADMIN", "TWEET_COMPOSER"], DE: ["ACCOUNT_ADMIN"]},
    ),
    _person("6253282", "Manuel Manager", "Ad Manager", {UK: ["AD_MANAGER"]}),
    _person(
        "3001",
        "Paula Partner",
        "Partner Audience Manager: a role for data partners",
        {UK: ["PARTNER_AUDIENCE_MANAGER"]},
    ),
    _person(
        "3002",
        "Chris Creative",
        "Creative Manager who may also compose posts",
        {UK: ["CREATIVE_MANAGER", "TWEET_COMPOSER"]},
    ),
    _person("3003", "Cara Campaigns", "Campaign Analyst", {UK: ["CAMPAIGN_ANALYST"]}),
    _person("3004", "Olaf Organic", "Analyst", {UK: ["ANALYST"]}),
    _person("3005", "Tom Tweets", "may compose posts, nothing else", {UK: ["TWEET_COMPOSER"]}),
    _person(
        "3006",
        "Mia Mixed",
        "may write in three of four ad accounts; one of those is under review",
        {
            UK: ["CAMPAIGN_ANALYST"],
            DE: ["AD_MANAGER"],
            NORTH: ["AD_MANAGER", "TWEET_COMPOSER"],
            SOUTH: ["ACCOUNT_ADMIN"],
        },
    ),
    _person("3007", "Nora None", "in no ad account", {}),
)

MAY_WRITE = {"ACCOUNT_ADMIN", "AD_MANAGER"}
# Whether it suffices for lists of ours is not confirmed; `partner_refused` turns it round.
PARTNER = "PARTNER_AUDIENCE_MANAGER"


@dataclass(frozen=True)
class Access:
    """What one caller reaches just now; a dropped role or a gone account counts."""

    person: Person
    faults: Faults

    def accounts(self) -> list[str]:
        held: dict[str, list[str]] = self.person.facts["permissions"]
        return [account for account in held if not self.faults.is_on("account_gone", account)]

    def permissions(self, account: str) -> list[str]:
        if self.faults.is_on("drop_role", account):
            return []
        held: dict[str, list[str]] = self.person.facts["permissions"]
        return held.get(account, [])

    def may_write(self, account: str) -> bool:
        allowed = set(MAY_WRITE)
        if not self.faults.is_on("partner_refused"):
            allowed.add(PARTNER)
        return bool(allowed & set(self.permissions(account)))
