"""The people of a custom audience (sheet, section 5.2): taken whole or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.x import shapes
from sandbox.platforms.x.accounts import may_write
from sandbox.platforms.x.custom_audiences import existing
from sandbox.platforms.x.held import Held
from sandbox.platforms.x.people import Access
from sandbox.platforms.x.shapes import BadOperations, Refused

if TYPE_CHECKING:
    from sandbox.platforms.x import X

MOST_OPERATIONS = 2_500
MOST_BYTES = 5_000_000
# About thirteen months.
STAY = timedelta(days=396)
HASHED = ("email", "device_id", "handle", "twitter_id", "phone_number")
RAW = "partner_user_id"
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)

Person = list[bytes]


@dataclass
class Operation:
    """One operation, checked: `people` are the identifiers of each."""

    kind: str = ""
    people: list[Person] = field(default_factory=list)


def sent(platform: X, access: Access, account: str, audience: str) -> Response:
    may_write(access, account)
    found = existing(platform, account, audience)
    asked = _body()
    checked = [_checked(each, platform.clock.now()) for each in asked]
    errors = [[*wrong, *_refused(platform, operation)] for operation, wrong in checked]
    if platform.faults.is_on("operation_errors") or platform.faults.is_on("operation_errors_200"):
        errors = [[_error("INVALID_PARAMETER", "users[0].email", "invalid")] for _ in asked]
    if any(errors):
        raise BadOperations(errors)
    total = sum(len(operation.people) for operation, _ in checked)
    if platform.faults.take("count_mismatch"):
        return shapes.good({"success_count": max(0, total - 1), "total_count": total})
    with platform.audiences.lock:
        for operation, _ in checked:
            _apply(platform, found, operation)
        found.facts["changed_at"] = platform.clock.now()
    return shapes.good({"success_count": total, "total_count": total})


def _body() -> list[Any]:
    """Return the operations of a request that is good as a whole."""
    if request.mimetype != "application/json":
        raise shapes.invalid("Content-Type", "Expected application/json", request.mimetype)
    data = request.get_data()
    # Under which code these two come is not told.
    if len(data) > MOST_BYTES:
        raise shapes.invalid("body", f"The body may hold at most {MOST_BYTES} bytes")
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise shapes.invalid("body", "The body is not JSON") from None
    if not isinstance(body, list):
        # Reported: an object looks like an outage.
        raise Refused(500, "SERVER_ERROR", "Internal error")
    if not body:
        raise Refused(400, "MISSING_PARAMETER", "No operation was sent", parameter="body")
    if len(body) > MOST_OPERATIONS:
        raise shapes.invalid("body", f"The maximum batch size is {MOST_OPERATIONS}", len(body))
    return body


def _checked(asked: Any, now: float) -> tuple[Operation, list[dict[str, Any]]]:
    """Check one operation; return it and what is wrong with it."""
    operation, errors = Operation(), []
    asked = asked if isinstance(asked, dict) else {}
    operation.kind = str(asked.get("operation_type", ""))
    if operation.kind not in {"Update", "Delete"}:
        errors.append(_error("INVALID_PARAMETER", "operation_type", "Expected Update or Delete"))
    params = asked.get("params")
    users = params.get("users") if isinstance(params, dict) else None
    if not isinstance(params, dict) or not isinstance(users, list) or not users:
        return operation, [*errors, _error("MISSING_PARAMETER", "users", "users must be a list")]
    errors += _wrong_times(params, now)
    for number, user in enumerate(users):
        person = _person(user)
        if isinstance(person, str):
            errors.append(_error("INVALID_PARAMETER", f"users[{number}]", person))
        else:
            operation.people.append(person)
    return operation, errors


def _person(user: Any) -> Person | str:
    """Return a person's identifiers, or what is wrong with them."""
    if not isinstance(user, dict) or not user:
        return "a user must be an object with identifiers"
    person: Person = []
    for name, values in user.items():
        if name not in HASHED and name != RAW:
            return f"unknown key {name[:40]}"
        if not isinstance(values, list) or not values:
            return f"{name} must be a list"
        if not all(isinstance(value, str) and value for value in values):
            return f"{name} must hold text"
        if name == RAW:
            person += [value.encode() for value in values]
        elif all(map(_HASH.fullmatch, values)):
            person += map(bytes.fromhex, values)
        else:
            return f"{name} must hold SHA-256 in lower-case hexadecimal"
    return person


def _refused(platform: X, operation: Operation) -> list[dict[str, Any]]:
    """Return errors for the people whom the switch has X refuse, whatever the reason may be."""
    fault = platform.faults.take("refused_people")
    if fault is None:
        return []
    digits = str(fault.extra.get("digits", "0"))
    return [
        _error("INVALID_PARAMETER", f"users[{number}]", "not accepted")
        for number, person in enumerate(operation.people)
        if any(each.hex().startswith(digits) for each in person)
    ]


def _wrong_times(params: dict[str, Any], now: float) -> list[dict[str, Any]]:
    moments = {"effective_at": datetime.fromtimestamp(now, UTC)}
    moments["expires_at"] = moments["effective_at"] + STAY
    for name in moments:
        if name not in params:
            continue
        try:
            found = datetime.fromisoformat(str(params[name]))
        except ValueError:
            return [_error("INVALID_PARAMETER", name, f"Expected time for {name}")]
        moments[name] = found if found.tzinfo else found.replace(tzinfo=UTC)
    if moments["expires_at"] <= moments["effective_at"]:
        return [_error("INVALID_PARAMETER", "expires_at", "must be later than effective_at")]
    return []


def _apply(platform: X, audience: Audience, operation: Operation) -> None:
    """Hold what was sent; whoever is removed by one identifier is gone with all of them."""
    held: Held = audience.facts["held"]
    if operation.kind == "Update":
        for person in operation.people:
            held.add(person)
        platform.audiences.add(audience, (each for person in operation.people for each in person))
        return
    gone: set[bytes] = set()
    for person in operation.people:
        for each in person:
            gone |= held.remove(each)
    platform.audiences.remove(audience, gone)


def _error(code: str, parameter: str, message: str) -> dict[str, Any]:
    return {"code": code, "parameter": parameter, "message": message}


ROUTES = (("/accounts/<account>/custom_audiences/<audience>/users", sent, "POST"),)
