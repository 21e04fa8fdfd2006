"""Login with Amazon: which host consents and gives tokens, and how everything is signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import requests
from requests.auth import AuthBase

from providers.app import App
from providers.connection import Answer, Connection
from providers.errors import PermissionMissing, PlatformError, TokenRejected
from providers.oauth2 import Bearer, OAuth2Platform
from providers.platforms.amazon_ads import answers, people, regions
from providers.values import Tokens

CAMPAIGNS = "advertising::campaign_management"
AUDIENCES = "advertising::audiences"
_CAMPAIGNS_BEFORE = "cpc_advertising:campaign_management"


class AmazonSignature(AuthBase):
    """Sign with a bearer token, and say which application it is: both are always needed."""

    def __init__(self, app: App, tokens: Tokens) -> None:
        self.bearer = Bearer(tokens.access)
        self.client_id = app.client_id

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Amazon-Advertising-API-ClientId"] = self.client_id
        return self.bearer(request)


class LoginWithAmazon(OAuth2Platform):
    """How a person's approval becomes tokens; the refresh token stays the same for good."""

    # https://developer.amazon.com/docs/login-with-amazon/authorization-code-grant.html
    pkce = True
    # Amazon's guide wants both. Whether one of them would do is not confirmed, and other senders
    # disagree. No `profile`: it is refused to applications that are not approved for it, and then
    # nobody could consent at all (pennersr/django-allauth#3993).
    scopes = (CAMPAIGNS, AUDIENCES)
    authorization_fields = (regions.OF_AUTHORIZATION,)

    def consent_address(self, options: Mapping[str, str]) -> str:
        """Return the region's consent page."""
        return regions.of(options).authorize

    def token_address(self, options: Mapping[str, str]) -> str:
        """Return the region's token endpoint."""
        return f"{regions.of(options).login}/auth/o2/token"

    def missing_scopes(self, granted: frozenset[str] | None) -> frozenset[str]:
        """Compare with what is needed; the older name of campaign management counts too."""
        if granted and _CAMPAIGNS_BEFORE in granted:
            granted |= {CAMPAIGNS}
        return super().missing_scopes(granted)

    def auth(self, app: App, tokens: Tokens) -> AuthBase:
        """Sign with the access token and our client id."""
        return AmazonSignature(app, tokens)

    def classify(self, answer: Answer) -> PlatformError | None:
        """Judge an answer by its status and its words."""
        return answers.error_in(answer)

    def connect(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Connection:
        """Return a way that knows a dead token from a permission that is missing."""
        connection = super().connect(app, tokens, options)
        return replace(connection, classify=partial(self._judge, connection))

    def _judge(self, connection: Connection, answer: Answer) -> PlatformError | None:
        """Ask about the token where a 401 does not say what it is about.

        A dead token, a role that does not suffice and an application that Amazon has not approved
        may all look the same.
        https://github.com/amzn/amazon-advertising-api-php-sdk/issues/9
        """
        error = self.classify(answer)
        if not isinstance(error, TokenRejected) or not people.is_alive(connection):
            return error
        said = f" It says: {error.code}." if error.code else ""
        return PermissionMissing(
            "Amazon takes the token but refuses this: the person's permission, or Amazon's "
            f"approval of this application, is missing.{said}",
            code=error.code,
            status=error.status,
            request_id=error.request_id,
        )
