"""Who authorized at Amazon, and whether a token is alive."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from providers.connection import Answer, Connection
from providers.errors import (
    AppMisconfigured,
    BadRequest,
    NotThere,
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Throttled,
    UnknownAnswer,
)
from providers.platforms.amazon_ads import answers, regions
from providers.transport import ask
from providers.values import Identity

_UNTOLD = (PermissionMissing, NotThere, BadRequest)


def identify(connection: Connection) -> Identity:
    """Say who authorized, by the stable id of the Amazon account where it is told."""
    token, person = _token_info(connection), _profile(connection)
    # Whether the token's description names the person without a profile scope is not confirmed.
    user_id = str(person.get("user_id") or token.get("user_id") or "")
    accounts = [] if person.get("name") and user_id else _accounts(connection)
    if not user_id:
        user_id = _customer(connection) or _fingerprint(accounts)
    names = sorted(str(each.get("name") or "") for each in accounts)
    email = str(person.get("email") or "")
    return Identity(
        ids=frozenset({user_id}),
        name=str(person.get("name") or email or "")
        or next(filter(None, names), f"Amazon user {user_id[-6:]}"),
    )


def is_alive(connection: Connection) -> bool:
    """Say whether Amazon knows the token; no where it cannot be asked just now."""
    try:
        return bool(_token_info(connection))
    except PlatformError:
        return False


def _token_info(connection: Connection) -> Mapping[str, Any]:
    """Read what Amazon knows of the token; nothing where it does not know it."""
    # https://developer.amazon.com/docs/login-with-amazon/obtain-customer-profile.html
    # The token stands in the query: this address is never logged or shown.
    token = {"access_token": connection.tokens.access.reveal()}
    found = _told(connection, "/auth/o2/tokeninfo", token)
    if found and found.get("aud") != connection.app.client_id:
        raise AppMisconfigured("Amazon says that this token was given to another application.")
    return found


def _profile(connection: Connection) -> Mapping[str, Any]:
    """Read the person's name; nothing where the grant has no profile scope."""
    # https://developer.amazon.com/docs/login-with-amazon/obtain-customer-profile.html
    return _told(connection, "/user/profile", None)


def _told(connection: Connection, path: str, query: Mapping[str, str] | None) -> Mapping[str, Any]:
    """Ask the login host; a refusal tells nothing, and is no error of the Ads API."""
    address = connection.app.address(f"{regions.of(connection.options).login}{path}")
    signed = None if query else connection.auth
    answer = Answer.of(ask(connection.http, "GET", address, params=query, auth=signed))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = answer.retry_after
        raise Throttled("Amazon asks to slow down.", status=answer.status, retry_after=wait)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise PlatformDown("Amazon has trouble on its side.", status=answer.status)
    is_good = answer.status < HTTPStatus.MULTIPLE_CHOICES
    return answer.json if is_good and isinstance(answer.json, dict) else {}


def _accounts(connection: Connection) -> list[dict[str, Any]]:
    """Return the accounts behind the profiles that the person sees."""
    # https://advertising.amazon.com/API/docs/en-us/reference/2/profiles
    url = f"{regions.of(connection.options).api}/v2/profiles"
    answer = connection.send("GET", url, params={"accessLevel": "view"})
    inside = (profile.get("accountInfo") for profile in answers.listed(answer.json))
    return [each for each in inside if isinstance(each, dict)]


def _customer(connection: Connection) -> str:
    """Return the customer id that connections are kept under, where there is one."""
    url = f"{regions.of(connection.options).api}/amc/audiences/connections"
    try:
        answer = connection.send("GET", url)
    except _UNTOLD:
        return ""
    body = answer.json if isinstance(answer.json, dict) else {}
    told = (str(each.get("customerId") or "") for each in answers.listed(body.get("connections")))
    return next(filter(None, told), "")


def _fingerprint(accounts: list[dict[str, Any]]) -> str:
    """Return a name made of the accounts: weak, as it changes when access does."""
    ids = sorted({str(each["id"]) for each in accounts if each.get("id")})
    if not ids:
        raise UnknownAnswer("Amazon did not say who authorized.")
    return f"accounts-{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:32]}"
