"""What Amazon's answers mean. Their errors come in several shapes, depending on the API's age."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from providers.connection import Answer, must_be_object
from providers.errors import (
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

# Of DSP: an audience can be used from so many active members on.
# https://advertising.amazon.com/API/docs/en-us/guides/amazon-marketing-cloud/audiences/audience-management-service
ENOUGH = 2_000
REQUEST_ID = "x-amzn-RequestId"

_BY_STATUS: dict[int, type[PlatformError]] = {
    HTTPStatus.UNAUTHORIZED: TokenRejected,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BadRows,
    HTTPStatus.TOO_MANY_REQUESTS: Throttled,
    # Whatever is not implemented there will not be the next time either.
    HTTPStatus.NOT_IMPLEMENTED: BadRequest,
}
# What a proxy's page does not say, an answer of Amazon's own does.
_BY_STATUS_OF_ITS_OWN: dict[int, type[PlatformError]] = {
    HTTPStatus.FORBIDDEN: PermissionMissing,
    HTTPStatus.NOT_FOUND: NotThere,
}
# A 401 with these words is about the account, and no other token would change it.
_NOT_ABOUT_THE_TOKEN = (
    "no matching advertiser",
    "scope header is missing",
    "not authorized to access scope",
)
_SENTENCES: dict[type[PlatformError], str] = {
    TokenRejected: "Amazon does not take this authorization's token.",
    Throttled: "Amazon asks to slow down.",
    PlatformDown: "Amazon has trouble on its side.",
    PermissionMissing: "The authorizing person's permission at Amazon does not suffice for this.",
    NotThere: "Amazon shows no such audience or ad account.",
    BadRequest: "Amazon refuses what was sent.",
    BadRows: "Amazon refuses what was sent: it is too large.",
    UnknownAnswer: "Amazon answered in a way that is not known here.",
}


def error_in(answer: Answer) -> PlatformError | None:
    """Return None for a good answer, else the error that says what mends it."""
    is_its_own = isinstance(answer.json, dict | list)
    if answer.status < HTTPStatus.MULTIPLE_CHOICES and (is_its_own or not answer.text):
        return None
    body = answer.json if isinstance(answer.json, dict) else {}
    said = _said(body)
    kind = _kind(answer.status, said, is_its_own=bool(body))
    sentence = _SENTENCES[kind]
    if said and kind not in {TokenRejected, Throttled, PlatformDown, NotThere}:
        sentence = f"{sentence} It says: {quoted(said)}"
    return kind(
        sentence,
        code=word(body.get("code") or said),
        request_id=answer.request_id(REQUEST_ID),
        status=answer.status,
        retry_after=_wait(answer, kind),
    )


def _said(body: Mapping[str, Any]) -> str:
    """Return Amazon's own sentence; some answers begin the word with a capital letter."""
    words = (body.get(name) for name in ("message", "Message", "details", "error_description"))
    return str(next(filter(None, words), ""))


def _kind(status: int, said: str, *, is_its_own: bool) -> type[PlatformError]:
    if status == HTTPStatus.UNAUTHORIZED and said.lower().startswith(_NOT_ABOUT_THE_TOKEN):
        return PermissionMissing
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PlatformDown
    if is_its_own and status >= HTTPStatus.BAD_REQUEST:
        return _BY_STATUS_OF_ITS_OWN.get(status, BadRequest)
    return UnknownAnswer


def _wait(answer: Answer, kind: type[PlatformError]) -> float | None:
    """Return the seconds to wait: at least one after too many requests.

    Whether they are always said is not confirmed.
    """
    said = answer.wait_after(kind)
    return max(1.0, said) if kind is Throttled and said is not None else said


def listed(found: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, or none where it is not one."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def number(found: Any) -> str:
    """Return an id as text. It is a number beyond 2^53 in one answer and a text in another."""
    is_id = isinstance(found, str | int) and not isinstance(found, bool)
    return str(found) if is_id else ""


def nothing_in(answer: Answer, field: str, *, wrote: bool = False) -> UnknownAnswer:
    """Say that an answer lacks what it should hold."""
    return UnknownAnswer(
        f"Amazon's answer holds no {field}.",
        status=answer.status,
        request_id=answer.request_id(REQUEST_ID),
        may_have_happened=wrote,
    )


def target_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an audience goes to; one public client is shown it without the object around."""
    inside = found.get("targetResource")
    return inside if isinstance(inside, dict) else found


def audience(answer: Answer, ad_account_id: str, settings: Mapping[str, str]) -> Audience:
    """Read an audience. Amazon tells no state, only sizes, and -1 while it does not know one."""
    found = must_be_object(answer)
    audience_id = number(found.get("audienceId"))
    if not audience_id:
        raise nothing_in(answer, "audienceId")
    details = found.get("metadata")
    sizes = details.get("audienceSize") if isinstance(details, dict) else None
    size = _size(sizes if isinstance(sizes, dict) else {})
    is_enough = size is not None and size >= ENOUGH
    state = "processing" if size is None else "ready" if is_enough else "too few users"
    return Audience(
        id=audience_id,
        name=str(found.get("name") or ""),
        ad_account_id=ad_account_id,
        state=state,
        size=size,
        usable=None if size is None else is_enough,
        settings=settings,
    )


def _size(sizes: Mapping[str, Any]) -> int | None:
    """Return how many people DSP found, else AMC; not how many records came."""
    for name in ("dspAudienceSize", "idResolutionCount"):
        size = sizes.get(name)
        if isinstance(size, int) and size >= 0:
            return size
    return None
