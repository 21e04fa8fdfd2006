"""The older Data Provider API, which other senders still use (sheet, section 4.1)."""

from __future__ import annotations

import random
import re
import uuid
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.audiences import Audience
from sandbox.platforms.amazon_ads import metadata, shapes
from sandbox.platforms.amazon_ads.people import Access
from sandbox.platforms.amazon_ads.shapes import NoScope, Refused, answer

if TYPE_CHECKING:
    from sandbox.platforms.amazon_ads import AmazonAds

LARGEST = 5 * 1024 * 1024
# The guide says 1 MB, the description 6 MB and 2,000 patches: not confirmed.
LARGEST_PATCH, MOST_PATCHES = 6 * 1024 * 1024, 2_000
SMALL_PATCH = 1024 * 1024
# Of a deletion.
LARGEST_DELETION, MOST_USERS = 1024 * 1024, 1_000
COLUMNS = {
    "email",
    "phone",
    "firstName",
    "lastName",
    "address",
    "city",
    "state",
    "postalCode",
}
_PATH = re.compile(r"/(?:COOKIE|MAID|EXTERNAL_USER_ID)-(.+)/audiences")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_KINDS = ("COOKIE", "MAID", "EXTERNAL_USER_ID")


class _Wrong(Refused):
    def __init__(self, status: int, kind: str, field: str, message: str) -> None:
        problem = {"errorType": kind, "fieldName": field, "message": message}
        error = {"httpStatusCode": status, "description": message, "errors": [problem]}
        super().__init__(status, message, {"requestId": shapes.a_request_id(), "error": error})


def routes(platform: AmazonAds) -> list[tuple[Any, ...]]:
    """Return path, view and methods."""
    return [
        ("/dp/records/hashed/", partial(hashed, platform), "POST"),
        ("/v2/dp/audiencemetadata/", partial(created, platform), "POST"),
        ("/v2/dp/audience", partial(patched, platform), "PATCH"),
        ("/v2/dp/users", partial(forgotten, platform), "PATCH"),
    ]


def hashed(platform: AmazonAds, access: Access) -> Response:
    """Keep what is known of people; they are in no audience yet."""
    if len(request.get_data()) > LARGEST:
        raise _Wrong(413, "INPUT_TOO_LARGE", "records", "The body is larger than 5 MB")
    records = shapes.sent().get("records")
    if not isinstance(records, list) or not records:
        raise _invalid("records", "records must be a list")
    known = {}
    for record in records:
        if not isinstance(record, dict) or not isinstance(record.get("externalId"), str):
            raise _invalid("externalId", "externalId is missing")
        rows = record.get("hashedRecords")
        if not isinstance(rows, list) or not all(map(_is_row, rows)):
            raise _invalid("hashedRecords", f"hashedRecords must be of {sorted(COLUMNS)}")
        # What is no digest matches nobody; it is taken all the same.
        values = (value for row in rows for value in row.values() if _DIGEST.fullmatch(value))
        known[_person(access, record["externalId"])] = set(map(bytes.fromhex, values))
    platform.provided |= known
    return answer({"requestId": shapes.a_request_id()})


def created(platform: AmazonAds, access: Access) -> Response:
    scope = request.headers.get("Amazon-Advertising-API-Scope", "")
    if not scope:
        raise NoScope("Scope header is missing")
    if access.profile(scope) is None:
        raise NoScope("Not authorized to access scope")
    body = shapes.sent()
    details = body.get("metadata")
    if not isinstance(details, dict) or details.get("type") != "DATA_PROVIDER":
        raise _invalid("metadata", "metadata.type must be DATA_PROVIDER")
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise _invalid("name", "name is missing")
    advertiser = str(shapes.long(body.get("advertiserId"), "advertiserId"))
    if not access.may_edit(advertiser):
        platform.refuse_permission()
    facts = {
        "description": body.get("description", ""),
        "countryCode": None,
        "targetResource": {"advertiserId": int(advertiser)},
        "metadata": details,
        "region": access.region,
        "of_data_provider": True,
        "received": 0,
        "reads": 0,
        "users": {},
        "shared": Counter(),
        # Who of a sender's people was let in: what is deleted of them leaves it again.
        "external": set(),
    }
    id_ = str(random.randrange(3 * 10**17, 4 * 10**17))
    platform.audiences.put(Audience(id_, advertiser, body["name"], facts))
    return answer({"audienceId": int(id_)})


def patched(platform: AmazonAds, access: Access) -> Response:
    """Let people into audiences, or out of them."""
    is_small = platform.faults.is_on("small_patches")
    largest = SMALL_PATCH if is_small else LARGEST_PATCH
    patches = _list("patches", largest, MOST_PATCHES)
    changes = [_change(platform, access, patch) for patch in patches]
    for adds, who, audiences in changes:
        person = _person(access, who)
        digests = platform.provided.get(person, set())
        for audience in audiences:
            external = audience.facts.setdefault("external", set())
            (external.add if adds else external.discard)(person)
            change = platform.audiences.add if adds else platform.audiences.remove
            change(audience, digests)
    return _job(200)


def forgotten(platform: AmazonAds, access: Access) -> Response:
    """Forget people, or let them out of one advertiser's audiences where one is named."""
    users = _list("users", LARGEST_DELETION, MOST_USERS)
    for people, advertiser in [_deletion(access, user) for user in users]:
        for person in people:
            digests = platform.provided.get(person, set())
            for audience in platform.audiences.of(advertiser):
                if person in audience.facts.get("external", ()):
                    audience.facts["external"].discard(person)
                    platform.audiences.remove(audience, digests)
            if advertiser is None:
                platform.provided.pop(person, None)
    # What the answer holds is not confirmed; only its status is.
    return _job(202)


def _deletion(access: Access, user: Any) -> tuple[list[str], str | None]:
    """Return who is to be forgotten, and by which advertiser; None is by all."""
    found = user.get("userId") if isinstance(user, dict) else None
    ids: list[Any] = found if isinstance(found, list) else [found]
    if not ids or not all(map(_is_user_id, ids)):
        raise _invalid("userId", f"userId must have a type of {', '.join(_KINDS)}, and an id")
    advertiser = user.get("advertiserId")
    if advertiser is not None and not isinstance(advertiser, str | int):
        raise _invalid("advertiserId", "advertiserId must be an id")
    people = [_person(access, each["id"]) for each in ids]
    return people, None if advertiser is None else str(advertiser)


def _is_user_id(found: Any) -> bool:
    is_one = isinstance(found, dict) and found.get("type") in _KINDS
    return is_one and isinstance(found.get("id"), str) and bool(found["id"])


def _list(name: str, largest: int, most: int) -> list[Any]:
    """Return what the request lists under a name; a larger one is refused whole."""
    if len(request.get_data()) > largest:
        size = largest // 1024**2
        raise _Wrong(413, "INPUT_TOO_LARGE", name, f"The body is larger than {size} MB")
    found = shapes.sent().get(name)
    if not isinstance(found, list) or not found:
        raise _invalid(name, f"{name} must be a list")
    if len(found) > most:
        raise _Wrong(413, "INPUT_TOO_LARGE", name, f"{name} must be at most {most}")
    return found


def _job(status: int) -> Response:
    return answer({"jobId": str(uuid.uuid4()), "requestId": shapes.a_request_id()}, status)


def _change(platform: AmazonAds, access: Access, patch: Any) -> tuple[bool, str, list[Audience]]:
    if not isinstance(patch, dict) or patch.get("op") not in ("add", "remove"):
        raise _invalid("op", "op must be add or remove")
    path, value = _PATH.fullmatch(str(patch.get("path"))), patch.get("value")
    if path is None:
        raise _invalid("path", "path must be /EXTERNAL_USER_ID-<id>/audiences, say")
    if not isinstance(value, list) or not value:
        raise _invalid("value", "value must be a list of audience ids")
    try:
        audiences = [metadata.editable(platform, access, str(each)) for each in value]
    except Refused as refused:
        if refused.status != 404:
            raise
        raise _Wrong(404, "NOT_FOUND", "value", "The audience is not known") from None
    return patch["op"] == "add", path.group(1), audiences


def _is_row(row: Any) -> bool:
    is_row = isinstance(row, dict) and set(row) <= COLUMNS
    return is_row and all(isinstance(value, str) for value in row.values())


def _person(access: Access, external_id: str) -> str:
    """Return who a sender means: their ids are their own."""
    return f"{access.person.facts['customer']} {external_id}"


def _invalid(field: str, message: str) -> _Wrong:
    return _Wrong(400, "INVALID_ARGUMENT", field, message)
