"""What is done to destinations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Lower, Now
from django.utils import timezone

from audit.services import record
from authorizations.models import AdAccount, Authorization
from destinations import extensions
from destinations.models import Destination
from destinations.standing import standing_of
from organizations.models import Organization, Person
from providers.platform import Platform
from providers.registry import registry


class NameTaken(Exception):
    """Another live destination of the organization has this name."""


class Delivering(Exception):
    """Something is on its way to the destination, so it cannot be changed like this now.

    The message says what, and what to do.
    """


class OtherIdentifier(Exception):
    """The audience asked for was made for another identifier. The message says for which."""


@dataclass(frozen=True)
class Filled:
    """A destination's form, filled and checked."""

    name: str
    authorization: Authorization
    ad_account: AdAccount
    identifiers: Sequence[str]
    settings: Mapping[str, str]


def destination_create(
    *, organization: Organization, by: Person, platform: str, filled: Filled
) -> Destination:
    """Create a destination. In the fence. Raises NameTaken, OtherIdentifier."""
    _must_be_of_this_identifier(registry.get(platform), filled)
    row = Destination(organization=organization, platform=platform, created_by=by)
    _put(row, filled)
    _save(row, force_insert=True)
    record("destination created", organization_id=organization.id, person=by, subject=row)
    return row


def destination_update(*, destination: Destination, by: Person, filled: Filled) -> None:
    """Change a destination. In the fence. Raises NameTaken, Delivering, OtherIdentifier.

    Where it asks for another audience than before, the one found is forgotten.
    """
    row = Destination.objects.select_for_update().get(pk=destination.pk)
    platform = registry.get(row.platform)
    before = platform.audience_request(row.ad_account_id, row.settings)
    after = platform.audience_request(filled.ad_account.platform_id, filled.settings)
    same_audience = (before.ad_account_id, before.name, before.existing_id) == (
        after.ad_account_id,
        after.name,
        after.existing_id,
    )
    # What is on its way is of the identifier from before, even to an audience not made yet.
    same_type = not platform.audiences_are_of_one_type or row.identifiers == [*filled.identifiers]
    if not (same_audience and same_type):
        _must_be_of_this_identifier(platform, filled)
        _must_not_be_busy(row)
    if not same_audience:
        row.audience_id = row.audience_name = row.audience_state = ""
        row.audience_size = row.audience_checked_at = row.audience_asked_at = None
        row.audience_is_ours = False
    _put(row, filled)
    _save(row)
    record("destination changed", organization_id=row.organization_id, person=by, subject=row)
    tell_if_ready(row)


def destination_pause(*, destination: Destination, by: Person) -> None:
    """Let nothing be sent until it is resumed; what is on its way waits. In the fence."""
    paused = Destination.objects.live().filter(pk=destination.pk, paused_at=None)
    if paused.update(paused_at=Now()):
        record(
            "destination paused",
            organization_id=destination.organization_id,
            person=by,
            subject=destination,
        )


def destination_resume(*, destination: Destination, by: Person) -> None:
    """Let exports go on. In the fence."""
    resumed = Destination.objects.live().filter(pk=destination.pk).exclude(paused_at=None)
    if resumed.update(paused_at=None):
        destination.paused_at = None
        record(
            "destination resumed",
            organization_id=destination.organization_id,
            person=by,
            subject=destination,
        )
        tell_if_ready(destination)


def audience_confirm_absent(*, destination: Destination, by: Person) -> None:
    """Take a person's word that the platform did not create the audience. In the fence.

    The next export creates it.
    """
    asked = Destination.objects.live().filter(pk=destination.pk, audience_id="")
    if asked.exclude(audience_asked_at=None).update(audience_asked_at=None):
        record(
            "audience confirmed absent",
            organization_id=destination.organization_id,
            person=by,
            subject=destination,
        )
        tell_if_ready(destination)


def destination_delete(*, destination: Destination, by: Person) -> None:
    """Delete a destination; its exports stay as history. In the fence. Raises Delivering.

    The audience at the platform stays as it is.
    """
    row = Destination.objects.select_for_update().get(pk=destination.pk)
    _must_not_be_busy(row)
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at"])
    extensions.deleted(row)
    record("destination deleted", organization_id=row.organization_id, person=by, subject=row)


def name_taken(name: str, *, other_than: Destination | None = None) -> bool:
    """Say whether a live destination has this name, in any case. In the fence."""
    # By the same rule as the database's constraint; `iexact` compares in capitals.
    live = Destination.objects.live().alias(lowered=Lower("name"))
    same = live.filter(lowered=Lower(Value(name.strip())))
    if other_than is not None:
        same = same.exclude(pk=other_than.pk)
    return same.exists()


def tell_if_ready(row: Destination) -> None:
    """Let the rooms above go on, where nothing stands in the way any more."""
    if standing_of(row).may_export:
        extensions.resumed(row)


def _must_not_be_busy(row: Destination) -> None:
    words = extensions.why_busy(row)
    if words:
        raise Delivering(words)


def _must_be_of_this_identifier(platform: Platform, filled: Filled) -> None:
    """Raise OtherIdentifier where a destination has this very audience for another identifier.

    Such a platform takes the wrong ones too, and then matches nobody.
    """
    if not platform.audiences_are_of_one_type:
        return
    other = _of_another_identifier(platform, filled)
    if other is not None:
        held = ", ".join(each.label for each in platform.identifiers if each.key in other)
        raise OtherIdentifier(
            f"An audience at {platform.label} is of one identifier, and this one is of “{held}”. "
            "Choose that, or ask for another audience by another name or id."
        )


def _of_another_identifier(platform: Platform, filled: Filled) -> Sequence[str] | None:
    """Return for which other identifiers an audience was made, or asked for; None: not known."""
    asked = platform.audience_request(filled.ad_account.platform_id, filled.settings)
    rows = (
        Destination.objects.filter(platform=platform.key, ad_account_id=asked.ad_account_id)
        .exclude(identifiers=[*filled.identifiers])
        .exclude(audience_id="", audience_asked_at=None)
    )
    if asked.existing_id:
        # Of which identifier it is, only people said: deleting the destination takes that back.
        rows = rows.live().filter(audience_id=asked.existing_id)
        return next((each.identifiers for each in rows), None)
    for each in rows:
        its = platform.audience_request(each.ad_account_id, each.settings)
        if asked.name in {each.audience_name, its.name}:
            return list(each.identifiers)
    return None


def _put(row: Destination, filled: Filled) -> None:
    row.name = filled.name
    row.authorization = filled.authorization
    row.ad_account_id = filled.ad_account.platform_id
    row.ad_account_name = filled.ad_account.name
    row.identifiers = list(filled.identifiers)
    row.settings = dict(filled.settings)


def _save(row: Destination, *, force_insert: bool = False) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=force_insert)
    except IntegrityError as error:
        # Somebody else took the name between the form's look and this.
        if "destination_name_unique_among_live" in str(error):
            raise NameTaken from None
        raise
