"""A platform whose access can be ended by a call, for the tests of removal."""

import json

from providers.declarations import Revocation
from tests.sample_platform import BASE

REVOKE_URL = f"{BASE}/revoke"


def let_access_be_revoked(platform, network, monkeypatch, *, shared=False) -> None:
    """Let the sample platform end access by a call."""

    def revoke(self, app, tokens, options):
        connection = self.connect(app, tokens, options)
        connection.send("POST", REVOKE_URL, json={"token": tokens.access.reveal()})

    kind = type(platform)
    by_call = Revocation(by_call=True, url="https://sample.example/apps", words="It is revoked.")
    monkeypatch.setattr(kind, "revocation", by_call)
    monkeypatch.setattr(kind, "grants_are_shared", shared)
    monkeypatch.setattr(kind, "revoke", revoke)
    network.upsert("POST", REVOKE_URL, json={})


def revoked(network) -> list[str]:
    """Return the tokens whose access was ended, as the platform heard them."""
    return [
        json.loads(call.request.body)["token"]
        for call in network.calls
        if call.request.url == REVOKE_URL
    ]
