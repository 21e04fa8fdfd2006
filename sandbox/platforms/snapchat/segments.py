"""Segments and their users (sheet, section 5)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.snapchat.people import ACCOUNTS, Access

if TYPE_CHECKING:
    from sandbox.platforms.snapchat import Snapchat

SCHEMAS = {"EMAIL_SHA256", "PHONE_SHA256", "MOBILE_AD_ID_SHA256"}
MOST_ROWS = 100_000
TOO_FEW = 1_000
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Refused(Exception):
    """A request that the platform answers with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def routes(platform: Snapchat) -> list[tuple[Any, ...]]:
    """Return the routes of segments below /v1."""

    def guarded(view: Callable[..., Response]) -> Callable[..., Response]:
        def call(**arguments: str) -> Response:
            access = platform.access()
            if isinstance(access, Response):
                return access
            try:
                return view(platform, access, **arguments)
            except Refused as refused:
                return platform.bad(refused.status, refused.code, refused.message)

        return call

    return [
        ("/adaccounts/<account>/segments", guarded(listed), "GET"),
        ("/adaccounts/<account>/segments", guarded(created), "POST"),
        ("/adaccounts/<account>/segments", guarded(changed), "PUT"),
        ("/segments/<segment>", guarded(shown), "GET"),
        ("/segments/<segment>", guarded(deleted), "DELETE"),
        ("/segments/<segment>/users", guarded(users), "POST", "DELETE"),
        ("/segments/<segment>/all_users", guarded(cleared), "DELETE"),
    ]


def listed(platform: Snapchat, access: Access, account: str) -> Response:
    if not access.reaches(account):
        raise Refused(403, "E3002", "Caller does not have permission")
    found = sorted(platform.audiences.of(account), key=lambda each: each.id)
    return platform.page("segments", [_item(platform, each) for each in found])


def created(platform: Snapchat, access: Access, account: str) -> Response:
    _may_write(access, account)
    wished = _items(_body(), "segments")
    if platform.faults.take("error_in_200"):
        return _error_in_200(platform, "segments")
    made = []
    for each in wished:
        name = each.get("name")
        if not isinstance(name, str) or not 1 <= len(name) <= 375:
            raise Refused(400, "E2025", "name must have 1 to 375 characters")
        if each.get("ad_account_id", account) != account:
            raise Refused(400, "E2025", "ad_account_id differs from the address")
        if each.get("source_type", "FIRST_PARTY") != "FIRST_PARTY":
            raise Refused(400, "E2025", "source_type")
        now = platform.clock.text()
        facts = {
            "description": each.get("description", ""),
            "retention_in_days": int(each.get("retention_in_days", 9999)),
            "created_at": now,
            "updated_at": now,
            "reads": 0,
        }
        # A long string of digits, as the platform's are.
        audience = Audience(str(uuid.uuid4().int)[:16], account, name, facts)
        made.append(_item(platform, platform.audiences.put(audience)))
    return platform.good({"segments": made})


def changed(platform: Snapchat, access: Access, account: str) -> Response:
    _may_write(access, account)
    answered = []
    for each in _items(_body(), "segments"):
        audience = _segment(platform, access, str(each.get("id", "")))
        audience.name = str(each.get("name", audience.name))
        for field in ("description", "retention_in_days"):
            audience.facts[field] = each.get(field, audience.facts[field])
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
    sent: list[bytes] = []
    for each in _items(_body(), "users"):
        sent += _identifiers(each)
    if len(sent) > MOST_ROWS:
        raise Refused(400, "E2025", f"At most {MOST_ROWS} identifiers in one request")
    if platform.faults.take("error_in_200"):
        return _error_in_200(platform, "users")
    cleared_before = audience.facts.pop("cleared", False)
    if cleared_before and platform.faults.take("fail_after_clear"):
        audience.facts["cleared"] = True
        return platform.failed()
    change = platform.audiences.add if request.method == "POST" else platform.audiences.remove
    change(audience, sent)
    audience.facts["reads"] = 0
    return platform.good(
        {
            "users": [
                {
                    "sub_request_status": platform.word(),
                    "user": {"number_uploaded_users": len(sent)},
                }
            ]
        }
    )


def cleared(platform: Snapchat, access: Access, segment: str) -> Response:
    audience = _segment(platform, access, segment)
    _may_write(access, audience.account)
    with platform.audiences.lock:
        audience.members.clear()
    audience.facts["cleared"] = True
    return platform.good({"segments": [_item(platform, audience)]})


def _identifiers(sent: dict[str, Any]) -> list[bytes]:
    """Check one users object and return the digests in it."""
    schema, data = sent.get("schema"), sent.get("data")
    if not isinstance(schema, list) or len(schema) != 1 or schema[0] not in SCHEMAS:
        raise Refused(400, "E2025", "schema must name exactly one identifier type")
    if not isinstance(data, list) or not data:
        raise Refused(400, "E2025", "data must be a list of rows")
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
        raise Refused(404, "E3003", "Resource can not be found")
    return audience


def _may_write(access: Access, account: str) -> None:
    if not access.may_write(account):
        raise Refused(403, "E3002", "Caller does not have permission")


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


def _error_in_200(platform: Snapchat, name: str) -> Response:
    reason = (
        "Error code: E3004, message: Entity does not exist or you do not have permission to "
        "access it"
    )
    item = {"sub_request_status": "ERROR", "sub_request_error_reason": reason}
    answer = platform.good({name: [item]})
    answer.set_data(answer.get_data().replace(b'"SUCCESS"', b'"ERROR"', 1))
    return answer


def new_id() -> str:
    return str(uuid.uuid4())
