"""What TikTok's answers mean: nearly all are HTTP 200, and the code inside decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from providers.connection import Answer, Connection, must_be_object
from providers.declarations import Per
from providers.errors import (
    AppMisconfigured,
    BadRequest,
    GrantDead,
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

API = "https://business-api.tiktok.com/open_api/v1.3"

PARTIAL = "20001"
_GOOD = {"0", PARTIAL}

# https://business-api.tiktok.com/portal/docs?id=1737172488964097
_CODES: dict[type[PlatformError], tuple[int, ...]] = {
    Throttled: (40016, 40100, 40132, 40133),
    # 51001 and 51008 are seen by others, and missing in TikTok's own table.
    PlatformDown: (
        *(40200, 40201, 40202, 40700),
        *(50000, 50002, 51001, 51008, 51305, 60001),
    ),
    # Which of them follows when an advertiser, not we, ends the access is not confirmed.
    TokenRejected: (40102, 40104, 40105, 40106, 40110),
    PermissionMissing: (40001, 40119, 40300, 40301),
    NotThere: (40007,),
    BadRequest: (40000, 40002, 40006, 40008, 40009, 40011, 40050),
    # 40101 is a wrong secret, never a rate limit. 40118: TikTok has not yet admitted our app to
    # audience segments. 41000: our address is in a country that it blocks.
    AppMisconfigured: (40101, 40113, 40118, 40125, 41000),
}
_BY_CODE = {str(code): kind for kind, codes in _CODES.items() for code in codes}

# One advertiser's limits ("Advertiser's QPS (11) reaches QPS limit 10 for current path"), and those
# of one field; any other is that of our application, the one that is published.
_OF_ONE_ADVERTISER = {"40132", "40133"}

_SENTENCES: dict[type[PlatformError], str] = {
    Throttled: "TikTok asks to slow down.",
    PlatformDown: "TikTok has trouble on its side.",
    TokenRejected: "TikTok no longer takes this authorization's token.",
    GrantDead: "TikTok says that this approval was used, canceled or has expired.",
    PermissionMissing: "TikTok does not let the authorizing person do this.",
    NotThere: "TikTok shows this person no such audience or ad account.",
    BadRequest: "TikTok refuses what was sent.",
    AppMisconfigured: "TikTok does not accept this application.",
    UnknownAnswer: "TikTok answered in a way that is not known here.",
}
# Where TikTok's own sentence tells more than its code does.
_QUOTED = {PermissionMissing, BadRequest, AppMisconfigured, UnknownAnswer}


def error_in(answer: Answer) -> PlatformError | None:
    """Return None for a good answer, else the error that says what mends it."""
    code, said = _code(answer), _said(answer)
    if answer.status < HTTPStatus.MULTIPLE_CHOICES and code in _GOOD:
        return None
    return _error(_kind(answer.status, code, said), answer)


def error_in_exchange(answer: Answer) -> PlatformError | None:
    """Judge the token endpoint's answer: there the same codes speak of the code or of our app."""
    error = error_in(answer)
    code, said = _code(answer), _said(answer).lower()
    is_about_the_code = "auth_code" in said or "authorization code" in said
    if error is None or isinstance(error, PlatformDown | Throttled):
        return error
    if code in {"40110", "40115"} or (code in {"40101", "40000", "40002"} and is_about_the_code):
        return _error(GrantDead, answer)
    if code in {"40000", "40002"}:
        # Beside the code, only our own id and secret were sent.
        return _error(AppMisconfigured, answer)
    return error


def _kind(status: int, code: str, said: str) -> type[PlatformError]:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return PlatformDown
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled
    # Under 40000, the code for any bad parameter, or under 40113: only its words tell that the
    # token was issued under another app. https://github.com/PostHog/posthog/issues/78577
    if code in {"40000", "40113"} and "inconsistent with the token" in said:
        return TokenRejected
    if code.startswith("409"):
        return BadRequest
    # Without a code it was not the API that answered: a proxy, or an address that is not there.
    return _BY_CODE.get(code, UnknownAnswer)


def _error(kind: type[PlatformError], answer: Answer) -> PlatformError:
    sentence, said = _SENTENCES[kind], _said(answer)
    if said and kind in _QUOTED:
        sentence = f"{sentence} It says: {quoted(said)}"
    code = _code(answer)
    facts: dict[str, Any] = {
        "code": code,
        "request_id": answer.request_id("X-TT-LOGID"),
        "status": answer.status,
        "retry_after": answer.wait_after(kind),
    }
    if kind is Throttled:
        # No answer tells which window is full, the second, the minute or the day: whoever asked
        # backs off further each time.
        whose = Per.AD_ACCOUNT if code in _OF_ONE_ADVERTISER else Per.APP
        return Throttled(sentence, whose=whose, **facts)
    return kind(sentence, **facts)


def _code(answer: Answer) -> str:
    body = answer.json if isinstance(answer.json, dict) else {}
    text = str(body.get("code"))
    return text if re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) else ""


def _said(answer: Answer) -> str:
    body = answer.json if isinstance(answer.json, dict) else {}
    said = body.get("message")
    return said if isinstance(said, str) else ""


def data(answer: Answer, *, wrote: bool = False) -> dict[str, Any]:
    """Return what a good answer's envelope holds, or raise UnknownAnswer."""
    found = must_be_object(answer).get("data")
    if isinstance(found, dict):
        return found
    raise nothing_in(answer, "data", wrote=wrote)


def nothing_in(answer: Answer, what: str, *, wrote: bool = False) -> UnknownAnswer:
    """Return the error for a good answer that lacks what it must hold."""
    return UnknownAnswer(
        f"TikTok's answer holds no {what}.",
        status=answer.status,
        request_id=answer.request_id("X-TT-LOGID"),
        may_have_happened=wrote,
    )


def rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of a list; null stands for an empty one."""
    listed = found.get("list")
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []


def every(
    connection: Connection, path: str, params: Mapping[str, str], page_size: int
) -> Iterator[dict[str, Any]]:
    """Yield the rows of all pages."""
    page = 1
    while True:
        asked: dict[str, str | int] = {**params, "page": page, "page_size": page_size}
        found = data(connection.send("GET", f"{API}{path}", params=asked))
        listed = rows(found)
        yield from listed
        info = found.get("page_info")
        last = info.get("total_page") if isinstance(info, dict) else None
        if not listed or not isinstance(last, int) or page >= last:
            return
        page += 1


def audience(details: Mapping[str, Any], ad_account_id: str) -> Audience:
    """Read what TikTok tells of an audience; it does not repeat whose it is."""
    size, valid = details.get("cover_num"), details.get("is_valid")
    return Audience(
        id=str(details["audience_id"]),
        name=str(details.get("name") or ""),
        ad_account_id=ad_account_id,
        state=_state(details),
        size=size if isinstance(size, int) else None,
        usable=valid if isinstance(valid, bool) else None,
    )


def _state(details: Mapping[str, Any]) -> str:
    """Say it in a word: TikTok has none, only numbers and flags."""
    if details.get("error_msg"):
        return "failed"
    if details.get("is_valid"):
        return "ready, expires soon" if details.get("is_expiring") else "ready"
    # Matching takes a day or two; until then nobody is counted.
    return "too few users" if details.get("cover_num") else "processing"
