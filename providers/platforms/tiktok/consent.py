"""TikTok's own consent, which is not OAuth 2.0's: `app_id`, `auth_code`, JSON, no refresh."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase

from providers.app import App
from providers.errors import GrantDead, TokenRejected
from providers.oauth2 import ask_in_json
from providers.platform import Platform
from providers.platforms.tiktok import answers, preparing
from providers.platforms.tiktok.answers import API
from providers.secret import Secret
from providers.values import Callback, ConsentStart, Grant, Tokens
from providers.wording import word

AUDIENCE_MANAGEMENT = "3"
CREATE_AUDIENCES = "31"


class AccessToken(AuthBase):
    """Sign with the header `Access-Token`, without the word Bearer: that would be refused."""

    def __init__(self, token: Secret) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Access-Token"] = self.token.reveal()
        return request


class TikTokConsent(Platform):
    """How a person's approval becomes a token, and how it ends."""

    # Numbers of TikTok's; the app has them, and consent names none.
    # https://business-api.tiktok.com/portal/docs?id=1753986142651394
    scopes = (AUDIENCE_MANAGEMENT,)
    prepare = preparing.PREPARE
    consent_asks = preparing.CONSENT_ASKS
    approvals = preparing.APPROVALS

    def begin_consent(
        self, app: App, redirect_uri: str, state: str, options: Mapping[str, str]
    ) -> ConsentStart:
        """Build the consent address, which names the app and no scope."""
        # https://business-api.tiktok.com/portal/docs?id=1738373141733378
        query = urlencode({"app_id": app.client_id, "state": state, "redirect_uri": redirect_uri})
        address = app.address("https://business-api.tiktok.com/portal/auth")
        return ConsentStart(url=f"{address}?{query}", lookup=Secret(state))

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Take `auth_code`; what a cancel looks like is not documented, so all else is one."""
        code = parameters.get("auth_code") or parameters.get("code") or ""
        return Callback(
            lookup=Secret(parameters.get("state", "")),
            code=Secret(code) if code else None,
            refusal="" if code else word(parameters.get("error")),
        )

    def finish_consent(
        self,
        app: App,
        redirect_uri: str,
        callback: Callback,
        secret: str,
        options: Mapping[str, str],
    ) -> Grant:
        """Exchange the code for the one token there is."""
        # https://business-api.tiktok.com/portal/docs?id=1738373164380162
        body = {
            **_us(app),
            "auth_code": callback.code.reveal() if callback.code else "",
            # Collecting thousands of ids may take too long, and the code counts once.
            "return_advertiser_ids": False,
        }
        answer = ask_in_json(app, f"{API}/oauth2/access_token/", body)
        error = answers.error_in_exchange(answer)
        if error is not None:
            raise error
        found = answers.data(answer)
        if not found.get("access_token"):
            raise answers.nothing_in(answer, "token")
        scopes, refresh = found.get("scope"), found.get("refresh_token")
        return Grant(
            tokens=Tokens(
                access=Secret(str(found["access_token"])),
                # This API sends none; the models that it shares with others have the field.
                refresh=Secret(str(refresh)) if refresh else None,
            ),
            scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        )

    def refresh(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Grant:
        """Say that there is no refresh: tokens of this API last until they are revoked."""
        raise GrantDead("TikTok no longer takes this token, and only a new approval renews it.")

    def revoke(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> None:
        """End the token at TikTok; one that has ended already is fine."""
        body = {**_us(app), "access_token": tokens.access.reveal()}
        error = answers.error_in(ask_in_json(app, f"{API}/oauth2/revoke_token/", body))
        if error is not None and not isinstance(error, TokenRejected):
            raise error

    def missing_scopes(self, granted: frozenset[str] | None) -> frozenset[str]:
        """Want audience management, or the part of it that creates and changes audiences."""
        if granted is None or granted & {AUDIENCE_MANAGEMENT, CREATE_AUDIENCES}:
            return frozenset()
        return frozenset({AUDIENCE_MANAGEMENT})

    def auth(self, app: App, tokens: Tokens) -> AuthBase:
        """Sign with the token in TikTok's own header."""
        return AccessToken(tokens.access)


def _us(app: App) -> dict[str, str]:
    return {"app_id": app.client_id, "secret": app.client_secret.reveal()}
