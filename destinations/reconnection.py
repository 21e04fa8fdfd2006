"""Give destinations that need reconnection another authorization, one by one or many at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.services import record
from authorizations.health import usable
from authorizations.models import AdAccount, Authorization
from destinations import services
from destinations.models import Destination
from destinations.standing import out_of_reach
from organizations.models import Person


class NotReconnected(Exception):
    """The destination was not touched. The message says why."""


@dataclass
class Offer:
    """The usable authorizations of each platform, and which ad accounts each one reaches.

    Read once for many destinations.
    """

    authorizations: dict[str, list[Authorization]]
    ad_accounts: dict[tuple[uuid.UUID, str], AdAccount]

    def of(self, row: Destination) -> list[Authorization]:
        """Return the authorizations of a destination's platform."""
        return self.authorizations.get(row.platform, [])

    def why_not(self, row: Destination, authorization: Authorization) -> str:
        """Say why an authorization cannot serve a destination; empty where it can."""
        if not row.ad_account_id:
            return "No ad account is chosen; choose one under “Edit”."
        there = self.ad_accounts.get((authorization.pk, row.ad_account_id))
        if there is None or there.gone_at is not None:
            account = row.ad_account_name or row.ad_account_id
            return f"“{authorization.name}” does not reach the ad account {account}."
        return out_of_reach(row.ad_account_id, there)


@dataclass
class Outcome:
    """What came of reconnecting many: which were, and which were not and why."""

    reconnected: list[Destination] = field(default_factory=list)
    untouched: list[tuple[Destination, str]] = field(default_factory=list)


def offer_for(rows: Sequence[Destination]) -> Offer:
    """Return what these destinations may choose from, in two queries. In the fence."""
    platforms = {row.platform for row in rows}
    found = list(usable(Authorization.objects.filter(platform__in=platforms)).order_by("name"))
    authorizations: dict[str, list[Authorization]] = {}
    for each in found:
        authorizations.setdefault(each.platform, []).append(each)
    wanted = {row.ad_account_id for row in rows}
    ad_accounts = AdAccount.objects.filter(authorization__in=found, platform_id__in=wanted)
    return Offer(
        authorizations, {(each.authorization_id, each.platform_id): each for each in ad_accounts}
    )


def destinations_reconnect(*, wishes: Mapping[uuid.UUID, uuid.UUID], by: Person) -> Outcome:
    """Give each destination the authorization wished for; its ad account is kept. In the fence.

    One that the authorization cannot serve is not touched.
    """
    rows = list(Destination.objects.live().filter(pk__in=wishes).order_by("platform", "name"))
    offer, outcome = offer_for(rows), Outcome()
    for row in rows:
        try:
            destination_reconnect(destination=row, to=wishes[row.pk], offer=offer, by=by)
        except NotReconnected as why:
            outcome.untouched.append((row, str(why)))
        else:
            outcome.reconnected.append(row)
    return outcome


def destination_reconnect(
    *, destination: Destination, to: uuid.UUID, offer: Offer, by: Person
) -> None:
    """Give a destination another authorization; exports that wait go on. In the fence.

    Ad account, audience and settings stay. Raises NotReconnected.
    """
    authorization = next((each for each in offer.of(destination) if each.pk == to), None)
    if authorization is None:
        raise NotReconnected("The authorization chosen cannot be used any more.")
    why = offer.why_not(destination, authorization)
    if why:
        raise NotReconnected(why)
    row = Destination.objects.needing_reconnection().filter(pk=destination.pk)
    if not row.update(authorization=authorization):
        raise NotReconnected("Somebody else reconnected it a moment ago.")
    destination.authorization = authorization
    record(
        "destination reconnected",
        organization_id=destination.organization_id,
        person=by,
        subject=destination,
        authorization=authorization.name,
    )
    services.tell_if_ready(destination)
