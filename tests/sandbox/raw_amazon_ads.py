"""Amazon Ads as any client meets it in the sandbox: bare requests, none of our adapter."""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import requests

from tests.consent_pages import Browser
from tests.sandbox_process import Sandbox

REDIRECT_URI = "http://127.0.0.1:8000/authorizations/callback/amazon_ads/"
SCOPE = "advertising::campaign_management advertising::audiences"
US, OUTDOOR, CANADA = 585806696618602999, 585806696618603001, 585806696618604007
GERMANY = 600711223344556671
ACME_US, ACME_CA, SHOP = 3213213213213, 3213213213214, 5123123123123
ONE, TWO, THREE = (hashlib.sha256(name).hexdigest() for name in (b"one", b"two", b"three"))
RECORDS_TYPE = "application/vnd.amcaudiences.v1+json"
CONNECTIONS_TYPE = "application/vnd.amcaudiencesconnections.v1+json"
AMC_PART = {
    "amcAccountId": "ENTITY7AMC8ACME9",
    "amcAccountMarketplaceId": "ATVPDKIKX0DER",
    "amcInstanceId": "amcacme0001",
}
DSP_PART = {"dspAdvertiserId": str(US), "dspProfileId": str(ACME_US)}


class RawAmazon:
    def __init__(self, sandbox: Sandbox) -> None:
        self.root = f"{sandbox.url}/amazon_ads"
        self.http = requests.Session()
        self.http.trust_env = False
        known = sandbox.people()["amazon_ads"]
        self.client = {name: known[name] for name in ("client_id", "client_secret")}

    def consent_address(self, host: str = "www.amazon.com", **changes: str) -> str:
        query = {
            "client_id": self.client["client_id"],
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": SCOPE,
            "state": "the-state",
        }
        return f"{self.root}/{host}/ap/oa?{urlencode(query | changes)}"

    def consent(self, person: str, button: str, address: str = "") -> dict[str, str]:
        """Return what comes back to the redirect address."""
        browser = Browser(REDIRECT_URI)
        browser.open(address or self.consent_address())
        if browser.came_back is None:
            browser.press(person)
            browser.press(button)
        assert browser.came_back is not None
        return browser.came_back

    def code(self, person: str = "Ed Editor", **changes: str) -> str:
        return self.consent(person, "Allow", self.consent_address(**changes))["code"]

    def token_endpoint(
        self, host: str = "api.amazon.com", *, auth: Any = None, **form: str
    ) -> requests.Response:
        us = {} if auth else self.client
        url = f"{self.root}/{host}/auth/o2/token"
        return self.http.post(url, data=us | form, auth=auth, timeout=10)

    def exchange(self, code: str, host: str = "api.amazon.com", **form: str) -> requests.Response:
        asked = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code": code}
        return self.token_endpoint(host, **asked | form)

    def refresh(self, refresh_token: str, host: str = "api.amazon.com") -> requests.Response:
        return self.token_endpoint(host, grant_type="refresh_token", refresh_token=refresh_token)

    def tokens(self, person: str = "Ed Editor") -> dict[str, Any]:
        answer = self.exchange(self.code(person))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sign_in(self, person: str) -> "Caller":
        return Caller(self, self.tokens(person)["access_token"])


class Caller:
    """Somebody with an access token."""

    def __init__(self, platform: RawAmazon, token: str) -> None:
        self.platform, self.token = platform, token
        self.api = "advertising-api.amazon.com"

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **how: Any
    ) -> requests.Response:
        signed = {
            "Authorization": f"Bearer {self.token}",
            "Amazon-Advertising-API-ClientId": self.platform.client["client_id"],
        }
        return self.platform.http.request(
            method,
            f"{self.platform.root}/{self.api}/{path}",
            headers=signed | (headers or {}),
            timeout=20,
            **how,
        )

    def get(self, path: str, scope: int | None = None, **params: Any) -> requests.Response:
        headers = {} if scope is None else {"Amazon-Advertising-API-Scope": str(scope)}
        return self.send("GET", path, headers, params=params)

    def post(self, path: str, body: Any, kind: str = RECORDS_TYPE) -> requests.Response:
        return self.send("POST", path, {"Content-Type": kind}, data=json.dumps(body))

    def create(self, **changes: Any) -> requests.Response:
        body = {
            "name": "Spring buyers 2026",
            "description": "from clean room",
            "countryCode": "US",
            "targetResource": {"advertiserId": US},
            "metadata": {"externalAudienceId": "dest-42", "ttl": 2592000},
        }
        wished = {name: value for name, value in (body | changes).items() if value is not None}
        return self.post("amc/audiences/metadata", wished)

    def audience(self, **changes: Any) -> int:
        """Create an audience and return its id."""
        return self.create(**changes).json()["audienceId"]

    def look(self, audience: int) -> dict[str, Any]:
        return self.get(f"amc/audiences/metadata/{audience}").json()

    def records(self, audience: Any, *records: Any, **more: Any) -> requests.Response:
        return self.post(
            "amc/audiences/records", {"audienceId": audience, "records": list(records), **more}
        )

    def job(self, answer: requests.Response) -> dict[str, Any]:
        """Return what came of a job after its first look."""
        path = f"amc/audiences/records/{answer.json()['jobRequestId']}"
        assert self.get(path).json()["jobState"] == "PENDING"
        return self.get(path).json()

    def connect(self, **changes: Any) -> requests.Response:
        body = {**AMC_PART, "isDefault": True, **changes}
        return self.post("amc/audiences/connections", body, CONNECTIONS_TYPE)


def record(who: str = "u-1", action: str = "CREATE", **hashed: Any) -> dict[str, Any]:
    return {
        "externalUserId": who,
        "action": action,
        "hashedPII": [hashed or {"email": ONE}],
    }
