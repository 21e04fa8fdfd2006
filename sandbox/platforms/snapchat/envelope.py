"""The shapes that Snapchat's answers share."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from flask import Response


class Refused(Exception):
    """A request that the platform answers with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class NoPermission(Refused):
    """The role is too low, or the ad account is not visible."""

    def __init__(self) -> None:
        super().__init__(403, "E3002", "Caller does not have permission")


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")


def error(refused: Refused) -> Response:
    body = {
        "request_status": "ERROR",
        "request_id": str(uuid.uuid4()),
        "debug_message": refused.message,
        "display_message": (
            "We're sorry, but the requested resource is not available at this time"
        ),
        "error_code": refused.code,
    }
    return json_answer(body, refused.status)


def oauth_error(code: str, status: int = 400) -> Response:
    return json_answer({"error": code, "error_description": code.replace("_", " ")}, status)


def failed_item() -> dict[str, str]:
    """Return an item that failed inside an answer with HTTP 200."""
    reason = (
        "Error code: E3004, message: Entity does not exist or you do not have permission to "
        "access it"
    )
    return {"sub_request_status": "ERROR", "sub_request_error_reason": reason}


def error_in_200(name: str) -> Response:
    body = {"request_status": "ERROR", "request_id": str(uuid.uuid4()), name: [failed_item()]}
    return json_answer(body)
