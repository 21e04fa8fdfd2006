"""A destination's audience at the platform: found, or created once, and read again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from django.db.models.functions import Now
from django.utils import timezone

from audit.services import record
from authorizations import tokens
from authorizations.uses import Use
from destinations.models import Destination
from organizations import fence
from providers.app import NotConfigured
from providers.connection import Connection
from providers.errors import NotThere, PlatformError
from providers.platform import Platform
from providers.registry import registry
from providers.values import Audience, AudienceRequest

# Longer than a platform may take to answer: until then a create is on its way, not unconfirmed.
_ANSWERS_WITHIN = timedelta(minutes=2)


MaybeAudience = TypeVar("MaybeAudience", Audience, Audience | None)


class AudienceUnconfirmed(Exception):
    """The platform was asked to create the audience and nobody knows whether it did.

    Only where a platform cannot be asked: a person must look there.
    """


class NoAuthorization(Exception):
    """The destination has no authorization, so nobody can be asked."""


@dataclass(frozen=True)
class Target:
    """Where a destination delivers to, free of the database."""

    authorization_id: uuid.UUID
    platform: Platform
    ad_account_id: str
    settings: Mapping[str, str]
    identifiers: tuple[str, ...] = ()
    audience: Audience | None = None
    was_asked: bool = False

    @property
    def request(self) -> AudienceRequest:
        """Return which audience the platform is asked for."""
        request = self.platform.audience_request(self.ad_account_id, self.settings)
        return replace(request, identifiers=self.identifiers)

    @property
    def to(self) -> Audience | None:
        """Return where batches go: an audience, or one without an id that will be made of them.

        None where it must be found or created first.
        """
        if self.audience is None and self.platform.gathers(self.settings):
            return Audience("", self.request.name, self.ad_account_id, settings=self.settings)
        return self.audience


def target_of(organization_id: uuid.UUID, destination_id: uuid.UUID) -> Target:
    """Read where a destination delivers to. Raises NoAuthorization."""
    with fence.inside(organization_id):
        row = Destination.objects.get(pk=destination_id)
    if row.authorization_id is None:
        raise NoAuthorization
    audience = None
    if row.audience_id:
        audience = Audience(
            row.audience_id, row.audience_name, row.ad_account_id, settings=row.settings
        )
    return Target(
        authorization_id=row.authorization_id,
        platform=registry.get(row.platform),
        ad_account_id=row.ad_account_id,
        settings=row.settings,
        identifiers=tuple(row.identifiers),
        audience=audience,
        was_asked=row.audience_asked_at is not None,
    )


def audience_ensure(
    organization_id: uuid.UUID,
    destination_id: uuid.UUID,
    use: Use,
    *,
    hold: Callable[[], None] = lambda: None,
) -> Audience:
    """Return the destination's audience, found or created. Outside the fence, one at a time.

    The intent to create is stored before the platform is asked: an answer that was lost is looked
    for before anything is created again. `hold` is called right before that, and raises what it
    likes where it is not the caller's turn any more. Raises the platform's errors,
    AudienceUnconfirmed and NoAuthorization.
    """
    target = target_of(organization_id, destination_id)
    if target.audience is not None:
        return target.audience
    found = look_up(organization_id, target, use)
    # One that is found after it was asked for is the one whose answer was lost.
    is_ours = found is None or target.was_asked
    if found is None:
        request = target.request

        def create(platform: Platform, connection: Connection) -> Audience:
            hold()
            return platform.create_audience(connection, request)

        hold()
        found = _create(organization_id, destination_id, target, use, create)
    if not _keep(organization_id, destination_id, target, found, is_ours=is_ours):
        # It was changed meanwhile and may ask for another audience now.
        return audience_ensure(organization_id, destination_id, use, hold=hold)
    return found


def audience_change(
    organization_id: uuid.UUID,
    destination_id: uuid.UUID,
    use: Use,
    change: Callable[[Platform, Connection, AudienceRequest, Audience | None], Audience | None],
) -> Audience | None:
    """Let batches that were gathered change the audience, or be what it is created of.

    `change` gets None where there is no audience yet. Returns the audience; None where the platform
    takes no change now. The intent is stored as by `audience_ensure`, and the same is raised.
    """
    target = target_of(organization_id, destination_id)
    known, request = target.audience or look_up(organization_id, target, use), target.request

    def ask(platform: Platform, connection: Connection) -> Audience | None:
        return change(platform, connection, request, known)

    if known is None:
        changed = _create(organization_id, destination_id, target, use, ask)
    else:
        changed = tokens.call(organization_id, target.authorization_id, use, ask)
    if changed is not None and target.audience is None:
        _keep(organization_id, destination_id, target, changed)
    return changed


def audience_look_up(
    organization_id: uuid.UUID, destination_id: uuid.UUID, use: Use
) -> Audience | None:
    """Return the audience as the platform reports it now, and keep what it says.

    None where the first export will create it. Outside the fence. Raises the platform's errors,
    AudienceUnconfirmed and NoAuthorization.
    """
    target = target_of(organization_id, destination_id)
    found = look_up(organization_id, target, use)
    if found is not None:
        _keep(organization_id, destination_id, target, found)
    return found


def look_up(organization_id: uuid.UUID, target: Target, use: Use) -> Audience | None:
    """Ask the platform for an audience: its state where it is known, else by id or name.

    None where it is to be created. Outside the fence. Raises the platform's errors and
    AudienceUnconfirmed.
    """
    known, request = target.audience, target.request
    if known is None and not request.existing_id and not target.platform.audiences_can_be_looked_up:
        if target.was_asked:
            raise AudienceUnconfirmed
        return None

    def ask(platform: Platform, connection: Connection) -> Audience | None:
        if known is not None:
            return platform.audience_status(connection, known)
        return platform.find_audience(connection, request)

    return tokens.call(organization_id, target.authorization_id, use, ask)


def audience_forget(
    organization_id: uuid.UUID, destination_id: uuid.UUID, audience_id: str
) -> None:
    """Forget an audience that the platform does not know any more, unless it is another by now.

    The next export finds or creates it anew.
    """
    with fence.inside(organization_id):
        Destination.objects.filter(pk=destination_id, audience_id=audience_id).update(
            audience_id="",
            audience_state="",
            audience_size=None,
            audience_asked_at=None,
            audience_is_ours=False,
        )


def is_unconfirmed(row: Destination) -> bool:
    """Say whether a person must look whether the platform created the audience."""
    if row.audience_id or row.audience_asked_at is None or row.platform not in registry:
        return False
    overdue = timezone.now() - row.audience_asked_at > _ANSWERS_WITHIN
    return overdue and not registry.get(row.platform).audiences_can_be_looked_up


def _create(
    organization_id: uuid.UUID,
    destination_id: uuid.UUID,
    target: Target,
    use: Use,
    make: Callable[[Platform, Connection], MaybeAudience],
) -> MaybeAudience:
    """Create an audience, the intent stored first. `make` may give None: not at this time."""
    request = target.request
    if request.existing_id:
        raise NotThere("The platform does not know an audience of this id.")
    with fence.inside(organization_id):
        Destination.objects.filter(pk=destination_id).update(audience_asked_at=Now())
    try:
        made = tokens.call(organization_id, target.authorization_id, use, make)
    except (PlatformError, NotConfigured) as error:
        if not getattr(error, "may_have_happened", False):
            with fence.inside(organization_id):
                Destination.objects.filter(pk=destination_id).update(audience_asked_at=None)
        raise
    if made is None:
        with fence.inside(organization_id):
            Destination.objects.filter(pk=destination_id).update(audience_asked_at=None)
        return made
    with fence.inside(organization_id):
        record(
            "audience created",
            organization_id=organization_id,
            subject=Destination.objects.get(pk=destination_id),
            audience=made.name or made.id,
        )
    return made


def _keep(
    organization_id: uuid.UUID,
    destination_id: uuid.UUID,
    target: Target,
    found: Audience,
    *,
    is_ours: bool = False,
) -> bool:
    """Keep what was found, unless the destination asks for something else by now."""
    ours = {"audience_is_ours": True} if is_ours else {}
    with fence.inside(organization_id):
        as_asked = Destination.objects.filter(
            pk=destination_id, ad_account_id=target.ad_account_id, settings=dict(target.settings)
        )
        kept = as_asked.update(
            audience_id=found.id,
            audience_name=found.name[:400],
            audience_state=found.state[:60],
            audience_size=found.size,
            audience_checked_at=Now(),
            audience_asked_at=None,
            **ours,
        )
    return bool(kept)
