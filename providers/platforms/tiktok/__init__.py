"""TikTok API for Business v1.3.

Audiences are filled through its Segment (streaming) API; those that shall end, through files.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from providers import audience_form, identifier_types, identifiers
from providers.connection import Answer, Connection
from providers.declarations import (
    FormField,
    IdentifierType,
    Limits,
    Per,
    Permission,
    Rate,
    Replace,
    Revocation,
)
from providers.errors import BadRequest, NotThere, PlatformError, UnknownAnswer
from providers.platforms.tiktok import advertisers, answers, files
from providers.platforms.tiktok.answers import API
from providers.platforms.tiktok.consent import TikTokConsent
from providers.values import (
    PARTIALLY,
    AdAccount,
    Audience,
    AudienceRequest,
    Batch,
    Identity,
    Receipt,
)
from providers.wording import quoted

# The kind of audience that segments are: Ads Manager shows them under "Partner Audience".
PARTNER = "partner"
_WRONG_KIND = {
    True: "This audience is not made of files. Leave the days until its end empty.",
    False: "This audience is made of files. Give the days until its end, which stays as it is.",
}
_NOT_OURS = (
    "This audience is shared by another ad account, which alone can change it. Choose that ad "
    "account, or an audience that this one made."
)

# Apple's and Google's ids look alike and go under different names here: each needs a column of
# its own, and one that is merely called "maid" does not tell.
_AD_ID = "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25"
_IDFA = IdentifierType(
    "apple_ad_id",
    "Apple ad id (IDFA)",
    "IDFA_SHA256",
    identifiers.ad_id_lower,
    ("idfa", "iosadid", "appleadid", "hashedidfa", "idfahash", "idfasha256"),
    _AD_ID,
    # An ad id does not tell which system it is of.
    by_name_only=True,
)
_AAID = IdentifierType(
    "android_ad_id",
    "Android ad id (AAID)",
    "AAID_SHA256",
    identifiers.ad_id_lower,
    (
        "aaid",
        "gaid",
        "androidadid",
        "googleadid",
        "hashedaaid",
        "hashedgaid",
        "aaidhash",
        "gaidhash",
        "aaidsha256",
        "gaidsha256",
    ),
    _AD_ID,
    # An ad id does not tell which system it is of.
    by_name_only=True,
)


class TikTok(TikTokConsent):
    """TikTok. Its own consent in JSON, one token without an end, errors inside HTTP 200."""

    key = "tiktok"
    label = "TikTok"
    mark = "Tk"
    permission = Permission(
        text=advertisers.NEEDED,
        help_label="TikTok's roles and permissions",
        help_url="https://ads.tiktok.com/help/article/how-to-assign-asset-level-permissions?lang=en",
    )
    # TikTok's help page prints the hash of a number without its `+`, against its own text and
    # against the field's description; only `phone_e164` would change to `phone_digits` here.
    # Whether dots and +tags of e-mail addresses still go is not confirmed; they stay.
    identifiers = (
        identifier_types.email("EMAIL_SHA256", identifiers.email_without_spaces),
        identifier_types.phone("PHONE_SHA256", identifiers.phone_e164),
        _IDFA,
        _AAID,
    )
    identifiers_together = True
    # TikTok also takes ad ids hashed with MD5. A stored batch holds SHA-256 alone, and whoever has
    # ad ids as they are loses nothing by that.
    identifiers_help = (
        "As they are, or hashed with SHA-256. Mobile ad ids that are hashed with MD5 are rejected."
    )
    # https://business-api.tiktok.com/portal/docs?id=1740029171730433
    # An endpoint takes 10 requests a second; half of it, as no answer says how much is left. The
    # table has a line "Streaming API" of 10,000 a second too; whether it covers /segment/* is not
    # confirmed. The most users in a request is not published, and public clients send between
    # 1,000 and 10,000.
    limits = Limits(batch_rows=1_000, rates=(Rate(5, 1.0, Per.APP),), minimum_audience=1_000)
    replace = Replace.BY_DIFFERENCE
    revocation = Revocation(
        by_call=True,
        url="",
        # Whether it ends a second token of the same person too is not confirmed.
        words="Access ends at TikTok at once. Another authorization by the same TikTok user may "
        "need to be reconnected then.",
    )
    grants_are_shared = True
    destination_fields = (
        FormField(
            name="audience_name",
            label="Audience name",
            # TikTok cuts a longer name, so that it would not be found again.
            max_length=70,
            example="Spring buyers",
            help="The ad account's audience of this name is used; if there is none, it is created. "
            "TikTok Ads Manager shows it under Partner Audience.",
        ),
        files.FIELD,
        FormField(
            name="audience_id",
            label="Existing audience id",
            max_length=40,
            pattern="[0-9]+",
            pattern_message="An audience id consists of digits.",
            help="An audience that is there already, instead of a name.",
        ),
    )

    def classify(self, answer: Answer) -> PlatformError | None:
        """Judge an answer by the code in its body."""
        return answers.error_in(answer)

    # Who and where

    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        """Say who authorized. The e-mail address is masked and tells nobody apart."""
        url = f"{API}/user/info/"
        try:
            answer = connection.send("GET", url)
        except UnknownAnswer as error:
            if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                raise
            # GET in three public clients, POST in TikTok's own for Go: not confirmed.
            answer = connection.send("POST", url, json={})
        person = answers.data(answer)
        # Peers take it for the person's; one description calls it the developer's. Ad account
        # ids would be no substitute: they change, and there may be none.
        if not person.get("core_user_id"):
            raise answers.nothing_in(answer, "core_user_id")
        return Identity(
            ids=frozenset({str(person["core_user_id"])}),
            name=str(person.get("display_name") or "TikTok user"),
        )

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        """Yield the ad accounts that the token reaches, with the person's role where told."""
        return advertisers.ad_accounts(connection)

    # Audiences: https://business-api.tiktok.com/portal/docs?id=1739940583739393

    def check_destination(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Ask for either a name or an existing audience."""
        return audience_form.name_or_id(settings, id_field="audience_id", thing="audience")

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Say which audience a destination's form asks for."""
        return audience_form.request_from(ad_account_id, settings, id_field="audience_id")

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Look an audience up, by id where one is given, else by exact name."""
        of_files = files.are_used(request.settings)
        if request.existing_id:
            found = self._read(connection, request.ad_account_id, request.existing_id)
            if found.get("is_creator") is False:
                raise BadRequest(_NOT_OURS)
            if _is_of_files(found) is not of_files:
                raise BadRequest(_WRONG_KIND[of_files])
            return answers.audience(found, request.ad_account_id)
        asked = {"advertiser_id": request.ad_account_id}
        same_name = [
            row
            for row in answers.every(connection, "/dmp/custom_audience/list/", asked, 100)
            if row.get("audience_id")
            and row.get("name") == request.name
            and row.get("is_creator") is not False
            and _is_of_files(row) is of_files
        ]
        # Names are not unique there. The newest is the one whose creation was not answered.
        newest = max(same_name, key=lambda one: str(one.get("create_time", "")), default=None)
        return answers.audience(newest, request.ad_account_id) if newest else None

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create a segment; a second call would make a second one of the same name."""
        body = {
            "advertiser_id": request.ad_account_id,
            "action": "create",
            "custom_audience_name": request.name,
        }
        answer = connection.send("POST", f"{API}/segment/audience/", json=body)
        found = answers.data(answer, wrote=True)
        if not found.get("audience_id"):
            raise answers.nothing_in(answer, "audience_id", wrote=True)
        return Audience(str(found["audience_id"]), request.name, request.ad_account_id)

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Map people to the audience, or upload them."""
        if files.are_used(audience.settings):
            return files.upload(connection, audience, batch)
        return self._map(connection, "add", audience, batch)

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Take people's mapping to the audience away, or upload whom to remove."""
        if files.are_used(audience.settings):
            return files.upload(connection, audience, batch)
        return self._map(connection, "delete", audience, batch)

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Read state and size as TikTok reports them now."""
        account = audience.ad_account_id
        return answers.audience(self._read(connection, account, audience.id), account)

    # Audiences made of files: https://business-api.tiktok.com/portal/docs?id=1739940570793985

    def gathers(self, settings: Mapping[str, str]) -> int:
        """Let files take effect together."""
        return files.MOST_FILES if files.are_used(settings) else 0

    def rows_a_request(self, types: Collection[str], settings: Mapping[str, str]) -> int:
        """Return how many people go in a request, or in a file."""
        return files.MOST_PEOPLE if files.are_used(settings) else self.limits.batch_rows

    def put_in_effect(
        self,
        connection: Connection,
        request: AudienceRequest,
        audience: Audience | None,
        receipts: Sequence[Receipt],
        *,
        removes: bool,
    ) -> Audience | None:
        """Create an audience of files, or change it by them."""
        return files.put_in_effect(connection, request, audience, receipts, removes=removes)

    def confirm(
        self, connection: Connection, audience: Audience, receipt: Receipt
    ) -> Receipt | None:
        """Say whether TikTok has worked on a file."""
        found = self._read(connection, audience.ad_account_id, audience.id)
        return files.confirmed(found, receipt)

    def _read(self, connection: Connection, ad_account_id: str, audience_id: str) -> dict[str, Any]:
        # https://business-api.tiktok.com/portal/docs?id=1739940507792385
        params = {
            "advertiser_id": ad_account_id,
            "custom_audience_ids": json.dumps([audience_id]),
        }
        answer = connection.send("GET", f"{API}/dmp/custom_audience/get/", params=params)
        for row in answers.rows(answers.data(answer)):
            details = row.get("audience_details")
            if isinstance(details, dict) and str(details.get("audience_id")) == audience_id:
                return details
        raise NotThere("TikTok shows no such audience in this ad account.", status=answer.status)

    def _map(
        self, connection: Connection, action: str, audience: Audience, batch: Batch
    ) -> Receipt:
        # https://business-api.tiktok.com/portal/docs?id=1739940585975809
        of_audience = f'","audience_ids":[{json.dumps(audience.id)}]}}'
        # Filled by hand: an encoder takes several times as long, and digests need no escaping.
        # An identifier's place says its type, so an empty object stands for a missing one.
        users = "],[".join(
            ",".join(f'{{"id":"{digest}{of_audience}' if digest else "{}" for digest in row)
            for row in batch.rows
        )
        head = {
            "advertiser_ids": [audience.ad_account_id],
            "action": action,
            "id_schema": [self.identifier(key).wire_name for key in batch.types],
        }
        body = f'{json.dumps(head)[:-1]},"batch_data":[[{users}]]}}'.encode()
        answer = connection.send("POST", f"{API}/segment/mapping/", body=body)
        told = answer.json if isinstance(answer.json, dict) else {}
        partly = str(told.get("code")) == answers.PARTIAL
        return Receipt(
            # TikTok counts nothing in its answer.
            accepted=len(batch.rows),
            request_id=answer.request_id("X-TT-LOGID"),
            facts={PARTIALLY: quoted(told.get("message"))} if partly else {},
        )


def _is_of_files(details: Mapping[str, Any]) -> bool:
    """Say of which kind an audience is: the one takes no segments, the other no files.

    The list calls it `audience_type`, the reading of one `type`; without a word it is a segment.
    """
    kind = details.get("audience_type") or details.get("type") or PARTNER
    return not str(kind).lower().startswith(PARTNER)
