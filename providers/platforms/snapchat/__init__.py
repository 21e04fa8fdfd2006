"""Snapchat Marketing API (Ads API v1). Audiences are called segments there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from providers import audience_form, identifier_types, identifiers
from providers.connection import Answer, Connection, must_be_object
from providers.declarations import (
    FieldKind,
    FormField,
    Limits,
    Per,
    Permission,
    Rate,
    Replace,
    Revocation,
)
from providers.errors import NotThere, PermissionMissing, PlatformError, UnknownAnswer
from providers.oauth2 import OAuth2Platform
from providers.platforms.snapchat import answers, preparing, roles
from providers.values import AdAccount, Audience, AudienceRequest, Batch, Identity, Receipt

API = f"https://{answers.HOST}/v1"
# As many days as members stay when nobody asks for fewer: for the audience's lifetime.
LIFETIME = 9999
# The kind of segment that takes uploads.
CUSTOMER_LIST = "FIRST_PARTY"


class Snapchat(OAuth2Platform):
    """Snapchat. One identifier type a destination, no `+` in phones, 200 is not yet success."""

    key = "snapchat"
    label = "Snapchat"
    mark = "Sc"
    permission = Permission(
        text=f"{roles.NEEDED} (must have Upload/Manage Audience Segments permissions)",
        help_label="Snapchat Ad Account permissions and roles",
        help_url="https://businesshelp.snapchat.com/s/topic/0TO0y000000YVcVGAW/"
        "manage-members-and-roles",
    )
    # Not the addresses of Login Kit (/accounts/oauth2/...), whose clients and tokens are others.
    # https://developers.snap.com/api/marketing-api/Ads-API/authentication
    authorize_url = "https://accounts.snapchat.com/login/oauth2/authorize"
    token_url = "https://accounts.snapchat.com/login/oauth2/access_token"  # noqa: S105 - an address
    scopes = ("snapchat-marketing-api",)
    prepare = preparing.PREPARE
    consent_asks = preparing.CONSENT_ASKS
    approvals = preparing.APPROVALS
    identifiers = (
        identifier_types.email("EMAIL_SHA256", identifiers.email),
        identifier_types.phone("PHONE_SHA256", identifiers.phone_digits),
        identifier_types.mobile_ad_id("MOBILE_AD_ID_SHA256", identifiers.ad_id_lower),
    )
    # https://developers.snap.com/api/marketing-api/Ads-API/rate-limits
    limits = Limits(
        batch_rows=100_000,
        rates=(Rate(10, 1.0, Per.AUTHORIZATION), Rate(20, 1.0, Per.APP)),
        minimum_audience=1_000,
    )
    replace = Replace.NATIVE
    revocation = Revocation(
        by_call=False,
        url="https://help.snapchat.com/hc/en-us/articles/7012393350676",
        words="In Snapchat, open Settings, then Connected apps, and remove the app there.",
    )
    destination_fields = (
        FormField(
            name="audience_name",
            label="Audience name",
            max_length=375,
            example="Spring buyers",
            help="The ad account's audience of this name is used; if there is none, it is created.",
        ),
        FormField(
            name="description",
            label="Description",
            kind=FieldKind.LONG_TEXT,
            help="For a new audience.",
        ),
        FormField(
            name="retention_days",
            label="Retention (days)",
            kind=FieldKind.INTEGER,
            initial=str(LIFETIME),
            minimum=1,
            maximum=LIFETIME,
            help="For a new audience: how long people stay in it. "
            f"{LIFETIME} keeps them for as long as the audience exists.",
        ),
        FormField(
            name="segment_id",
            label="Existing segment id",
            max_length=40,
            pattern="[0-9]+",
            pattern_message="A segment id consists of digits.",
            help="An audience that is there already, instead of a name.",
        ),
    )

    def classify(self, answer: Answer) -> PlatformError | None:
        """Judge an answer by its status and its envelope."""
        return answers.error_in(answer)

    # Who and where

    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        """Say who authorized: by the ids of all memberships, as a person has no id of their own."""
        # https://developers.snap.com/api/marketing-api/Ads-API/user
        body = must_be_object(connection.send("GET", f"{API}/me"))
        me = body.get("me") or {}
        if not answers.is_thing(me):
            raise UnknownAnswer(f"{self.label} did not say who authorized.")
        # `me` is the membership in whichever organization is home just now. Older answers have
        # neither `members` nor a username.
        members = filter(answers.is_thing, body.get("members") or ())
        username = str(me.get("snapchat_username") or "")
        return Identity(
            ids=frozenset(str(membership["id"]) for membership in (me, *members)),
            name=str(me.get("display_name") or username or f"{self.label} member"),
            username=username,
        )

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        """Yield the ad accounts of all organizations, judged by the person's roles."""
        # https://developers.snap.com/api/marketing-api/Ads-API/organizations
        # The word `true` is needed: the bare parameter lists no ad account.
        asked = {"with_ad_accounts": "true"}
        url = f"{API}/me/organizations"
        for organization in answers.every(connection, url, "organizations", "organization", asked):
            told = list(filter(answers.is_thing, organization.get("ad_accounts") or ()))
            for found in told or self._untold(connection, str(organization["id"])):
                yield roles.ad_account(organization, found)

    def _untold(self, connection: Connection, organization_id: str) -> Iterator[dict[str, Any]]:
        """Ask an organization itself where the list of all tells none of its ad accounts."""
        # https://developers.snap.com/api/marketing-api/Ads-API/ad-accounts
        url = f"{API}/organizations/{organization_id}/adaccounts"
        try:
            yield from answers.every(connection, url, "adaccounts", "adaccount", {"limit": 1000})
        except (PermissionMissing, NotThere):
            return

    # Audiences: https://developers.snap.com/api/marketing-api/Ads-API/customer-lists

    def check_destination(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Ask for either a name or an existing segment."""
        return audience_form.name_or_id(settings, id_field="segment_id", thing="segment")

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Say which segment a destination's form asks for."""
        return audience_form.request_from(ad_account_id, settings, id_field="segment_id")

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Look a segment up, by id where one is given, else by exact name."""
        if request.existing_id:
            found = self._read(connection, request.existing_id)
            if found.ad_account_id not in {"", request.ad_account_id}:
                raise NotThere("This segment belongs to another ad account.")
            return found
        # https://developers.snap.com/api/marketing-api/Ads-API/customer-lists#get-all-audience-segments
        url = f"{API}/adaccounts/{request.ad_account_id}/segments"
        same_name = [
            segment
            for segment in answers.every(connection, url, "segments", "segment", {"limit": 1000})
            if segment.get("name") == request.name
            # Segments made from a pixel or from another segment take no uploads.
            and segment.get("source_type", CUSTOMER_LIST) == CUSTOMER_LIST
        ]
        # Names are not unique there. The newest is the one whose creation was not answered.
        newest = max(same_name, key=lambda one: str(one.get("created_at", "")), default=None)
        return answers.audience(newest) if newest else None

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create a segment for lists of ours."""
        segment = {
            "name": request.name,
            "source_type": CUSTOMER_LIST,
            "retention_in_days": int(request.settings.get("retention_days") or LIFETIME),
            "ad_account_id": request.ad_account_id,
        }
        description = request.settings.get("description", "").strip()
        if description:
            segment["description"] = description
        # https://developers.snap.com/api/marketing-api/Ads-API/customer-lists
        url = f"{API}/adaccounts/{request.ad_account_id}/segments"
        answer = connection.send("POST", url, json={"segments": [segment]})
        return answers.audience(answers.only(answer, "segments", "segment", "id", wrote=True))

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Add identifiers of one type."""
        return self._users(connection, "POST", audience, batch)

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Remove identifiers of one type: the same body, with DELETE."""
        return self._users(connection, "DELETE", audience, batch)

    def clear(self, connection: Connection, audience: Audience) -> Receipt:
        """Remove everybody. Until the next add, nobody is there."""
        # https://developers.snap.com/api/marketing-api/Ads-API/customer-lists
        answer = connection.send("DELETE", f"{API}/segments/{audience.id}/all_users")
        return Receipt(accepted=0, request_id=answer.request_id())

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Read state and size as Snapchat reports them now."""
        return self._read(connection, audience.id)

    def _read(self, connection: Connection, segment_id: str) -> Audience:
        # https://developers.snap.com/api/marketing-api/Ads-API/customer-lists
        answer = connection.send("GET", f"{API}/segments/{segment_id}")
        return answers.audience(answers.only(answer, "segments", "segment", "id"))

    def _users(
        self, connection: Connection, method: str, audience: Audience, batch: Batch
    ) -> Receipt:
        (key,) = batch.types
        # Filled by hand: an encoder takes five times as long for 100,000 lists of one digest.
        # Digests are hexadecimal, so nothing needs escaping.
        head = f'{{"users":[{{"schema":["{self.identifier(key).wire_name}"],"data":[["'.encode()
        body = b'%b%b"]]}]}' % (head, batch.joined(b'"],["'))
        # https://developers.snap.com/api/marketing-api/Ads-API/customer-lists
        # One public client repeats the segment's id in the body of DELETE, another does not; the
        # address holds it.
        answer = connection.send(method, f"{API}/segments/{audience.id}/users", body=body)
        # The same field counts what was removed: rows taken, not people matched.
        user = answers.only(answer, "users", "user", "number_uploaded_users", wrote=True)
        return Receipt(accepted=int(user["number_uploaded_users"]), request_id=answer.request_id())
