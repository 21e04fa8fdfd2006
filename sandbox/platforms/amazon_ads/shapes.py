"""The shapes that Amazon's answers share; errors have several, by the age of the API."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Response, request


class Refused(Exception):
    """A request that Amazon answers with an error: `{"message"}`, or what `body` says."""

    def __init__(self, status: int, message: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body or {"message": message}


class NotAuthenticated(Refused):
    """No token, a dead one, or one of an application that is not on Amazon's list."""

    def __init__(self) -> None:
        told: dict[str, Any] = {"message": "Unauthorized"}
        # The older Data Provider API says the same as the audiences' of today.
        if not any(part in request.path for part in ("/amc/", "/dp/")):
            told = {"code": "401", "details": "Authentication failed", "requestId": a_request_id()}
        super().__init__(401, "Unauthorized", told)


class NoScope(Refused):
    """The header that names a profile is missing or names one that the caller may not use."""

    def __init__(self, details: str) -> None:
        super().__init__(401, details, {"code": "UNAUTHORIZED", "details": details})


class NoPermission(Refused):
    """The caller's role does not suffice."""

    def __init__(self, message: str = "Caller is not permitted to use this resource") -> None:
        super().__init__(403, message, {"message": message, "requestId": a_request_id()})


class NotANumber(Refused):
    """An id came as a text. Its answer begins the word with a capital letter."""

    def __init__(self) -> None:
        said = "STRING_VALUE can not be converted to a Long"
        super().__init__(400, said, {"Message": said})


def a_request_id() -> str:
    return uuid.uuid4().hex.upper()[:20]


def of_this_path(error: dict[str, Any]) -> dict[str, Any]:
    """Return an error's body; those of connections name the request, too (sheet, section 3.2)."""
    if "/amc/audiences/connections" in request.path and "message" in error:
        return {"requestId": a_request_id(), **error}
    return dict(error)


def answer(body: Any, status: int = 200) -> Response:
    """Answer JSON. Ids are numbers beyond 2^53, which Python's encoder keeps exactly."""
    return Response(json.dumps(body), status, mimetype="application/json")


def oauth_error(code: str, description: str, status: int = 400) -> Response:
    body = {"error": code, "error_description": description, "request_id": a_request_id()}
    return answer(body, status)


def sent(content_type: str = "application/json") -> dict[str, Any]:
    """Return the object that was sent, in the content type that it must have."""
    if request.mimetype != content_type:
        raise Refused(415, f"Content-Type must be {content_type}")
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refused(400, "The request has no JSON body") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body must be an object")
    return body


def long(found: Any, name: str) -> int:
    """Return an id that must be a number on the wire."""
    if isinstance(found, str):
        raise NotANumber
    if not isinstance(found, int) or isinstance(found, bool):
        raise Refused(400, f"{name} must be a number")
    return found


def text(found: Any, name: str, shortest: int, longest: int) -> str:
    if not isinstance(found, str) or not shortest <= len(found) <= longest:
        raise Refused(400, f"{name} must have {shortest} to {longest} characters")
    return found
