"""What Pinterest's answers mean: by status first, as code 2 is one thing at 401, another at 404."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from providers.connection import Answer, Connection, must_be_object
from providers.errors import (
    AppMisconfigured,
    BadRequest,
    BadRows,
    NotThere,
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.values import Audience
from providers.wording import quoted, word

HOST = "api.pinterest.com"
API = f"https://{HOST}/v5"
# Pinterest's support asks for it.
REQUEST_ID = "x-pinterest-rid"
PAGE_SIZE = 250
PENDING = "audience pending"

MISSING_SCOPE = 3
ARCHIVED = 2625
_BY_STATUS: dict[int, type[PlatformError]] = {
    HTTPStatus.UNAUTHORIZED: TokenRejected,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BadRows,
    HTTPStatus.TOO_MANY_REQUESTS: Throttled,
}
_SENTENCES: dict[type[PlatformError], str] = {
    TokenRejected: "Pinterest no longer takes this authorization's token.",
    Throttled: "Pinterest asks to slow down.",
    PlatformDown: "Pinterest has trouble on its side.",
    PermissionMissing: "The authorizing person's role on this ad account does not suffice, "
    "or Pinterest has not approved this application for it.",
    AppMisconfigured: "This application has only Trial access at Pinterest; it does not suffice.",
    NotThere: "Pinterest shows this person no such list or ad account.",
    BadRows: "Pinterest refuses this many identifiers in one request.",
    BadRequest: "Pinterest refuses what was sent.",
    UnknownAnswer: "Pinterest answered in a way that is not known here.",
}
_SPECIAL: dict[int, str] = {
    MISSING_SCOPE: "Pinterest was not given every permission that is needed: "
    "reconnect, and accept all of them.",
    ARCHIVED: "This ad account is archived at Pinterest.",
}


def error_in(answer: Answer) -> PlatformError | None:
    """Return None for a good answer, else the error that says what mends it."""
    body = answer.json if isinstance(answer.json, dict) else None
    is_success = answer.status < HTTPStatus.MULTIPLE_CHOICES
    if is_success and body is not None and body.get("status") != "failure":
        return None
    return _error(answer, body or {})


def _error(answer: Answer, body: Mapping[str, Any]) -> PlatformError:
    kind, code = _kind(answer.status, body), body.get("code")
    said = " ".join(str(body[name]) for name in ("message", "message_detail") if body.get(name))
    sentence = _SENTENCES[kind]
    if isinstance(code, int) and kind in {PermissionMissing, NotThere}:
        sentence = _SPECIAL.get(code, sentence)
    if said and kind in {BadRequest, UnknownAnswer, Throttled}:
        sentence = f"{sentence} It says: {quoted(said)}"
    return kind(
        sentence,
        code=word(code),
        request_id=answer.request_id(REQUEST_ID),
        status=answer.status,
        retry_after=answer.wait_after(kind),
    )


def _kind(status: int, body: Mapping[str, Any]) -> type[PlatformError]:
    """Judge by the status where it is certain, else by the code."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PlatformDown
    if status == HTTPStatus.UNAUTHORIZED and body.get("code") == MISSING_SCOPE:
        # Not a dead token: a refresh would change nothing.
        # https://github.com/pinterest/api-quickstart/issues/97
        return PermissionMissing
    certain = _BY_STATUS.get(status)
    if certain is not None:
        return certain
    # A proxy's page has a status, but no code: it says nothing about a person or a list.
    if status < HTTPStatus.BAD_REQUEST or "code" not in body:
        return UnknownAnswer
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(body)
    return NotThere if status == HTTPStatus.NOT_FOUND else BadRequest


def _forbidden(body: Mapping[str, Any]) -> type[PlatformError]:
    if body.get("code") == ARCHIVED:
        # https://github.com/pinterest/api-quickstart/issues/81
        return NotThere
    # Code 29 is for a low role and for an application that waits for Standard access.
    said = f"{body.get('message')} {body.get('message_detail')} {body.get('details')}"
    return AppMisconfigured if re.search(r"\btrial\b", said, re.IGNORECASE) else PermissionMissing


def of_upload(error: BadRequest) -> BadRequest:
    """Say of an upload that was refused with 400 that a part of it may pass.

    No maximum is published, and whether 400 or 413 stands for it is not confirmed.
    """
    if error.status != HTTPStatus.BAD_REQUEST:
        return error
    return BadRows(error.message, code=error.code, request_id=error.request_id, status=error.status)


def every(
    connection: Connection, url: str, params: Mapping[str, str | int] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what a list holds, to its last page: the one whose bookmark is null or missing."""
    # https://developers.pinterest.com/docs/reference/pagination/
    asked: dict[str, str | int] = {**(params or {}), "page_size": PAGE_SIZE}
    visited: set[str] = set()
    while True:
        body = must_be_object(connection.send("GET", url, params=asked))
        items = body.get("items")
        if not isinstance(items, list):
            raise UnknownAnswer("Pinterest's list holds no items.")
        yield from filter(is_thing, items)
        bookmark = str(body.get("bookmark") or "")
        if not bookmark:
            return
        if bookmark in visited:
            raise UnknownAnswer("Pinterest's list does not come to an end.")
        visited.add(bookmark)
        asked["bookmark"] = bookmark


def thing(answer: Answer, *, wrote: bool = False) -> dict[str, Any]:
    """Return the answer's object, which must have an id, or raise UnknownAnswer."""
    if is_thing(answer.json):
        return dict(answer.json)
    raise UnknownAnswer(
        "Pinterest's answer has no id.",
        status=answer.status,
        request_id=answer.request_id(REQUEST_ID),
        may_have_happened=wrote,
    )


def is_thing(found: Any) -> bool:
    """Say whether something is an object with an id."""
    return isinstance(found, dict) and bool(found.get("id"))


def audience(
    customer_list: Mapping[str, Any], target: Mapping[str, Any] | None, ad_account_id: str
) -> Audience:
    """Read a customer list, and the audience made of it, whose size is the one that counts."""
    of_list = str(customer_list.get("status") or "")
    of_target = str(target.get("status") or "") if target else ""
    is_working = of_list in {"UPLOADING", "PROCESSING"}
    state = of_list if is_working or not of_target else of_target
    words = [state.replace("_", " ").lower(), "" if target else PENDING]
    size = target.get("size") if target else None
    return Audience(
        id=str(customer_list["id"]),
        name=str(customer_list.get("name") or ""),
        ad_account_id=str(customer_list.get("ad_account_id") or ad_account_id),
        state=", ".join(filter(None, words))[:60],
        size=size if isinstance(size, int) else None,
        usable=of_target == "READY" if of_target or not target else None,
    )
