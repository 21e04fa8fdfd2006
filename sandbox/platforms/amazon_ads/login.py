"""Login with Amazon: tokens, what a token is, and whose it is (sheet, sections 1 and 2.1)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, request

from sandbox.grants import Grant
from sandbox.platforms.amazon_ads.shapes import answer, oauth_error

if TYPE_CHECKING:
    from sandbox.platforms.amazon_ads import AmazonAds

ACCESS_SECONDS, CODE_SECONDS = 3600, 300
SCOPES = frozenset(
    {
        "advertising::campaign_management",
        "advertising::audiences",
        "advertising::test:create_account",
        "cpc_advertising:campaign_management",
        "profile",
        "profile:user_id",
        "postal_code",
    }
)
# What the application was approved for: `profile` needs an approval of its own.
APPROVED = SCOPES - {"profile", "profile:user_id", "postal_code"}
CAMPAIGNS = {"advertising::campaign_management", "cpc_advertising:campaign_management"}
AUDIENCES = "advertising::audiences"


@dataclass(frozen=True)
class Promise:
    """What a code was given with, beyond what every platform's codes hold."""

    ends_at: float
    challenge: str = ""
    method: str = "plain"

    def is_kept(self, verifier: str) -> bool:
        """Say whether a verifier fits; where no challenge was sent, there is nothing to fit."""
        if not self.challenge:
            return True
        if self.method == "S256":
            hashed = hashlib.sha256(verifier.encode()).digest()
            verifier = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        return secrets.compare_digest(verifier.encode(), self.challenge.encode())


def token(platform: AmazonAds) -> Response:
    """Answer POST /auth/o2/token."""
    if platform.faults.take("token_throttle"):
        return platform.too_many()
    if platform.faults.take("token_fail"):
        return platform.failed()
    form = request.form
    if request.headers.get("Authorization", "").lower().startswith("bearer"):
        return oauth_error("invalid_request", "The Authorization header is not expected here")
    if not form:
        return oauth_error("invalid_request", "The request must be form-urlencoded")
    if "grant_type" not in form:
        return _missing("grant_type")
    if not _is_us(platform):
        return oauth_error("invalid_client", "Client authentication failed", 401)
    exchange = {"authorization_code": _exchanged, "refresh_token": _refreshed}
    chosen = exchange.get(form["grant_type"])
    if chosen is None:
        return oauth_error("unsupported_grant_type", "The grant type is not supported")
    return chosen(platform)


def token_info(platform: AmazonAds) -> Response:
    """Answer GET /auth/o2/tokeninfo."""
    grant = platform.grants.by_access(request.args.get("access_token", ""))
    if grant is None:
        return oauth_error("invalid_token", "The access token is not valid or has expired")
    text = request.args["access_token"]
    body = {
        "iss": "https://www.amazon.com",
        "aud": platform.client_id,
        "app_id": "amzn1.application.sandbox",
        "exp": int(grant.access[text] - platform.clock.now()),
        "iat": int(platform.clock.now()),
    }
    has_profile = {"profile", "profile:user_id"} & set(grant.scopes)
    # Whether it tells the person without a profile scope is not confirmed.
    if has_profile or not platform.faults.is_on("tokeninfo_anonymous"):
        body["user_id"] = platform.person(grant.person).facts["user"]
    return answer(body)


def profile(platform: AmazonAds) -> Response:
    """Answer GET /user/profile."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    text = (
        (bearer if scheme.lower() == "bearer" else "")
        or request.headers.get("x-amz-access-token", "")
        or request.args.get("access_token", "")
    )
    grant = platform.grants.by_access(text)
    if grant is None:
        return oauth_error("invalid_token", "The access token is not valid or has expired")
    person, scopes = platform.person(grant.person), set(grant.scopes)
    if "profile" in scopes:
        shown = {
            "user_id": person.facts["user"],
            "email": person.email,
            "name": person.name,
        }
        return answer(shown | ({"postal_code": "98052"} if "postal_code" in scopes else {}))
    if "profile:user_id" in scopes:
        return answer({"user_id": person.facts["user"]})
    return oauth_error("insufficient_scope", "The access token has no profile scope", 401)


def _is_us(platform: AmazonAds) -> bool:
    """Say whether the client is ours: in the form, or by HTTP Basic."""
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        given = (basic.username, basic.password)
    else:
        given = (request.form.get("client_id"), request.form.get("client_secret"))
    return given == (platform.client_id, platform.client_secret)


def _exchanged(platform: AmazonAds) -> Response:
    form = request.form
    for name in ("code", "redirect_uri"):
        if not form.get(name):
            return _missing(name)
    if platform.faults.take("invalid_grant"):
        return _invalid("code")
    promise = platform.promises.pop(form["code"], None)
    code = platform.grants.take_code(form["code"], form["redirect_uri"])
    if promise is None or promise.ends_at <= platform.clock.now():
        return _invalid("code")
    if code is None:
        return _invalid("redirect_uri")
    if not promise.is_kept(form.get("code_verifier", "")):
        return _invalid("code_verifier")
    grant = platform.grants.grant(code.person, code.scopes)
    grant.refresh = _a_refresh_token()
    return _tokens(platform, grant, grant.refresh)


def _refreshed(platform: AmazonAds) -> Response:
    if not request.form.get("refresh_token"):
        return _missing("refresh_token")
    grant = platform.grants.by_refresh(request.form["refresh_token"])
    if grant is None or platform.faults.take("invalid_grant"):
        said = " User may have revoked or didn't grant the permission."
        return _invalid("refresh_token", f".{said}")
    if platform.faults.is_on("refresh_rotate"):
        grant.refresh = _a_refresh_token()
    # The same one, as a rule.
    silent = platform.faults.is_on("refresh_none")
    return _tokens(platform, grant, "" if silent else grant.refresh)


def _tokens(platform: AmazonAds, grant: Grant, refresh: str) -> Response:
    seconds = ACCESS_SECONDS
    for fault in platform.faults.on():
        if fault.kind == "expires_in":
            seconds = int(fault.seconds(ACCESS_SECONDS))
    body = {
        "access_token": platform.grants.issue(grant, seconds, "Atza|"),
        "token_type": "bearer",
        "expires_in": seconds,
    }
    return answer(body | ({"refresh_token": refresh} if refresh else {}))


def _a_refresh_token() -> str:
    return f"Atzr|{secrets.token_urlsafe(48)}"


def _missing(name: str) -> Response:
    said = f"The request is missing a required parameter : {name}"
    return oauth_error("invalid_request", said)


def _invalid(name: str, more: str = "") -> Response:
    said = f"The request has an invalid grant parameter : {name}{more}"
    return oauth_error("invalid_grant", said)
