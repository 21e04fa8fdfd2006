"""Which of a person's permissions on an ad account at X suffice to write audiences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from providers.values import AdAccount, Verdict

NEEDED = "Ad Manager or Account Admin"

_LABELS = {
    "ACCOUNT_ADMIN": "Account Admin",
    "AD_MANAGER": "Ad Manager",
    "PARTNER_AUDIENCE_MANAGER": "Partner Audience Manager",
    "CREATIVE_MANAGER": "Creative Manager",
    "CAMPAIGN_ANALYST": "Campaign Analyst",
    "ANALYST": "Analyst",
    "TWEET_COMPOSER": "Tweet Composer",
}
_SUFFICIENT = {"ACCOUNT_ADMIN", "AD_MANAGER"}
LATER = "will be verified at first export"


def ad_account(found: Mapping[str, Any], permissions: Iterable[str] | None) -> AdAccount:
    """Return an ad account, judged; `permissions` is None where X did not tell them."""
    told = None if permissions is None else frozenset(permissions)
    verdict, reason = judge(told, str(found.get("approval_status") or ""))
    return AdAccount(
        id=str(found["id"]),
        name=str(found.get("name") or found["id"]),
        group=str(found.get("business_name") or ""),
        roles=tuple(sorted(told or ())),
        verdict=verdict,
        reason=reason,
        # The list has no currency, and asking for it would cost a call for every ad account.
    )


def judge(permissions: frozenset[str] | None, approval_status: str) -> tuple[Verdict, str]:
    """Judge a person's permissions and the ad account's own standing at X."""
    # https://docs.x.com/x-ads-api/campaign-management/reference#authenticated-user-access
    # https://business.x.com/en/help/troubleshooting/multi-user-login-faq.html
    if permissions is None:
        return Verdict.UNVERIFIED, f"X did not tell the permission on this ad account: {LATER}."
    if permissions & _SUFFICIENT:
        if approval_status in {"ACCEPTED", ""}:
            return Verdict.SUFFICIENT, ""
        status = approval_status.replace("_", " ").lower()[:40]
        return Verdict.UNVERIFIED, f"X has not accepted this ad account ({status}): {LATER}."
    if "PARTNER_AUDIENCE_MANAGER" in permissions:
        # For data partners, by its name; whether it suffices for lists of ours is not confirmed.
        return Verdict.UNVERIFIED, f"Partner Audience Manager: {LATER}."
    held = ", ".join(_LABELS.get(each, each) for each in sorted(permissions))[:150] or "none"
    return Verdict.INSUFFICIENT, f"Permission on this ad account: {held}. Needed: {NEEDED}."
