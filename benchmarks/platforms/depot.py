"""Depot, a platform of the benchmarks: its limits do not bind, so the product's own speed shows.

Dropped in from outside, as any adapter can be (`benchmarks.settings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from providers import identifier_types, identifiers
from providers.connection import Answer, Connection, must_be_object
from providers.declarations import FormField, Limits, Per, Permission, Rate, Replace, Revocation
from providers.errors import PlatformDown, PlatformError
from providers.oauth2 import OAuth2Platform
from providers.values import AdAccount, Audience, AudienceRequest, Batch, Identity, Receipt

API = "https://api.depot.example/1"


class Depot(OAuth2Platform):
    """Depot. Its requests are shaped like those of the platforms that take one type at a time."""

    key = "depot"
    label = "Depot"
    mark = "De"
    permission = Permission("Keeper", "Roles at Depot", "https://depot.example/roles")
    authorize_url = "https://login.depot.example/authorize"
    token_url = "https://login.depot.example/token"  # noqa: S105 - an address
    identifiers = (identifier_types.email("mail", identifiers.email),)
    limits = Limits(batch_rows=10_000, rates=(Rate(100_000, 1.0, Per.APP),))
    replace = Replace.BY_DIFFERENCE
    revocation = Revocation(by_call=False, url="https://depot.example/apps", words="Remove it.")
    destination_fields = (FormField("audience_name", "Audience name", required=True),)

    def classify(self, answer: Answer) -> PlatformError | None:
        """Take what is good."""
        return None if answer.status == 200 else PlatformDown("Depot fails.", status=answer.status)

    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        """Say who authorized."""
        return Identity(frozenset({"1"}), "Depot")

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        """Yield none: those of the benchmark are written into its database."""
        yield from ()

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Ask for an audience by name."""
        return AudienceRequest(ad_account_id, settings["audience_name"], settings=settings)

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Find none."""
        must_be_object(connection.send("GET", f"{API}/audiences"))
        return None

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create it."""
        made = must_be_object(connection.send("POST", f"{API}/audiences", json={}))
        return Audience(str(made["id"]), request.name, request.ad_account_id)

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Add identifiers."""
        url = f"{API}/audiences/{audience.id}/people"
        body = b'{"people":[["%b"]]}' % batch.joined(b'"],["')
        connection.send("POST", url, body=body)
        return Receipt(accepted=len(batch.rows))

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Remove nobody: this is not measured."""
        raise NotImplementedError

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Say nothing new."""
        return audience
