"""The token endpoint and the revocation that is only for system users (sheet, section 1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.grants import Grant
from sandbox.platforms.pinterest import shapes
from sandbox.platforms.pinterest.people import APP_OWNER
from sandbox.platforms.pinterest.shapes import Malformed, NotAuthenticated, NotPermitted, Refused

if TYPE_CHECKING:
    from sandbox.platforms.pinterest import Pinterest

DAY = 86_400
ACCESS_SECONDS, REFRESH_SECONDS = 30 * DAY, 60 * DAY
_ANY = (
    "ads:read",
    "ads:write",
    "billing:read",
    "billing:write",
    "biz_access:read",
    "biz_access:write",
    "boards:read",
    "boards:read_secret",
    "boards:write",
    "boards:write_secret",
    "catalogs:read",
    "catalogs:write",
    "pins:read",
    "pins:read_secret",
    "pins:write",
    "pins:write_secret",
    "user_accounts:read",
    "user_accounts:write",
)
SCOPES = frozenset(_ANY)


class BadCode(Refused):
    """A code that is made up, used or old. Its status is not confirmed for v5."""

    def __init__(self) -> None:
        super().__init__(400, 283, "The authorization grant is invalid.")


@dataclass
class Refresh:
    """One refresh token. `replaced` ones are refused, unless the sandbox is told otherwise."""

    grant: Grant
    ends_at: float
    replaced: bool = False


class Desk:
    """Who holds which token, beyond what every platform's grants know."""

    def __init__(self) -> None:
        self.refreshes: dict[str, Refresh] = {}
        self.scopes: dict[str, frozenset[str]] = {}
        self.of_client: set[str] = set()


def read_scopes(text: str) -> tuple[str, ...]:
    """Read scopes; commas are documented, spaces are sent by some and taken too."""
    return tuple(text.replace(",", " ").split())


def token(platform: Pinterest) -> Response:
    """Answer POST /v5/oauth/token."""
    if platform.faults.take("token_throttle"):
        return platform.too_many()
    if platform.faults.take("token_fail"):
        return platform.failed()
    try:
        return _token(platform)
    except Refused as refused:
        # RFC 6749's form is seen nowhere, and excluded nowhere.
        in_rfc = platform.faults.is_on("rfc_token_errors")
        return _rfc_error(platform, refused) if in_rfc else shapes.error(refused)


def revoke(platform: Pinterest) -> Response:
    """Answer POST /v5/oauth/token/revoke: no token of a person is taken."""
    try:
        if not _is_us(platform):
            raise NotAuthenticated
        if not request.form.get("token"):
            raise Malformed("token is required.")
        if request.form.get("token_type_hint", "access_token") not in {
            "access_token",
            "refresh_token",
        }:
            raise Malformed("token_type_hint must be access_token or refresh_token.")
        raise NotPermitted
    except Refused as refused:
        return shapes.error(refused)


def _token(platform: Pinterest) -> Response:
    if not _is_us(platform):
        raise NotAuthenticated
    form = request.form
    kind = form.get("grant_type", "")
    refused = kind != "client_credentials" and platform.faults.take("invalid_grant")
    if kind == "authorization_code":
        return _exchanged(platform, refused=bool(refused))
    if kind == "refresh_token":
        return _refreshed(platform, refused=bool(refused))
    if kind == "client_credentials":
        return _of_client(platform)
    raise Malformed("grant_type is not supported.")


def _rfc_error(platform: Pinterest, refused: Refused) -> Response:
    if not _is_us(platform):
        code, status = "invalid_client", 401
    elif isinstance(refused, NotAuthenticated | BadCode):
        code, status = "invalid_grant", 400
    else:
        code, status = "invalid_request", 400
    return shapes.json_answer({"error": code, "error_description": refused.message}, status)


def _is_us(platform: Pinterest) -> bool:
    """Say whether the client is ours. Only HTTP Basic counts; a secret in the form is none."""
    given = request.authorization
    if given is None or given.type != "basic":
        return False
    return (given.username, given.password) == (platform.client_id, platform.client_secret)


def _exchanged(platform: Pinterest, *, refused: bool) -> Response:
    form = request.form
    code = platform.grants.take_code(form.get("code", ""), form.get("redirect_uri", ""))
    if code is None or refused:
        raise NotAuthenticated if platform.faults.is_on("bad_code_is_401") else BadCode
    grant = platform.grants.grant(code.person, code.scopes)
    body = _access(platform, grant, frozenset(code.scopes), "authorization_code")
    body |= _new_refresh(platform, grant)
    if platform.faults.is_on("old_app") and form.get("continuous_refresh") != "true":
        # The legacy kind of token: it is given, and no longer taken.
        del platform.desk.refreshes[body["refresh_token"]]
    return shapes.json_answer(body)


def _refreshed(platform: Pinterest, *, refused: bool) -> Response:
    form, faults = request.form, platform.faults
    known = platform.desk.refreshes.get(form.get("refresh_token", ""))
    if (
        refused
        or known is None
        or known.grant.revoked
        or known.ends_at <= platform.clock.now()
        or (known.replaced and not faults.is_on("old_refresh_lives"))
    ):
        raise NotAuthenticated
    granted = frozenset(known.grant.scopes)
    asked = frozenset(read_scopes(form.get("scope", ""))) or granted
    if not asked <= granted:
        raise Malformed("scope can only be narrowed.")
    body = _access(platform, known.grant, asked, "refresh_token")
    if not faults.is_on("refresh_none"):
        known.replaced = True
        body |= _new_refresh(platform, known.grant)
    return shapes.json_answer(body)


def _of_client(platform: Pinterest) -> Response:
    scopes = read_scopes(request.form.get("scope", ""))
    if not scopes or not set(scopes) <= SCOPES:
        raise Malformed("scope is required.")
    grant = platform.grants.grant(APP_OWNER.id, scopes)
    body = _access(platform, grant, frozenset(scopes), "client_credentials")
    platform.desk.of_client.add(body["access_token"])
    return shapes.json_answer(body)


def _access(
    platform: Pinterest, grant: Grant, scopes: frozenset[str], response_type: str
) -> dict[str, Any]:
    seconds = ACCESS_SECONDS
    for fault in platform.faults.on():
        if fault.kind == "expires_in":
            seconds = int(fault.seconds(ACCESS_SECONDS))
    prefix = "pinc_" if response_type == "client_credentials" else "pina_"
    text = platform.grants.issue(grant, seconds, prefix)
    platform.desk.scopes[text] = scopes
    return {
        "response_type": response_type,
        "access_token": text,
        "token_type": "bearer",
        "expires_in": seconds,
        "scope": ",".join(scope for scope in grant.scopes if scope in scopes),
    }


def _new_refresh(platform: Pinterest, grant: Grant) -> dict[str, Any]:
    text = f"pinr.{secrets.token_urlsafe(48)}"
    ends_at = platform.clock.now() + REFRESH_SECONDS
    platform.desk.refreshes[text] = Refresh(grant, ends_at)
    return {
        "refresh_token": text,
        "refresh_token_expires_in": REFRESH_SECONDS,
        "refresh_token_expires_at": int(ends_at),
    }
