"""The page "New export"."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict

from destinations.models import Destination
from exports.fetch_models import Fetch
from exports.forms import AddressForm, UploadForm
from exports.schedule_models import ScheduleRun
from exports.upload_models import Upload
from organizations import fence
from organizations.requests import MemberRequest
from providers.registry import registry


def upload_page(
    request: MemberRequest,
    row: Destination,
    form: UploadForm,
    status: int = 200,
    address_form: AddressForm | None = None,
) -> HttpResponse:
    """Ask for a file, and show which of the person's own were broken off. Outside the fence."""
    with fence.inside(row.organization_id):
        platform = registry.get(row.platform)
        context = {
            "row": row,
            "form": form,
            "kinds": [
                kind.label for kind in platform.identifiers_taken(row.identifiers, row.settings)
            ],
            "most_bytes": settings.UPLOAD_MAX_BYTES,
            "uploads": Upload.objects.of(request.user)
            .filter(destination=row)
            .order_by("-received_at"),
            "address_form": address_form or AddressForm(),
            "allowed": [str(each) for each in settings.INTAKE.addresses],
            # Those of the schedule are shown with its runs.
            "fetches": Fetch.objects.filter(destination=row, created_by=request.user)
            .exclude(pk__in=ScheduleRun.objects.filter(destination=row).values("pk"))
            .order_by("-created_at"),
        }
        return render(request, "exports/new.html", context, status=status)


def refused(request: MemberRequest, row: Destination, sentence: str) -> HttpResponse:
    """Show the page again, saying at the field why a file was not taken. Outside the fence."""
    form = UploadForm({}, MultiValueDict())
    form.refuse(sentence)
    return upload_page(request, row, form, status=422)
