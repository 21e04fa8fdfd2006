"""Pinterest as any client meets it in the sandbox: bare requests, none of our adapter."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import requests

from tests.consent_pages import Browser
from tests.sandbox_process import Sandbox

REDIRECT_URI = "http://127.0.0.1:8000/authorizations/callback/pinterest/"
SCOPES = "ads:read,ads:write,user_accounts:read"
UK, DE = "549755885175", "549755885176"
NORTH = "549755901001"


class RawPinterest:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.oauth = f"{sandbox.url}/pinterest/www.pinterest.com/oauth/"
        self.api = f"{sandbox.url}/pinterest/api.pinterest.com/v5"
        self.http = requests.Session()
        self.http.trust_env = False
        known = sandbox.people()["pinterest"]
        self.client = (known["client_id"], known["client_secret"])

    def consent_address(self, **changes: str | None) -> str:
        query: dict[str, str | None] = {
            "client_id": self.client[0],
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": SCOPES,
            "state": "the-state",
        }
        asked = {name: value for name, value in {**query, **changes}.items() if value is not None}
        return f"{self.oauth}?{urlencode(asked)}"

    def consent(self, person: str, button: str, **changes: str | None) -> dict[str, str]:
        """Return what comes back to the redirect address."""
        browser = Browser(REDIRECT_URI)
        browser.open(self.consent_address(**changes))
        browser.press(person)
        browser.press(button)
        assert browser.came_back is not None
        return browser.came_back

    def code(self, person: str = "Audrey Audience", **changes: str | None) -> str:
        return self.consent(person, "Allow", **changes)["code"]

    def token_endpoint(
        self, path: str = "token", auth: tuple[str, str] | None = None, **form: str
    ) -> requests.Response:
        url = f"{self.api}/oauth/{path}"
        return self.http.post(url, data=form, auth=auth or self.client, timeout=10)

    def exchange(self, code: str, **changes: Any) -> requests.Response:
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "continuous_refresh": "true",
        }
        return self.token_endpoint(**{**asked, **changes})

    def refresh(self, refresh_token: str, **changes: Any) -> requests.Response:
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.token_endpoint(**{**asked, **changes})

    def tokens(self, person: str = "Audrey Audience", **changes: str | None) -> dict[str, Any]:
        answer = self.exchange(self.code(person, **changes))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sign_in(self, person: str = "Audrey Audience", **changes: str | None) -> "Caller":
        return Caller(self, self.tokens(person, **changes)["access_token"])


class Caller:
    """Somebody with an access token."""

    def __init__(self, platform: RawPinterest, token: str) -> None:
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

    def lists(self, account: str = UK, **params: Any) -> requests.Response:
        return self.get(f"ad_accounts/{account}/customer_lists", **params)

    def create(
        self, records: Any, name: Any = "A list", account: str = UK, **more: Any
    ) -> requests.Response:
        body = {"name": name, "records": records, **more}
        return self.send("POST", f"ad_accounts/{account}/customer_lists", json=body)

    def list_of(self, records: Sequence[str], **more: Any) -> str:
        """Create a list and return its id."""
        answer = self.create(",".join(records), **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def look(self, list_id: str) -> dict[str, Any]:
        return self.get(f"ad_accounts/{UK}/customer_lists/{list_id}").json()

    def change(self, list_id: str, operation: str, records: Any) -> requests.Response:
        body = {"operation_type": operation, "records": records}
        return self.send("PATCH", f"ad_accounts/{UK}/customer_lists/{list_id}", json=body)

    def target(self, list_id: str, **changes: Any) -> requests.Response:
        body = {
            "name": "An audience",
            "audience_type": "CUSTOMER_LIST",
            "rule": {"customer_list_id": list_id},
        }
        return self.send("POST", f"ad_accounts/{UK}/audiences", json={**body, **changes})


def error_of(answer: requests.Response) -> tuple[int, int]:
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert body["message"]
    return answer.status_code, body["code"]
