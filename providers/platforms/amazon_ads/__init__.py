"""Amazon Ads: audiences of advertisers, for Amazon DSP and Amazon Marketing Cloud (AMC)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from providers.connection import Connection, must_be_object
from providers.declarations import (
    IdentifierType,
    Limits,
    Per,
    Permission,
    Rate,
    Replace,
    Revocation,
)
from providers.errors import NotThere, PermissionMissing
from providers.platforms.amazon_ads import (
    accounts,
    answers,
    cleaning,
    form,
    marketing_cloud,
    people,
    preparing,
    records,
    regions,
)
from providers.platforms.amazon_ads.consent import LoginWithAmazon
from providers.platforms.amazon_ads.form import value
from providers.values import AdAccount, Audience, AudienceRequest, Batch, Identity, Receipt


class AmazonAds(LoginWithAmazon):
    """Amazon Ads. Three regions, records of several columns, jobs, audiences without a list."""

    key = "amazon_ads"
    label = "Amazon Ads"
    mark = "Am"
    permission = Permission(
        text=accounts.NEEDED,
        help_label="Amazon Ads permissions support docs",
        help_url="https://advertising.amazon.com/help/?GDQVHVQMY9F88PCA#GDQVHVQMY9F88PCA",
    )
    prepare = preparing.PREPARE
    consent_asks = preparing.CONSENT_ASKS
    approvals = preparing.APPROVALS
    identifiers = cleaning.identifiers_of("")
    identifiers_together = True
    # Below 15 million records an hour and connection. How many requests a second are taken is not
    # published and changes with Amazon's load; its answers then say how long to wait. A request
    # holds 10,000 records; the guide wants fewer where they have many columns.
    limits = Limits(
        batch_rows=5_000,
        rates=(Rate(2_999, 3_600.0, Per.AD_ACCOUNT),),
        minimum_audience=answers.ENOUGH,
        # The longest `ttl` there, which a new audience has as long as nobody asks for less.
        membership_days=form.LONGEST_DAYS,
    )
    replace = Replace.BY_DIFFERENCE
    audiences_can_be_looked_up = False
    revocation = Revocation(
        by_call=False,
        url="https://www.amazon.com/ap/adam",
        words="At Amazon, open Manage Login with Amazon, and remove the app there.",
    )
    destination_fields = form.DESTINATION_FIELDS

    def identifiers_for(self, settings: Mapping[str, str]) -> tuple[IdentifierType, ...]:
        """Return the identifier types with the rules of the destination's country."""
        return cleaning.identifiers_of(value(settings, "country"))

    # Who and where

    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        """Say who authorized."""
        return people.identify(connection)

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        """Yield DSP advertisers, judged by the person's role, and accounts of AMC."""
        return accounts.ad_accounts(connection)

    # Audiences: see the guide that `records` names

    def check_destination(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Say what is wrong across the form's fields."""
        return form.check(settings)

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Say which audience a destination's form asks for."""
        return form.audience_request(ad_account_id, settings)

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Look an audience up by its id; Amazon has no list of them to look for a name in."""
        if not request.existing_id:
            return None
        return self._read(
            connection, request.existing_id, request.ad_account_id, request.settings, check=True
        )

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create an audience; a second call would make a second one of the same name."""
        api = regions.api(connection, request.ad_account_id)
        target = marketing_cloud.target(connection, api, request)
        answer = connection.send(
            "POST",
            f"{api}/amc/audiences/metadata",
            json=form.new_audience(request, target),
            headers={"Content-Type": records.TYPE},
        )
        # Amazon's page says 201, a public client is answered 200.
        body = answer.json if isinstance(answer.json, dict) else {}
        audience_id = answers.number(body.get("audienceId"))
        if not audience_id:
            raise answers.nothing_in(answer, "audienceId", wrote=True)
        return Audience(audience_id, request.name, request.ad_account_id, settings=request.settings)

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Add people. The receipt is a job's, which may go on for an hour: see `confirm`."""
        return self._send(connection, "CREATE", audience, batch)

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Remove people, by the ids and columns that they were added with."""
        return self._send(connection, "DELETE", audience, batch)

    def confirm(
        self, connection: Connection, audience: Audience, receipt: Receipt
    ) -> Receipt | None:
        """Say what came of a batch's job; None while Amazon works on it."""
        if receipt.facts.get("job") != records.PENDING:
            return receipt
        api = regions.api(connection, audience.ad_account_id)
        return records.look(connection, api, audience, receipt)

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Read the size as Amazon reports it now."""
        return self._read(connection, audience.id, audience.ad_account_id, audience.settings)

    def _read(
        self,
        connection: Connection,
        audience_id: str,
        ad_account_id: str,
        settings: Mapping[str, str],
        *,
        check: bool = False,
    ) -> Audience:
        api = regions.api(connection, ad_account_id)
        answer = connection.send("GET", f"{api}/amc/audiences/metadata/{audience_id}")
        if check:
            target = answers.target_of(must_be_object(answer))
            account = regions.plain(ad_account_id)
            marketing_cloud.check_fits(target, settings)
            owner = answers.number(target.get("advertiserId"))
            if target.get("connectionId"):
                connection_id = str(target["connectionId"])
                owner = marketing_cloud.owner_of(connection, api, connection_id, account)
            if owner not in {"", account}:
                raise NotThere("This audience belongs to another ad account.")
        return answers.audience(answer, ad_account_id, settings)

    def _send(
        self, connection: Connection, action: str, audience: Audience, batch: Batch
    ) -> Receipt:
        began = time.monotonic()
        api = regions.api(connection, audience.ad_account_id)
        names = [self.identifier(key).wire_name for key in batch.types]
        said = form.of_every_record(audience.settings)
        people_of_it = list(records.records(batch, names, action, said))
        if not people_of_it:
            return Receipt(accepted=0)
        target = {}
        if form.sends_to_amc(audience.settings):
            to = value(audience.settings, "send_to")
            target = marketing_cloud.of_records(connection, api, audience.id, to)
        try:
            answer = connection.send(
                "POST",
                f"{api}/amc/audiences/records",
                body=records.body(audience.id, target, people_of_it),
                headers={"Content-Type": records.TYPE},
            )
        except PermissionMissing:
            # What is said where Amazon's terms are not accepted is not confirmed.
            if target:
                marketing_cloud.check_terms(connection, api)
            raise
        facts = {"job": records.PENDING}
        taken = Receipt(len(people_of_it), records.job_in(answer), facts, settled=False)
        return records.first_looks(connection, api, audience, taken, began)
