"""The shapes that X's answers share."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request


class Refused(Exception):
    """A request that the platform answers with an error; `code` is a word or a number."""

    def __init__(self, status: int, code: str | int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.error = status, {"code": code, "message": message, **more}
        self.headers: dict[str, str] = {}


class BadOperations(Exception):
    """Operations that cannot be taken: a list of errors for each, in the order they were sent."""

    def __init__(self, errors: list[list[dict[str, Any]]]) -> None:
        super().__init__()
        self.errors = errors


def not_authenticated() -> Refused:
    return Refused(401, "UNAUTHORIZED_ACCESS", "This request is not properly authenticated")


def could_not_authenticate() -> Refused:
    return Refused(401, 32, "Could not authenticate you.")


def invalid(parameter: str, message: str, value: object = "") -> Refused:
    return Refused(400, "INVALID_PARAMETER", message, parameter=parameter, value=str(value)[:80])


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")


def good(data: Any, **more: Any) -> Response:
    return json_answer({"request": {"params": params()}, **more, "data": data})


def error(refused: Refused, *, with_request: bool = True) -> Response:
    body: dict[str, Any] = {"errors": [refused.error]}
    # Errors of the gateway, with a number, do not echo the request.
    if with_request and isinstance(refused.error["code"], str):
        body["request"] = {"params": params()}
    answer = json_answer(body, refused.status)
    answer.headers.update(refused.headers)
    return answer


def operation_errors(errors: list[list[dict[str, Any]]], status: int) -> Response:
    # The shape is not told: a list parallel to the operations, a list of errors for each.
    return json_answer({"operation_errors": errors, "request": {"params": params()}}, status)


def params() -> dict[str, Any]:
    """Return the request as the platform echoes it: its path's ids and its query."""
    named = {"account": "account_id", "audience": "custom_audience_id"}
    path = {
        named[name]: value for name, value in (request.view_args or {}).items() if name in named
    }
    return {**path, **request.args.to_dict()}
