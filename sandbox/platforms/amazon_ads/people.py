"""The sample people of Amazon Ads: each stands for a role, or for a way to have no ad account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.emulator import Person
from sandbox.faults import Faults
from sandbox.grants import Grant

ACME_US, ACME_CA = 3213213213213, 3213213213214
NORTH_STAR = 4123123123123
ACME_DE, ACME_UK = 6123123123123, 6123123123124
SHOP = 5123123123123

US, OUTDOOR, CANADA = 585806696618602999, 585806696618603001, 585806696618604007
NORTH, SOUTH = 590911223344556677, 590911223344556679
GERMANY, BRITAIN = 600711223344556671, 600711223344556673

AMC_ACCOUNT, AMC_INSTANCE, AMC_MARKETPLACE = "ENTITY7AMC8ACME9", "amcacme0001", "ATVPDKIKX0DER"


# Where no way to pay is on file, so that its filter can be seen to work.
_UNPAID = "A2EUQ1WTGCTBG2"


def _profile(
    profile_id: int, country: str, currency: str, marketplace: str, account: tuple[str, str, str]
) -> dict[str, Any]:
    entity, kind, name = account
    return {
        "profileId": profile_id,
        "countryCode": country,
        "currencyCode": currency,
        "dailyBudget": 999999999.0,
        "timezone": "America/Los_Angeles",
        "accountInfo": {
            "marketplaceStringId": marketplace,
            "id": entity,
            "type": kind,
            "name": name,
            # Its values are not confirmed.
            "subType": "",
            "validPaymentMethod": marketplace != _UNPAID,
        },
    }


# An account's id is the same in all of its marketplaces; the profile's is not.
_ACME = ("ENTITY2AB3C4D5E6F7", "agency", "Acme DSP")
PROFILES: dict[str, list[dict[str, Any]]] = {
    "NA": [
        _profile(ACME_US, "US", "USD", "ATVPDKIKX0DER", _ACME),
        _profile(ACME_CA, "CA", "CAD", "A2EUQ1WTGCTBG2", _ACME),
        _profile(
            NORTH_STAR, "US", "USD", "ATVPDKIKX0DER", ("ENTITY3NORTH4STAR", "agency", "North Star")
        ),
        _profile(SHOP, "US", "USD", "ATVPDKIKX0DER", ("A1B2C3D4E5F6G7", "seller", "Acme Shop")),
    ],
    "EU": [
        _profile(ACME_DE, "DE", "EUR", "A1PA6795UKMFR9", _ACME),
        # Here it is UK, where the audiences want GB.
        _profile(ACME_UK, "UK", "GBP", "A1F83G8C2ARO7P", _ACME),
    ],
    "FE": [],
}


def _advertiser(id_: int, name: str, currency: str, country: str) -> dict[str, str]:
    return {
        "advertiserId": str(id_),
        "name": name,
        "currency": currency,
        "url": "https://acme.example",
        "country": country,
        "timezone": "America/New_York",
    }


ADVERTISERS: dict[int, list[dict[str, str]]] = {
    ACME_US: [
        _advertiser(US, "Acme US", "USD", "US"),
        _advertiser(OUTDOOR, "Acme Outdoor", "USD", "US"),
    ],
    ACME_CA: [_advertiser(CANADA, "Acme Canada", "CAD", "CA")],
    NORTH_STAR: [
        _advertiser(NORTH, "Client North", "USD", "US"),
        _advertiser(SOUTH, "Client South", "USD", "US"),
    ],
    ACME_DE: [_advertiser(GERMANY, "Acme Germany", "EUR", "DE")],
    ACME_UK: [_advertiser(BRITAIN, "Acme Britain", "GBP", "UK")],
}
MANAGERS = [
    {
        "managerAccountId": "amzn1.ads1.ma1.acme",
        "managerAccountName": "Acme Group",
        "linkedAccounts": [
            {
                "accountId": AMC_ACCOUNT,
                "accountName": "Acme Marketing Cloud",
                "accountType": "MARKETING_CLOUD",
                "dspAdvertiserId": None,
                "marketplaceId": AMC_MARKETPLACE,
                "profileId": None,
            }
        ],
    }
]


def _person(
    number: int, name: str, about: str, profiles: Mapping[int, str], **more: bool
) -> Person:
    username = name.lower().replace(" ", ".")
    return Person(
        id=f"amazon-{number}",
        name=name,
        username="",
        email=f"{username}@people.example",
        about=about,
        facts={
            "profiles": profiles,
            "user": f"amzn1.account.SANDBOX{number:04d}",
            "customer": f"A{number:04d}CUSTOMER",
            "amc": more.get("amc", False),
            "agreed": more.get("agreed", False),
        },
    )


# profile -> access level; an access to edit is one to view, too.
PEOPLE = (
    _person(
        1,
        "Ada Admin",
        "Admin of the DSP account, and in its manager account",
        {ACME_US: "edit", ACME_CA: "edit"},
        amc=True,
        agreed=True,
    ),
    _person(2, "Ed Editor", "Editor; accepted AMC's terms", {ACME_US: "edit"}, agreed=True),
    _person(3, "Vera Viewer", "Viewer: may only look", {ACME_US: "view"}),
    _person(
        4, "Cleo Custom", "a role of its own that may create and edit audiences", {ACME_CA: "edit"}
    ),
    _person(
        5,
        "Mia Mixed",
        "Editor of one DSP account, Viewer of another one",
        {ACME_US: "view", NORTH_STAR: "edit"},
    ),
    _person(
        6, "Mark Cloud", "in Marketing Cloud alone; accepted its terms", {}, amc=True, agreed=True
    ),
    _person(
        7, "Tina Terms", "Editor who has not accepted AMC's terms", {ACME_US: "edit"}, amc=True
    ),
    _person(
        8,
        "Eva Europe",
        "has ad accounts in Europe alone",
        {ACME_DE: "edit", ACME_UK: "view"},
    ),
    _person(9, "Sally Seller", "a seller without DSP", {SHOP: "edit"}),
    _person(10, "Nora None", "has no account", {}),
)


@dataclass(frozen=True)
class Access:
    """What one caller reaches just now in one region; a dropped role or a gone account counts."""

    person: Person
    grant: Grant
    region: str
    faults: Faults

    def profiles(self, level: str) -> list[dict[str, Any]]:
        held: Mapping[int, str] = self.person.facts["profiles"]
        return [
            profile
            for profile in PROFILES[self.region]
            if held.get(profile["profileId"]) in {"edit", level}
        ]

    def profile(self, profile_id: str) -> dict[str, Any] | None:
        seen = self.profiles("view")
        return next((each for each in seen if str(each["profileId"]) == profile_id), None)

    def advertisers(self, profile_id: int) -> list[dict[str, str]]:
        return [
            each
            for each in ADVERTISERS.get(profile_id, [])
            if not self.faults.is_on("account_gone", each["advertiserId"])
        ]

    def sees(self, advertiser: str) -> bool:
        return any(advertiser in self._of(each) for each in self.profiles("view"))

    def may_edit(self, advertiser: str) -> bool:
        if self.faults.is_on("drop_role", advertiser):
            return False
        return any(advertiser in self._of(each) for each in self.profiles("edit"))

    def may_use_amc(self, account: str) -> bool:
        is_there = account == AMC_ACCOUNT and self.region == "NA"
        dropped = self.faults.is_on("drop_role", account)
        return bool(is_there and self.person.facts["amc"] and not dropped)

    def _of(self, profile: Mapping[str, Any]) -> set[str]:
        return {each["advertiserId"] for each in self.advertisers(profile["profileId"])}
