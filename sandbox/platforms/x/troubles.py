"""X's own switches: about the caller, the application and the limits (sheet, section 7)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.http import http_date

from sandbox.platforms.x import shapes
from sandbox.platforms.x.shapes import Refused

if TYPE_CHECKING:
    from sandbox.platforms.x import X

# How soon the window of a throttle fault ends.
THROTTLED_SECONDS = 2
PAGE = "<html><head><title>X / ?</title></head><body>Nothing to see here</body></html>"

REFUSALS = {
    "app_not_approved": (
        403,
        "UNAUTHORIZED_CLIENT_APPLICATION",
        "The client application making this request does not have access to this API",
    ),
    "suspend_user": (403, "CURRENT_USER_SUSPENDED", "The current user is suspended"),
}
REFUSALS_OF_WRITES = {
    "read_only_app": (403, "READONLY_CLIENT_APPLICATION", "The client application may only read"),
    "locked": (423, "LOCK_ACQUISITION_TIMEOUT", "The lock could not be acquired in time"),
}


def refuse_clock(platform: X, refused: Refused) -> Refused:
    """Let the platform's clock tell that ours is wrong: `Date` is far from it."""
    for fault in platform.faults.on():
        if fault.kind == "bad_clock":
            refused.headers["Date"] = http_date(time.time() + fault.seconds(3600))
    return refused


def strike(platform: X, account: str) -> Response | None:
    """Let the switches strike that need no look at what is asked for."""
    faults = platform.faults
    is_write = request.method != "GET"
    for kind, refusal in {**REFUSALS, **(REFUSALS_OF_WRITES if is_write else {})}.items():
        if faults.take(kind):
            raise Refused(*refusal)
    if faults.take("unavailable"):
        answer = shapes.error(Refused(503, "SERVICE_UNAVAILABLE", "Service unavailable"))
        answer.headers["retry-after"] = "7"
        return answer
    if faults.take("html_error"):
        return Response(PAGE, 404, mimetype="text/html")
    # The limits of ad accounts are told of on GET alone.
    if account and not is_write and faults.take("account_throttle"):
        of_account = rate_headers("x-account-rate-limit", THROTTLED_SECONDS)
        raise too_many(platform, of_account | rate_headers("x-rate-limit", 600))
    return None


def strike_at_login(platform: X) -> None:
    if platform.faults.take("token_throttle"):
        raise Refused(429, 88, "Rate limit exceeded")
    if platform.faults.take("token_fail"):
        raise Refused(503, "SERVICE_UNAVAILABLE", "Service unavailable")


def too_many(platform: X, headers: dict[str, str]) -> Refused:
    code: str | int = "TOO_MANY_REQUESTS"
    if platform.faults.is_on("numeric_errors"):
        code = 88
    refused = Refused(429, code, "Rate limit exceeded")
    refused.headers = headers
    return refused


def rate_headers(prefix: str, seconds: float) -> dict[str, str]:
    """Tell of a window that is used up and ends soon."""
    ends = str(int(time.time() + seconds))
    return {f"{prefix}-limit": "1", f"{prefix}-remaining": "0", f"{prefix}-reset": ends}
