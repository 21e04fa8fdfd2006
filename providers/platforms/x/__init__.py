"""X Ads API v12, with OAuth 1.0a. Audiences are called custom audiences there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from providers.app import App
from providers.connection import Answer, Connection
from providers.declarations import (
    IdentifierType,
    Limits,
    Per,
    Permission,
    Rate,
    Replace,
    Revocation,
)
from providers.errors import (
    NotThere,
    PermissionMissing,
    PlatformDown,
    PlatformError,
    Throttled,
    TokenRejected,
    UnknownAnswer,
)
from providers.oauth1 import OAuth1Platform
from providers.platforms.x import answers, form, people, preparing, roles
from providers.secret import Secret
from providers.values import (
    AdAccount,
    Audience,
    AudienceRequest,
    Batch,
    Callback,
    Grant,
    Identity,
    Receipt,
    Tokens,
)
from providers.wording import word

# Part of every signature: the older api.twitter.com would be another one.
LOGIN = "https://api.x.com"
API = "https://ads-api.x.com/12"
# The kind of audience that takes uploads.
UPLOADED = "CRM"


class X(OAuth1Platform):
    """X. Five lists of ad accounts a quarter of an hour; a request is taken whole or not at all."""

    key = "x"
    label = "X"
    mark = "X"
    permission = Permission(
        text='"Ad Manager" or "Account Admin" permission level',
        help_label="X user permissions",
        help_url="https://business.x.com/en/help/troubleshooting/multi-user-login-faq.html",
    )
    prepare = preparing.PREPARE
    consent_asks = preparing.CONSENT_ASKS
    approvals = preparing.APPROVALS
    # https://docs.x.com/fundamentals/authentication/api-reference
    request_token_url = f"{LOGIN}/oauth/request_token"
    # Not /oauth/authenticate, which lets the last account through without asking.
    authorize_url = f"{LOGIN}/oauth/authorize"
    access_token_url = f"{LOGIN}/oauth/access_token"
    identifiers = form.IDENTIFIERS
    identifiers_together = True
    limits = Limits(
        batch_rows=people.MOST_PEOPLE,
        batch_bytes=people.CEILING,
        # https://docs.x.com/x-ads-api/fundamentals/rate-limiting
        # Whether a request with people counts among all writes, too, is not confirmed: it does
        # here. X counts by user, whichever authorizations of ours are the same user.
        rates=(Rate(450, 60.0, Per.AUTHORIZATION), Rate(1500, 60.0, Per.AD_ACCOUNT)),
        # https://docs.x.com/x-ads-api/audiences: active in the last 90 days. Other pages say 500.
        minimum_audience=100,
        # https://docs.x.com/x-ads-api/audiences/reference: 13 months after the request.
        membership_days=396,
    )
    replace = Replace.BY_DIFFERENCE
    revocation = Revocation(
        by_call=True,
        url="https://x.com/settings/connected_apps",
        words="The access is revoked at X. It ends for every authorization of the same X user.",
    )
    grants_are_shared = True
    destination_fields = form.DESTINATION_FIELDS

    def identifiers_for(self, settings: Mapping[str, str]) -> tuple[IdentifierType, ...]:
        """Return the identifier types, with phone numbers written as the destination asks."""
        return form.identifiers_for(settings)

    # Consent

    def authorize_parameters(self, options: Mapping[str, str]) -> dict[str, str]:
        """Have the person log in again: they may be signed in as another X user."""
        return {"force_login": "true"}

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Take the answer; a cancel brings `denied=<request token>` and nothing else."""
        denied = parameters.get("denied", "")
        if denied:
            return Callback(lookup=Secret(denied), code=None, refusal="denied")
        return super().read_callback(parameters)

    def grant_from(self, given: Mapping[str, str]) -> Grant:
        """Keep who authorized: the numeric id is stable, the screen name is not."""
        told = {name: given.get(name, "") for name in ("user_id", "screen_name")}
        facts = {name: value for name, value in told.items() if value}
        return replace(super().grant_from(given), facts=facts)

    def classify_token_error(self, answer: Answer, *, approved: bool) -> PlatformError:
        """Tell our own key, clock and redirect address from the person's approval."""
        known = answers.token_error_in(answer)
        return known or super().classify_token_error(answer, approved=approved)

    def revoke(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> None:
        """End the access of this X user; harmless to repeat.

        It ends every authorization of the same user: whoever calls this must have looked that no
        other one needs it.
        """
        # https://docs.x.com/fundamentals/authentication/api-reference
        connection = replace(self.connect(app, tokens, options), classify=answers.revocation_error)
        try:
            connection.send("POST", f"{LOGIN}/1.1/oauth/invalidate_token.json")
        except TokenRejected as rejected:
            # Any other refusal may be one of our signature: the access would go on.
            if rejected.code != answers.OVER:
                raise

    def classify(self, answer: Answer) -> PlatformError | None:
        """Judge an answer by its status and its errors."""
        return answers.error_in(answer)

    # Who and where

    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        """Say who authorized. Asks X only where the grant did not tell.

        Not 1.1/account/verify_credentials: most applications' access level does not include it.
        """
        user_id = facts.get("user_id") or self._ask_who(connection)
        screen_name = facts.get("screen_name")
        # No username: another user may bear the same one tomorrow.
        return Identity(
            ids=frozenset({user_id}),
            name=f"@{screen_name}" if screen_name else f"{self.label} user {user_id}",
        )

    def _ask_who(self, connection: Connection) -> str:
        # Nobody can be asked about a user without ad accounts.
        unsaid: PlatformError = UnknownAnswer(f"{self.label} did not say who authorized.")
        try:
            for account in answers.every(connection, f"{API}/accounts", {"count": 1}):
                told = answers.only(self._access(connection, str(account["id"])), "user_id")
                return str(told["user_id"])
        except (Throttled, PlatformDown, PermissionMissing, NotThere) as trouble:
            unsaid = trouble
        # Tokens begin with the user's id.
        user_id, _, rest = connection.tokens.access.reveal().partition("-")
        if not rest or not (user_id.isascii() and user_id.isdigit()):
            raise unsaid
        return user_id

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        """Yield the ad accounts, judged by what the person may do in each.

        One list is one of five calls a quarter of an hour, so trouble while asking about a single
        ad account does not throw the list away: its role stays open.
        """
        # https://docs.x.com/x-ads-api/campaign-management/reference#accounts
        listed = answers.every(connection, f"{API}/accounts", {"sort_by": "name-asc"})
        accounts = [account for account in listed if not account.get("deleted")]
        in_trouble = False
        for account in accounts:
            permissions = None
            if not in_trouble:
                try:
                    permissions = self._permissions(connection, str(account["id"]))
                except (PlatformDown, Throttled):
                    in_trouble = True
            yield roles.ad_account(account, permissions)

    def _permissions(self, connection: Connection, account_id: str) -> list[str] | None:
        try:
            told = (self._access(connection, account_id).json["data"] or {}).get("permissions")
        except (PermissionMissing, NotThere):
            return []
        return [str(each) for each in told] if isinstance(told, list) else None

    def _access(self, connection: Connection, account_id: str) -> Answer:
        # https://docs.x.com/x-ads-api/campaign-management/reference#authenticated-user-access
        return connection.send("GET", f"{_account(account_id)}/authenticated_user_access")

    # Audiences: https://docs.x.com/x-ads-api/audiences/reference#custom-audiences

    def check_destination(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Ask for either a name or an existing audience."""
        return form.check(settings)

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Say which custom audience a destination's form asks for."""
        return form.audience_request(ad_account_id, settings)

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Look an audience up, by id where one is given, else by exact name."""
        if request.existing_id:
            found = self._read(connection, request.ad_account_id, request.existing_id)
            if found.get("owner_account_id") not in {None, request.ad_account_id}:
                raise NotThere("This audience belongs to another ad account.", code="shared")
            return answers.audience(found, request.ad_account_id, request.settings)
        asked = {"q": request.name, "permission_scope": "OWNER"}
        for found in answers.every(connection, _audiences(request.ad_account_id), asked):
            # `q` finds whatever begins like it. Names are unique in an ad account.
            is_ours = found.get("owner_account_id", request.ad_account_id) == request.ad_account_id
            takes_uploads = found.get("audience_type", UPLOADED) == UPLOADED
            if (
                found.get("name") == request.name
                and is_ours
                and takes_uploads
                and not found.get("deleted")
            ):
                return answers.audience(found, request.ad_account_id, request.settings)
        return None

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create an audience: everything goes in the query, the body is empty."""
        asked = {"name": request.name}
        description = request.settings.get("description", "").strip()
        if description:
            asked["description"] = description
        answer = connection.send("POST", _audiences(request.ad_account_id), params=asked)
        made = answers.only(answer, "id", wrote=True)
        return answers.audience(made, request.ad_account_id, request.settings)

    def rows_a_request(self, types: Collection[str], settings: Mapping[str, str]) -> int:
        """Return how many people fit under X's size of a request: fewer with many identifiers."""
        return people.most_people([self.identifier(key).wire_name for key in types])

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Add people, each with all of their identifiers, until their membership ends."""
        params = {}
        days = audience.settings.get("membership_days", "").strip()
        if days:
            ends = datetime.now(UTC) + timedelta(days=int(days))
            params["expires_at"] = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._send(connection, "Update", params, audience, batch)

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Remove people: X removes whoever was added with any one of these identifiers."""
        return self._send(connection, "Delete", {}, audience, batch)

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Read state and size as X reports them now."""
        found = self._read(connection, audience.ad_account_id, audience.id)
        return answers.audience(found, audience.ad_account_id, audience.settings)

    def _read(self, connection: Connection, account_id: str, audience_id: str) -> dict[str, Any]:
        url = f"{_audiences(account_id)}/{quote(audience_id, safe='')}"
        found = answers.only(connection.send("GET", url), "id")
        if found.get("deleted"):
            raise NotThere("This audience was deleted at X.", code="deleted")
        return found

    def _send(
        self,
        connection: Connection,
        operation: str,
        params: Mapping[str, str],
        audience: Audience,
        batch: Batch,
    ) -> Receipt:
        names = [self.identifier(key).wire_name for key in batch.types]
        # https://docs.x.com/x-ads-api/audiences/reference#custom-audiences-users
        url = f"{_audiences(audience.ad_account_id)}/{quote(audience.id, safe='')}/users"
        accepted, request_id = 0, ""
        # One request, unless the batch was cut for other types than it has.
        for body, count in people.bodies(operation, params, names, batch.rows):
            answer = connection.send("POST", url, body=body)
            data = answers.only(answer, "success_count", wrote=True)
            counts = (data["success_count"], data.get("total_count"))
            if counts != (count, count):
                # X: to be treated as an error, and the whole request sent again.
                raise PlatformDown(
                    f"X was sent {count} people and confirmed {word(counts[0])}.",
                    code="count mismatch",
                    status=answer.status,
                    may_have_happened=True,
                )
            accepted, request_id = accepted + count, answer.request_id(answers.REQUEST_ID)
        return Receipt(accepted=accepted, request_id=request_id)


def _account(account_id: str) -> str:
    return f"{API}/accounts/{quote(account_id, safe='')}"


def _audiences(account_id: str) -> str:
    return f"{_account(account_id)}/custom_audiences"
