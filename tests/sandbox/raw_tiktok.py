"""TikTok as any client meets it in the sandbox: bare requests, none of our adapter."""

import json
from typing import Any
from urllib.parse import urlencode

import requests

from tests.consent_pages import Browser
from tests.sandbox_process import Sandbox

REDIRECT_URI = "http://127.0.0.1:8000/authorizations/callback/tiktok/"
UK, DE = "6900000000000000001", "6900000000000000002"
NORTH, SOLO = "6900000000000000011", "6900000000000000021"


class RawTikTok:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.host = f"{sandbox.url}/tiktok/business-api.tiktok.com"
        self.http = requests.Session()
        self.http.trust_env = False
        known = sandbox.people()["tiktok"]
        self.app = {"app_id": known["client_id"], "secret": known["client_secret"]}

    def consent_address(self, **changes: str) -> str:
        query = {"app_id": self.app["app_id"], "state": "s", "redirect_uri": REDIRECT_URI}
        return f"{self.host}/portal/auth?{urlencode(query | changes)}"

    def consent(self, person: str, button: str = "Allow") -> Browser:
        browser = Browser(REDIRECT_URI)
        browser.open(self.consent_address())
        browser.press(person)
        browser.press(button)
        return browser

    def code(self, person: str = "Oscar Operator") -> str:
        came_back = self.consent(person).came_back
        assert came_back is not None
        return came_back["auth_code"]

    def raw(self, method: str, path: str, **how: Any) -> requests.Response:
        url = f"{self.host}/open_api/v1.3{path}"
        return self.http.request(method, url, allow_redirects=False, timeout=10, **how)

    def post(self, path: str, body: Any, token: str = "") -> dict[str, Any]:
        return self._envelope(self.raw("POST", path, json=body, headers=_signed(token)))

    def get(self, path: str, token: str = "", **params: Any) -> dict[str, Any]:
        told = {
            name: json.dumps(value) if isinstance(value, list) else value
            for name, value in params.items()
        }
        return self._envelope(self.raw("GET", path, params=told, headers=_signed(token)))

    def exchange(self, code: str, **changes: Any) -> dict[str, Any]:
        return self.post("/oauth2/access_token/", {**self.app, "auth_code": code, **changes})

    def sign_in(self, person: str = "Oscar Operator") -> str:
        """Return a token."""
        token: str = self.exchange(self.code(person))["data"]["access_token"]
        return token

    def segment(self, token: str, name: str = "Buyers", account: str = UK) -> str:
        """Create an audience and return its id."""
        body = {"advertiser_id": account, "action": "create", "custom_audience_name": name}
        audience_id: str = self.post("/segment/audience/", body, token)["data"]["audience_id"]
        return audience_id

    def held(self, audience_id: str) -> int:
        found = self.sandbox.audiences("tiktok")
        (count,) = (each["held"] for each in found if each["id"] == audience_id)
        return int(count)

    def _envelope(self, response: requests.Response) -> dict[str, Any]:
        """Every answer of the API is HTTP 200 with the four fields and the two headers."""
        assert response.status_code == 200, (response.status_code, response.text)
        body: dict[str, Any] = response.json()
        assert set(body) == {"code", "message", "request_id", "data"}
        assert response.headers["X-TT-LOGID"] == body["request_id"]
        assert response.headers["x-tt-trace-id"]
        return body


def _signed(token: str) -> dict[str, str]:
    return {"Access-Token": token} if token else {}
