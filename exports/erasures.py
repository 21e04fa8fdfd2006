"""Erase a person: ask for it, and say how far it is.

An admin types an identifier once. Kept of it are a masked form and, sealed until it is done, its
digests by the rules of each destination. Every destination that ever sent anything gets a Remove
of its own, in turn with its other exports (`exports.erasing`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from django.db.models import QuerySet
from django.db.models.functions import Now

from audit.services import record as audit
from destinations.models import Destination
from exports import services, staging
from exports.engine.masking import masked
from exports.engine.values import digest_of
from exports.erasure_models import Erasure
from exports.fetch_models import Fetch
from exports.models import Export, ExportBatch, Exports
from exports.record import SUCCEEDED
from exports.states import ExportState, Mode
from exports.upload_models import Upload
from organizations.models import Person
from organizations.sealing import seal, unseal
from organizations.services import organization_lock
from providers.declarations import IdentifierType
from providers.identifiers import Invalid
from providers.registry import registry

# By identifier type: digests in hexadecimal.
Sought = Mapping[str, Sequence[str]]

_UPLOAD_IS_GONE = (
    "It was not prepared, and its upload was destroyed when a person was erased. Nothing was sent; "
    "upload it again."
)


class ErasureState(Enum):
    """How far an erasure is, in the words of its pages; `FAILED` waits for somebody."""

    UNDER_WAY = "Under way"
    FAILED = "Failed"
    ERASED = "Erased"


class NoIdentifier(ValueError):
    """What was typed is no identifier of any platform."""


@dataclass(frozen=True)
class Line:
    """What became of one destination."""

    export: Export
    requests: Sequence[str]

    @property
    def is_done(self) -> bool:
        """Say whether nobody of it is left."""
        return self.export.state in SUCCEEDED


def digests_for(value: str, kinds: Sequence[IdentifierType]) -> dict[str, str]:
    """Return the digest of a value by identifier type, for the types that it can be."""
    found = {}
    for kind in kinds:
        # Any text may be a city: it would take out everybody who lives there.
        if not kind.by_name_only:
            try:
                found[kind.key] = digest_of(value, kind)
            except Invalid:
                continue
    return found


def is_identifier(value: str) -> bool:
    """Say whether any platform takes this as somebody's identifier."""
    return any(digests_for(value, platform.identifiers) for platform in registry)


def erasure_request(*, organization_id: uuid.UUID, by: Person, value: str) -> Erasure:
    """Have a person erased everywhere. In the fence. Raises NoIdentifier."""
    if not is_identifier(value):
        raise NoIdentifier
    # Whoever keeps a file at this moment either was before this, or finds it (`count`).
    organization_lock(organization_id)
    erasure = Erasure(organization_id=organization_id, masked=masked(value), requested_by=by)
    destroyed = _destroy_files()
    destroy_uploads(Export.objects.all())
    reached, out_of_reach = [], []
    sought: dict[str, dict[str, list[str]]] = {}
    # Asked after that: what was not destroyed, as it was started in time, has its Remove behind it.
    for destination in _that_sent():
        is_reached = destination.deleted_at is None and destination.platform in registry
        out_of_reach += _out_of_reach(destination, is_reached=is_reached)
        if not is_reached:
            continue
        sought[str(destination.id)] = _digests_at(destination, value)
        reached.append(destination)
    erasure.out_of_reach = out_of_reach
    erasure.drafts_destroyed = destroyed
    erasure.sought_sealed = seal(
        json.dumps(sought).encode(), organization_id=organization_id, place=_place(erasure)
    )
    erasure.save(force_insert=True)
    for destination in reached:
        _begin(erasure, destination, by)
    audit(
        "erasure requested",
        organization_id=organization_id,
        person=by,
        subject=erasure,
        destinations=len(reached),
        drafts_destroyed=erasure.drafts_destroyed,
    )
    finish_if_done(erasure)
    return erasure


def count(organization_id: uuid.UUID) -> int:
    """Return how many were asked for so far, the one of this moment among them. In the fence."""
    organization_lock(organization_id)
    return Erasure.objects.count()


def destroy_uploads(exports: Exports) -> None:
    """Destroy uploads that "Retry failed" would prepare. In the fence.

    The turn of a retry would be after the Remove, and would bring the person back.
    """
    unprepared = exports.started().filter(prepared_at=None).exclude(staged_name="")
    # Locked, those under way too: one that fails later finds the Remove when it is retried.
    for export in unprepared.select_for_update().order_by("pk"):
        if export.state == ExportState.FAILED:
            staging.remove(export.staged_name)
            Export.objects.filter(pk=export.pk).update(staged_name="", reason=_UPLOAD_IS_GONE)


def _digests_at(destination: Destination, value: str) -> dict[str, list[str]]:
    """Return the digests under which a value may have been sent to a destination.

    By a choice in its form values may be cleaned otherwise, and it may have been another before.
    """
    platform = registry.get(destination.platform)
    forms = [dict(destination.settings)]
    for each in platform.destination_fields:
        forms += [{**destination.settings, each.name: choice} for choice, _ in each.choices]
    found: dict[str, set[str]] = {}
    for form in forms:
        for key, digest in digests_for(value, platform.identifiers_for(form)).items():
            found.setdefault(key, set()).add(digest)
    return {key: sorted(digests) for key, digests in found.items()}


def sought_at(erasure: Erasure, destination_id: uuid.UUID) -> Sought:
    """Return what is sought at a destination: digests in hexadecimal by type. In the fence."""
    if erasure.sought_sealed is None:
        return {}
    opened = unseal(
        bytes(erasure.sought_sealed),
        organization_id=erasure.organization_id,
        place=_place(erasure),
    )
    found: Mapping[str, list[str] | str] = json.loads(opened).get(str(destination_id), {})
    # One of each type is how it was kept before.
    return {key: [each] if isinstance(each, str) else each for key, each in found.items()}


def lines_of(erasure: Erasure) -> list[Line]:
    """Return what became of it, destination by destination. In the fence."""
    exports = Export.objects.filter(erasure=erasure.pk).select_related("destination")
    return [
        Line(
            export,
            [
                *export.comparison.get("requests", ()),
                *export.batches.exclude(request_id="").values_list("request_id", flat=True),
            ],
        )
        for export in exports.order_by("destination__name")
    ]


def finish_if_done(erasure: Erasure) -> None:
    """Forget what was sought once nobody is left anywhere that we reach. In the fence."""
    left = Export.objects.filter(erasure=erasure.pk).exclude(state__in=SUCCEEDED)
    # What failed at a destination that was deleted since is out of reach, and said to be.
    if left.exclude(state=ExportState.FAILED).exists() or _failed(erasure).exists():
        return
    open_ones = Erasure.objects.filter(pk=erasure.pk, finished_at=None)
    if open_ones.update(finished_at=Now(), sought_sealed=None):
        audit("erasure finished", organization_id=erasure.organization_id, subject=erasure)
        erasure.refresh_from_db()


def destination_left(destination: Destination) -> None:
    """Say of erasures that had failed at a destination that they cannot reach its audience.

    It was deleted: nobody can send them again. In the fence.
    """
    unfinished = Erasure.objects.select_for_update().filter(finished_at=None).order_by("pk")
    for erasure in unfinished:
        lines = Export.objects.filter(erasure=erasure.pk, destination=destination.pk)
        if lines.filter(state=ExportState.FAILED).exists():
            said = erasure.out_of_reach
            lost = _out_of_reach(destination, is_reached=False)
            erasure.out_of_reach += [each for each in lost if each not in said]
            erasure.save(update_fields=["out_of_reach"])
            finish_if_done(erasure)


def state_of(erasure: Erasure) -> ErasureState:
    """Say how far an erasure is. In the fence."""
    if erasure.finished_at is not None:
        return ErasureState.ERASED
    return ErasureState.FAILED if _failed(erasure).exists() else ErasureState.UNDER_WAY


def _failed(erasure: Erasure) -> QuerySet[Export]:
    """Return what somebody can send again."""
    failed = Export.objects.filter(erasure=erasure.pk, state=ExportState.FAILED)
    return failed.filter(destination__deleted_at=None)


def receipt_of(erasure: Erasure) -> dict[str, object]:
    """Return what can be kept as proof; never the identifier itself. In the fence."""
    return {
        "erased": erasure.masked,
        "requested_by": erasure.requested_by.email,
        "requested_at": erasure.requested_at.isoformat(),
        "finished_at": erasure.finished_at and erasure.finished_at.isoformat(),
        "state": state_of(erasure).value,
        "drafts_destroyed": erasure.drafts_destroyed,
        "audiences": [_told(line) for line in lines_of(erasure)],
        "out_of_reach": erasure.out_of_reach,
    }


def _told(line: Line) -> dict[str, object]:
    export, to = line.export, line.export.destination
    return {
        "destination": to.name,
        "platform": to.platform_label,
        "ad_account": to.ad_account_id,
        "audience": export.comparison.get("audience") or to.audience_id,
        "state": export.get_state_display(),
        "ended_at": export.finished_at and export.finished_at.isoformat(),
        "records_found": export.comparison.get("found"),
        "files_rewritten": export.comparison.get("files"),
        "platform_request_ids": list(line.requests),
    }


def _that_sent() -> list[Destination]:
    used = Export.objects.started().filter(erasure=None).values("destination_id")
    return list(Destination.objects.filter(pk__in=used.distinct()).order_by("name"))


def _out_of_reach(destination: Destination, *, is_reached: bool) -> list[dict[str, str]]:
    """Name the audiences that it delivered to and that nothing of ours reaches any more.

    Its own of now, unless a Remove goes there, and those that it had before it was edited.
    """
    sent = ExportBatch.objects.filter(export__destination=destination.pk, attempts__gt=0)
    ids = set(sent.order_by().values_list("audience_id", flat=True).distinct())
    if destination.audience_id and ids:
        # Of batches from before this was noted.
        ids.add(destination.audience_id)
    if is_reached:
        ids.discard(destination.audience_id)
    others = Destination.objects.live().filter(platform=destination.platform, audience_id__in=ids)
    ids -= {"", *others.values_list("audience_id", flat=True)}
    return [_named(each, destination) for each in sorted(ids)]


def _named(audience_id: str, destination: Destination) -> dict[str, str]:
    # Of an audience that it had before only the id is known.
    is_own = audience_id == destination.audience_id
    account = destination.ad_account_name or destination.ad_account_id
    return {
        "destination": destination.name,
        "platform": destination.platform_label,
        "ad_account": account if is_own else "",
        "audience": (is_own and destination.audience_name) or audience_id,
    }


def _destroy_files() -> int:
    """Destroy what was uploaded or fetched and not started: nobody has looked at who is in it."""
    destroyed = 0
    # Whoever receives one at this moment finds its row gone, and stops.
    under_way: list[Upload | Fetch] = [*Upload.objects.all(), *Fetch.objects.all()]
    for file in under_way:
        file_id = file.id
        gone, _ = file.delete()
        if gone:
            staging.remove_all_but(file_id)
            destroyed += 1
    # Only now: one that was completed meanwhile is a draft, or was started.
    drafts = list(Export.objects.filter(state=ExportState.DRAFT))
    for draft in drafts:
        services.draft_discard(export=draft)
    return destroyed + len(drafts)


def _begin(erasure: Erasure, destination: Destination, by: Person) -> None:
    """Put a Remove into the destination's line; whom it removes is found when its turn comes."""
    export = Export(
        organization_id=erasure.organization_id,
        destination=destination,
        erasure=erasure,
        mode=Mode.REMOVE,
        state=ExportState.SENDING,
        file_name=f"Erasure of {erasure.masked}",
        created_by=by,
    )
    _, export.key_sealed = staging.new_file_key(erasure.organization_id, export.id)
    export.save(force_insert=True)
    Export.objects.filter(pk=export.pk).update(started_at=Now(), prepared_at=Now())
    services.wake(export)


def _place(erasure: Erasure) -> str:
    return f"{erasure.id}:sought"
