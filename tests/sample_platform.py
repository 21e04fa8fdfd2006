"""A platform that no company runs, for tests of what holds for every platform.

Its adapter is real; what it would hear over the network is said by `responses`.
"""

import re
from collections.abc import Iterator

import pytest
import responses

from providers.connection import Answer, must_be_object
from providers.declarations import (
    FieldKind,
    FormField,
    IdentifierType,
    Limits,
    Per,
    Permission,
    Rate,
    Replace,
    Revocation,
)
from providers.errors import (
    BadRequest,
    BadRows,
    NotThere,
    PermissionMissing,
    PlatformDown,
    Throttled,
    TokenRejected,
)
from providers.identifiers import email
from providers.oauth2 import OAuth2Platform
from providers.registry import registry
from providers.values import AdAccount, Audience, AudienceRequest, Identity, Receipt, Verdict

BASE = "https://api.sample.example"
TOKEN_URL = "https://login.sample.example/token"


class SamplePlatform(OAuth2Platform):
    key = "sample"
    label = "Sample Ads"
    mark = "Sa"
    scopes = ("audiences",)
    authorize_url = "https://login.sample.example/authorize"
    token_url = TOKEN_URL
    permission = Permission("Sample Admin or Sample Editor", "Roles", "https://sample.example/help")
    identifiers = (
        IdentifierType("email", "E-mail", "EMAIL", email, ("email", "mail"), "a@example.com"),
        IdentifierType("second", "Second e-mail", "SECOND", email, ("second",), "b@example.com"),
    )
    limits = Limits(batch_rows=3, rates=(Rate(1000, 1, Per.APP),), minimum_audience=2)
    replace = Replace.NATIVE
    revocation = Revocation(
        by_call=False, url="https://sample.example/apps", words="Remove the app."
    )
    destination_fields = (
        FormField("audience_name", "Audience name", required=True, max_length=50),
        FormField("days", "Days", kind=FieldKind.INTEGER, minimum=1, maximum=365),
    )

    def classify(self, answer: Answer):
        about = {"status": answer.status, "retry_after": answer.retry_after}
        if answer.status == 401:
            return TokenRejected("Sample Ads does not take this token.", **about)
        if answer.status == 403:
            return PermissionMissing("The role does not suffice.", **about)
        if answer.status == 404:
            return NotThere("The audience is not there any more.", **about)
        if answer.status == 429:
            whose = answer.headers.get("Whose-Limit")
            return Throttled("Too fast.", whose=Per(whose) if whose else None, **about)
        if answer.status == 422:
            return BadRows("Sample Ads refuses some of them.", code="bad_rows", **about)
        if answer.status >= 500:
            return PlatformDown("Sample Ads has trouble.", **about)
        if answer.status >= 400:
            return BadRequest("Sample Ads refused.", **about)
        return None

    def identify(self, connection, facts):
        me = must_be_object(connection.send("GET", f"{BASE}/me"))
        return Identity(frozenset({me["id"]}), me["name"])

    def ad_accounts(self, connection):
        for each in connection.send("GET", f"{BASE}/accounts").json:
            verdict = Verdict(each.get("verdict", "sufficient"))
            yield AdAccount(
                each["id"],
                each["name"],
                group=each.get("group", ""),
                roles=(each.get("role", "editor"),),
                verdict=verdict,
                reason="" if verdict != Verdict.INSUFFICIENT else "needs Sample Editor",
            )

    def audience_request(self, ad_account_id, settings):
        return AudienceRequest(ad_account_id, settings["audience_name"], settings=settings)

    def find_audience(self, connection, request):
        found = connection.send("GET", f"{BASE}/audiences", params={"name": request.name}).json
        return Audience(found[0]["id"], request.name, request.ad_account_id) if found else None

    def create_audience(self, connection, request):
        made = connection.send("POST", f"{BASE}/audiences", json={"name": request.name}).json
        return Audience(made["id"], request.name, request.ad_account_id)

    def add(self, connection, audience, batch):
        return self._send("POST", connection, audience, batch)

    def remove(self, connection, audience, batch):
        return self._send("DELETE", connection, audience, batch)

    def clear(self, connection, audience):
        connection.send("DELETE", f"{BASE}/audiences/{audience.id}/all")
        return Receipt(accepted=0)

    def audience_status(self, connection, audience):
        body = connection.send("GET", f"{BASE}/audiences/{audience.id}").json
        return Audience(
            audience.id, audience.name, audience.ad_account_id, state="READY", size=body["size"]
        )

    def _send(self, method, connection, audience, batch):
        rows = [list(row) for row in batch.rows]
        url = f"{BASE}/audiences/{audience.id}/users"
        answer = must_be_object(connection.send(method, url, json={"rows": rows}))
        return Receipt(
            accepted=len(rows),
            request_id=str(answer.get("request_id", "")),
            settled=not answer.get("pending"),
        )

    def confirm(self, connection, audience, receipt):
        job = connection.send("GET", f"{BASE}/jobs/{receipt.request_id}").json
        if job["state"] == "refused":
            raise BadRequest("Sample Ads refused all of them.")
        done = job["state"] == "done"
        return Receipt(job["accepted"], receipt.request_id, {"job": "done"}) if done else None


@pytest.fixture
def sample_platform(settings) -> Iterator[SamplePlatform]:
    """Register the platform for one test, set up in the environment."""
    platform = SamplePlatform()
    registry.discover()
    registry._by_key[platform.key] = platform
    settings.PLATFORM_ENVIRONMENT = {
        **settings.PLATFORM_ENVIRONMENT,
        "PLATFORM_SAMPLE_CLIENT_ID": "client",
        "PLATFORM_SAMPLE_CLIENT_SECRET": "client-secret-of-the-app",
    }
    yield platform
    del registry._by_key[platform.key]


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    """Answer for platforms at the edge of the network; loopback goes through."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as edge:
        edge.add_passthru(re.compile(r"http://(127\.0\.0\.1|localhost)"))
        yield edge


def grants(network, access="access-1", refresh="refresh-1", **more) -> None:
    """Let the token endpoint answer with tokens from now on."""
    body = {"access_token": access, "token_type": "bearer", "expires_in": 1800, **more}
    if refresh:
        body["refresh_token"] = refresh
    network.upsert("POST", TOKEN_URL, json=body)


def knows(network, *, person="p1", name="Acme Ltd", accounts=None) -> None:
    """Let the platform know who asks and which ad accounts there are."""
    if accounts is None:
        accounts = [{"id": "a1", "name": "Acme UK", "group": "Acme Group"}]
    network.upsert("GET", f"{BASE}/me", json={"id": person, "name": name})
    network.upsert("GET", f"{BASE}/accounts", json=accounts)
