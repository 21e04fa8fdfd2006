"""The signed way from us to a platform: addresses, signing and the first look at answers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.auth import AuthBase

from providers.app import App
from providers.errors import PlatformDown, PlatformError, Throttled, UnknownAnswer
from providers.transport import ask, is_write, new_session
from providers.values import Tokens
from providers.wording import reference

# When a platform's window opens again: the narrower budget first.
_RESET_HEADERS = ("x-account-rate-limit-reset", "x-rate-limit-reset", "x-ratelimit-reset")
_LONGEST_WAIT = 86400.0
# A smaller number in a reset header is seconds left, a larger one a point in time.
_EARLIEST_TIME = 1_000_000


@dataclass(frozen=True)
class Answer:
    """A platform's answer, read once. `json` is None where the body is not JSON.

    Its body is kept out of `repr`: a token endpoint's answer is made of secrets.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)
    json: Any = field(default=None, repr=False)

    @classmethod
    def of(cls, response: requests.Response) -> Answer:
        """Read a response; its header names are found in any case."""
        body = response.content
        try:
            parsed = json.loads(body) if body else None
        except (ValueError, RecursionError):
            parsed = None
        return cls(response.status_code, response.headers, body.decode(errors="replace"), parsed)

    @property
    def retry_after(self) -> float | None:
        """Return how many seconds to wait, where the platform says it in a header.

        Understands `Retry-After` (seconds or a date) and the usual reset headers.
        """
        seconds = self._asked_to_wait()
        if seconds is None:
            resets = (_number(self.headers.get(name, "")) for name in _RESET_HEADERS)
            seconds = next((reset for reset in resets if reset is not None), None)
            if seconds is not None and seconds >= _EARLIEST_TIME:
                seconds -= time.time()
        return None if seconds is None else min(max(0.0, seconds), _LONGEST_WAIT)

    def wait_after(self, kind: type[PlatformError]) -> float | None:
        """Return how many seconds to wait after an error of this kind, where a header says it.

        Some platforms say in every answer when a rate's window ends: that is for `Throttled` alone.
        """
        if issubclass(kind, Throttled):
            return self.retry_after
        seconds = self._asked_to_wait()
        return None if seconds is None else min(max(0.0, seconds), _LONGEST_WAIT)

    def _asked_to_wait(self) -> float | None:
        said = self.headers.get("Retry-After", "")
        seconds = _number(said)
        return _seconds_until(said) if seconds is None and said else seconds

    def request_id(self, header: str = "") -> str:
        """Return the platform's name for this exchange, from its body, else from a header."""
        body = self.json if isinstance(self.json, dict) else {}
        said = body.get("request_id") or body.get("requestId") or self.headers.get(header, "")
        return reference(said)


@dataclass(frozen=True)
class Connection:
    """One authorization's way to its platform, for as long as one token lasts.

    `options` are what the person chose at "New authorization" (a region, say).
    """

    app: App
    tokens: Tokens
    auth: AuthBase
    classify: Callable[[Answer], PlatformError | None]
    options: Mapping[str, str] = field(default_factory=dict)
    http: requests.Session = field(default_factory=new_session)

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
        PlatformDown where none came. After a write, trouble on the platform's side and answers
        that nobody can read say `may_have_happened`.
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
        if error is None:
            return answer
        if is_write(method) and isinstance(error, PlatformDown | UnknownAnswer):
            error.may_have_happened = True
        raise error


def must_be_object(answer: Answer) -> dict[str, Any]:
    """Return the answer's JSON object, or raise UnknownAnswer: a proxy's page, half a body."""
    if not isinstance(answer.json, dict):
        raise UnknownAnswer("The platform's answer was not readable.", status=answer.status)
    return answer.json


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds_until(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError:
        return None
