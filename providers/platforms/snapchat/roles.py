"""Which of a person's roles at Snapchat suffice to write audiences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.values import AdAccount, Verdict

NEEDED = "Organizational Admin, Agency Member, Campaign Manager or Data Manager"

# The agency roles' spelling, and whether they stand on the organization or on the ad account, is
# not confirmed: they count in either place.
_AGENCY = {"agency_admin", "agency_member"}


def ad_account(organization: Mapping[str, Any], found: Mapping[str, Any]) -> AdAccount:
    """Return an ad account with the caller's roles judged."""
    of_organization = _roles(organization)
    # Where an organization itself was asked, the answer does not tell the caller's roles.
    of_ad_account = None if found.get("roles") is None else _roles(found)
    verdict, reason = judge(of_organization, of_ad_account)
    shown = [*sorted(of_ad_account or ()), *(f"organization {r}" for r in sorted(of_organization))]
    return AdAccount(
        id=str(found["id"]),
        name=str(found.get("name") or found["id"]),
        group=str(organization.get("name") or ""),
        roles=tuple(shown),
        verdict=verdict,
        reason=reason,
        currency=str(found.get("currency") or ""),
    )


def judge(
    of_organization: frozenset[str], of_ad_account: frozenset[str] | None
) -> tuple[Verdict, str]:
    """Judge a person's roles; those on the ad account are None where Snapchat did not tell."""
    # https://developers.snap.com/api/marketing-api/Ads-API/roles
    known = of_ad_account or frozenset()
    if "admin" in of_organization or _AGENCY & (of_organization | known):
        return Verdict.SUFFICIENT, ""
    if known & {"admin", "audience"}:
        return Verdict.SUFFICIENT, ""
    if "general" in known:
        # Snap's own table names campaigns, ad squads and ads for it, and no audiences.
        return Verdict.UNVERIFIED, "Campaign Manager (general): will be verified at first export."
    if of_ad_account is None and not of_organization & {"data_admin", "business_admin"}:
        return Verdict.UNVERIFIED, (
            "Snapchat did not tell the role on this ad account: will be verified at first export."
        )
    there = ", ".join(sorted(of_organization)) or "none"
    here = ", ".join(sorted(known)) or "none"
    # Its name is close to Data Manager's, but it only reads reports.
    trap = " A data_admin is not a Data Manager." if "data_admin" in of_organization else ""
    return Verdict.INSUFFICIENT, (
        f"Role in the organization: {there}; on the ad account: {here}.{trap} Needed: {NEEDED}."
    )


def _roles(holder: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(role).lower() for role in holder.get("roles") or ())
