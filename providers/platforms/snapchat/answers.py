"""What Snapchat's answers mean: an envelope around every one, and HTTP 200 can be a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from providers.connection import Answer, Connection, must_be_object
from providers.errors import (
    BadRequest,
    NotThere,
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.values import Audience
from providers.wording import quoted

HOST = "adsapi.snapchat.com"

# https://developers.snap.com/api/marketing-api/Ads-API/errors
# Certain by status: a 401 is often plain text, so that nothing else can be asked of it.
_BY_STATUS: dict[int, type[PlatformError]] = {
    HTTPStatus.UNAUTHORIZED: TokenRejected,
    HTTPStatus.TOO_MANY_REQUESTS: Throttled,
}
_BY_CODE: dict[str, type[PlatformError]] = {
    "E3002": PermissionMissing,
    "E3003": NotThere,
    "E3004": NotThere,
    "E4001": PlatformDown,
}
_BY_STATUS_IN_ENVELOPE: dict[int, type[PlatformError]] = {
    HTTPStatus.FORBIDDEN: PermissionMissing,
    HTTPStatus.NOT_FOUND: NotThere,
}
_SENTENCES: dict[type[PlatformError], str] = {
    TokenRejected: "Snapchat no longer takes this authorization's token.",
    Throttled: "Snapchat asks to slow down.",
    PlatformDown: "Snapchat has trouble on its side.",
    PermissionMissing: "The authorizing person's role at Snapchat does not suffice for this.",
    NotThere: "Snapchat shows this person no such segment or ad account.",
    BadRequest: "Snapchat refuses what was sent.",
    UnknownAnswer: "Snapchat answered in a way that is not known here.",
}


def error_in(answer: Answer) -> PlatformError | None:
    """Return None for a good answer, else the error that says what mends it."""
    body = answer.json if isinstance(answer.json, dict) else {}
    judged = [item for item in _listed(body) if "sub_request_status" in item]
    # Where items are judged one by one, the answer is good as long as one of them is.
    is_good = any(map(succeeded, judged)) if judged else _is_success(body.get("request_status"))
    if answer.status < HTTPStatus.MULTIPLE_CHOICES and is_good:
        return None
    return _error(answer, body, judged)


def _error(answer: Answer, body: Mapping[str, Any], judged: list[dict[str, Any]]) -> PlatformError:
    reasons = (item.get("sub_request_error_reason") for item in judged)
    said = str(body.get("debug_message") or next(filter(None, reasons), ""))
    found = re.search(r"\bE[0-9]{4}\b", f"{body.get('error_code')} {said}")
    code = found.group() if found else ""
    kind = _kind(answer.status, code, has_envelope="request_status" in body)
    sentence = _SENTENCES[kind]
    if said and kind in {BadRequest, UnknownAnswer}:
        sentence = f"{sentence} It says: {quoted(said)}"
    return kind(
        sentence,
        code=code,
        request_id=answer.request_id(),
        status=answer.status,
        retry_after=answer.wait_after(kind),
    )


def _kind(status: int, code: str, *, has_envelope: bool) -> type[PlatformError]:
    """Judge by the status where it is certain, else by the code."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PlatformDown
    kind = _BY_STATUS.get(status) or _BY_CODE.get(code)
    if kind is not None:
        return kind
    if code.startswith("E2"):
        return BadRequest
    # A proxy's page has a status, but no envelope: it says nothing about a person or a segment.
    if has_envelope and status >= HTTPStatus.BAD_REQUEST:
        return _BY_STATUS_IN_ENVELOPE.get(status, BadRequest)
    return UnknownAnswer


def succeeded(item: Mapping[str, Any]) -> bool:
    """Say whether one item of a list succeeded; where nothing is said, it did."""
    return _is_success(item.get("sub_request_status", "success"))


def every(
    connection: Connection, url: str, plural: str, kind: str, params: Mapping[str, str | int]
) -> Iterator[dict[str, Any]]:
    """Yield what a list holds, page by page; what failed inside it is left out."""
    # https://developers.snap.com/api/marketing-api/Ads-API/api-patterns
    body = must_be_object(connection.send("GET", url, params=params))
    visited = {url}
    while True:
        for item in _listed({plural: body.get(plural)}):
            if succeeded(item) and is_thing(item.get(kind)):
                yield item[kind]
        link = (body.get("paging") or {}).get("next_link")
        if not link:
            return
        # An absolute address out of an answer: the token goes to no other host.
        following = connection.app.vendor_address(HOST, str(link))
        if following is None or following in visited:
            raise UnknownAnswer("Snapchat's list goes on at an address that is not its own.")
        visited.add(following)
        body = must_be_object(connection.send("GET", following))


def only(
    answer: Answer, plural: str, kind: str, field: str, *, wrote: bool = False
) -> dict[str, Any]:
    """Return the one thing of an answer, which must have this field, or raise UnknownAnswer.

    An answer that is an error as a whole is one here, whatever it says of the thing: only in a
    list may some have failed and others not.
    """
    body = must_be_object(answer)
    items = list(_listed({plural: body.get(plural)}))
    if not _is_success(body.get("request_status", "success")):
        error = _error(answer, body, items)
        error.may_have_happened = wrote and isinstance(error, PlatformDown | UnknownAnswer)
        raise error
    for item in items:
        thing = item.get(kind)
        if succeeded(item) and isinstance(thing, dict) and isinstance(thing.get(field), str | int):
            return thing
    raise UnknownAnswer(
        f"Snapchat's answer holds no {kind} with its {field}.",
        status=answer.status,
        request_id=answer.request_id(),
        may_have_happened=wrote,
    )


def is_thing(found: Any) -> bool:
    """Say whether something is an object with an id."""
    return isinstance(found, dict) and bool(found.get("id"))


def _listed(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for value in body.values():
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))


def _is_success(status: object) -> bool:
    """Compare without case: `SUCCESS` and `success` both occur."""
    return str(status).lower() == "success"


def audience(segment: Mapping[str, Any]) -> Audience:
    """Read a segment: its state is the word that says most about it just now."""
    targetable = segment.get("targetable_status")
    is_working = segment.get("upload_status") == "PROCESSING"
    state = "PROCESSING" if is_working else targetable or segment.get("status") or ""
    size = segment.get("approximate_number_users")
    return Audience(
        id=str(segment["id"]),
        name=str(segment.get("name") or ""),
        ad_account_id=str(segment.get("ad_account_id") or ""),
        state=str(state).replace("_", " ").lower(),
        size=size if isinstance(size, int) else None,
        usable=targetable == "READY" if targetable else None,
    )
