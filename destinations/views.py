"""The landing page, a destination's page, and what creators do there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations import audiences, drafts, extensions, listing, services
from destinations.connection import ad_accounts_look
from destinations.forms import (
    TAKEN,
    DestinationForm,
    ListFilterForm,
    filled_of,
    filled_of_draft,
)
from destinations.models import Destination
from destinations.standing import standing_of
from organizations import fence
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.registry import registry

PER_PAGE = 25


@member_may(May.SEE)
@require_safe
def destination_list(request: MemberRequest) -> HttpResponse:
    """Show all destinations, each with its authorization, its last export and how it stands."""
    form = ListFilterForm(request.GET)
    form.is_valid()
    text, state = form.cleaned_data.get("q", ""), form.cleaned_data.get("state", "")
    rows = listing.found(text=text, only_needing_reconnection=bool(state))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page_obj": page,
        "lines": listing.lines(list(page.object_list)),
        "filtered": bool(text or state),
        "needing_reconnection": Destination.objects.needing_reconnection().count(),
        "may_deliver": request.membership.may(May.DELIVER),
    }
    return render(request, "destinations/list.html", context)


@member_may(May.DELIVER, fenced=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """Ask for a destination: ours, then the platform's own form."""
    if request.method == "POST" and "then" not in request.POST:
        form = _looked_at(request, None)
        with fence.inside(request.organization.id):
            return _created(request, form)
    with fence.inside(request.organization.id):
        if request.method == "POST":
            return _keep_and_go(request, None)
        return form_page(request, DestinationForm(filled=filled_of_draft(drafts.take(request))))


def _created(request: MemberRequest, form: DestinationForm) -> HttpResponse:
    if not form.is_valid() or form.chosen is None:
        return form_page(request, form, status=422)
    try:
        row = services.destination_create(
            organization=request.organization,
            by=request.user,
            platform=form.chosen.key,
            filled=form.filled(),
        )
    except services.NameTaken:
        form.add_error("name", TAKEN)
        return form_page(request, form, status=422)
    except services.OtherIdentifier as error:
        form.add_error("identifiers", str(error))
        return form_page(request, form, status=422)
    messages.success(request, f"“{row.name}” is ready for its first export.")
    return redirect("destinations:detail", pk=row.pk)


@member_may(May.SEE, of=Destination)
@require_safe
def detail(request: MemberRequest, row: Destination) -> HttpResponse:
    """Show a destination's settings, how it stands, its audience, and its exports."""
    standing = standing_of(row)
    context = {
        "row": row,
        "mark": listing.mark_of(row),
        "standing": standing,
        "settings": listing.settings_of(row),
        "minimum_audience": listing.minimum_audience_of(row),
        "is_unconfirmed": audiences.is_unconfirmed(row),
        "panels": extensions.panels(row),
        "may_deliver": request.membership.may(May.DELIVER) and row.deleted_at is None,
        "is_installed": row.platform in registry,
    }
    return render(request, "destinations/detail.html", context)


@member_may(May.DELIVER, of=Destination, fenced=False)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: MemberRequest, row: Destination) -> HttpResponse:
    """Change a destination; also how it gets another authorization."""
    must_be_changeable(row)
    if request.method == "POST" and "then" not in request.POST:
        form = _looked_at(request, row)
        with fence.inside(request.organization.id):
            return _changed(request, row, form)
    with fence.inside(request.organization.id):
        if request.method == "POST":
            return _keep_and_go(request, row)
        filled = filled_of_draft(drafts.take(request)) or filled_of(row)
        return form_page(request, DestinationForm(filled=filled, instance=row))


def _looked_at(request: MemberRequest, row: Destination | None) -> DestinationForm:
    """Return the filled form, held against the ad accounts that the platform lists just now."""
    with fence.inside(request.organization.id):
        form = DestinationForm(request.POST, instance=row)
        if not form.is_valid() or form.chosen is None:
            return form
        authorization_id = form.filled().authorization.pk
    ad_accounts_look(
        organization_id=request.organization.id,
        authorization_id=authorization_id,
        by=request.user,
    )
    with fence.inside(request.organization.id):
        form = DestinationForm(request.POST, instance=row)
        form.is_valid()
    return form


def _changed(request: MemberRequest, row: Destination, form: DestinationForm) -> HttpResponse:
    if not form.is_valid():
        return form_page(request, form, status=422)
    try:
        services.destination_update(destination=row, by=request.user, filled=form.filled())
    except services.NameTaken:
        form.add_error("name", TAKEN)
    except services.OtherIdentifier as error:
        form.add_error("identifiers", str(error))
    except services.Delivering as error:
        form.add_error(None, f"This would change the audience. {error}")
    else:
        messages.success(request, "Saved.")
        return redirect("destinations:detail", pk=row.pk)
    return form_page(request, form, status=422)


@member_may(May.DELIVER, of=Destination)
@require_POST
def pause(request: MemberRequest, row: Destination) -> HttpResponse:
    """Let nothing be sent until somebody resumes it."""
    services.destination_pause(destination=row, by=request.user)
    return redirect("destinations:detail", pk=row.pk)


@member_may(May.DELIVER, of=Destination)
@require_POST
def resume(request: MemberRequest, row: Destination) -> HttpResponse:
    """Let exports go on."""
    services.destination_resume(destination=row, by=request.user)
    return redirect("destinations:detail", pk=row.pk)


@member_may(May.DELIVER, of=Destination)
@require_POST
def confirm_absent(request: MemberRequest, row: Destination) -> HttpResponse:
    """Take a person's word that the platform did not create the audience."""
    if audiences.is_unconfirmed(row):
        services.audience_confirm_absent(destination=row, by=request.user)
        messages.success(request, "The next export creates the audience.")
    return redirect("destinations:detail", pk=row.pk)


@member_may(May.DELIVER, of=Destination)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: MemberRequest, row: Destination) -> HttpResponse:
    """Say what deleting means, then do it."""
    if row.deleted_at is not None:
        raise Http404
    if request.method != "POST":
        context = {"row": row, "why_busy": extensions.why_busy(row)}
        return render(request, "destinations/delete.html", context)
    try:
        services.destination_delete(destination=row, by=request.user)
    except services.Delivering as error:
        messages.error(request, f"Nothing was deleted. {error}")
        return redirect("destinations:detail", pk=row.pk)
    messages.success(request, f"“{row.name}” was deleted. Its exports stay in the list of exports.")
    return redirect("destinations:list")


def must_be_changeable(row: Destination) -> None:
    """Raise Http404 for a deleted destination, and for one whose adapter is not installed."""
    if row.deleted_at is not None or row.platform not in registry:
        raise Http404


def form_url(row: Destination | None) -> str:
    """Return where a destination is filled in: a stored one, or a new one."""
    return reverse("destinations:edit", args=[row.pk]) if row else reverse("destinations:new")


def form_page(request: MemberRequest, form: DestinationForm, status: int = 200) -> HttpResponse:
    """Show the form. In the fence."""
    row = form.instance
    context: dict[str, Any] = {
        "form": form,
        "row": row,
        "form_url": form_url(row),
        "standing": standing_of(row) if row else None,
    }
    return render(request, "destinations/form.html", context, status=status)


def _keep_and_go(request: MemberRequest, row: Destination | None) -> HttpResponse:
    """Keep what was filled in, and load the form again or go and make an authorization."""
    back = f"{form_url(row)}?draft={drafts.keep(request)}"
    if request.POST["then"] != "authorize":
        return redirect(back)
    asked = {"platform": request.POST.get("platform", ""), "next": back}
    return redirect(f"{reverse('authorizations:new')}?{urlencode(asked)}")
