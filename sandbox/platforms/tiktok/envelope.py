"""The shapes that TikTok's answers share: HTTP 200 around nearly everything, a code inside."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request

# Beyond it a number would not fit JSON's.
MOST_PAGES = 10**9


class Refused(Exception):
    """A request that the platform answers with a code of its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class NoPermission(Refused):
    """The caller's role on an ad account is too low, or the ad account is not theirs."""

    def __init__(self, what: str) -> None:
        super().__init__(
            40001,
            f"No permission to operate {what}. You must be an admin or operator of this "
            "advertiser account.",
        )


def answer(data: Any, code: int = 0, message: str = "OK") -> Response:
    request_id = time.strftime("%Y%m%d%H%M%S", time.gmtime()) + secrets.token_hex(9).upper()
    body = {"code": code, "message": message, "request_id": request_id, "data": data}
    response = Response(orjson.dumps(body), 200, mimetype="application/json")
    response.headers["X-TT-LOGID"] = request_id
    response.headers["x-tt-trace-id"] = secrets.token_hex(16)
    return response


def error(refused: Refused) -> Response:
    return answer({}, refused.code, refused.message)


def not_found(**_arguments: str) -> Response:
    """Answer a wrong path or method, a missing slash at its end among them."""
    return Response("404 page not found", 404, mimetype="text/plain")


def json_body() -> dict[str, Any]:
    """Return the request's JSON object; forms are not read."""
    body: Any = None
    if request.is_json:
        try:
            body = orjson.loads(request.get_data())
        except orjson.JSONDecodeError:
            raise Refused(40002, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refused(40002, "The request body must be a JSON object.")
    return body


def text(body: dict[str, Any], name: str) -> str:
    """Return a required text; ids are texts everywhere."""
    found = body.get(name)
    if found is None or found == "":
        raise Refused(40002, f"Missing required field(s): {name}.")
    if not isinstance(found, str):
        raise Refused(40002, f"{name}: Not a valid string")
    return found


def texts(found: Any, name: str, most: int) -> list[str]:
    """Check a list of one to `most` texts."""
    if not isinstance(found, list) or not found:
        raise Refused(40002, f"{name}: Not a valid list")
    for place, each in enumerate(found):
        if not isinstance(each, str) or not each:
            raise Refused(40002, f"{name}.{place}: Not a valid string")
    if len(found) > most:
        raise Refused(40011, f"{name}: at most {most} in one request")
    return found


def query(name: str) -> str:
    """Return a required parameter of the query."""
    return text(dict(request.args), name)


def query_list(name: str, most: int) -> list[str]:
    """Return a list that stands in the query as JSON."""
    try:
        found = orjson.loads(query(name))
    except orjson.JSONDecodeError:
        raise Refused(40002, f"{name}: Not a valid list") from None
    return texts(found, name, most)


def page(
    items: list[Any],
    *,
    most: int,
    otherwise: int = 10,
    small: bool = False,
    told: Callable[[Any], Any] = lambda item: item,
) -> Response:
    """Answer one page of a list: `page` from 1, `page_size` up to `most`, each row as `told`."""
    number = request.args.get("page", 1, type=int)
    size = request.args.get("page_size", otherwise, type=int)
    if not 1 <= number <= MOST_PAGES:
        raise Refused(40002, f"page: Must be between 1 and {MOST_PAGES}.")
    if not 1 <= size <= most:
        raise Refused(40002, f"page_size: Must be between 1 and {most}.")
    size = 2 if small else size
    start = (number - 1) * size
    info = {
        "page": number,
        "page_size": size,
        "total_number": len(items),
        "total_page": -(-len(items) // size),
    }
    rows = [told(item) for item in items[start : start + size]]
    return answer({"list": rows, "page_info": info})
