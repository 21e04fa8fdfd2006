"""The list, an authorization's page, its ad accounts; and the help that the registry writes."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from audit.models import Entry
from authorizations import listing, services, usage
from authorizations.forms import ListFilterForm, taken_message
from authorizations.health import state_of, with_ad_account_counts
from authorizations.models import Authorization
from authorizations.platforms import is_configured
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.errors import PlatformError
from providers.registry import registry

PER_PAGE = 25


@member_may(May.SEE)
@require_safe
def authorization_list(request: MemberRequest) -> HttpResponse:
    """Show every authorized account of every platform in one table."""
    form = ListFilterForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    rows = listing.found(
        text=asked.get("q", ""),
        platform=asked.get("platform", ""),
        health=asked.get("state", ""),
        order=asked.get("sort", ""),
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page_obj": page,
        "lines": listing.lines(list(page.object_list)),
        "filtered": any(asked.get(name) for name in ("q", "platform", "state")),
        "needing_reconnection": listing.needing_reconnection(),
        "may_authorize": request.membership.may(May.AUTHORIZE),
    }
    return render(request, "authorizations/list.html", context)


@member_may(May.SEE, of=Authorization)
@require_safe
def detail(request: MemberRequest, row: Authorization) -> HttpResponse:
    """Show an authorization's state, ad accounts, destinations and history."""
    counted = with_ad_account_counts(Authorization.objects.filter(pk=row.pk)).get()
    state = state_of(counted)
    context = {
        "row": counted,
        "state": state,
        "platform": listing.platform_of(row),
        "ad_accounts": row.ad_accounts.filter(gone_at=None),
        "used_by": usage.used_by([row.id])[row.id],
        "uses": row.uses.select_related("person")[:10],
        "history": Entry.objects.filter(subject_id=row.id)[:20],
        "may_reconnect": may_reconnect(request, row) and row.removed_at is None,
    }
    return render(request, "authorizations/detail.html", context)


@member_may(May.SEE, of=Authorization, fenced=False)
@require_POST
def check_ad_accounts(request: MemberRequest, row: Authorization) -> HttpResponse:
    """Ask the platform again which ad accounts there are and what the person may do in them."""
    try:
        services.ad_accounts_refresh(
            organization_id=request.organization.id, authorization_id=row.id, by=request.user
        )
    except PlatformError as error:
        messages.error(request, f"{error.message} What is shown is from before.")
    else:
        messages.success(request, "The ad accounts are as the platform lists them now.")
    return redirect("authorizations:detail", pk=row.pk)


@member_may(May.AUTHORIZE)
@require_safe
def name_check(request: MemberRequest) -> HttpResponse:
    """Say whether a name is free, while it is typed."""
    name = request.GET.get("name", "").strip()
    taken = bool(name) and services.name_taken(name)
    return JsonResponse({"taken": taken, "message": taken_message(name) if taken else ""})


@member_may(May.SEE)
@require_safe
def platforms_help(request: HttpRequest) -> HttpResponse:
    """Show the table of platforms and the permission that each needs."""
    platforms = [(platform, is_configured(platform.key)) for platform in registry]
    return render(request, "authorizations/help.html", {"platforms": platforms})


def may_reconnect(request: MemberRequest, row: Authorization) -> bool:
    """Say whether this member may: admins any, others the ones that they authorized."""
    return request.membership.may(May.ADMINISTER) or row.authorized_by_id == request.user.id
