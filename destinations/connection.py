"""Whether an export would get through, asked of the platform without sending anything."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from django.contrib.humanize.templatetags.humanize import intcomma

from authorizations.models import AdAccount
from authorizations.services import ad_accounts_refresh
from authorizations.uses import Use
from destinations import audiences
from destinations.audiences import AudienceUnconfirmed, NoAuthorization, Target
from destinations.models import Destination
from destinations.standing import out_of_reach
from organizations import fence
from organizations.models import Person
from providers.app import NotConfigured
from providers.errors import PlatformError, Recovery
from providers.values import Audience

logger = logging.getLogger(__name__)


class NotConnected(Exception):
    """An export would not get through. The message says why and what mends it."""


def ad_accounts_look(
    *, organization_id: uuid.UUID, authorization_id: uuid.UUID, by: Person | None = None
) -> None:
    """Have the ad accounts as the platform lists them now. Outside the fence.

    Trouble with asking stops nobody: what is known from before counts then.
    """
    try:
        ad_accounts_refresh(
            organization_id=organization_id, authorization_id=authorization_id, by=by
        )
    except (PlatformError, NotConfigured) as error:
        logger.info("authorization %s: ad accounts not looked at: %s", authorization_id, error)


_NEXT_STEP = {
    Recovery.RETRY: "Wait a moment and try again.",
    Recovery.WAIT: "Wait a moment and try again.",
    Recovery.RECONNECT: "Reconnect the authorization, or choose another one.",
    Recovery.ASK_FOR_PERMISSION: "Ask for the permission at the platform, then test again.",
    Recovery.FIX_THE_DATA: "Change the settings and test again.",
    Recovery.OPERATOR: "Tell the operator of this product.",
}


def destination_test(*, destination: Destination, by: Person) -> str:
    """Return what a stored destination's platform says. Outside the fence. Raises NotConnected."""
    organization_id = destination.organization_id
    try:
        target = audiences.target_of(organization_id, destination.pk)
    except NoAuthorization:
        raise NotConnected("It has no authorization. Choose one under “Edit”.") from None

    def look_up(use: Use) -> Audience | None:
        return audiences.audience_look_up(organization_id, destination.pk, use)

    return _tested(organization_id, target, by, look_up)


def target_test(*, organization_id: uuid.UUID, target: Target, by: Person) -> str:
    """Return what the platform says to settings that are not stored yet. As `destination_test`."""

    def look_up(use: Use) -> Audience | None:
        return audiences.look_up(organization_id, target, use)

    return _tested(organization_id, target, by, look_up)


def _tested(
    organization_id: uuid.UUID,
    target: Target,
    by: Person,
    look_up: Callable[[Use], Audience | None],
) -> str:
    try:
        ad_accounts_refresh(
            organization_id=organization_id, authorization_id=target.authorization_id, by=by
        )
        _must_be_within_reach(organization_id, target)
        found = look_up(Use("test connection", person_id=by.id))
    except PlatformError as error:
        raise NotConnected(f"{error.message} {_NEXT_STEP[error.recovery]}") from error
    except NotConfigured as error:
        label = target.platform.label
        raise NotConnected(f"{label} is not set up here. Tell the operator.") from error
    except AudienceUnconfirmed:
        raise NotConnected(
            f"{target.platform.label} was asked to create the audience and did not answer. "
            "Look there whether it exists."
        ) from None
    return _words(found)


def _must_be_within_reach(organization_id: uuid.UUID, target: Target) -> None:
    with fence.inside(organization_id):
        there = AdAccount.objects.filter(
            authorization=target.authorization_id, platform_id=target.ad_account_id
        ).first()
    why = out_of_reach(target.ad_account_id, there)
    if why:
        raise NotConnected(why)


def _words(found: Audience | None) -> str:
    if found is None:
        return "Connected. The first export creates the audience."
    if found.size is None:
        return f"Connected. The audience “{found.name}” is there."
    return f"Connected. The audience “{found.name}” is there; its size is {intcomma(found.size)}."
