"""A file from an address: have it fetched, see how far it is and why it failed, try again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from destinations.models import Destination
from destinations.standing import standing_of
from exports import fetch_services, services, tasks
from exports.fetch_models import Fetch
from exports.forms import AddressForm, UploadForm
from exports.models import Export
from exports.schedule_models import ScheduleRun
from exports.states import ExportState
from exports.upload_page import upload_page
from organizations import fence
from organizations.access import member_may
from organizations.hints import hint
from organizations.requests import MemberRequest
from organizations.roles import May

TOO_MANY = "Your organization fetches as many files as it may. Discard one, or wait for one to end."


@member_may(May.DELIVER, of=Destination)
@require_POST
def begin(request: MemberRequest, row: Destination) -> HttpResponse:
    """Have the file at an address fetched."""
    if not fetch_services.is_offered():
        raise Http404
    standing = standing_of(row)
    if not standing.may_export:
        messages.error(request, f"{standing.words}: {standing.why}")
        return redirect("destinations:detail", pk=row.pk)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            found = fetch_services.fetch_begin(
                destination=row, by=request.user, address=form.cleaned_data["address"]
            )
        except fetch_services.TooMany:
            form.add_error("address", TOO_MANY)
        else:
            hint(tasks.fetch, found.organization_id, found.pk)
            return redirect("exports:fetch", pk=found.pk)
    return upload_page(request, row, UploadForm(), status=422, address_form=form)


# Not by the row: it may be a fetch, or the draft that it became.
@member_may(May.DELIVER)
@require_safe
@never_cache
def detail(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a fetch; lead on to the draft that it became."""
    row = Fetch.objects.select_related("destination").filter(pk=pk).first()
    if row is None:
        return redirect(_next_url(pk))
    context = {"row": row, "is_scheduled": ScheduleRun.objects.filter(pk=pk).exists()}
    return render(request, "exports/fetch.html", context)


@member_may(May.DELIVER)
@require_safe
@never_cache
def progress(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the part of a fetch's page that moves."""
    row = Fetch.objects.filter(pk=pk).first()
    next_url = "" if row else _next_url(pk)
    return render(request, "exports/_fetch.html", {"row": row, "next_url": next_url})


@member_may(May.DELIVER, of=Fetch)
@require_POST
def again(request: MemberRequest, row: Fetch) -> HttpResponse:
    """Try one that failed again."""
    fetch_services.fetch_again(row=row)
    hint(tasks.fetch, row.organization_id, row.pk)
    return redirect("exports:fetch", pk=row.pk)


# Not in the fence: a file is destroyed outside.
@member_may(May.DELIVER, fenced=False)
@require_POST
def discard(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Destroy what is here of a file, or the draft that it has just become."""
    with fence.inside(request.organization.id):
        fetch = Fetch.objects.filter(pk=pk).first()
        row = fetch or get_object_or_404(Export, pk=pk, state=ExportState.DRAFT)
    services.file_discard(organization_id=row.organization_id, export_id=pk)
    messages.success(request, "What was fetched was destroyed. Nothing was sent.")
    return redirect("destinations:detail", pk=row.destination_id)


def _next_url(pk: uuid.UUID) -> str:
    return reverse("exports:start", args=[get_object_or_404(Export, pk=pk).pk])
