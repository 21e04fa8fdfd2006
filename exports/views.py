"""The list of exports, an export's page while it runs and afterwards, and what people do there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, F, IntegerField, Value, When
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.models import Entry
from exports import completeness, record, services, staging, tasks
from exports.models import Export
from exports.of_destinations import tone_of
from exports.progress import progress_of, said_of
from exports.states import BatchState, ExportState, WaitingFor
from organizations import fence
from organizations.access import member_may
from organizations.hints import hint
from organizations.requests import MemberRequest
from organizations.roles import May

PER_PAGE = 25
BATCHES_PER_PAGE = 10
HISTORY_ENTRIES = 50

# What moves comes first, then what needs somebody, then the newest.
_INTEREST = Case(
    When(state=BatchState.SENDING, then=Value(0)),
    When(state__in=(BatchState.FAILED, BatchState.REFUSED), then=Value(1)),
    When(state=BatchState.ACCEPTED, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)
_BATCH_TONES = {
    BatchState.ACCEPTED: "good",
    BatchState.FAILED: "bad",
    BatchState.REFUSED: "warn",
}


@member_may(May.SEE)
@require_safe
def export_list(request: MemberRequest) -> HttpResponse:
    """Show all exports, newest first."""
    rows = Export.objects.started().select_related("destination", "created_by")
    page = Paginator(rows.order_by("-started_at"), PER_PAGE).get_page(request.GET.get("page"))
    lines = [(row, tone_of(row)) for row in page.object_list]
    return render(request, "exports/list.html", {"page_obj": page, "lines": lines})


@member_may(May.SEE, of=Export)
@require_safe
def detail(request: MemberRequest, row: Export) -> HttpResponse:
    """Show an export: how far it is, its batches with their receipts, its history."""
    if row.state == ExportState.DRAFT:
        return redirect("exports:start", pk=row.pk)
    return render(request, "exports/detail.html", _context(request, row))


@member_may(May.SEE, of=Export)
@require_safe
@never_cache
def progress(request: MemberRequest, row: Export) -> HttpResponse:
    """Show the part of an export's page that moves."""
    return render(request, "exports/_progress.html", _context(request, row))


@member_may(May.SEE, of=Export, fenced=False)
@require_safe
@never_cache
def rejects(request: MemberRequest, row: Export) -> HttpResponseBase:
    """Download which rows were not sent and why; the values themselves are in nobody's file."""
    if not row.rejects_name:
        raise Http404
    key = services.file_key_of(row)
    with fence.inside(row.organization_id):
        refused = _refused(row)
    pieces = chain(_pieces(row.rejects_name, key), _refused_lines(refused))
    response = StreamingHttpResponse(pieces, content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="rejects-{row.pk}.csv"'
    return response


@member_may(May.DELIVER, of=Export)
@require_POST
def cancel(request: MemberRequest, row: Export) -> HttpResponse:
    """Send nothing more."""
    try:
        services.export_cancel(export=row, by=request.user)
    except services.NotNow:
        messages.error(request, "It is over already; there was nothing to cancel.")
    else:
        messages.success(request, "Canceled. What was sent before stays in the audience.")
    return redirect("exports:detail", pk=row.pk)


@member_may(May.DELIVER, of=Export)
@require_POST
def go_on(request: MemberRequest, row: Export) -> HttpResponse:
    """Go on after a person has mended what the export waited for."""
    try:
        services.export_go_on(export=row, by=request.user)
    except services.NotNow:
        messages.error(request, "It does not wait for anybody any more.")
    hint(tasks.advance, row.organization_id, row.pk)
    return redirect("exports:detail", pk=row.pk)


@member_may(May.DELIVER, of=Export)
@require_POST
def retry(request: MemberRequest, row: Export) -> HttpResponse:
    """Send again what failed."""
    try:
        services.export_retry(export=row, by=request.user)
    except services.NotNow:
        why = _why_no_retry(row)
        nothing_left = "There is nothing left that could be sent again."
        messages.error(request, f"It cannot be sent again: {why}" if why else nothing_left)
    hint(tasks.advance, row.organization_id, row.pk)
    return redirect("exports:detail", pk=row.pk)


def _context(request: MemberRequest, row: Export) -> dict[str, Any]:
    batches = row.batches.sent().order_by(
        _INTEREST, F("finished_at").desc(nulls_last=True), "number"
    )
    page = Paginator(batches, BATCHES_PER_PAGE).get_page(request.GET.get("page"))
    may_deliver = request.membership.may(May.DELIVER)
    progress = progress_of(row)
    return {
        "row": row,
        "tone": tone_of(row),
        "progress": progress,
        "said": said_of(row, progress),
        "page_obj": page,
        "batches": [(each, _batch_tone(each.state)) for each in page.object_list],
        "how_exact": _how_exact(row),
        "is_asked": row.reason.startswith(completeness.ASKS),
        "is_comparing": bool(row.prepared_at) and record.awaits_comparison(row),
        "is_moving": not row.is_final,
        "reasons": _reasons(row),
        "history": _newest_entries(row),
        "may_cancel": may_deliver and not row.is_final and row.erasure_id is None,
        "may_go_on": may_deliver and row.waiting_for == WaitingFor.PERSON,
        "may_retry": may_deliver and services.may_retry(row),
        "why_no_retry": _why_no_retry(row) if row.state == ExportState.FAILED else "",
    }


def _newest_entries(row: Export) -> list[Entry]:
    """Return the end of an export's history: one that often waited has a long one."""
    newest = Entry.objects.filter(subject_id=row.id).order_by("-at")[:HISTORY_ENTRIES]
    return list(newest)[::-1]


def _reasons(row: Export) -> list[tuple[str, int]]:
    """Return why something was not sent or not taken, with how often, the most frequent first."""
    reasons = Counter(row.reject_reasons)
    reasons.update(_refused(row))
    return reasons.most_common()


def _refused(row: Export) -> Counter[str]:
    """Return what the platform said of single identifiers that it refuses. In the fence."""
    refused = row.batches.filter(state=BatchState.REFUSED)
    said = refused.order_by().values_list("error").annotate(count=Count("pk"))
    return Counter({f"refused by the platform: {error}": count for error, count in said})


def _refused_lines(refused: Counter[str]) -> Iterator[bytes]:
    """Yield them as lines of the rejects' CSV; in which rows they stood nobody knows any more."""
    for reason, count in refused.items():
        quoted = reason.replace('"', '""')
        for _ in range(count):
            yield f',,"{quoted}"\n'.encode()


def _how_exact(row: Export) -> str:
    is_said = row.comparison and record.replaces_by_difference(row)
    return record.how_exact(row.destination) if is_said else ""


def _why_no_retry(row: Export) -> str:
    """Say what stands against sending again; nothing where only files may be missing."""
    if services.would_undo(row):
        return "a newer export to this destination was started, which that would undo."
    if services.is_erased_from(row):
        return "somebody is being erased who may be in its file. Upload the file again after that."
    if services.is_of_other_identifiers(row):
        return "the destination takes other identifiers now."
    if row.erasure_id is None and _is_destroyed(row):
        return "what it would send is not kept any more (see Settings). Upload the file again."
    return ""


def _is_destroyed(row: Export) -> bool:
    failed = row.batches.filter(state=BatchState.FAILED)
    return failed.exists() and not failed.exclude(stored_name="").exists()


def _batch_tone(state: str) -> str:
    return _BATCH_TONES.get(BatchState(state), "rest")


def _pieces(name: str, key: bytes) -> Iterator[bytes]:
    with staging.reading(name, key) as stream:
        while piece := stream.read(65536):
            yield piece
