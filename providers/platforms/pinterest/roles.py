"""Which of a person's roles at Pinterest suffice to write audiences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.values import AdAccount, Verdict

NEEDED = "Admin or Audience level (or create/edit audiences permission)"

# https://developers.pinterest.com/docs/getting-started/using-business-access/
_SUFFICIENT = {"OWNER", "ADMIN", "AUDIENCE_MANAGER"}
# Whether it may create customer lists is not confirmed.
_UNKNOWN = "RESTRICTED_OWNER"


def ad_account(found: Mapping[str, Any]) -> AdAccount:
    """Return an ad account with the caller's roles judged; they come with it."""
    told = found.get("permissions")
    roles = sorted(str(role).upper() for role in told) if isinstance(told, list) else None
    verdict, reason = judge(None if roles is None else frozenset(roles))
    owner = found.get("owner")
    return AdAccount(
        id=str(found["id"]),
        name=str(found.get("name") or found["id"]),
        group=str(owner.get("username") or "") if isinstance(owner, dict) else "",
        roles=tuple(roles or ()),
        verdict=verdict,
        reason=reason,
        currency=str(found.get("currency") or ""),
    )


def judge(roles: frozenset[str] | None) -> tuple[Verdict, str]:
    """Judge a person's roles on an ad account; None where Pinterest did not tell them.

    A role that nobody has heard of does not suffice: it is no error.
    """
    if roles is None:
        return Verdict.UNVERIFIED, (
            "Pinterest did not tell the role on this ad account: will be verified at first export."
        )
    if _SUFFICIENT & roles:
        return Verdict.SUFFICIENT, ""
    if _UNKNOWN in roles:
        return Verdict.UNVERIFIED, f"{_UNKNOWN}: will be verified at first export."
    here = ", ".join(sorted(roles)) or "none"
    return Verdict.INSUFFICIENT, f"Roles on the ad account: {here[:180]}. Needed: {NEEDED}."
