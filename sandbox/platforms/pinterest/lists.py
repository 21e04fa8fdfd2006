"""Customer lists, which hold people, and audiences, which advertisers target (sheet, section 5)."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.pinterest import shapes
from sandbox.platforms.pinterest.people import Access
from sandbox.platforms.pinterest.shapes import Malformed, NotPermitted, Refused

if TYPE_CHECKING:
    from sandbox.platforms.pinterest import Pinterest

LIST_TYPES = {"EMAIL", "IDFA", "MAID", "LR_ID", "DLX_ID", "HASHED_PINNER_ID"}
AUDIENCE_TYPES = {"CUSTOMER_LIST", "VISITOR", "ENGAGEMENT", "ACTALIKE", "PERSONA"}
TOO_FEW = 100
# How long matching takes, by the emulated clock.
MATCHING_SECONDS = 60
# MD5, SHA-1 or SHA-256, in lower case.
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Shelf:
    """What is kept beside the lists: audiences that advertisers target, and the next ids."""

    def __init__(self) -> None:
        self.audiences: dict[str, dict[str, Any]] = {}
        # Higher ids are newer.
        self.list_ids = itertools.count(2_680_060_000_001)
        self.audience_ids = itertools.count(2_542_620_000_001)


def routes(platform: Pinterest) -> list[tuple[Any, ...]]:
    """Return the routes below /v5/ad_accounts/<account>, each with the scope that it needs."""
    lists, one_list = "/customer_lists", "/customer_lists/<list_id>"
    audiences, audience = "/audiences", "/audiences/<audience_id>"
    return [
        (lists, partial(listed, platform), "ads:read", "GET"),
        (lists, partial(created, platform), "ads:write", "POST"),
        (one_list, partial(shown, platform), "ads:read", "GET"),
        (one_list, partial(changed, platform), "ads:write", "PATCH"),
        (audiences, partial(audiences_listed, platform), "ads:read", "GET"),
        (audiences, partial(audience_created, platform), "ads:write", "POST"),
        (audience, partial(audience_shown, platform), "ads:read", "GET"),
        (audience, partial(audience_changed, platform), "ads:write", "PATCH"),
    ]


# Customer lists


def listed(platform: Pinterest, account: str) -> Response:
    found = [_list(platform, each) for each in platform.audiences.of(account)]
    return _page(platform, found)


def created(platform: Pinterest, account: str) -> Response:
    body = shapes.read_object()
    name, kind = body.get("name"), body.get("list_type", "EMAIL")
    if not isinstance(name, str) or not name.strip():
        raise Malformed("name is required.")
    if not isinstance(kind, str) or kind not in LIST_TYPES:
        raise Malformed("list_type is not one of the allowed values.")
    records = _records(platform, body)
    now = int(platform.clock.now())
    facts = {"type": kind, "created": now, "updated": now, "uploaded": 0, "removed": 0, "calls": 0}
    made = Audience(str(next(platform.shelf.list_ids)), account, name, facts)
    platform.audiences.put(made)
    _change(platform, made, "ADD", records)
    return shapes.json_answer(_list(platform, made))


def shown(platform: Pinterest, account: str, list_id: str) -> Response:
    return shapes.json_answer(_list(platform, _find(platform, account, list_id)))


def changed(platform: Pinterest, account: str, list_id: str) -> Response:
    found = _find(platform, account, list_id)
    body = shapes.read_object()
    operation = body.get("operation_type")
    if not isinstance(operation, str) or operation not in {"ADD", "REMOVE"}:
        raise Malformed("operation_type must be ADD or REMOVE.")
    _change(platform, found, operation, _records(platform, body))
    return shapes.json_answer(_list(platform, found))


def _records(platform: Pinterest, body: dict[str, Any]) -> list[str]:
    """Return the records of one comma-separated text. The vendor's own example ends in a comma."""
    text = body.get("records")
    if not isinstance(text, str) or not text.strip(", "):
        raise Malformed("records must be a non-empty string.")
    records = [record for record in text.split(",") if record]
    # No maximum is published, nor what happens beyond it.
    for fault in platform.faults.on():
        if fault.kind == "largest_call" and len(records) > int(fault.extra.get("records", 5000)):
            raise Refused(int(fault.extra.get("status", 413)), 1, "The request is too large.")
    return records


def _change(platform: Pinterest, found: Audience, operation: str, records: list[str]) -> None:
    """Add or remove. Counters grow by what was sent, members by what was not there yet."""
    with platform.audiences.lock:
        if operation == "ADD":
            platform.audiences.add(found, _members(records))
            found.facts["uploaded"] += len(records)
        else:
            platform.audiences.remove(found, _members(records))
            found.facts["removed"] += len(records)
        found.facts["calls"] += 1
        found.facts["updated"] = int(platform.clock.now())


def _members(records: list[str]) -> Iterator[bytes]:
    """Yield what matching could use: hashes, and e-mail addresses in the clear."""
    for record in records:
        if _HASH.fullmatch(record):
            yield bytes.fromhex(record)
        elif _EMAIL.fullmatch(record):
            yield hashlib.sha256(record.encode()).digest()


def _state(platform: Pinterest, found: Audience) -> str:
    if platform.clock.now() < found.facts["updated"] + MATCHING_SECONDS:
        return "PROCESSING"
    return "READY" if len(found.members) >= TOO_FEW else "TOO_SMALL"


def _list(platform: Pinterest, found: Audience) -> dict[str, Any]:
    facts = found.facts
    return {
        "ad_account_id": found.account,
        "created_time": facts["created"],
        "exceptions": {},
        "id": found.id,
        "name": found.name,
        "num_batches": facts["calls"],
        "num_removed_user_records": facts["removed"],
        "num_uploaded_user_records": facts["uploaded"],
        "status": _state(platform, found),
        "type": "customerlist",
        "updated_time": facts["updated"],
    }


def _find(platform: Pinterest, account: str, list_id: str) -> Audience:
    found = platform.audiences.get(list_id)
    if found is None or found.account != account:
        raise Refused(404, 40, "Customer list not found.")
    return found


# Audiences


def audiences_listed(platform: Pinterest, account: str) -> Response:
    owned = request.args.get("ownership_type", "OWNED")
    if owned not in {"OWNED", "RECEIVED"}:
        raise Malformed("Invalid ad account audience parameters.")
    mine = [each for each in platform.shelf.audiences.values() if each["ad_account_id"] == account]
    return _page(platform, [_audience(platform, each) for each in mine if owned == "OWNED"])


def audience_created(platform: Pinterest, account: str) -> Response:
    body = shapes.read_object()
    _check_audience(body)
    _check_rule(platform, account, body)
    now = int(platform.clock.now())
    made = {
        "ad_account_id": account,
        "id": str(next(platform.shelf.audience_ids)),
        "name": body["name"],
        "audience_type": body["audience_type"],
        "description": body.get("description"),
        "rule": body["rule"],
        "type": "audience",
        "created_timestamp": now,
        "updated_timestamp": now,
        "created_by_company_name": None,
    }
    platform.shelf.audiences[made["id"]] = made
    return shapes.json_answer(_audience(platform, made))


def audience_shown(platform: Pinterest, account: str, audience_id: str) -> Response:
    return shapes.json_answer(_audience(platform, _find_audience(platform, account, audience_id)))


def audience_changed(platform: Pinterest, account: str, audience_id: str) -> Response:
    found = _find_audience(platform, account, audience_id)
    body = shapes.read_object()
    operation = body.get("operation_type", "UPDATE")
    if operation == "REMOVE":
        return shapes.json_answer(_audience(platform, platform.shelf.audiences.pop(found["id"])))
    if operation != "UPDATE":
        raise Malformed("operation_type must be UPDATE or REMOVE.")
    wished = found | {each: body[each] for each in ("name", "description", "rule") if each in body}
    _check_audience(wished)
    if "rule" in body:
        _check_rule(platform, account, wished)
    found |= wished
    found["updated_timestamp"] = int(platform.clock.now())
    return shapes.json_answer(_audience(platform, found))


def _check_audience(wished: dict[str, Any]) -> None:
    """Check what may be said of an audience, new or not."""
    name, kind, rule = wished.get("name"), wished.get("audience_type"), wished.get("rule")
    if not isinstance(name, str) or not name.strip():
        raise Malformed("name is required.")
    if not isinstance(kind, str) or kind not in AUDIENCE_TYPES:
        raise Malformed("audience_type is not one of the allowed values.")
    if not isinstance(wished.get("description"), str | None):
        raise Malformed("description must be a string.")
    if not isinstance(rule, dict):
        raise Malformed("rule is required.")


def _check_rule(platform: Pinterest, account: str, wished: dict[str, Any]) -> None:
    """Check that the rule names a list; whether it must be matched already is not confirmed."""
    if wished["audience_type"] != "CUSTOMER_LIST":
        return
    list_id = wished["rule"].get("customer_list_id")
    found = platform.audiences.get(list_id) if isinstance(list_id, str) else None
    if found is None or found.account != account:
        raise Malformed("rule.customer_list_id is not a customer list of this ad account.")
    if platform.faults.is_on("audience_needs_ready") and _state(platform, found) != "READY":
        raise Malformed("The customer list is too small or still being processed.")


def _audience(platform: Pinterest, kept: dict[str, Any]) -> dict[str, Any]:
    found = platform.audiences.get(str(kept["rule"].get("customer_list_id", "")))
    state = "INITIALIZING" if found is None else _state(platform, found)
    matched = len(found.members) if found is not None and state != "PROCESSING" else None
    return kept | {
        "size": matched,
        "status": "INITIALIZING" if state == "PROCESSING" else state,
    }


def _find_audience(platform: Pinterest, account: str, audience_id: str) -> dict[str, Any]:
    found = platform.shelf.audiences.get(audience_id)
    if found is None or found["ad_account_id"] != account:
        raise Refused(404, 40, "Audience not found.")
    return found


# Both


def check_account(platform: Pinterest, access: Access, account: str, *, writes: bool) -> None:
    """Refuse whoever may not do this in this ad account, before anything else is looked at."""
    if account not in access.accounts():
        raise NotPermitted
    if platform.faults.is_on("archived", account):
        raise Refused(403, 2625, "The ad account is archived.")
    if writes and not access.may_write(account):
        raise NotPermitted
    if writes and platform.faults.is_on("trial_refused"):
        raise Refused(
            403,
            29,
            "You are not permitted to access that resource.",
            message_detail="Apps with Trial access may not create in production. "
            "Use https://api-sandbox.pinterest.com instead.",
        )


def _page(platform: Pinterest, items: list[dict[str, Any]]) -> Response:
    order = request.args.get("order", "DESCENDING")
    if order not in {"ASCENDING", "DESCENDING"}:
        raise Malformed("order must be ASCENDING or DESCENDING.")
    items.sort(key=lambda each: int(each["id"]), reverse=order == "DESCENDING")
    return shapes.page(items, shortest=platform.faults.is_on("small_pages"))
