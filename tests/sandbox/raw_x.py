"""X as any client meets it in the sandbox: bare signed requests, none of our adapter."""

from typing import Any
from urllib.parse import parse_qsl

import requests
from requests_oauthlib import OAuth1

from tests.consent_pages import Browser
from tests.sandbox_process import Sandbox

REDIRECT_URI = "http://127.0.0.1:8000/authorizations/callback/x/"
UK, DE, NORTH, SOUTH = "18ce54d4x5t", "18ce53wo3nm", "18ce54aymz3", "18ce55gze09"


def form(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return dict(parse_qsl(answer.text))


class RawX:
    def __init__(self, sandbox: Sandbox, *, login: str = "api.x.com") -> None:
        self.sandbox = sandbox
        self.login = f"{sandbox.url}/x/{login}"
        self.http = requests.Session()
        self.http.trust_env = False
        known = sandbox.people()["x"]
        self.key, self.secret = known["client_id"], known["client_secret"]

    def signer(self, **how: Any) -> OAuth1:
        return OAuth1(self.key, **{"client_secret": self.secret, **how})

    def post(self, path: str, signer: OAuth1, **how: Any) -> requests.Response:
        return self.http.post(f"{self.login}{path}", auth=signer, timeout=10, **how)

    def request_token(self, callback: str = REDIRECT_URI, **how: Any) -> requests.Response:
        return self.post("/oauth/request_token", self.signer(callback_uri=callback, **how))

    def consent_page(self, token: str, path: str = "authorize", **query: str) -> Browser:
        browser = Browser(REDIRECT_URI)
        more = "".join(f"&{name}={value}" for name, value in query.items())
        browser.open(f"{self.login}/oauth/{path}?oauth_token={token}{more}")
        return browser

    def consent(self, token: str, person: str, button: str) -> dict[str, str]:
        """Return what comes back to the callback."""
        browser = self.consent_page(token)
        browser.press(person)
        browser.press(button)
        assert browser.came_back is not None
        return browser.came_back

    def access_token(self, asked: dict[str, str], **how: Any) -> requests.Response:
        signer = self.signer(
            resource_owner_key=asked["oauth_token"],
            resource_owner_secret=asked["oauth_token_secret"],
            **{name: how.pop(name) for name in ("verifier", "timestamp", "nonce") if name in how},
        )
        return self.post("/oauth/access_token", signer, **how)

    def tokens(self, person: str) -> dict[str, str]:
        asked = form(self.request_token())
        back = self.consent(asked["oauth_token"], person, "Allow")
        return form(self.access_token(asked, verifier=back["oauth_verifier"]))

    def sign_in(self, person: str) -> "Caller":
        return Caller(self, self.tokens(person))


class Caller:
    """Somebody with an access token."""

    def __init__(self, platform: RawX, tokens: dict[str, str]) -> None:
        self.platform, self.tokens = platform, tokens
        self.host, self.version = "ads-api.x.com", "12"

    def signer(self, **how: Any) -> OAuth1:
        return self.platform.signer(
            resource_owner_key=self.tokens["oauth_token"],
            resource_owner_secret=self.tokens["oauth_token_secret"],
            **how,
        )

    def send(self, method: str, path: str, **how: Any) -> requests.Response:
        url = f"{self.platform.sandbox.url}/x/{self.host}/{self.version}/{path}"
        how.setdefault("auth", self.signer())
        return self.platform.http.request(method, url, timeout=20, **how)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.send("GET", path, params=params)

    def create(self, account: str = UK, **params: str) -> requests.Response:
        return self.send("POST", f"accounts/{account}/custom_audiences", params=params)

    def audience(self, name: str = "developers") -> str:
        """Create an audience and return the path of it."""
        made = self.create(name=name)
        assert made.status_code == 200, made.text
        return f"accounts/{UK}/custom_audiences/{made.json()['data']['id']}"

    def users(self, audience: str, body: Any, **how: Any) -> requests.Response:
        return self.send("POST", f"{audience}/users", json=body, **how)
