"""HTTP to the platforms: one pool of kept connections a process, and a deadline for answers."""

from __future__ import annotations

import functools
import io
import logging
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from providers.errors import PlatformDown

# Connect, then between two bytes of the answer.
TIMEOUT = (10.0, 40.0)
# From the first byte sent to the last one read. `requests` has no such limit: a platform that
# drips its answer would outlast the lease under which it was asked. With the last read's own
# timeout it stays under 100 seconds.
ANSWER_WITHIN = 55.0
LARGEST_ANSWER = 32 * 1024 * 1024

# At DEBUG it prints addresses with their query, where some platforms want secrets.
logging.getLogger("urllib3").setLevel(logging.INFO)


class Deadlined(HTTPAdapter):
    """Read an answer whole, within the deadline and the size that an answer may have."""

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        """Send a request and return its answer, already read."""
        give_up_at = time.monotonic() + ANSWER_WITHIN
        response = super().send(request, *args, **{**how, "stream": True})
        # With the raw response go its cookies: a platform's must not travel between tenants.
        response.raw = io.BytesIO(_read(response.raw, give_up_at))
        return response


def _read(raw: urllib3.HTTPResponse, give_up_at: float) -> bytes:
    body = bytearray()
    try:
        # What has come so far; `stream` would wait for a full chunk, however slowly it drips.
        while chunk := raw.read1(65536, decode_content=True):
            body += chunk
            if time.monotonic() > give_up_at:
                raw.close()
                raise requests.ReadTimeout("the answer took too long")
            if len(body) > LARGEST_ANSWER:
                raw.close()
                raise requests.ConnectionError("the answer is too large")
    except urllib3.exceptions.ReadTimeoutError:
        raise requests.ReadTimeout("the answer stopped") from None
    except urllib3.exceptions.HTTPError:
        raise requests.ConnectionError("the answer was cut") from None
    return bytes(body)


@functools.cache
def _pool(_process_id: int) -> Deadlined:
    """Keep connections for one process: they must not be shared across a fork."""
    # As many to one host as a worker may have in flight there.
    return Deadlined(pool_connections=32, pool_maxsize=256)


def use_pool(session: requests.Session) -> None:
    """Let a session use this process's connections."""
    session.mount("https://", _pool(os.getpid()))
    session.mount("http://", _pool(os.getpid()))


class _Session(requests.Session):
    """Looks for proxies and certificates in the environment once for each server.

    To read all of it for each request took as long as the rest of a request's preparation.
    """

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Return how a request goes where nothing else is asked for than what is usual."""
        if proxies or (stream, verify, cert) != (None, None, None):
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        origin = urlsplit(url)._replace(path="", query="", fragment="").geturl()
        return {**_usual_settings(origin)}


@functools.lru_cache(maxsize=256)
def _usual_settings(origin: str) -> Mapping[str, Any]:
    return requests.Session().merge_environment_settings(origin, {}, None, None, None)


def new_session() -> requests.Session:
    """Return a session for one authorization."""
    session = _Session()
    use_pool(session)
    return session


def ask(http: requests.Session, method: str, address: str, **how: Any) -> requests.Response:
    """Send one request without following redirects; raise PlatformDown where no answer came."""
    try:
        return http.request(method, address, timeout=TIMEOUT, allow_redirects=False, **how)
    except requests.RequestException as error:
        # The exception's own text holds the address with its query: it may carry a secret.
        raise no_answer(error, wrote=is_write(method)) from None


def is_write(method: str) -> bool:
    """Say whether a request of this method may change something there."""
    return method not in {"GET", "HEAD"}


def no_answer(error: requests.RequestException, *, wrote: bool) -> PlatformDown:
    """Say what a request without an answer means."""
    never_arrived = isinstance(error, requests.ConnectTimeout)
    if isinstance(error, requests.Timeout):
        words = "The platform did not answer in time."
    else:
        words = "The connection to the platform was cut."
    return PlatformDown(
        words, code=type(error).__name__, may_have_happened=wrote and not never_arrived
    )
