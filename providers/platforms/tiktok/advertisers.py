"""Which ad accounts a person reaches at TikTok, and whether their role there suffices."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.connection import Connection
from providers.errors import AppMisconfigured, BadRequest, NotThere, PermissionMissing
from providers.platforms.tiktok import answers
from providers.platforms.tiktok.answers import API
from providers.values import AdAccount, Verdict

NEEDED = 'Either the "Ad Account Operator" or "Ad Account Admin" permission level'
# What is asked beyond need: where the grant does not reach it, ad accounts are shown with less.
_UNTOLD = (PermissionMissing, NotThere, BadRequest, AppMisconfigured)
_DETAILS = ("advertiser_id", "name", "company", "currency", "status")
_AT_ONCE = 100
_ENABLED = "STATUS_ENABLE"
_SUFFICIENT = {"ADMIN", "OPERATOR"}


@dataclass
class Seat:
    """What a person is on an ad account, as their Business Centers tell it."""

    group: str = ""
    roles: set[str] = field(default_factory=set)


def ad_accounts(connection: Connection) -> Iterator[AdAccount]:
    """Yield the ad accounts that the grant reaches just now; it may be none."""
    # https://business-api.tiktok.com/portal/docs?id=1738455508553729
    # The secret stands in the query: this address is never logged or shown.
    us = {
        "app_id": connection.app.client_id,
        "secret": connection.app.client_secret.reveal(),
    }
    found = answers.data(connection.send("GET", f"{API}/oauth2/advertiser/get/", params=us))
    names = {
        str(row["advertiser_id"]): str(row.get("advertiser_name") or "")
        for row in answers.rows(found)
        if row.get("advertiser_id")
    }
    if not names:
        return
    details, seats = _details(connection, list(names)), _seats(connection)
    for id_, name in names.items():
        yield _ad_account(id_, name, details.get(id_, {}), seats.get(id_, Seat()))


def judge(status: str, roles: set[str]) -> tuple[Verdict, str]:
    """Judge an ad account by its state and by the person's roles on it, as far as told."""
    if status and status != _ENABLED:
        return Verdict.INSUFFICIENT, f"TikTok says that this ad account is not enabled: {status}."
    if roles & _SUFFICIENT:
        return Verdict.SUFFICIENT, ""
    if roles == {"ANALYST"}:
        return Verdict.INSUFFICIENT, f"Role on this ad account: Analyst. Needed: {NEEDED}."
    # Told only of ad accounts in a Business Center, and only where its permission was approved.
    return Verdict.UNVERIFIED, (
        "TikTok did not tell the role on this ad account: will be verified at first export."
    )


def _ad_account(id_: str, name: str, details: Mapping[str, Any], seat: Seat) -> AdAccount:
    # Its field `role` is the ad account's own, ROLE_ADVERTISER, and says nothing of the person.
    verdict, reason = judge(str(details.get("status") or ""), seat.roles)
    return AdAccount(
        id=id_,
        name=str(details.get("name") or name or id_),
        group=seat.group or str(details.get("company") or ""),
        roles=tuple(sorted(seat.roles)),
        verdict=verdict,
        reason=reason,
        currency=str(details.get("currency") or ""),
    )


def _details(connection: Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Ask for names and states. One ad account that may not be read costs the others theirs."""
    found = {}
    for start in range(0, len(ids), _AT_ONCE):
        # https://business-api.tiktok.com/portal/docs?id=1739593083610113
        params = {
            "advertiser_ids": json.dumps(ids[start : start + _AT_ONCE]),
            "fields": json.dumps(_DETAILS),
        }
        try:
            answer = connection.send("GET", f"{API}/advertiser/info/", params=params)
        except _UNTOLD:
            continue
        for row in answers.rows(answers.data(answer)):
            found[str(row.get("advertiser_id"))] = row
    return found


def _seats(connection: Connection) -> dict[str, Seat]:
    """Ask the person's Business Centers for their roles; nothing where they may not be asked."""
    seats: dict[str, Seat] = defaultdict(Seat)
    try:
        centers = list(answers.every(connection, "/bc/get/", {}, 50))
    except _UNTOLD:
        return seats
    for center in centers:
        info = center.get("bc_info")
        if isinstance(info, dict) and info.get("bc_id"):
            _take_seats(connection, info, seats)
    return seats


def _take_seats(connection: Connection, info: Mapping[str, Any], seats: dict[str, Seat]) -> None:
    asked = {"bc_id": str(info["bc_id"]), "asset_type": "ADVERTISER"}
    try:
        for asset in answers.every(connection, "/bc/asset/get/", asked, 50):
            seat = seats[str(asset.get("asset_id"))]
            seat.group = seat.group or str(info.get("name") or "")
            if asset.get("advertiser_role"):
                seat.roles.add(str(asset["advertiser_role"]).upper())
    except _UNTOLD:
        return
