"""What X's answers mean: Ads errors have a word for a code, those of the gateway a number."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
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

# As many as a list holds at most: X counts requests, not what they bring.
PAGE = 1000
# X's own client waits this much longer than it is told, for clocks that differ.
PATIENCE = 5.0
# Undocumented, and on its answers all the same; X's support asks for it.
REQUEST_ID = "x-transaction-id"
# Seconds. X does not say how far the clock that signs may be off.
MOST_SKEW = 300
OVER = "89"

# https://docs.x.com/x-ads-api/fundamentals/error-codes-and-responses
_BY_CODE: dict[str, type[PlatformError]] = {
    # Which of these two the Ads API answers to a revoked token is not confirmed.
    "UNAUTHORIZED_ACCESS": TokenRejected,
    OVER: TokenRejected,
    # Our key, our clock or our signature: no person can mend it by authorizing again.
    "32": AppMisconfigured,
    "415": AppMisconfigured,
    "453": AppMisconfigured,
    "UNAUTHORIZED_CLIENT_APPLICATION": AppMisconfigured,
    "READONLY_CLIENT_APPLICATION": AppMisconfigured,
    "ROUTE_NOT_FOUND": AppMisconfigured,
    "ACTION_NOT_ALLOWED": PermissionMissing,
    "CURRENT_USER_SUSPENDED": PermissionMissing,
    "ACCOUNT_LOCKED_OUT": PermissionMissing,
    "USER_NOT_FOUND": PermissionMissing,
    # An ad account that the person does not reach is HTTP 403 with NOT_FOUND, not 404.
    "ACCOUNT_NOT_FOUND": NotThere,
    "NOT_FOUND": NotThere,
    "TAILORED_AUDIENCE_NOT_FOUND": NotThere,
    "CANCELLED_REQUEST": PlatformDown,
    "LOCK_ACQUISITION_TIMEOUT": PlatformDown,
    "INTERNAL_ERROR": PlatformDown,
    "SERVER_ERROR": PlatformDown,
    "SERVICE_UNAVAILABLE": PlatformDown,
    "OVER_CAPACITY": PlatformDown,
    "TOO_MANY_REQUESTS": Throttled,
    "88": Throttled,
}
# Where a body is HTML or empty, X says to go by the status's core meaning.
_BY_STATUS: dict[int, type[PlatformError]] = {
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.UNAUTHORIZED: TokenRejected,
    HTTPStatus.FORBIDDEN: PermissionMissing,
    HTTPStatus.NOT_FOUND: NotThere,
    HTTPStatus.METHOD_NOT_ALLOWED: BadRequest,
    HTTPStatus.REQUEST_TIMEOUT: PlatformDown,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BadRequest,
    HTTPStatus.LOCKED: PlatformDown,
}
_SENTENCES: dict[type[PlatformError], str] = {
    TokenRejected: "X no longer takes this authorization's token.",
    AppMisconfigured: "X does not accept this application's credentials.",
    PermissionMissing: "The authorizing person's permission at X does not suffice for this.",
    NotThere: "X shows this person no such audience or ad account.",
    BadRequest: "X refuses what was sent.",
    BadRows: "X refuses some of the people that were sent, and took none of them.",
    PlatformDown: "X has trouble on its side.",
    Throttled: "X asks to slow down.",
    UnknownAnswer: "X answered in a way that is not known here.",
}
# Where the kind alone would not say what to do.
_SENTENCES_BY_CODE = {
    "UNAUTHORIZED_CLIENT_APPLICATION": "X has not approved this application for its Ads API.",
    "READONLY_CLIENT_APPLICATION": "At X this application may only read.",
    "ROUTE_NOT_FOUND": "X does not know this address: this version of its API may have ended.",
    "415": "This product's redirect address is not in the application's list at X.",
    "453": "X's access level of this application does not include this call.",
    "CURRENT_USER_SUSPENDED": "X has suspended the authorizing person's account.",
    "ACCOUNT_LOCKED_OUT": "X has locked the authorizing person's account.",
    "USER_NOT_FOUND": "X no longer knows the authorizing person.",
}
_WRONG_CLOCK = (
    "X does not take what this application signs: this machine's clock differs from X's by more "
    "than five minutes."
)
_XML_ERROR = re.compile(r'<error code="(\d+)">([^<]*)')


def error_in(answer: Answer) -> PlatformError | None:
    """Return None for a good answer, else the error that says what mends it."""
    body = answer.json if isinstance(answer.json, dict) else {}
    told, of_items = errors_in(answer), list(_objects(body.get("operation_errors")))
    is_success = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
    if is_success and not told and not of_items and "data" in body:
        return None
    first = next(iter([*told, *of_items]), {})
    code = _code(first)
    kind = _kind(answer.status, code, of_items=bool(of_items) and not told)
    return _error(answer, kind, code, first.get("message"))


def token_error_in(answer: Answer) -> PlatformError | None:
    """Return what a bad answer of the OAuth endpoints means, where it holds a known code."""
    first = next(iter(errors_in(answer)), {})
    code = _code(first)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or _BY_CODE.get(code) != AppMisconfigured:
        return None
    return _error(answer, AppMisconfigured, code, None)


def revocation_error(answer: Answer) -> PlatformError | None:
    """Return None where a token was revoked: that answer is the token itself, outside `data`."""
    body = answer.json if isinstance(answer.json, dict) else {}
    is_good = answer.status == HTTPStatus.OK and body.get("access_token") and not errors_in(answer)
    return None if is_good else error_in(answer)


def errors_in(answer: Answer) -> list[Mapping[str, Any]]:
    """Return the errors that an answer tells, of the whole request; they come in XML too."""
    if isinstance(answer.json, dict):
        return list(_objects(answer.json.get("errors")))
    return [{"code": code, "message": said} for code, said in _XML_ERROR.findall(answer.text)]


def _kind(status: int, code: str, *, of_items: bool) -> type[PlatformError]:
    """Judge by the status where it is certain, else by the code, else by the status again."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PlatformDown
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled
    kind = _BY_CODE.get(code)
    if kind is not None:
        return kind
    # Whether they come with HTTP 200 or 400 is not confirmed.
    if of_items:
        return BadRows
    return _BY_STATUS.get(status, UnknownAnswer)


def _is_off(answer: Answer) -> bool:
    """Say whether our clock and that of X differ by more than a signature may be old."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except ValueError:
        return False
    return abs(time.time() - theirs) > MOST_SKEW


def _error(answer: Answer, kind: type[PlatformError], code: str, said: object) -> PlatformError:
    sentence = _SENTENCES_BY_CODE.get(code, _SENTENCES[kind])
    if answer.status == HTTPStatus.UNAUTHORIZED and code != OVER and _is_off(answer):
        # A bad signature and a dead token are told in the same words, and all of our signatures
        # are bad while our clock is wrong.
        kind, sentence = AppMisconfigured, _WRONG_CLOCK
    if said and kind in {BadRequest, BadRows, UnknownAnswer}:
        sentence = f"{sentence} It says: {quoted(said)}"
    wait = answer.wait_after(kind)
    if kind is Throttled and wait is not None:
        wait += PATIENCE
    return kind(
        sentence,
        code=code,
        request_id=answer.request_id(REQUEST_ID),
        status=answer.status,
        retry_after=wait,
    )


def _code(error: Mapping[str, Any]) -> str:
    return word(error.get("code"))


def _objects(found: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the errors in a list, however deep: the shape of `operation_errors` is not told."""
    if isinstance(found, dict) and "code" in found:
        yield found
    elif isinstance(found, dict):
        yield from (each for value in found.values() for each in _objects(value))
    elif isinstance(found, list):
        yield from (each for value in found for each in _objects(value))


def every(
    connection: Connection, url: str, params: Mapping[str, str | int]
) -> Iterator[dict[str, Any]]:
    """Yield what a list holds, page by page, in as few requests as X allows."""
    # https://docs.x.com/x-ads-api/fundamentals/pagination
    asked: dict[str, str | int] = {"count": PAGE, **params}
    visited: set[str] = set()
    while True:
        body = must_be_object(connection.send("GET", url, params=asked))
        listed = body.get("data")
        yield from (each for each in (listed if isinstance(listed, list) else ()) if is_thing(each))
        cursor = body.get("next_cursor")
        if not cursor:
            return
        if not isinstance(cursor, str) or cursor in visited:
            raise UnknownAnswer("X's list does not come to an end.")
        visited.add(cursor)
        asked["cursor"] = cursor


def only(answer: Answer, field: str, *, wrote: bool = False) -> dict[str, Any]:
    """Return the one thing of an answer, which must have this field, or raise UnknownAnswer."""
    data = must_be_object(answer).get("data")
    if isinstance(data, dict) and isinstance(data.get(field), str | int):
        return data
    raise UnknownAnswer(
        f"X's answer holds no {field}.", status=answer.status, may_have_happened=wrote
    )


def is_thing(found: Any) -> bool:
    """Say whether something is an object with an id."""
    return isinstance(found, dict) and bool(found.get("id"))


def audience(found: Mapping[str, Any], account_id: str, settings: Mapping[str, str]) -> Audience:
    """Read an audience: what keeps it from being targeted is its state."""
    targetable, reasons = found.get("targetable"), found.get("reasons_not_targetable")
    words = [word(each).replace("_", " ").lower() for each in reasons or ()]
    size = found.get("audience_size")
    return Audience(
        id=str(found["id"]),
        name=str(found.get("name") or ""),
        ad_account_id=account_id,
        state="targetable" if targetable else ", ".join(words)[:60] or "not targetable",
        size=size if isinstance(size, int) else None,
        usable=targetable if isinstance(targetable, bool) else None,
        settings=settings,
    )
