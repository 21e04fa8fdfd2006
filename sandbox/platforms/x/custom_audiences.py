"""Custom audiences, without the people in them (sheet, section 5.1)."""

from __future__ import annotations

import itertools
import string
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.x import lists, shapes
from sandbox.platforms.x.accounts import may_write, reach
from sandbox.platforms.x.held import Held
from sandbox.platforms.x.people import Access
from sandbox.platforms.x.shapes import Refused

if TYPE_CHECKING:
    from sandbox.platforms.x import X

# Matched users; here every identifier held is one.
TOO_SMALL = 100
# Hours at the platform.
MATCHED_AFTER = 5.0
# Reported to break the creation of an audience.
BREAKING = set("+&,%:;@/=?$")

_numbers = itertools.count(3_640_000)


def listed(platform: X, access: Access, account: str) -> Response:
    reach(access, account)
    scope = request.args.get("permission_scope", "OWNER")
    if scope not in {"OWNER", "SHARED"}:
        raise shapes.invalid("permission_scope", "Expected OWNER or SHARED", scope)
    wanted = lists.ids("custom_audience_ids", 200)
    # Nobody shares an audience here.
    found = [] if scope == "SHARED" else platform.audiences.of(account)
    if lists.flag("with_deleted"):
        found = found + [each for each in platform.deleted.values() if each.account == account]
    asked = [each for each in found if wanted is None or each.id in wanted]
    return lists.page(platform, [told(platform, each) for each in asked if lists.begins(each.name)])


def created(platform: X, access: Access, account: str) -> Response:
    may_write(access, account)
    name = _name(platform, account, "")
    now = moment(platform)
    facts: dict[str, Any] = {
        "description": request.args.get("description") or None,
        "created_at": now,
        "updated_at": now,
        "changed_at": platform.clock.now(),
        "held": Held(),
    }
    audience = platform.audiences.put(Audience(_new_id(), account, name, facts))
    return shapes.good(told(platform, audience))


def shown(platform: X, access: Access, account: str, audience: str) -> Response:
    reach(access, account)
    if lists.flag("with_deleted") and audience in platform.deleted:
        return shapes.good(told(platform, platform.deleted[audience]))
    return shapes.good(told(platform, existing(platform, account, audience)))


def changed(platform: X, access: Access, account: str, audience: str) -> Response:
    may_write(access, account)
    found = existing(platform, account, audience)
    if "name" in request.args:
        found.name = _name(platform, account, found.id)
    if "description" in request.args:
        found.facts["description"] = request.args["description"]
    found.facts["updated_at"] = moment(platform)
    return shapes.good(told(platform, found))


def deleted(platform: X, access: Access, account: str, audience: str) -> Response:
    may_write(access, account)
    found = existing(platform, account, audience)
    platform.audiences.drop(found.id)
    platform.deleted[found.id] = found
    found.facts["updated_at"] = moment(platform)
    return shapes.good(told(platform, found))


def existing(platform: X, account: str, audience_id: str) -> Audience:
    found = platform.audiences.get(audience_id)
    if found is None or found.account != account:
        raise Refused(404, "NOT_FOUND", f"Custom Audience {audience_id} was not found")
    return found


def told(platform: X, audience: Audience) -> dict[str, Any]:
    facts, size = audience.facts, len(audience.members)
    is_matched = platform.clock.now() - facts["changed_at"] >= MATCHED_AFTER
    reasons = [] if is_matched else ["PROCESSING"]
    if size < TOO_SMALL or (not is_matched and audience.requests == 0):
        reasons.append("TOO_SMALL")
    return {
        "targetable": not reasons,
        "name": audience.name,
        "targetable_types": ["CRM", "EXCLUDED_CRM"],
        "audience_type": "CRM",
        "description": facts["description"],
        "permission_level": "READ_WRITE",
        "owner_account_id": audience.account,
        "id": audience.id,
        "reasons_not_targetable": reasons,
        "created_at": facts["created_at"],
        "updated_at": facts["updated_at"],
        "partner_source": "OTHER",
        "deleted": audience.id in platform.deleted,
        "audience_size": size if is_matched and audience.requests else None,
    }


def moment(platform: X) -> str:
    return datetime.fromtimestamp(platform.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _name(platform: X, account: str, own_id: str) -> str:
    name = request.args.get("name", "").strip()
    if not name:
        raise Refused(400, "MISSING_PARAMETER", '"name" is a required parameter', parameter="name")
    if BREAKING & set(name):
        raise Refused(400, "ILLEGAL_CHARACTERS", "name holds characters that are not allowed")
    # Which error a name gets that is taken is not told.
    if any(each.name == name and each.id != own_id for each in platform.audiences.of(account)):
        raise shapes.invalid("name", "An audience of this name exists already", name)
    return name


def _new_id() -> str:
    digits, number = string.digits + string.ascii_lowercase, next(_numbers)
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text


_LIST = "/accounts/<account>/custom_audiences"
ROUTES = (
    (_LIST, listed, "GET"),
    (_LIST, created, "POST"),
    (f"{_LIST}/<audience>", shown, "GET"),
    (f"{_LIST}/<audience>", changed, "PUT"),
    (f"{_LIST}/<audience>", deleted, "DELETE"),
)
