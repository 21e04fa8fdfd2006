"""OAuth 1.0a's walk for adapters (RFC 5849), signed by requests-oauthlib.

There is no state, no scope, no expiry and no refresh: the request token is what an answer is known
by, and access lasts until somebody ends it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import requests
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

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
from providers.transport import ask, new_session
from providers.values import Callback, ConsentStart, Grant, Tokens

# Both print tokens at DEBUG.
for _name in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Signer(OAuth1):
    """Sign with OAuth 1.0a, and leave the headers as text: requests-oauthlib makes them bytes."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = super().__call__(request)
        headers: dict[str, Any] = dict(signed.headers)
        for name, value in headers.items():
            signed.headers[name] = value.decode() if isinstance(value, bytes) else value
        return signed


class OAuth1Platform(Platform):
    """A platform with OAuth 1.0a, HMAC-SHA1, everything in the Authorization header.

    A subclass names its addresses and overrides what its platform does otherwise.
    """

    request_token_url: ClassVar[str]
    authorize_url: ClassVar[str]
    access_token_url: ClassVar[str]

    def authorize_parameters(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return what the platform wants at the consent page beyond the request token."""
        return {}

    def begin_consent(
        self, app: App, redirect_uri: str, state: str, options: Mapping[str, str]
    ) -> ConsentStart:
        """Ask for a request token; the answer will be known by it, as there is no state."""
        signer = _signer(app, callback_uri=redirect_uri)
        given = self._tokens_at(app, self.request_token_url, signer, approved=False)
        if given.get("oauth_callback_confirmed") != "true":
            raise AppMisconfigured(f"{self.label} did not confirm this product's redirect address.")
        token = given["oauth_token"]
        query = urlencode({"oauth_token": token, **self.authorize_parameters(options)})
        return ConsentStart(
            url=f"{app.address(self.authorize_url)}?{query}",
            lookup=Secret(token),
            secret=Secret(given["oauth_token_secret"]),
        )

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Take request token and verifier; whatever comes without a verifier is a refusal."""
        verifier = parameters.get("oauth_verifier", "")
        return Callback(
            lookup=Secret(parameters.get("oauth_token", "")),
            code=Secret(verifier) if verifier else None,
        )

    def finish_consent(
        self,
        app: App,
        redirect_uri: str,
        callback: Callback,
        secret: str,
        options: Mapping[str, str],
    ) -> Grant:
        """Exchange request token and verifier for an access token."""
        signer = _signer(
            app,
            resource_owner_key=callback.lookup.reveal(),
            resource_owner_secret=secret,
            verifier=callback.code.reveal() if callback.code else "",
        )
        return self.grant_from(self._tokens_at(app, self.access_token_url, signer, approved=True))

    def refresh(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Grant:
        """Raise GrantDead: there is nothing to refresh, only a person can authorize again."""
        raise GrantDead(f"{self.label} no longer takes this authorization; it cannot be renewed.")

    def auth(self, app: App, tokens: Tokens) -> AuthBase:
        """Sign with our key and the grant's. A JSON body is never part of what is signed."""
        return _signer(
            app,
            resource_owner_key=tokens.access.reveal(),
            resource_owner_secret=tokens.secret.reveal() if tokens.secret else "",
        )

    def grant_from(self, given: Mapping[str, str]) -> Grant:
        """Read a good answer of the access token's endpoint."""
        access, secret = Secret(given["oauth_token"]), Secret(given["oauth_token_secret"])
        return Grant(tokens=Tokens(access=access, secret=secret))

    def classify_token_error(self, answer: Answer, *, approved: bool) -> PlatformError:
        """Say what a bad answer of a token endpoint means (RFC 5849, section 3.2).

        `approved` says that a person's approval was at stake, not only our own key.
        """
        status, request_id = answer.status, answer.request_id()
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(
                f"{self.label} asks to slow down.",
                status=status,
                request_id=request_id,
                retry_after=answer.retry_after,
            )
        kind: type[PlatformError] = UnknownAnswer
        sentence = f"{self.label} refused in a way that is not known here."
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            kind, sentence = PlatformDown, f"{self.label} has trouble on its side."
        elif status == HTTPStatus.UNAUTHORIZED and approved:
            kind, sentence = GrantDead, f"{self.label} does not take this approval (any more)."
        elif status == HTTPStatus.UNAUTHORIZED:
            kind, sentence = AppMisconfigured, self.key_refused
        return kind(sentence, status=status, request_id=request_id)

    @property
    def key_refused(self) -> str:
        """Say that the platform does not know our key, or refuses what we signed with it."""
        return f"{self.label} does not accept this application's credentials."

    def _tokens_at(
        self, app: App, vendor_url: str, signer: Signer, *, approved: bool
    ) -> dict[str, str]:
        """Ask a token endpoint; its good answer is a form with a token and its secret."""
        address = app.address(vendor_url)
        # requests-oauthlib checks it for OAuth 2.0 only, and tokens come back in the clear.
        if not address.startswith("https://") and not app.is_loopback:
            raise AppMisconfigured(f"{self.label}'s address here is not HTTPS.")
        answer = Answer.of(ask(new_session(), "POST", address, auth=signer))
        # Whatever its content type says.
        given = dict(parse_qsl(answer.text.strip()))
        is_good = answer.status == HTTPStatus.OK and {"oauth_token", "oauth_token_secret"} <= set(
            given
        )
        if not is_good:
            raise self.classify_token_error(answer, approved=approved)
        return given


def _signer(app: App, **more: Any) -> Signer:
    return Signer(app.client_id, client_secret=app.client_secret.reveal(), **more)
