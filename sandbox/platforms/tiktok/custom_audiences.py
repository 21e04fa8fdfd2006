"""What TikTok tells of audiences, however they were made (sheet, section 3.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.tiktok import envelope
from sandbox.platforms.tiktok.accounts import must_reach, must_write
from sandbox.platforms.tiktok.people import Access
from sandbox.platforms.tiktok.segments import WRITE_AUDIENCES, must_be_of

if TYPE_CHECKING:
    from sandbox.platforms.tiktok import TikTok

READ_AUDIENCES = (3, 30)
TOO_FEW = 1_000
# Matching takes a day or two: so many looks find it still at work.
LOOKS_TOO_EARLY = 2
DAY = 86_400


def routes(_platform: TikTok) -> list[tuple[Any, ...]]:
    """Return path, view, sufficient scopes and methods."""
    return [
        ("/dmp/custom_audience/get/", shown, READ_AUDIENCES, "GET"),
        ("/dmp/custom_audience/list/", listed, READ_AUDIENCES, "GET"),
        ("/dmp/custom_audience/delete/", deleted, WRITE_AUDIENCES, "POST"),
    ]


def shown(platform: TikTok, access: Access) -> Response:
    account = envelope.query("advertiser_id")
    must_reach(access, account)
    asked = envelope.query_list("custom_audience_ids", 100)
    found = [
        _with_history(platform, audience)
        for audience in map(platform.audiences.get, asked)
        if audience is not None and audience.account == account
    ]
    return envelope.answer({"list": found})


def listed(platform: TikTok, access: Access) -> Response:
    account = envelope.query("advertiser_id")
    must_reach(access, account)
    found = platform.audiences.of(account)
    found.sort(key=lambda one: one.facts["created"])
    if "custom_audience_ids" in request.args:
        asked = set(envelope.query_list("custom_audience_ids", 100))
        found = [one for one in found if one.id in asked]
    found.reverse()
    small = platform.faults.is_on("small_pages")
    return envelope.page(found, most=100, small=small, told=partial(_row, platform))


def deleted(platform: TikTok, access: Access) -> Response:
    body = envelope.json_body()
    account = envelope.text(body, "advertiser_id")
    must_write(access, account)
    asked = envelope.texts(body.get("custom_audience_ids"), "custom_audience_ids", 100)
    for audience in [must_be_of(platform, one, [account]) for one in asked]:
        platform.audiences.drop(audience.id)
    return envelope.answer({})


def is_processed(audience: Audience) -> bool:
    """Say whether what was sent last has been matched."""
    looks: int = audience.facts["reads"]
    return looks > LOOKS_TOO_EARLY


def _row(platform: TikTok, audience: Audience) -> dict[str, Any]:
    told = _told(platform, audience)
    told["audience_type"] = told.pop("type")
    return told | {"owner_id": audience.account}


def _told(platform: TikTok, audience: Audience) -> dict[str, Any]:
    """Tell of an audience. Whoever is told has looked, in a list as well as by its id."""
    facts = audience.facts
    facts["reads"] += 1
    failed = is_processed(audience) and platform.faults.is_on("match_fails")
    size = len(audience.members) if is_processed(audience) and not failed else 0
    lives = facts.get("retention_in_days", 365) * DAY
    return {
        "audience_id": audience.id,
        "name": audience.name,
        "type": facts["type"],
        "audience_sub_type": facts.get("audience_sub_type", "NORMAL"),
        "calculate_type": facts.get("calculate_type", "MULTIPLE_TYPES"),
        "cover_num": size,
        "is_valid": size >= TOO_FEW,
        "is_creator": True,
        "shared": False,
        "is_expiring": False,
        "is_auto_refresh": False,
        "msg": None,
        "error_msg": "The file could not be matched." if failed else None,
        "create_time": _time(facts["created"]),
        "expired_time": _time(facts["created"] + lives),
        "rule": "{}",
    }


def _with_history(platform: TikTok, audience: Audience) -> dict[str, Any]:
    created = {
        "opt_time": _time(audience.facts["created"]),
        "action": "create",
        "action_detail": "0",
        "msg": None,
        "editor": "open_api",
    }
    return {"audience_details": _told(platform, audience), "audience_history": [created]}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
