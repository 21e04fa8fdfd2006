"""The Segment (streaming) API: audiences and who is mapped to them (sheet, section 3.1)."""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flask import Response

from sandbox.audiences import Audience
from sandbox.platforms.tiktok import envelope
from sandbox.platforms.tiktok.accounts import must_write
from sandbox.platforms.tiktok.envelope import Refused
from sandbox.platforms.tiktok.people import ACCOUNTS, Access

if TYPE_CHECKING:
    from sandbox.platforms.tiktok import TikTok

WRITE_AUDIENCES = (3, 31)
# How long an identifier of each type is.
SCHEMA = {
    "IDFA_MD5": 32,
    "AAID_MD5": 32,
    "IDFA_SHA256": 64,
    "AAID_SHA256": 64,
    "EMAIL_SHA256": 64,
    "PHONE_SHA256": 64,
}
# The official maximum is not known; this is the largest that a public client sends.
MOST_USERS = 10_000
LONGEST_NAME = 70
_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII)


def routes(_platform: TikTok) -> list[tuple[Any, ...]]:
    """Return path, view, sufficient scopes and methods."""
    return [
        ("/segment/audience/", segment, WRITE_AUDIENCES, "POST"),
        ("/segment/mapping/", mapping, WRITE_AUDIENCES, "POST"),
    ]


def segment(platform: TikTok, access: Access) -> Response:
    body = envelope.json_body()
    account = envelope.text(body, "advertiser_id")
    action = body.get("action", "create")
    if action not in ("create", "delete"):
        raise Refused(40002, "action: Must be one of: create, delete.")
    must_write(access, account)
    if action == "delete":
        audience = must_be_of(platform, envelope.text(body, "delete_audience_id"), [account])
        platform.audiences.drop(audience.id)
        return envelope.answer({"audience_id": audience.id})
    name = envelope.text(body, "custom_audience_name")
    if len(name) > LONGEST_NAME:
        name = f"{name[:67]}..."
    made = new_audience(platform, account, name, {"type": "Partner"})
    if platform.faults.take("partial"):
        return envelope.answer({"audience_id": made.id}, 20001, "Partially successful.")
    return envelope.answer({"audience_id": made.id})


def mapping(platform: TikTok, access: Access) -> Response:
    """Add or delete; nothing is changed unless everything in the request is right."""
    body = envelope.json_body()
    accounts = envelope.texts(body.get("advertiser_ids"), "advertiser_ids", 100)
    for account in accounts:
        must_write(access, account)
    if len({ACCOUNTS[account]["owner_bc_id"] for account in accounts}) > 1:
        raise Refused(40002, "advertiser_ids: All must belong to the same Business Center.")
    action = body.get("action", "add")
    if action not in ("add", "delete"):
        raise Refused(40002, "action: Must be one of: add, delete.")
    lengths = [SCHEMA[kind] for kind in _schema(body.get("id_schema"))]
    changes: dict[str, set[bytes]] = defaultdict(set)
    for identifier, audience_ids in _cells(body.get("batch_data"), lengths):
        for audience_id in audience_ids:
            changes[audience_id].add(identifier)
    targets = {one: must_be_of(platform, one, accounts) for one in changes}
    change = platform.audiences.add if action == "add" else platform.audiences.remove
    for audience_id, identifiers in changes.items():
        change(targets[audience_id], identifiers)
        targets[audience_id].facts["reads"] = 0
    if platform.faults.take("partial"):
        return envelope.answer({}, 20001, "Partially successful.")
    return envelope.answer({})


def _schema(found: Any) -> list[str]:
    named = [each.upper() for each in envelope.texts(found, "id_schema", len(SCHEMA))]
    for each in named:
        if each not in SCHEMA:
            raise Refused(40002, f"id_schema: Must be one of: {', '.join(SCHEMA)}.")
    if len(set(named)) != len(named):
        raise Refused(40002, "id_schema: Duplicate values are not allowed.")
    return named


def _cells(users: Any, lengths: list[int]) -> Iterator[tuple[bytes, list[str]]]:
    """Yield each identifier with its audiences; an empty object stands for a missing one."""
    if not isinstance(users, list) or not users:
        raise Refused(40002, "batch_data: Not a valid list")
    if len(users) > MOST_USERS:
        raise Refused(40011, f"batch_data: at most {MOST_USERS} users in one request")
    for number, user in enumerate(users):
        if not isinstance(user, list) or len(user) != len(lengths):
            raise Refused(40002, f"batch_data.{number}: Length must be that of id_schema.")
        for place, (cell, length) in enumerate(zip(user, lengths, strict=True)):
            where = f"batch_data.{number}.{place}"
            if not isinstance(cell, dict):
                raise Refused(40002, f"{where}: Not a valid object")
            if cell:
                yield _identifier(cell.get("id"), length, where), _audiences(cell, where)


def _identifier(found: Any, length: int, where: str) -> bytes:
    if not isinstance(found, str) or len(found) != length or not _HEX.fullmatch(found):
        raise Refused(40002, f"{where}.id: Must be {length} hexadecimal digits.")
    return bytes.fromhex(found)


def _audiences(cell: dict[str, Any], where: str) -> list[str]:
    return envelope.texts(cell.get("audience_ids"), f"{where}.audience_ids", 100)


def must_be_of(platform: TikTok, audience_id: str, accounts: list[str]) -> Audience:
    """Return an audience of one of these ad accounts, or refuse."""
    audience = platform.audiences.get(audience_id)
    if audience is None or audience.account not in accounts:
        raise Refused(40002, f"Audience {audience_id} does not belong to the advertiser.")
    return audience


def new_audience(platform: TikTok, account: str, name: str, facts: dict[str, Any]) -> Audience:
    told = {"created": platform.clock.now(), "changed": platform.clock.now(), "reads": 0}
    audience_id = str(10**18 + secrets.randbelow(9 * 10**17))
    return platform.audiences.put(Audience(audience_id, account, name, {**told, **facts}))
