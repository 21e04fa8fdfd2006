"""From a file to a started export: receive it, look at it together, start or discard."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations.models import Destination
from destinations.standing import standing_of
from exports import checks, erasures, services, staging, tasks
from exports.check_models import Check
from exports.check_page import checked
from exports.draft_form import start_form
from exports.engine.columns import columns_of, recognized
from exports.engine.reading import FileRefused
from exports.forms import StartForm, UploadForm
from exports.models import Export
from exports.services import Received
from exports.states import ExportState, Mode
from exports.upload_page import upload_page
from exports.uploads import FIELD, SealingUploadHandler
from organizations import fence
from organizations.access import View, member_may
from organizations.hints import hint
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.registry import registry


# Checked by `_receive` instead: the check reads the form, and by then the upload must be sealed.
@csrf_exempt
@member_may(May.DELIVER, of=Destination, fenced=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest, row: Destination) -> HttpResponseBase:
    """Take a file for a destination, in one request: the way without scripts."""
    with fence.inside(row.organization_id):
        standing = standing_of(row)
    if not standing.may_export:
        messages.error(request, f"{standing.words}: {standing.why}")
        return redirect("destinations:detail", pk=row.pk)
    if request.method != "POST":
        return upload_page(request, row, UploadForm())
    export_id = uuid.uuid4()
    name = staging.new_name(export_id, "upload")
    with fence.inside(row.organization_id):
        key, sealed = staging.new_file_key(row.organization_id, export_id)
        services.upload_expect(organization_id=row.organization_id, export_id=export_id)
        erased = erasures.count(row.organization_id)
    handler = SealingUploadHandler(
        request, name=name, key=key, most_bytes=settings.UPLOAD_MAX_BYTES
    )
    request.upload_handlers = [handler]
    try:
        received = Received(export_id, name, key, sealed, file_name="", size=0)
        return _receive(request, row, handler, received, erased)
    finally:
        # Whatever was not kept: refused, forged, or broken off.
        handler.upload_interrupted()
        services.upload_forget_unless_kept(organization_id=row.organization_id, export_id=export_id)


def _receive_checked(
    request: MemberRequest,
    row: Destination,
    handler: SealingUploadHandler,
    received: Received,
    erased: int,
) -> HttpResponse:
    """Make a draft, unless somebody was erased since there were so many `erased`."""
    form = UploadForm(request.POST, request.FILES)
    if handler.refusal:
        form.refuse(handler.refusal)
    if not form.is_valid():
        return upload_page(request, row, form, status=422)
    file = form.cleaned_data[FIELD]
    received = replace(received, file_name=file.name, size=file.size)
    try:
        export = services.draft_create(destination=row, by=request.user, received=received)
    except FileRefused as refused:
        form.refuse(refused.sentence)
        return upload_page(request, row, form, status=422)
    with fence.inside(row.organization_id):
        # Nobody has looked who is in it.
        if is_refused := erasures.count(row.organization_id) > erased:
            services.draft_discard(export=export)
    if is_refused:
        form.refuse("Somebody was erased while the file was received. Upload it again.")
        return upload_page(request, row, form, status=422)
    return redirect("exports:start", pk=export.pk)


_receive = cast("View", csrf_protect(_receive_checked))


@member_may(May.DELIVER, of=Export)
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: MemberRequest, row: Export) -> HttpResponse:
    """Show what is in the file, masked; "Start export" starts."""
    if row.state != ExportState.DRAFT:
        return redirect("exports:detail", pk=row.pk)
    if "has_header" in request.POST:
        try:
            services.draft_reread(export=row, has_header=request.POST["has_header"] == "yes")
            checks.check_forget(export=row)
        except FileRefused as refused:
            messages.error(request, refused.sentence)
        return redirect("exports:start", pk=row.pk)
    platform = registry.get(row.destination.platform)
    kinds = platform.identifiers_taken(row.destination.identifiers, row.destination.settings)
    shape = services.shape_of(row, staging.file_key(row))
    check = Check.objects.filter(export=row).first()
    form = start_form(row, shape, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if "check" in request.POST:
            return _check_asked(row, form)
        if _started(request, row, form):
            return redirect("exports:detail", pk=row.pk)
    context = {
        "row": row,
        "form": form,
        "columns": columns_of(shape, kinds),
        "kinds": [kind.label for kind in kinds],
        "none_found": not recognized(shape, kinds),
        "has_header": shape.has_header,
        "stray_mark": shape.stray_mark,
        "may_have_header": not shape.is_parquet,
        "minimum_audience": platform.limits.minimum_audience,
        **_check_context(row, check),
    }
    status = 422 if form.is_bound else 200
    return render(request, "exports/start.html", context, status=status)


@member_may(May.DELIVER, of=Export)
@require_safe
@never_cache
def check_progress(request: MemberRequest, row: Export) -> HttpResponse:
    """Show the part of a draft's page that waits for its check."""
    check = Check.objects.filter(export=row).first()
    return render(request, "exports/_check.html", _check_context(row, check))


def _check_context(row: Export, check: Check | None) -> dict[str, Any]:
    return {"row": row, "check": check, "checked": checked(row, check)}


def _check_asked(row: Export, form: StartForm) -> HttpResponse:
    with suppress(services.NotNow):
        checks.check_ask(
            export=row,
            mode=Mode(form.cleaned_data["mode"]),
            columns=form.columns(),
            taking=form.taking(),
        )
        hint(tasks.check_small if row.has_small_file else tasks.check, row.organization_id, row.pk)
    return redirect(f"{reverse('exports:start', args=[row.pk])}#check")


def _started(request: MemberRequest, row: Export, form: StartForm) -> bool:
    standing = standing_of(row.destination)
    if not standing.may_export:
        form.add_error(None, f"{standing.words}: {standing.why} The file is kept for a day.")
        return False
    try:
        services.export_start(
            export=row,
            by=request.user,
            mode=Mode(form.cleaned_data["mode"]),
            columns=form.columns(),
            taking=form.taking(),
        )
    except services.NotNow:
        # Pressed twice: it has started.
        return True
    hint(tasks.advance, row.organization_id, row.pk)
    return True


@member_may(May.DELIVER, of=Export)
@require_POST
def discard(request: MemberRequest, row: Export) -> HttpResponse:
    """Destroy a file from which nothing was started."""
    if row.state != ExportState.DRAFT:
        raise Http404
    services.draft_discard(export=row)
    messages.success(request, "The file was destroyed. Nothing was sent.")
    return redirect("destinations:detail", pk=row.destination_id)
