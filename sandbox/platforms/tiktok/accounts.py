"""Who the token's person is, which ad accounts they reach, which role they have (section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.platforms.tiktok import envelope
from sandbox.platforms.tiktok.envelope import Refused
from sandbox.platforms.tiktok.people import ACCOUNTS, BUSINESS_CENTERS, Access

if TYPE_CHECKING:
    from sandbox.platforms.tiktok import TikTok

# A parent's id grants its children.
READ_ACCOUNTS = (1, 10, 100)
READ_CENTERS = (15, 153, 156)
READ_ASSETS = (15, 153)


def routes(_platform: TikTok) -> list[tuple[Any, ...]]:
    """Return path, view, sufficient scopes and methods."""
    return [
        ("/user/info/", user_info, (), "GET", "POST"),
        ("/oauth2/advertiser/get/", advertisers, READ_ACCOUNTS, "GET"),
        ("/advertiser/info/", advertiser_info, READ_ACCOUNTS, "GET"),
        ("/bc/get/", centers, READ_CENTERS, "GET"),
        ("/bc/asset/get/", assets, READ_ASSETS, "GET"),
    ]


def user_info(platform: TikTok, access: Access) -> Response:
    if request.method == "GET" and platform.faults.is_on("user_info_post"):
        return envelope.not_found()
    person = access.person
    return envelope.answer(
        {
            "core_user_id": person.facts["core_user_id"],
            "display_name": person.name,
            # Masked: it tells nobody apart.
            "email": f"{person.email[0]}***@p***",
            "create_time": 1672341876,
            "avatar_url": "https://example.com/avatar.png",
        }
    )


def advertisers(platform: TikTok, access: Access) -> Response:
    platform.app_of_query()
    reached = platform.advertisers_of(access.person.id)
    rows = [{"advertiser_id": one, "advertiser_name": ACCOUNTS[one]["name"]} for one in reached]
    return envelope.answer({"list": rows})


def advertiser_info(platform: TikTok, access: Access) -> Response:
    if platform.faults.take("info_fails"):
        raise envelope.NoPermission("advertiser info")
    asked = envelope.query_list("advertiser_ids", 100)
    rows = []
    for account in asked:
        must_reach(access, account)
        row = dict(ACCOUNTS[account])
        if access.centers().get(row["owner_bc_id"]) != "ADMIN":
            del row["owner_bc_id"]
        rows.append(row)
    if "fields" in request.args:
        fields = {*envelope.query_list("fields", 100), "advertiser_id"}
        rows = [{name: row[name] for name in row if name in fields} for row in rows]
    return envelope.answer({"list": rows})


def centers(platform: TikTok, access: Access) -> Response:
    rows = [
        {"bc_info": BUSINESS_CENTERS[center], "user_role": role, "ext_user_role": {}}
        for center, role in access.centers().items()
        if request.args.get("bc_id", center) == center
    ]
    return envelope.page(rows, most=50, small=platform.faults.is_on("small_pages"))


def assets(platform: TikTok, access: Access) -> Response:
    center = envelope.query("bc_id")
    if center not in access.centers():
        raise Refused(40001, f"No permission to operate business center {center}.")
    if envelope.query("asset_type") != "ADVERTISER":
        raise Refused(40002, "asset_type: Must be one of: ADVERTISER.")
    rows = [
        {
            "asset_id": account,
            "asset_name": ACCOUNTS[account]["name"],
            "asset_type": "ADVERTISER",
            "advertiser_account_type": "AUCTION",
            "advertiser_role": access.role(account),
            "advertiser_status": "SHOW_ACCOUNT_STATUS_APPROVED",
            "relation_type": "OWNER",
        }
        for account in access.accounts()
        if ACCOUNTS[account]["owner_bc_id"] == center
    ]
    return envelope.page(rows, most=50, small=platform.faults.is_on("small_pages"))


def must_reach(access: Access, account: str) -> None:
    """Refuse an ad account that is gone, or is not this person's."""
    if access.reaches(account):
        return
    if account in ACCOUNTS and account in access.person.facts["roles"]:
        raise Refused(40001, f"The advertiser {account} doesn't exist or has been deleted.")
    raise envelope.NoPermission(f"advertiser {account}")


def must_write(access: Access, account: str) -> None:
    """Refuse an ad account whose audiences this person may not write."""
    must_reach(access, account)
    if not access.may_write(account):
        raise envelope.NoPermission(f"advertiser {account}")
