"""Snapchat as any client meets it in the sandbox: bare requests, none of our adapter."""

from typing import Any
from urllib.parse import urlencode

import requests

from tests.consent_pages import Browser
from tests.sandbox_process import Sandbox

REDIRECT_URI = "http://127.0.0.1:8000/authorizations/callback/snapchat/"
UK = "497979f0-ea17-4971-8288-054883f1caca"
DE = "8adc3db7-8148-4fbf-999c-8d2266369d74"


class RawSnapchat:
    def __init__(self, sandbox: Sandbox) -> None:
        self.login = f"{sandbox.url}/snapchat/accounts.snapchat.com/login/oauth2"
        self.api = f"{sandbox.url}/snapchat/adsapi.snapchat.com/v1"
        self.http = requests.Session()
        self.http.trust_env = False
        known = sandbox.people()["snapchat"]
        self.client = {name: known[name] for name in ("client_id", "client_secret")}

    def consent_address(self, **changes: str) -> str:
        query = {
            "client_id": self.client["client_id"],
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "snapchat-marketing-api",
            "state": "the-state",
        }
        return f"{self.login}/authorize?{urlencode(query | changes)}"

    def consent(self, person: str, button: str) -> dict[str, str]:
        """Return what comes back to the redirect address."""
        browser = Browser(REDIRECT_URI)
        browser.open(self.consent_address())
        browser.press(person)
        browser.press(button)
        assert browser.came_back is not None
        return browser.came_back

    def code(self, person: str = "Dana Data") -> str:
        return self.consent(person, "Allow")["code"]

    def token_endpoint(self, **form: str) -> requests.Response:
        return self.http.post(f"{self.login}/access_token", data=self.client | form, timeout=10)

    def exchange(self, code: str, **form: str) -> requests.Response:
        asked = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code": code}
        return self.token_endpoint(**asked | form)

    def refresh(self, refresh_token: str) -> requests.Response:
        return self.token_endpoint(grant_type="refresh_token", refresh_token=refresh_token)

    def tokens(self, person: str = "Dana Data") -> dict[str, Any]:
        answer = self.exchange(self.code(person))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sign_in(self, person: str) -> "Caller":
        return Caller(self, self.tokens(person)["access_token"])


class Caller:
    """Somebody with an access token."""

    def __init__(self, platform: RawSnapchat, token: str) -> None:
        self.platform, self.token = platform, token

    def send(self, method: str, path: str, **how: Any) -> requests.Response:
        return self.platform.http.request(
            method,
            f"{self.platform.api}/{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=20,
            **how,
        )

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.send("GET", path, params=params)

    def create(self, *names: str, account: str = UK) -> requests.Response:
        segments = [{"name": name, "ad_account_id": account} for name in names]
        return self.send("POST", f"adaccounts/{account}/segments", json={"segments": segments})

    def segment(self) -> str:
        """Create a segment and return its id."""
        return self.create("A segment").json()["segments"][0]["segment"]["id"]

    def look(self, segment: str) -> dict[str, Any]:
        return self.get(f"segments/{segment}").json()["segments"][0]["segment"]

    def users(
        self, method: str, segment: str, digests: list[str], schema: str = "EMAIL_SHA256"
    ) -> requests.Response:
        body = {"users": [{"schema": [schema], "data": [[digest] for digest in digests]}]}
        return self.send(method, f"segments/{segment}/users", json=body)
