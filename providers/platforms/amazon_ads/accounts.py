"""Which ad accounts a person reaches at Amazon Ads, and whether they may do more than look.

DSP advertisers, and the accounts of Amazon Marketing Cloud (AMC), whose ids begin with ENTITY.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from providers.connection import Connection, must_be_object
from providers.errors import BadRequest, NotThere, PermissionMissing, TokenRejected, UnknownAnswer
from providers.platforms.amazon_ads import answers, regions
from providers.platforms.amazon_ads.regions import REGIONS
from providers.values import AdAccount, Verdict

NEEDED = (
    "Editor or Admin permission levels, or any other role that grants them the create/edit "
    "audiences capability"
)
AMC = "ENTITY"
_REFUSED = (PermissionMissing, NotThere, BadRequest)
_AT_ONCE = 100
# The highest place that a page may begin at.
_LAST_START = 29_900
_AMC_ACCOUNT = "MARKETING_CLOUD"


def ad_accounts(connection: Connection) -> Iterator[AdAccount]:
    """Yield the ad accounts of the authorization's region, or of the first one that has any.

    No ad accounts is no missing permission: there may be none.
    """
    home = regions.key_of(connection.options)
    for key in (home, *(key for key in REGIONS if key != home)):
        found = _of_region(connection, key, is_home=key == home)
        yield from found
        if found:
            return


def judge(level: str) -> tuple[Verdict, str]:
    """Judge what a person may do with a profile: edit, view, or nothing that Amazon told."""
    # https://advertising.amazon.com/API/docs/en-us/guides/account-management/permissions
    if level == "edit":
        return Verdict.SUFFICIENT, ""
    if level == "view":
        return Verdict.INSUFFICIENT, f"Your role can only view. Needed: {NEEDED}."
    return Verdict.UNVERIFIED, (
        "Amazon did not tell the role on this account: will be verified at first export."
    )


def dsp_profile(connection: Connection, api: str, advertiser_id: str) -> str:
    """Return the DSP profile that an advertiser belongs to."""
    for profile in _profiles(connection, api, "view"):
        only = {"advertiserIdFilter": advertiser_id}
        for found in _advertisers(connection, api, str(profile["profileId"]), only):
            if answers.number(found.get("advertiserId")) == advertiser_id:
                return str(profile["profileId"])
    raise NotThere("Amazon shows this person no such DSP advertiser.")


def _of_region(connection: Connection, key: str, *, is_home: bool) -> list[AdAccount]:
    api, place = REGIONS[key].api, "" if is_home else f" ({REGIONS[key].name})"
    try:
        profiles = _profiles(connection, api, "view")
    except (*_REFUSED, TokenRejected):
        if is_home:
            raise
        return []
    editable = _editable(connection, api) if profiles else None
    found: dict[str, AdAccount] = {}
    for profile in profiles:
        profile_id = str(profile["profileId"])
        level = "" if editable is None else "edit" if profile_id in editable else "view"
        for advertiser in _advertisers(connection, api, profile_id, {}):
            one = _advertiser(advertiser, profile, level, place)
            one = replace(one, id=regions.account_id(connection, key, one.id))
            # The same advertiser is seen by several profiles: the best of them counts.
            if one.id not in found or one.verdict == Verdict.SUFFICIENT:
                found[one.id] = one
    of_amc = _amc_accounts(connection, api, place)
    return [
        *found.values(),
        *(replace(one, id=regions.account_id(connection, key, one.id)) for one in of_amc),
    ]


def _profiles(connection: Connection, api: str, level: str) -> list[dict[str, Any]]:
    """Return the DSP profiles that the person may use at a level; lists are not paged."""
    # https://advertising.amazon.com/API/docs/en-us/reference/2/profiles
    # Without a level one description says that edit is meant, another one view.
    asked = {"accessLevel": level, "profileTypeFilter": "agency"}
    answer = connection.send("GET", f"{api}/v2/profiles", params=asked)
    if not isinstance(answer.json, list):
        raise answers.nothing_in(answer, "list of profiles")
    return [
        each
        for each in answers.listed(answer.json)
        if each.get("profileId") and _account(each).get("type") == "agency"
    ]


def _editable(connection: Connection, api: str) -> set[str] | None:
    """Return the profiles that the person may edit; None where Amazon does not tell."""
    try:
        return {str(each["profileId"]) for each in _profiles(connection, api, "edit")}
    except _REFUSED:
        return None


def _advertisers(
    connection: Connection, api: str, profile_id: str, asked: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield a profile's DSP advertisers, page by page; none where they may not be seen."""
    # https://advertising.amazon.com/API/docs/en-us/dsp-advertiser
    scope, start = {"Amazon-Advertising-API-Scope": profile_id}, 0
    while start <= _LAST_START:
        page: dict[str, str | int] = {**asked, "startIndex": start, "count": _AT_ONCE}
        try:
            answer = connection.send("GET", f"{api}/dsp/advertisers", params=page, headers=scope)
        except _REFUSED:
            return
        body = must_be_object(answer)
        rows = answers.listed(body.get("response"))
        yield from (row for row in rows if answers.number(row.get("advertiserId")))
        start += len(rows)
        total = body.get("totalResults")
        if not rows or not isinstance(total, int) or start >= total:
            return
    raise UnknownAnswer("Amazon lists more advertisers than it lets anybody read.")


def _advertiser(
    found: Mapping[str, Any], profile: Mapping[str, Any], level: str, place: str
) -> AdAccount:
    verdict, reason = judge(level)
    id_ = answers.number(found["advertiserId"])
    return AdAccount(
        id=id_,
        name=str(found.get("name") or id_),
        group=f"{_account(profile).get('name') or ''}{place}".strip(),
        roles=(level,) if level else (),
        verdict=verdict,
        reason=reason,
        currency=str(found.get("currency") or ""),
    )


def _amc_accounts(connection: Connection, api: str, place: str) -> list[AdAccount]:
    """Return the AMC accounts of the person's manager accounts, at most fifty of each."""
    try:
        # https://advertising.amazon.com/API/docs/en-us/reference/managerAccounts
        answer = connection.send("GET", f"{api}/managerAccounts")
    except _REFUSED:
        return []
    managers = answers.listed(must_be_object(answer).get("managerAccounts"))
    verdict, reason = judge("")
    found = {}
    for manager in managers:
        for linked in answers.listed(manager.get("linkedAccounts")):
            id_ = str(linked.get("accountId") or "")
            if linked.get("accountType") == _AMC_ACCOUNT and id_.startswith(AMC):
                found[id_] = AdAccount(
                    id=id_,
                    name=str(linked.get("accountName") or id_),
                    group=f"{manager.get('managerAccountName') or ''}{place}".strip(),
                    verdict=verdict,
                    reason=reason,
                )
    return list(found.values())


def _account(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    inside = profile.get("accountInfo")
    return inside if isinstance(inside, dict) else {}
