"""What is measured inside a demo, each in a process of its own: `python -m benchmarks.inside_demo`.

Prints one line of JSON. Seconds are from "Start export" to the last receipt, by the rows.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from benchmarks.files import COLUMN
from benchmarks.memory import have_at_hand
from benchmarks.one_run import is_address, is_hash

if TYPE_CHECKING:
    from destinations.models import Destination
    from exports.models import Export
    from organizations.models import Organization, Person

PLATFORM = "depot"
_PATIENCE_SECONDS = 900
# Of smaller files an export is over before much memory is touched.
_LARGE = 100_000_000


def destination_of(organization: Organization, person: Person) -> Destination:
    """Return a new destination of an organization, as consent and a form would leave it."""
    from authorizations import consent, services
    from destinations.services import Filled, destination_create
    from organizations import fence
    from providers.secret import Secret
    from providers.values import AdAccount, Grant, Identity, Tokens, Verdict

    name = f"Bench {uuid.uuid4().hex[:8]}"
    attempt = consent.begin(
        attempt_id=uuid.uuid4(),
        organization=organization,
        person=person,
        session_secret="bench",  # noqa: S106 - nobody signs in by it
        wish=consent.Wish(name=name, platform=PLATFORM),
    )
    with fence.inside(organization.id):
        authorization = services.authorization_create(
            attempt=attempt,
            grant=Grant(Tokens(Secret("access")), expires_in=None),
            identity=Identity(frozenset({"1"}), "Depot"),
            missing=(),
        )
        account = AdAccount("1", "Depot", verdict=Verdict.SUFFICIENT)
        services.ad_accounts_save(authorization=authorization, accounts=[account])
        filled = Filled(
            name=name,
            authorization=authorization,
            ad_account=authorization.ad_accounts.get(platform_id="1"),
            identifiers=["email"],
            settings={"audience_name": name},
        )
        return destination_create(
            organization=organization, by=person, platform=PLATFORM, filled=filled
        )


def uploaded(file: Path, slug: str) -> Export:
    """Seal a file as an upload does, for an export that an organization has not started yet."""
    from exports import staging
    from exports.services import Received, draft_create, upload_expect
    from organizations import fence

    organization, person = _creator_of(slug)
    destination = destination_of(organization, person)
    export_id = uuid.uuid4()
    name = staging.new_name(export_id, "upload")
    with fence.inside(organization.id):
        key, sealed_key = staging.new_file_key(organization.id, export_id)
        upload_expect(organization_id=organization.id, export_id=export_id)
    with file.open("rb") as plain, staging.writing(name, key) as sealed:
        while data := plain.read(1 << 20):
            sealed.write(data)
    received = Received(export_id, name, key, sealed_key, file.name, file.stat().st_size)
    return draft_create(destination=destination, by=person, received=received)


def started(file: Path, slug: str) -> Export:
    """Upload a file, and start the export of it."""
    from exports import tasks
    from exports.services import export_start
    from exports.states import Mode
    from organizations import fence
    from organizations.hints import hint

    export = uploaded(file, slug)
    if file.stat().st_size > _LARGE:
        have_at_hand()
    with fence.inside(export.organization_id):
        export_start(export=export, by=export.created_by, mode=Mode.ADD, columns={"email": COLUMN})
        hint(tasks.advance, export.organization_id, export.id)
    return export


def exported() -> None:
    """Print how long the newest export took, which somebody started on a page."""
    from exports.models import Export
    from organizations import fence
    from organizations.models import Organization

    for organization in Organization.objects.all():
        with fence.inside(organization.id):
            newest = Export.objects.order_by("-created_at").first()
        if newest is not None:
            took = ended(newest)
            sys.stdout.write(json.dumps({**took, "prepared": took["preparing"]}) + "\n")
            return
    raise LookupError("There is no export.")


def _creator_of(slug: str) -> tuple[Organization, Person]:
    from organizations import fence
    from organizations.models import Membership, Organization

    for organization in Organization.objects.all():
        if organization.name.lower().startswith(slug):
            with fence.inside(organization.id):
                member = Membership.objects.select_related("person").first()
                if member is not None:
                    return organization, member.person
    raise LookupError(f"No organization is called {slug}.")


def ended(export: Export) -> dict[str, float]:
    """Wait for the end of an export; return how long its parts took, in seconds."""
    from exports.models import Export
    from exports.states import ExportState
    from organizations import fence

    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        with fence.inside(export.organization_id):
            row = Export.objects.get(pk=export.pk)
        if row.is_final:
            break
        time.sleep(0.05)
    good = {ExportState.SUCCEEDED, ExportState.SUCCEEDED_WITH_REJECTS}
    if row.state not in good or not (row.started_at and row.prepared_at and row.finished_at):
        raise RuntimeError(f"The export did not end well: {row.state} {row.reason}")
    return {
        "seconds": (row.finished_at - row.started_at).total_seconds(),
        "preparing": (row.prepared_at - row.started_at).total_seconds(),
        "sending": (row.finished_at - row.prepared_at).total_seconds(),
        "sent": row.identifiers,
    }


def export(file: Path) -> dict[str, float]:
    """Export a file."""
    return ended(started(file, "acme"))


def several(file: Path) -> dict[str, float]:
    """Export a file to four destinations of two organizations.

    `sending` is from when all are prepared, so that none of them waits for another's preparation,
    to the end of the last; `sent` are the people whose batches were accepted in that time.
    """
    from django.db.models import Sum

    from organizations import fence

    exports = [started(file, slug) for slug in ("acme", "globex", "acme", "globex")]
    for each in exports:
        ended(each)
    for each in exports:
        with fence.inside(each.organization_id):
            each.refresh_from_db()
    began = max(each.prepared_at for each in exports if each.prepared_at)
    over = max(each.finished_at for each in exports if each.finished_at)
    sent = 0
    for each in exports:
        with fence.inside(each.organization_id):
            # What an audience holds is said anew in files that nobody sends: they have no attempts.
            later = each.batches.filter(attempts__gt=0, finished_at__gte=began)
            sent += later.aggregate(people=Sum("identifiers", default=0))["people"]
    return {"sending": (over - began).total_seconds(), "sent": sent}


def small_behind_large(large: Path, small: Path) -> dict[str, Any]:
    """Export a small file again and again: alone, then while others export a large one."""
    from exports.models import Export
    from organizations import fence

    idle = [ended(started(small, "globex"))["seconds"] for _ in range(6)][1:]
    behind, ahead = [], started(large, "acme")
    while True:
        seconds = ended(started(small, "globex"))["seconds"]
        with fence.inside(ahead.organization_id):
            if Export.objects.get(pk=ahead.pk).is_final:
                # This one was not behind it all the time.
                break
        behind.append(seconds)
    return {"idle": idle, "behind": behind, "large": ended(ahead)["seconds"]}


def sequential(file: Path) -> dict[str, float]:
    """Send a file as a plain script does, one request after the other."""
    from authorizations import tokens
    from authorizations.uses import Use
    from providers.connection import Connection
    from providers.platform import Platform
    from providers.values import Audience, Batch

    organization, person = _creator_of("acme")
    destination = destination_of(organization, person)
    if destination.authorization_id is None:
        raise LookupError("The destination has no authorization.")

    def work(platform: Platform, connection: Connection) -> dict[str, float]:
        sent, began = 0, time.perf_counter()
        digests = _digests(file)
        audience = Audience("1", "Bench", "1")
        while part := list(islice(digests, platform.limits.batch_rows)):
            platform.add(connection, audience, Batch(("email",), [(each,) for each in part]))
            sent += len(part)
        return {"seconds": time.perf_counter() - began, "sent": sent}

    use = Use("export", person_id=person.id)
    return tokens.call(organization.id, destination.authorization_id, use, work)


def _digests(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as table:
        reader = csv.reader(table)
        next(reader)
        for cells in reader:
            value = cells[COLUMN].strip().lower()
            if is_address(value):
                yield hashlib.sha256(value.encode()).hexdigest()
            elif is_hash(value):
                yield value


WHAT = {each.__name__: each for each in (export, several, sequential, small_behind_large)}


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inside_demo", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    sys.stdout.write(json.dumps(WHAT[options.what](*options.files)) + "\n")


if __name__ == "__main__":
    main()
