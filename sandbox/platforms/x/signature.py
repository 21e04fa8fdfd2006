"""OAuth 1.0a signatures with HMAC-SHA1 (RFC 5849, section 3), read and verified."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from urllib.parse import parse_qsl, quote, unquote

from flask import Request

FORM = "application/x-www-form-urlencoded"
# The platform does not say how far a clock may be off.
SKEW = 300

Pairs = Sequence[tuple[str, str]]


def encoded(text: str) -> str:
    """Percent-encode all but the unreserved characters (section 3.6)."""
    return quote(text, safe="")


def base_string(method: str, url: str, parameters: Pairs) -> str:
    """Return what is signed: sorted by encoded name, then by encoded value (section 3.4.1)."""
    ordered = sorted((encoded(name), encoded(value)) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in ordered)
    return "&".join((method.upper(), encoded(url), encoded(joined)))


def signature(base: str, client_secret: str, token_secret: str) -> str:
    key = f"{encoded(client_secret)}&{encoded(token_secret)}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True)
class Signed:
    """A request as it was signed. `oauth` holds the header's parameters, `all` everything."""

    method: str
    url: str
    oauth: dict[str, str]
    all: tuple[tuple[str, str], ...]

    @property
    def token(self) -> str:
        return self.oauth.get("oauth_token", "")

    def parameter(self, name: str) -> str:
        """Return a parameter from wherever it stands: header, query or form."""
        return dict(self.all).get(name, "")

    def is_signed_with(self, client_secret: str, token_secret: str) -> bool:
        signed = [pair for pair in self.all if pair[0] not in {"realm", "oauth_signature"}]
        right = signature(base_string(self.method, self.url, signed), client_secret, token_secret)
        given = self.oauth.get("oauth_signature", "")
        return hmac.compare_digest(right.encode(), given.encode())

    def is_well_formed(self) -> bool:
        """Say whether method, version and time are such as the platform takes."""
        stamp = self.oauth.get("oauth_timestamp", "")
        return (
            self.oauth.get("oauth_signature_method") == "HMAC-SHA1"
            and self.oauth.get("oauth_version", "1.0") == "1.0"
            and self.oauth.get("oauth_nonce", "").isascii()
            and self.oauth.get("oauth_nonce", "") != ""
            and stamp.isdecimal()
            # The machine's time: a client's clock is not the one that is moved ahead.
            and abs(time.time() - int(stamp)) <= SKEW
        )


def read(request: Request) -> Signed | None:
    """Read a request that carries an OAuth header; None where it carries none, or a broken one."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "oauth":
        return None
    pairs = []
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or len(value) < 2 or value[0] != '"' or value[-1] != '"':
            return None
        pairs.append((unquote(name), unquote(value[1:-1])))
    oauth = dict(pairs)
    if len(oauth) != len(pairs):
        return None
    query = parse_qsl(request.query_string.decode(errors="replace"), keep_blank_values=True)
    # A JSON body is no parameter, whatever is in it.
    is_form = request.mimetype == FORM
    body = request.get_data().decode(errors="replace") if is_form else ""
    form = parse_qsl(body, keep_blank_values=True)
    return Signed(request.method, _address(request), oauth, (*pairs, *query, *form))


def _address(request: Request) -> str:
    """Return the address that the client used, without query and default port."""
    default = {"http": ":80", "https": ":443"}[request.scheme]
    host = request.host.lower().removesuffix(default)
    return f"{request.scheme}://{host}{quote(request.path)}"


class Nonces:
    """Nonces seen lately; one counts once for a token."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = Lock()

    def is_new(self, signed: Signed) -> bool:
        key, now = (signed.token, signed.oauth["oauth_nonce"]), time.monotonic()
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now - 2 * SKEW:
                self._seen.popitem(last=False)
            if key in self._seen:
                return False
            self._seen[key] = now
            return True
