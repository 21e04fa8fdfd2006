"""Work on exports. Messages are hints with ids; the rows say what there is to do."""

from __future__ import annotations

import uuid
from functools import partial

from celery import Task, shared_task

from exports import (
    audience_sizes,
    checks,
    comparing,
    conducting,
    confirming,
    erasing,
    fetch_services,
    fetching,
    folding,
    gathering,
    outcomes,
    preparation,
    retention,
    schedule_runs,
    schedules,
    sending,
    services,
)
from organizations import routing
from organizations.hints import hint


@shared_task
def prepare(organization_id: str, export_id: str) -> None:
    """Read the file and store its batches."""
    organization, export = uuid.UUID(organization_id), uuid.UUID(export_id)
    preparation.prepare(organization, export, go_on=partial(hint, advance, organization, export))


@shared_task
def prepare_small(organization_id: str, export_id: str) -> None:
    """Do the same with a small file: not behind the large ones."""
    prepare(organization_id, export_id)


@shared_task
def compare(organization_id: str, export_id: str) -> None:
    """Find out what a Replace has to send."""
    if comparing.compare(uuid.UUID(organization_id), uuid.UUID(export_id)):
        hint(advance, uuid.UUID(organization_id), uuid.UUID(export_id))


@shared_task
def compare_small(organization_id: str, export_id: str) -> None:
    """Do the same with a small file: not behind the large ones."""
    compare(organization_id, export_id)


@shared_task
def erase(organization_id: str, export_id: str) -> None:
    """Find a person in what a destination keeps, and write it again without them."""
    erasing.erase(uuid.UUID(organization_id), uuid.UUID(export_id))
    hint(advance, uuid.UUID(organization_id), uuid.UUID(export_id))


@shared_task
def fold(organization_id: str, export_id: str) -> None:
    """Say by few files what an audience holds."""
    if folding.fold(uuid.UUID(organization_id), uuid.UUID(export_id)):
        hint(advance, uuid.UUID(organization_id), uuid.UUID(export_id))


@shared_task
def check(organization_id: str, export_id: str) -> None:
    """Read a draft and count what would be sent."""
    checks.carry_out(uuid.UUID(organization_id), uuid.UUID(export_id))


@shared_task
def check_small(organization_id: str, export_id: str) -> None:
    """Do the same with a small file: not behind the large ones."""
    check(organization_id, export_id)


@shared_task
def fetch(organization_id: str, fetch_id: str) -> None:
    """Fetch a file from its address."""
    fetching.fetch(uuid.UUID(organization_id), uuid.UUID(fetch_id))
    hint(run_advance, uuid.UUID(organization_id), uuid.UUID(fetch_id))


@shared_task
def run_due(organization_id: str, schedule_id: str) -> None:
    """Begin the run of a schedule."""
    run = schedule_runs.run_due(uuid.UUID(organization_id), uuid.UUID(schedule_id))
    if run is not None:
        hint(fetch, run.organization_id, run.pk)


@shared_task
def run_advance(organization_id: str, run_id: str) -> None:
    """Start the export of a run whose file is here."""
    export = schedule_runs.run_advance(uuid.UUID(organization_id), uuid.UUID(run_id))
    if export is not None:
        hint(advance, export.organization_id, export.pk)


@shared_task
def advance(organization_id: str, export_id: str) -> None:
    """Bring an export one step further."""
    organization, export = uuid.UUID(organization_id), uuid.UUID(export_id)
    following = conducting.advance(organization, export)
    if following.prepare:
        hint(prepare_small if following.is_small else prepare, organization, export)
    if following.compare:
        hint(compare_small if following.is_small else compare, organization, export)
    if following.fold:
        hint(fold, organization, export)
    if following.erase:
        hint(erase, organization, export)
    if following.send:
        # One: where that is not enough it asks for another, which a worker with less to do takes.
        hint(send_small if following.is_small else send, organization, export)
    for batch in following.confirm:
        hint(confirm, organization, batch)
    if following.put_in_effect:
        hint(put_in_effect, organization, export)


@shared_task
def send(organization_id: str, export_id: str) -> None:
    """Send batches of an export for a while; what follows them is looked at anew."""
    _send(organization_id, export_id, helper=send)


@shared_task
def send_small(organization_id: str, export_id: str) -> None:
    """Do the same for a small file: not among the large batches of others."""
    _send(organization_id, export_id, helper=send_small)


def _send(organization_id: str, export_id: str, helper: Task[[str, str], None]) -> None:
    organization, export = uuid.UUID(organization_id), uuid.UUID(export_id)
    ask_for_help = partial(hint, helper, organization, export)
    if sending.send_for_a_while(organization, export, ask_for_help=ask_for_help):
        advance(organization_id, export_id)


@shared_task
def confirm(organization_id: str, batch_id: str) -> None:
    """Ask what came of a batch that the platform has taken."""
    export = confirming.confirm(uuid.UUID(organization_id), uuid.UUID(batch_id))
    if export is not None:
        advance(organization_id, str(export))


@shared_task
def put_in_effect(organization_id: str, export_id: str) -> None:
    """Let the batches that were uploaded change the audience."""
    if gathering.put_in_effect(uuid.UUID(organization_id), uuid.UUID(export_id)):
        advance(organization_id, export_id)


@shared_task
def read_audience(organization_id: str, destination_id: str) -> None:
    """Ask the platform how it sees an audience."""
    audience_sizes.read(uuid.UUID(organization_id), uuid.UUID(destination_id))


@shared_task
def sweep_audiences() -> None:
    """Look at the audiences that were exported to."""
    for found in audience_sizes.take_due():
        hint(read_audience, found.organization_id, found.row_id)


@shared_task
def sweep_exports() -> None:
    """Look at every export that is due: its message may be lost, its worker killed."""
    for found in routing.take_due(services.ROUTE, again_in=outcomes.LOOK_AGAIN):
        hint(advance, found.organization_id, found.row_id)
    for found in routing.take_due(checks.ROUTE, again_in=checks.LOOK_AGAIN):
        hint(check, found.organization_id, found.row_id)
    for found in routing.take_due(fetch_services.ROUTE, again_in=fetching.LOOK_AGAIN):
        hint(fetch, found.organization_id, found.row_id)
    for found in routing.take_due(schedules.ROUTE, again_in=schedule_runs.DUE_AGAIN):
        hint(run_due, found.organization_id, found.row_id)
    for found in routing.take_due(schedule_runs.ROUTE, again_in=schedule_runs.LOOK_AGAIN):
        hint(run_advance, found.organization_id, found.row_id)


@shared_task
def sweep_drafts() -> None:
    """Destroy files from which nobody started an export, and what is left of long ago."""
    for found in routing.take_due(services.DRAFT_ROUTE, again_in=services.DRAFTS_LIVE):
        services.file_discard(organization_id=found.organization_id, export_id=found.row_id)
    for found in routing.take_due(retention.ROUTE, again_in=services.DRAFTS_LIVE):
        retention.expire(organization_id=found.organization_id, export_id=found.row_id)
    for found in routing.take_due(retention.RUNS_ROUTE, again_in=services.DRAFTS_LIVE):
        retention.runs_expire(organization_id=found.organization_id, destination_id=found.row_id)
