"""The file API: lists uploaded as files, appended, removed, replaced (sheet, section 3.3)."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.tiktok import envelope
from sandbox.platforms.tiktok.accounts import must_write
from sandbox.platforms.tiktok.custom_audiences import TOO_FEW, is_processed
from sandbox.platforms.tiktok.envelope import Refused
from sandbox.platforms.tiktok.people import Access
from sandbox.platforms.tiktok.segments import WRITE_AUDIENCES, must_be_of, new_audience

if TYPE_CHECKING:
    from sandbox.platforms.tiktok import TikTok

# Android's id is called GAID here, AAID in the Segment API. FIRST_NORMAL was withdrawn.
CALCULATE_TYPES = {
    "EMAIL_SHA256",
    "PHONE_SHA256",
    "FIRST_SHA256",
    "FIRST_MD5",
    "IDFA_SHA256",
    "IDFA_MD5",
    "GAID_SHA256",
    "GAID_MD5",
    "MULTIPLE_TYPES",
}
LARGEST_FILE = 50 * 1024 * 1024
LONGEST_NAME = 128
MOST_FILES = 49
# How columns and a header look in a file is not documented: whatever is a digest counts.
_DIGEST = re.compile(rb"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{32})(?![0-9a-fA-F])")


def routes(_platform: TikTok) -> list[tuple[Any, ...]]:
    """Return path, view, sufficient scopes and methods."""
    base = "/dmp/custom_audience"
    return [
        (f"{base}/file/upload/", uploaded, WRITE_AUDIENCES, "POST"),
        (f"{base}/create/", created, WRITE_AUDIENCES, "POST"),
        (f"{base}/update/", updated, WRITE_AUDIENCES, "POST"),
    ]


def uploaded(platform: TikTok, access: Access) -> Response:
    form = dict(request.form)
    account = envelope.text(form, "advertiser_id")
    must_write(access, account)
    if envelope.text(form, "calculate_type") not in CALCULATE_TYPES:
        raise Refused(40909, "The encryption type (`calculate_type`) is unsupported.")
    file = request.files.get("file")
    if file is None:
        raise Refused(40905, "The file does not exist.")
    if PurePosixPath(file.filename or "").suffix.lower() not in {".csv", ".txt"}:
        raise Refused(40908, "The file type is unsupported.")
    content = file.read()
    if not content:
        raise Refused(40906, "The file is empty.")
    if len(content) > LARGEST_FILE:
        raise Refused(40907, "The file is too large.")
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if envelope.text(form, "file_signature").lower() != digest:
        raise Refused(40900, "The signature does not match the file's.")
    path = f"{account}/{secrets.token_hex(16)}"
    found = {bytes.fromhex(each.decode()) for each in _DIGEST.findall(content)}
    platform.files[path] = (account, found)
    return envelope.answer({"file_path": path})


def created(platform: TikTok, access: Access) -> Response:
    body = envelope.json_body()
    account = envelope.text(body, "advertiser_id")
    must_write(access, account)
    name = _name(body)
    kind = envelope.text(body, "calculate_type")
    if kind not in CALCULATE_TYPES:
        raise Refused(40909, "The encryption type (`calculate_type`) is unsupported.")
    facts: dict[str, Any] = {"type": "Customer File Audience", "calculate_type": kind}
    if (days := body.get("retention_in_days")) is not None:
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= 365:
            raise Refused(40002, "retention_in_days: Must be between 1 and 365.")
        facts["retention_in_days"] = days
    members = _of_files(platform, account, body)
    _must_suffice(members)
    audience = new_audience(
        platform, account, name, {**facts, "audience_sub_type": _sub_type(body)}
    )
    platform.audiences.add(audience, members)
    return envelope.answer({"custom_audience_id": audience.id})


def updated(platform: TikTok, access: Access) -> Response:
    body = envelope.json_body()
    account = envelope.text(body, "advertiser_id")
    must_write(access, account)
    audience = must_be_of(platform, envelope.text(body, "custom_audience_id"), [account])
    if body.get("audience_sub_type") == "REACH_FREQUENCY":
        # Whatever else is asked for is ignored then.
        audience.facts["audience_sub_type"] = "REACH_FREQUENCY"
        return envelope.answer({})
    if "custom_audience_name" in body:
        audience.name = _name(body)
    if "file_paths" in body:
        _change(platform, audience, body)
    elif "custom_audience_name" not in body:
        raise Refused(40002, "Missing required field(s): file_paths.")
    return envelope.answer({})


def _change(platform: TikTok, audience: Audience, body: dict[str, Any]) -> None:
    """Append, remove or replace; without a word for it, everybody is replaced."""
    action = body.get("action", "REPLACE")
    if action not in ("APPEND", "REMOVE", "REPLACE"):
        raise Refused(40002, "action: Must be one of: APPEND, REMOVE, REPLACE.")
    if not is_processed(audience) or not audience.members:
        raise Refused(40002, "Audience is not editable, please check audience status")
    sent = _of_files(platform, audience.account, body)
    with platform.audiences.lock:
        after = {
            "APPEND": audience.members | sent,
            "REMOVE": audience.members - sent,
            "REPLACE": sent,
        }[action]
        _must_suffice(after)
        platform.audiences.remove(audience, audience.members - after)
        platform.audiences.add(audience, after)
        audience.facts["reads"] = 0


def _of_files(platform: TikTok, account: str, body: dict[str, Any]) -> set[bytes]:
    members: set[bytes] = set()
    if platform.faults.take("file_expired"):
        raise Refused(40910, "The file has expired.")
    for path in envelope.texts(body.get("file_paths"), "file_paths", MOST_FILES):
        owner, found = platform.files.get(path, ("", set()))
        if owner != account:
            raise Refused(40905, "The file does not exist.")
        members |= found
    return members


def _must_suffice(members: set[bytes]) -> None:
    if len(members) < TOO_FEW:
        raise Refused(40002, f"The audience must match at least {TOO_FEW} users.")


def _name(body: dict[str, Any]) -> str:
    name = envelope.text(body, "custom_audience_name")
    if len(name) > LONGEST_NAME:
        raise Refused(40002, f"custom_audience_name: Longer than {LONGEST_NAME}.")
    return name


def _sub_type(body: dict[str, Any]) -> str:
    kind = body.get("audience_sub_type", "NORMAL")
    if kind not in ("NORMAL", "REACH_FREQUENCY"):
        raise Refused(40002, "audience_sub_type: Must be one of: NORMAL, REACH_FREQUENCY.")
    return str(kind)
