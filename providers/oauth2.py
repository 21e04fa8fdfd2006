"""OAuth 2.0's code flow for adapters, spoken by requests-oauthlib (RFC 6749, RFC 7636)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

import requests
from oauthlib.common import generate_token
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from requests.auth import AuthBase
from requests_oauthlib import OAuth2Session

from providers.app import App
from providers.connection import TIMEOUT, Answer, no_answer
from providers.errors import (
    AppMisconfigured,
    GrantDead,
    PlatformDown,
    PlatformError,
    Throttled,
    UnknownAnswer,
)
from providers.platform import Platform
from providers.secret import Secret
from providers.values import Callback, ConsentStart, Grant, Tokens

# Both print tokens and codes at DEBUG.
for _name in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Bearer(AuthBase):
    """Sign with `Authorization: Bearer`."""

    def __init__(self, token: Secret) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        return request


class OAuth2Platform(Platform):
    """A platform with OAuth 2.0's code flow, client id and secret in the form body.

    A subclass names its addresses and overrides what its platform does otherwise.
    """

    authorize_url: ClassVar[str]
    token_url: ClassVar[str]
    scope_separator: ClassVar[str] = " "
    pkce: ClassVar[bool] = False
    """Off unless the platform documents it: an undocumented parameter may be refused."""

    def authorize_parameters(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return what the platform wants at the consent page beyond RFC 6749."""
        return {}

    def begin_consent(
        self, app: App, redirect_uri: str, state: str, options: Mapping[str, str]
    ) -> ConsentStart:
        """Build the consent address; nothing is asked of the platform."""
        parameters = {
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": self.scope_separator.join(self.scopes),
            "state": state,
            **self.authorize_parameters(options),
        }
        verifier = None
        if self.pkce:
            verifier = Secret(generate_token(64))
            client = WebApplicationClient(app.client_id)
            parameters["code_challenge"] = client.create_code_challenge(verifier.reveal(), "S256")
            parameters["code_challenge_method"] = "S256"
        url = f"{app.address(self.authorize_url)}?{urlencode(parameters)}"
        return ConsentStart(url=url, lookup=Secret(state), secret=verifier)

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Take `code` and `state`; whatever comes without a code is a refusal."""
        code = parameters.get("code", "")
        return Callback(
            lookup=Secret(parameters.get("state", "")),
            code=Secret(code) if code else None,
            refusal="" if code else _word(parameters.get("error", "")),
        )

    def finish_consent(
        self,
        app: App,
        redirect_uri: str,
        callback: Callback,
        secret: str,
        options: Mapping[str, str],
    ) -> Grant:
        """Exchange the code for tokens."""
        extra = {"code_verifier": secret} if secret else {}
        code = callback.code.reveal() if callback.code else ""
        # No scope is given: oauthlib raises where granted and asked scopes differ, and the
        # single-use grant would be lost with the exception. `missing_scopes` compares instead.
        with self._session(app, redirect_uri) as session:
            return self._granted(
                session,
                session.fetch_token,
                app.address(self.token_url),
                code=code,
                client_secret=app.client_secret.reveal(),
                include_client_id=True,
                **extra,
            )

    def refresh(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Grant:
        """Exchange the refresh token for new tokens."""
        if tokens.refresh is None:
            raise GrantDead(f"{self.label} gave no way to renew this authorization.")
        with self._session(app, None) as session:
            return self._granted(
                session,
                session.refresh_token,
                app.address(self.token_url),
                refresh_token=tokens.refresh.reveal(),
                client_id=app.client_id,
                client_secret=app.client_secret.reveal(),
            )

    def auth(self, app: App, tokens: Tokens) -> AuthBase:
        """Sign with the access token as a bearer token."""
        return Bearer(tokens.access)

    def classify_token_error(self, answer: Answer) -> PlatformError:
        """Say what a bad answer of the token endpoint means (RFC 6749, section 5.2)."""
        body = answer.json if isinstance(answer.json, dict) else {}
        code = _word(str(body.get("error", "")))
        if answer.status == 429:
            return Throttled(
                f"{self.label} asks to slow down.", status=429, retry_after=answer.retry_after
            )
        if answer.status >= 500:
            return PlatformDown(
                f"{self.label} has trouble on its side.", status=answer.status, code=code
            )
        if code == "invalid_grant":
            return GrantDead(
                f"{self.label} says that this authorization has ended.",
                status=answer.status,
                code=code,
            )
        if code in {"invalid_client", "unauthorized_client", "unsupported_grant_type"}:
            return AppMisconfigured(
                f"{self.label} does not accept this application's credentials.",
                status=answer.status,
                code=code,
            )
        return UnknownAnswer(
            f"{self.label} refused in a way that is not known here.",
            status=answer.status,
            code=code,
        )

    def grant_from(self, body: Mapping[str, Any]) -> Grant:
        """Read a good answer of the token endpoint."""
        refresh = body.get("refresh_token")
        scope = body.get("scope")
        return Grant(
            tokens=Tokens(
                access=Secret(str(body["access_token"])),
                refresh=Secret(str(refresh)) if refresh else None,
            ),
            expires_in=_seconds(body.get("expires_in")),
            refresh_expires_in=_seconds(body.get("refresh_token_expires_in")),
            scopes=frozenset(re.split(r"[,\s]+", str(scope).strip())) if scope else None,
        )

    def _session(self, app: App, redirect_uri: str | None) -> OAuth2Session:
        return OAuth2Session(client_id=app.client_id, redirect_uri=redirect_uri, scope=None)

    def _granted(self, session: OAuth2Session, fetch: Any, address: str, **how: Any) -> Grant:
        """Call the token endpoint and read its raw answer.

        The answer is looked at before oauthlib parses it, because it raises the same exception for
        a proxy's 502 page as for a bad body, and folds what we need to tell apart.
        """
        answers: list[Answer] = []

        def keep(response: requests.Response) -> requests.Response:
            answers.append(Answer.of(response))
            return response

        session.register_compliance_hook("access_token_response", keep)
        session.register_compliance_hook("refresh_token_response", keep)
        try:
            fetch(address, timeout=TIMEOUT, **how)
        except requests.RequestException as error:
            raise no_answer(error, wrote=True) from None
        except (OAuth2Error, ValueError):
            if not answers:
                raise
        answer = answers[-1]
        if answer.status >= 400:
            raise self.classify_token_error(answer)
        if not isinstance(answer.json, dict) or not answer.json.get("access_token"):
            raise self.classify_token_error(answer)
        return self.grant_from(answer.json)


def _word(text: str) -> str:
    """Keep of a platform's error word only what such a word may hold."""
    return re.sub(r"[^a-z0-9_.-]", "", text.lower())[:60]


def _seconds(value: Any) -> int | None:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return None
