"""The list, an authorization's page, its ad accounts."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.models import Entry
from authorizations import listing, removal, services, tokens, usage
from authorizations.forms import ListFilterForm, RenameForm, taken_message
from authorizations.health import Health, lapse_of, state_of, with_ad_account_counts
from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from organizations import fence
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.app import NotConfigured
from providers.errors import PlatformError

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
    return _detail_page(request, row)


@member_may(May.ADMINISTER, of=Authorization)
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: MemberRequest, row: Authorization) -> HttpResponse:
    """Ask for another name, in place; what uses the authorization shows it at once."""
    _must_be_live(row)
    if request.method != "POST":
        return _detail_page(request, row, RenameForm(instance=row))
    form = RenameForm(request.POST, instance=row)
    if not form.is_valid():
        return _detail_page(request, row, form, status=422)
    name = form.cleaned_data["name"]
    try:
        services.authorization_rename(authorization=row, by=request.user, name=name)
    except services.NameTaken:
        form.add_error("name", taken_message(name))
        return _detail_page(request, row, form, status=422)
    except removal.AlreadyRemoved:
        messages.info(request, "Somebody else removed it a moment ago. Its name stays as it was.")
    else:
        messages.success(request, f"It is called “{name}” now, in its destinations too.")
    return redirect("authorizations:detail", pk=row.pk)


@member_may(May.ADMINISTER, of=Authorization, fenced=False)
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: MemberRequest, row: Authorization) -> HttpResponse:
    """Say what removing touches, then do it."""
    _must_be_live(row)
    if request.method != "POST":
        with fence.inside(request.organization.id):
            used_by = usage.used_by([row.id])[row.id]
            context = {
                "row": row,
                "platform": listing.platform_of(row),
                "used_by": used_by,
                "under_way": [each for use in used_by for each in use.under_way],
                "prospect": removal.prospect(row),
            }
            return render(request, "authorizations/remove.html", context)
    try:
        removal.authorization_remove(authorization=row, by=request.user)
    except removal.AlreadyRemoved:
        messages.info(request, "Somebody else removed it a moment ago.")
    else:
        messages.success(request, f"“{row.name}” was removed. Its tokens are destroyed.")
    return redirect("authorizations:detail", pk=row.pk)


@member_may(May.SEE, of=Authorization, fenced=False)
@require_POST
def check_ad_accounts(request: MemberRequest, row: Authorization) -> HttpResponse:
    """Ask the platform again which ad accounts there are and what the person may do in them."""
    try:
        services.ad_accounts_refresh(
            organization_id=request.organization.id, authorization_id=row.id, by=request.user
        )
    except NotConfigured:
        messages.error(request, "This platform is not set up here. What is shown is from before.")
    except PlatformError as error:
        messages.error(request, f"{error.message} What is shown is from before.")
    else:
        messages.success(request, "The ad accounts are as the platform lists them now.")
    return redirect("authorizations:detail", pk=row.pk)


@member_may(May.AUTHORIZE)
@require_safe
def name_check(request: MemberRequest) -> HttpResponse:
    """Say whether a name is free, while it is typed."""
    name = request.GET.get("name", "").replace("\0", "").strip()
    taken = bool(name) and services.name_taken(name)
    return JsonResponse({"taken": taken, "message": taken_message(name) if taken else ""})


def _must_be_live(row: Authorization) -> None:
    """Raise Http404 for a removed authorization."""
    if row.removed_at is not None:
        raise Http404


def _detail_page(
    request: MemberRequest,
    row: Authorization,
    rename_form: RenameForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show an authorization, and the form for its name where it is asked for. In the fence."""
    counted = with_ad_account_counts(Authorization.objects.filter(pk=row.pk)).get()
    state = state_of(counted)
    is_live = row.removed_at is None
    platform = listing.platform_of(row)
    told = Entry.objects.filter(subject_id=row.id)
    context = {
        "row": counted,
        "state": state,
        # Consent is complete; what is missing is given by somebody at the platform.
        "mended_there": platform is not None
        and state.health == Health.MISSING_PERMISSION
        and not row.missing_scopes,
        "platform": platform,
        "ad_accounts": row.ad_accounts.filter(gone_at=None),
        "used_by": usage.used_by([row.id])[row.id],
        "uses": row.uses.select_related("person")[:10],
        # Renewals come every few hours; among them nothing else would be found.
        "history": told.exclude(action=tokens.RENEWED)[:20],
        "renewed": told.filter(action=tokens.RENEWED).first(),
        "lapse": lapse_of(row, platform),
        "may_reconnect": may_reconnect(request, row) and is_live,
        "may_administer": request.membership.may(May.ADMINISTER) and is_live,
        "rename_form": rename_form,
        "undecided": AuthorizationAttempt.objects.filter(
            authorization=row, person=request.user, state=AttemptState.DECIDING
        ),
    }
    return render(request, "authorizations/detail.html", context, status=status)


def may_reconnect(request: MemberRequest, row: Authorization) -> bool:
    """Say whether this member may: admins any, others the ones that they authorized."""
    return request.membership.may(May.ADMINISTER) or row.authorized_by_id == request.user.id
