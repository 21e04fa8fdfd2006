"""Segments and their users (sheet, section 5)."""

from __future__ import annotations

import re
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.snapchat import envelope
from sandbox.platforms.snapchat.envelope import NoPermission, Refused
from sandbox.platforms.snapchat.people import ACCOUNTS, Access

if TYPE_CHECKING:
    from sandbox.platforms.snapchat import Snapchat

SCHEMAS = {"EMAIL_SHA256", "PHONE_SHA256", "MOBILE_AD_ID_SHA256"}
MOST_ROWS = 100_000
TOO_FEW = 1_000
# For as long as the segment lives.
LIFETIME = 9999
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


def routes(platform: Snapchat) -> list[tuple[Any, ...]]:
    """Return the routes of segments below /v1."""
    return [
        ("/adaccounts/<account>/segments", partial(listed, platform), "GET"),
        ("/adaccounts/<account>/segments", partial(created, platform), "POST"),
        ("/adaccounts/<account>/segments", partial(changed, platform), "PUT"),
        ("/segments/<segment>", partial(shown, platform), "GET"),
        ("/segments/<segment>", partial(deleted, platform), "DELETE"),
        ("/segments/<segment>/users", partial(users, platform), "POST", "DELETE"),
        ("/segments/<segment>/all_users", partial(cleared, platform), "DELETE"),
    ]


def listed(platform: Snapchat, access: Access, account: str) -> Response:
    if not access.reaches(account):
        raise NoPermission
    found = sorted(platform.audiences.of(account), key=lambda each: each.id)
    return platform.page("segments", [_item(platform, each) for each in found])


def created(platform: Snapchat, access: Access, account: str) -> Response:
    _may_write(access, account)
    wished = _items(_body(), "segments")
    if platform.faults.take("error_in_200"):
        return envelope.error_in_200("segments")
    for each in wished:
        _check(each)
        if "name" not in each:
            raise Refused(400, "E2025", "name is missing")
        if each.get("ad_account_id", account) != account:
            raise Refused(400, "E2025", "ad_account_id differs from the address")
        if each.get("source_type", "FIRST_PARTY") != "FIRST_PARTY":
            raise Refused(400, "E2025", "source_type must be FIRST_PARTY")
    made = [platform.audiences.put(_new(platform, account, each)) for each in wished]
    return platform.good({"segments": [_item(platform, each) for each in made]})


def changed(platform: Snapchat, access: Access, account: str) -> Response:
    _may_write(access, account)
    answered = []
    for each in _items(_body(), "segments"):
        _check(each)
        audience = _segment(platform, access, str(each.get("id", "")))
        if audience.account != account:
            raise NotFound
        _check_immutable(each, account)
        audience.name = each.get("name", audience.name)
        for field in ("description", "retention_in_days"):
            audience.facts[field] = each.get(field, audience.facts[field])
        audience.facts["updated_at"] = platform.clock.text()
        answered.append(_item(platform, audience))
    return platform.good({"segments": answered})


def shown(platform: Snapchat, access: Access, segment: str) -> Response:
    audience = _segment(platform, access, segment)
    # Processing takes a while: the second look finds it done.
    audience.facts["reads"] += 1
    return platform.good({"segments": [_item(platform, audience)]})


def deleted(platform: Snapchat, access: Access, segment: str) -> Response:
    audience = _segment(platform, access, segment)
    _may_write(access, audience.account)
    platform.audiences.drop(audience.id)
    return platform.good({"segments": []})


def users(platform: Snapchat, access: Access, segment: str) -> Response:
    audience = _segment(platform, access, segment)
    _may_write(access, audience.account)
    items = _items(_body(), "users")
    if len(items) != 1:
        raise Refused(400, "E2025", "users must hold one object: one identifier type a request")
    sent = _identifiers(items[0])
    if platform.faults.take("error_in_200"):
        return envelope.error_in_200("users")
    cleared_before = audience.facts.pop("cleared", False)
    if cleared_before and platform.faults.take("fail_after_clear"):
        audience.facts["cleared"] = True
        return platform.failed()
    change = platform.audiences.add if request.method == "POST" else platform.audiences.remove
    change(audience, sent)
    audience.facts["reads"] = 0
    user = {"number_uploaded_users": len(sent)}
    return platform.good({"users": [{"sub_request_status": platform.word(), "user": user}]})


def cleared(platform: Snapchat, access: Access, segment: str) -> Response:
    audience = _segment(platform, access, segment)
    _may_write(access, audience.account)
    platform.audiences.clear(audience)
    audience.facts |= {"cleared": True, "reads": 0}
    return platform.good({"segments": [_item(platform, audience)]})


class NotFound(Refused):
    """The segment is gone, or hidden from the caller."""

    def __init__(self) -> None:
        super().__init__(404, "E3003", "Resource can not be found")


def _check(wished: dict[str, Any]) -> None:
    """Check what may be said of a segment, new or not."""
    name, days = wished.get("name", "-"), wished.get("retention_in_days", LIFETIME)
    if not isinstance(name, str) or not 1 <= len(name) <= 375:
        raise Refused(400, "E2025", "name must have 1 to 375 characters")
    if not isinstance(days, int) or not 1 <= days <= LIFETIME:
        raise Refused(400, "E2025", f"retention_in_days must be 1 to {LIFETIME}")
    if not isinstance(wished.get("description", ""), str):
        raise Refused(400, "E2025", "description must be a text")


def _check_immutable(wished: dict[str, Any], account: str) -> None:
    """Refuse to change what is fixed at creation; to repeat it is no change."""
    for field, fixed in (("source_type", "FIRST_PARTY"), ("ad_account_id", account)):
        if wished.get(field, fixed) != fixed:
            raise Refused(400, "E2023", f"{field} is an immutable field")


def _new(platform: Snapchat, account: str, wished: dict[str, Any]) -> Audience:
    facts = {
        "description": wished.get("description", ""),
        "retention_in_days": wished.get("retention_in_days", LIFETIME),
        "created_at": platform.clock.text(),
        "updated_at": platform.clock.text(),
        "reads": 0,
    }
    # A long string of digits, as the platform's are.
    return Audience(str(uuid.uuid4().int)[:16], account, wished["name"], facts)


def _identifiers(sent: dict[str, Any]) -> list[bytes]:
    """Check one users object and return the digests in it."""
    schema, data = sent.get("schema"), sent.get("data")
    # Compared one by one: whatever JSON holds may stand here, and not all of it has a hash.
    if not isinstance(schema, list) or schema not in [[each] for each in SCHEMAS]:
        raise Refused(400, "E2025", "schema must name exactly one identifier type")
    if not isinstance(data, list) or not data:
        raise Refused(400, "E2025", "data must be a list of rows")
    if len(data) > MOST_ROWS:
        raise Refused(400, "E2025", f"At most {MOST_ROWS} identifiers in one request")
    digests = []
    for row in data:
        if not isinstance(row, list) or len(row) != 1:
            raise Refused(400, "E2025", "each row must hold one value")
        if not isinstance(row[0], str) or not _HASH.fullmatch(row[0]):
            raise Refused(400, "E2025", "each value must be a SHA-256 digest in lower case")
        digests.append(bytes.fromhex(row[0]))
    return digests


def _item(platform: Snapchat, audience: Audience) -> dict[str, Any]:
    facts, size = audience.facts, len(audience.members)
    processed = facts["reads"] > 1
    upload = "NO_UPLOAD" if not audience.requests else "COMPLETE" if processed else "PROCESSING"
    targetable = "NOT_READY" if not processed else "TOO_FEW_USERS" if size < TOO_FEW else "READY"
    return {
        "sub_request_status": platform.word(),
        "segment": {
            "id": audience.id,
            "name": audience.name,
            "ad_account_id": audience.account,
            "organization_id": ACCOUNTS[audience.account]["organization_id"],
            "description": facts["description"],
            "status": "ACTIVE" if processed else "PENDING",
            "source_type": "FIRST_PARTY",
            "retention_in_days": facts["retention_in_days"],
            "approximate_number_users": size if processed else 0,
            "upload_status": upload,
            "targetable_status": targetable,
            "created_at": facts["created_at"],
            "updated_at": facts["updated_at"],
        },
    }


def _segment(platform: Snapchat, access: Access, segment: str) -> Audience:
    audience = platform.audiences.get(segment)
    if audience is None or not access.reaches(audience.account):
        raise NotFound
    return audience


def _may_write(access: Access, account: str) -> None:
    if not access.may_write(account):
        raise NoPermission


def _body() -> dict[str, Any]:
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        raise Refused(400, "E1000", "The request has no JSON body") from None
    if not isinstance(body, dict):
        raise Refused(400, "E1000", "The body must be an object")
    return body


def _items(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = body.get(name)
    if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
        raise Refused(400, "E1000", f"{name} must be a list of objects")
    return items
