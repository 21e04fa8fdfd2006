"""Billboard, a platform that nobody runs. Everything that the product needs to know of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from providers import identifier_types, identifiers
from providers.connection import Answer, Connection, must_be_object
from providers.declarations import FormField, Limits, Per, Permission, Rate, Replace, Revocation
from providers.errors import (
    BadRequest,
    NotThere,
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.oauth2 import OAuth2Platform
from providers.values import AdAccount, Audience, AudienceRequest, Batch, Identity, Receipt, Verdict

API = "https://api.billboard.example/2"

_BY_STATUS: dict[int, tuple[type[PlatformError], str]] = {
    400: (BadRequest, "Billboard refuses what was sent."),
    401: (TokenRejected, "Billboard no longer takes this authorization's token."),
    403: (PermissionMissing, "The authorizing person is no editor at Billboard."),
    404: (NotThere, "Billboard has no such audience."),
    429: (Throttled, "Billboard asks to slow down."),
}


class Billboard(OAuth2Platform):
    """Billboard. Several identifiers of one person go in one row."""

    key = "billboard"
    label = "Billboard"
    mark = "Bb"
    permission = Permission("Wall editor", "Roles at Billboard", "https://billboard.example/roles")
    authorize_url = "https://login.billboard.example/authorize"
    token_url = "https://login.billboard.example/token"
    scopes = ("walls.read", "audiences.write")
    pkce = True
    secret_in_header = True
    identifiers = (
        identifier_types.email("mail", identifiers.email),
        identifier_types.phone("tel", identifiers.phone_e164),
    )
    identifiers_together = True
    limits = Limits(batch_rows=500, rates=(Rate(50, 1.0, Per.APP),))
    replace = Replace.BY_DIFFERENCE
    revocation = Revocation(
        by_call=False, url="https://billboard.example/apps", words="Remove the application there."
    )
    destination_fields = (
        FormField("audience_name", "Audience name", required=True, example="Passers-by"),
    )

    def classify(self, answer: Answer) -> PlatformError | None:
        if answer.status < 300 and isinstance(answer.json, dict):
            return None
        if answer.status >= 500:
            return PlatformDown("Billboard has trouble on its side.", status=answer.status)
        unknown = UnknownAnswer, "Billboard answered in a way that is not known here."
        kind, sentence = _BY_STATUS.get(answer.status, unknown)
        return kind(sentence, status=answer.status, retry_after=answer.wait_after(kind))

    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        body = must_be_object(connection.send("GET", f"{API}/self"))
        return Identity(frozenset({str(body["id"])}), str(body["name"]))

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        for wall in must_be_object(connection.send("GET", f"{API}/walls"))["walls"]:
            may_write = wall["role"] == "editor"
            yield AdAccount(
                id=str(wall["id"]),
                name=str(wall["name"]),
                roles=(str(wall["role"]),),
                verdict=Verdict.SUFFICIENT if may_write else Verdict.INSUFFICIENT,
                reason="" if may_write else "Needed: wall editor.",
            )

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        return AudienceRequest(ad_account_id, settings["audience_name"], settings=settings)

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        url = f"{API}/walls/{request.ad_account_id}/audiences"
        for each in must_be_object(connection.send("GET", url))["audiences"]:
            if request.existing_id == each["id"] or request.name == each["name"]:
                return _audience(each)
        if request.existing_id:
            raise NotThere("Billboard has no such audience.")
        return None

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        url = f"{API}/walls/{request.ad_account_id}/audiences"
        return _audience(connection.send("POST", url, json={"name": request.name}).json)

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        return self._people(connection, "PUT", audience, batch)

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        return self._people(connection, "PATCH", audience, batch)

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        return _audience(connection.send("GET", f"{API}/audiences/{audience.id}").json)

    def _people(
        self, connection: Connection, method: str, audience: Audience, batch: Batch
    ) -> Receipt:
        names = [self.identifier(key).wire_name for key in batch.types]
        people = [dict(zip(names, row, strict=True)) for row in batch.rows]
        url = f"{API}/audiences/{audience.id}/people"
        answer = connection.send(method, url, json={"people": people})
        return Receipt(accepted=int(must_be_object(answer)["taken"]))


def _audience(found: Mapping[str, Any]) -> Audience:
    return Audience(str(found["id"]), str(found["name"]), str(found["wall"]), size=found["size"])
