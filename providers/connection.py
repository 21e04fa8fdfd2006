"""The signed way from us to a platform: addresses, timeouts, signing and the first look at answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.auth import AuthBase

from providers.app import App
from providers.errors import PlatformDown, PlatformError, UnknownAnswer
from providers.values import Tokens

# Connect, then between two bytes of the answer. Leases are longer than their sum.
TIMEOUT = (10.0, 60.0)


@dataclass(frozen=True)
class Answer:
    """A platform's answer, read once. `json` is None where the body is not JSON."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any = None

    @classmethod
    def of(cls, response: requests.Response) -> Answer:
        """Read a response; its header names are found in any case."""
        try:
            parsed = json.loads(response.content) if response.content else None
        except ValueError:
            parsed = None
        return cls(response.status_code, response.headers, response.text[:2000], parsed)

    @property
    def retry_after(self) -> float | None:
        """Return the seconds of a `Retry-After` header, where there is one that is a number."""
        try:
            return max(0.0, float(self.headers["Retry-After"]))
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True)
class Connection:
    """One authorization's way to its platform, for as long as one token lasts.

    `options` are what the person chose at "New authorization" (a region, say). `seen` is told of
    each answer's status, for what watches a platform's health.
    """

    app: App
    tokens: Tokens
    auth: AuthBase
    classify: Callable[[Answer], PlatformError | None]
    options: Mapping[str, str] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to a vendor address and return its good answer.

        `body` is JSON that is already encoded. Raises what `classify` makes of a bad answer, and
        PlatformDown where none came; after a write that one says `may_have_happened`.
        """
        extra = {"Content-Type": "application/json"} if body is not None else {}
        response = ask(
            self.http,
            method,
            self.app.address(url),
            params=params,
            json=json,
            data=body,
            headers={**extra, **(headers or {})},
            auth=self.auth,
        )
        answer = Answer.of(response)
        error = self.classify(answer)
        if error is not None:
            raise error
        return answer


def ask(http: requests.Session, method: str, address: str, **how: Any) -> requests.Response:
    """Send one request without following redirects; raise PlatformDown where no answer came."""
    try:
        return http.request(method, address, timeout=TIMEOUT, allow_redirects=False, **how)
    except requests.RequestException as error:
        # The exception's own text holds the address with its query: it may carry a secret.
        raise no_answer(error, wrote=method not in {"GET", "HEAD"}) from None


def no_answer(error: requests.RequestException, *, wrote: bool) -> PlatformDown:
    """Say what a request without an answer means."""
    never_arrived = isinstance(error, requests.ConnectTimeout)
    if isinstance(error, requests.Timeout):
        words = "The platform did not answer in time."
    else:
        words = "The connection to the platform was cut."
    return PlatformDown(words, code=type(error).__name__, may_have_happened=wrote and not never_arrived)


def must_be_object(answer: Answer) -> dict[str, Any]:
    """Return the answer's JSON object, or raise UnknownAnswer: a proxy's page, half a body."""
    if not isinstance(answer.json, dict):
        raise UnknownAnswer("The platform's answer was not readable.", status=answer.status)
    return answer.json
