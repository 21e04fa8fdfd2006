"""The shapes that Pinterest's answers share."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response, request


class Refused(Exception):
    """A request that the platform answers with an error."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more


class NotAuthenticated(Refused):
    """Expired, revoked, garbage, or the wrong client: all in the same words."""

    def __init__(self) -> None:
        super().__init__(401, 2, "Authentication failed.")


class NotPermitted(Refused):
    """The role is too low, or the ad account is not visible."""

    def __init__(self) -> None:
        super().__init__(403, 29, "You are not permitted to access that resource.")


class Malformed(Refused):
    """What was sent does not fit the operation."""

    def __init__(self, message: str) -> None:
        super().__init__(400, 1, message)


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")


def error(refused: Refused) -> Response:
    body = {"status": "failure", "code": refused.code, "message": refused.message}
    return json_answer(body | refused.more, refused.status)


def read_object() -> dict[str, Any]:
    """Return the request's JSON object."""
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        raise Malformed("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Malformed("The request body must be an object.")
    return body


def page(items: Sequence[dict[str, Any]], *, shortest: bool) -> Response:
    """Answer one page of a list: `page_size` 1 to 250, `bookmark` null on the last one."""
    asked = request.args.get("page_size", "25")
    # The length first: Python reads no number of thousands of digits.
    if not asked.isdecimal() or len(asked) > 3 or not 1 <= int(asked) <= 250:
        raise Malformed("page_size must be between 1 and 250.")
    size = 2 if shortest else int(asked)
    start = _start(request.args.get("bookmark", ""))
    more = start + size < len(items)
    return json_answer(
        {
            "items": items[start : start + size],
            "bookmark": _bookmark(start + size) if more else None,
        }
    )


def _bookmark(start: int) -> str:
    # With the characters that must be quoted in a query: `+`, `/`, `=` and `|`.
    return base64.b64encode(f"~?>{start}|next+page/".encode()).decode() + "|=="


def _start(bookmark: str) -> int:
    if not bookmark:
        return 0
    try:
        text = base64.b64decode(bookmark.removesuffix("|==").encode(), validate=True).decode()
        return int(text.removeprefix("~?>").partition("|")[0])
    except (binascii.Error, ValueError):
        raise Malformed("Invalid bookmark.") from None
