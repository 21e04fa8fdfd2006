"""OAuth 2.0's code flow for adapters, spoken by requests-oauthlib (RFC 6749, RFC 7636)."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlencode

import requests
from oauthlib.common import generate_token
from oauthlib.oauth2 import InsecureTransportError, WebApplicationClient
from oauthlib.oauth2.rfc6749.utils import is_secure_transport
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from providers.app import App
from providers.connection import Answer
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
from providers.transport import TIMEOUT, ask, new_session, no_answer, use_pool
from providers.values import Callback, ConsentStart, Grant, Tokens
from providers.wording import word

# Both print tokens and codes at DEBUG.
for _name in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# RFC 6749's words, sections 4.1.2.1 and 5.2.
_OUR_TROUBLE = {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
_THEIR_TROUBLE = {"server_error", "temporarily_unavailable"}


class Bearer(AuthBase):
    """Sign with `Authorization: Bearer`."""

    def __init__(self, token: Secret) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        return request


class TokenSession(OAuth2Session):
    """A session with a token endpoint: a redirect would carry the client's secret elsewhere."""

    def request(self, *args: Any, **how: Any) -> requests.Response:
        """Send a request without following redirects."""
        return super().request(*args, **{**how, "allow_redirects": False})


class OAuth2Platform(Platform):
    """A platform with OAuth 2.0's code flow, client id and secret in the form body.

    A subclass names its addresses and overrides what its platform does otherwise.
    """

    authorize_url: ClassVar[str]
    token_url: ClassVar[str]
    scope_separator: ClassVar[str] = " "
    pkce: ClassVar[bool] = False
    """Off unless the platform documents it: an undocumented parameter may be refused."""
    secret_in_header: ClassVar[bool] = False
    """Whether the client identifies itself by HTTP Basic instead of in the form."""

    def consent_address(self, options: Mapping[str, str]) -> str:
        """Return the vendor's consent page; it may hang on a region, say."""
        return self.authorize_url

    def token_address(self, options: Mapping[str, str]) -> str:
        """Return the vendor's token endpoint; it may hang on a region, say."""
        return self.token_url

    def authorize_parameters(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return what the platform wants at the consent page beyond RFC 6749."""
        return {}

    def exchange_parameters(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return what the platform wants at the exchange of the code beyond RFC 6749."""
        return {}

    def begin_consent(
        self, app: App, redirect_uri: str, state: str, options: Mapping[str, str]
    ) -> ConsentStart:
        """Build the consent address; nothing is asked of the platform."""
        parameters = {
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": self.scope_separator.join((*self.scopes, *app.extra_scopes)),
            "state": state,
            **self.authorize_parameters(options),
        }
        verifier = None
        if self.pkce:
            verifier = Secret(generate_token(64))
            client = WebApplicationClient(app.client_id)
            parameters["code_challenge"] = client.create_code_challenge(verifier.reveal(), "S256")
            parameters["code_challenge_method"] = "S256"
        url = f"{app.address(self.consent_address(options))}?{urlencode(parameters)}"
        return ConsentStart(url=url, lookup=Secret(state), secret=verifier)

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Take `code` and `state`; whatever comes without a code is a refusal."""
        code = parameters.get("code", "")
        return Callback(
            lookup=Secret(parameters.get("state", "")),
            code=Secret(code) if code else None,
            refusal="" if code else word(parameters.get("error")),
            scopes=_scopes(parameters.get("scope")),
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
        verifier = {"code_verifier": secret} if secret else {}
        session = self._session(app, redirect_uri)
        # No scope is given: oauthlib raises where granted and asked scopes differ, and the
        # single-use grant would be lost with the exception. `missing_scopes` compares instead.
        grant = self._granted(
            session,
            session.fetch_token,
            app.address(self.token_address(options)),
            code=callback.code.reveal() if callback.code else "",
            include_client_id=not self.secret_in_header,
            **self._client_authentication(app),
            **verifier,
            **self.exchange_parameters(options),
        )
        return replace(grant, scopes=callback.scopes) if grant.scopes is None else grant

    def refresh(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Grant:
        """Exchange the refresh token for new tokens."""
        if tokens.refresh is None:
            raise GrantDead(f"{self.label} gave no way to renew this authorization.")
        session = self._session(app, None)
        client_id = {} if self.secret_in_header else {"client_id": app.client_id}
        return self._granted(
            session,
            session.refresh_token,
            app.address(self.token_address(options)),
            refresh_token=tokens.refresh.reveal(),
            **self._client_authentication(app),
            **client_id,
        )

    def auth(self, app: App, tokens: Tokens) -> AuthBase:
        """Sign with the access token as a bearer token."""
        return Bearer(tokens.access)

    def classify_token_error(self, answer: Answer) -> PlatformError:
        """Say what a bad answer of the token endpoint means (RFC 6749, section 5.2)."""
        body = answer.json if isinstance(answer.json, dict) else {}
        code = word(body.get("error"))
        facts: dict[str, Any] = {
            "code": code,
            "status": answer.status,
            "request_id": answer.request_id(),
        }
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = answer.retry_after
            return Throttled(f"{self.label} asks to slow down.", retry_after=wait, **facts)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _THEIR_TROUBLE:
            return PlatformDown(f"{self.label} has trouble on its side.", **facts)
        if code == "invalid_grant":
            return GrantDead(f"{self.label} says that this authorization has ended.", **facts)
        if code in _OUR_TROUBLE:
            return AppMisconfigured(
                f"{self.label} does not accept this application's credentials.", **facts
            )
        return UnknownAnswer(f"{self.label} refused in a way that is not known here.", **facts)

    def grant_from(self, body: Mapping[str, Any]) -> Grant:
        """Read a good answer of the token endpoint."""
        refresh = body.get("refresh_token")
        return Grant(
            tokens=Tokens(
                access=Secret(str(body["access_token"])),
                refresh=Secret(str(refresh)) if refresh else None,
            ),
            expires_in=_seconds(body.get("expires_in")),
            refresh_expires_in=_refresh_expires_in(body),
            scopes=_scopes(body.get("scope")),
        )

    def _session(self, app: App, redirect_uri: str | None) -> TokenSession:
        session = TokenSession(client_id=app.client_id, redirect_uri=redirect_uri, scope=None)
        use_pool(session)
        return session

    def _client_authentication(self, app: App) -> dict[str, Any]:
        secret = app.client_secret.reveal()
        if self.secret_in_header:
            return {"auth": HTTPBasicAuth(app.client_id, secret)}
        return {"client_secret": secret}

    def _granted(self, session: TokenSession, fetch: Any, address: str, **how: Any) -> Grant:
        """Call the token endpoint and read its raw answer."""
        session.register_compliance_hook("access_token_response", _keep_from_oauthlib)
        session.register_compliance_hook("refresh_token_response", _keep_from_oauthlib)
        answer = None
        try:
            fetch(address, timeout=TIMEOUT, **how)
        except _AnsweredError as answered:
            answer = answered.answer
        except requests.RequestException as error:
            raise no_answer(error, wrote=True) from None
        except InsecureTransportError:
            raise AppMisconfigured(f"{self.label}'s address here is not HTTPS.") from None
        assert answer is not None
        body = answer.json if isinstance(answer.json, dict) else {}
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES or not body.get("access_token"):
            raise self.classify_token_error(answer)
        return self.grant_from(body)


def ask_in_json(app: App, vendor_url: str, body: Mapping[str, Any]) -> Answer:
    """Send secrets to a token endpoint that speaks JSON instead of RFC 6749's forms.

    Returns whatever answer came, unjudged. Raises PlatformDown where none came, and
    AppMisconfigured where the address is not HTTPS, by the same rule as for all others.
    """
    address = app.address(vendor_url)
    if not is_secure_transport(address):
        raise AppMisconfigured("The platform's address here is not HTTPS.")
    return Answer.of(ask(new_session(), "POST", address, json=body))


class _AnsweredError(Exception):
    """The token endpoint has answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def _keep_from_oauthlib(response: requests.Response) -> requests.Response:
    """Take the answer before oauthlib parses it.

    It raises the same exception for a proxy's page as for a bad body, another one for JSON that is
    no object, and folds what we need to tell apart.
    """
    raise _AnsweredError(Answer.of(response))


def _scopes(text: Any) -> frozenset[str] | None:
    """Read granted scopes, whatever they are separated by; None where nothing is said."""
    return frozenset(re.findall(r"[^,\s]+", str(text))) if text else None


_TEN_YEARS = 10 * 366 * 24 * 3600


def _refresh_expires_in(body: Mapping[str, Any]) -> int | None:
    """Read how long a refresh token lasts; some say the point in time instead, or as well."""
    left = _seconds(body.get("refresh_token_expires_in"))
    ends_at = _seconds(body.get("refresh_token_expires_at"))
    if left is None and ends_at is not None:
        left = max(0, ends_at - int(time.time()))
    # What is more than that is no time in seconds.
    return left if left is None or left < _TEN_YEARS else None


def _seconds(value: Any) -> int | None:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return None
