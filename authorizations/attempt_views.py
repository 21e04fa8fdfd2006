"""An attempt's own pages: on to the platform, how it stands, how it ended, and stopping it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from authorizations import consent
from authorizations.endings import give_up_in_time, stop
from authorizations.health import State, state_of, with_ad_account_counts
from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from organizations import fence
from organizations.access import member_may
from organizations.addresses import own_address
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.registry import registry

# What the page behind adds to a result's address, to go where its success leads.
HERE = "here"
_GOES_ON = (AttemptState.DECIDING, AttemptState.DONE)


@member_may(May.AUTHORIZE, fenced=False)
@require_GET
@never_cache
def go(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Go on to the platform by itself.

    A page of ours and not a redirect: browsers hold every hop after a form post against
    `form-action`, and stop at the platform's second host.
    """
    row = _mine(request, pk)
    with fence.inside(row.organization_id):
        url = consent.consent_url(row)
    if url is None:
        return redirect("authorizations:attempt_result", pk=row.pk)
    return render(request, "authorizations/leaving.html", {"attempt": row, "url": url})


@member_may(May.AUTHORIZE, fenced=False)
@require_GET
@never_cache
def attempt_result(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Say "Checking", then how it ended; outside a popup a success leads straight on."""
    row = _mine(request, pk)
    state = _standing(row)
    if row.state == AttemptState.DECIDING and (not row.in_popup or HERE in request.GET):
        return redirect("authorizations:decide", pk=row.pk)
    if state is not None and (not row.in_popup or HERE in request.GET):
        tell = messages.success if state.usable else messages.warning
        elsewhere = "" if _is_here(request, row) else f" It is in {row.organization.name}."
        # Why it cannot be used is said by the page that is shown next.
        unusable = row.message.replace(f" {state.why}", "")
        said = f"{row.title}: {row.message}" if state.usable else unusable
        tell(request, f"{said}{elsewhere}")
        return HttpResponseRedirect(_next_url(request, row, state))
    context = {
        "attempt": row,
        "next_url": _next_url(request, row, state),
        "connected": state is not None and state.usable,
        "authorization_name": _authorization_name(row),
        "detail_url": _detail_url(request, row),
        "platform": registry.get(row.platform) if row.platform in registry else None,
    }
    return render(request, "authorizations/result.html", context)


@member_may(May.AUTHORIZE, fenced=False)
@require_GET
@never_cache
def attempt_state(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Tell the page behind how the attempt stands."""
    return _told(_mine(request, pk))


@member_may(May.AUTHORIZE, fenced=False)
@require_POST
def attempt_stop(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Wait no longer: an approval that comes later is refused."""
    row = _mine(request, pk)
    with fence.inside(row.organization_id):
        stop(row)
    if request.accepts("text/html"):
        return redirect("authorizations:attempt_result", pk=row.pk)
    return _told(row)


def find_mine(request: MemberRequest, attempt_id: uuid.UUID) -> AuthorizationAttempt | None:
    """Return one of this person's own attempts, in whichever of their organizations it is.

    They may have switched while the popup was open.
    """
    for membership in request.memberships:
        with fence.inside(membership.organization_id):
            mine = AuthorizationAttempt.objects.filter(pk=attempt_id, person=request.user)
            attempt = mine.select_related("organization").first()
            if attempt is not None:
                give_up_in_time(attempt)
                return attempt
    return None


def _mine(request: MemberRequest, attempt_id: uuid.UUID) -> AuthorizationAttempt:
    attempt = find_mine(request, attempt_id)
    if attempt is None:
        raise Http404
    return attempt


def _told(row: AuthorizationAttempt) -> JsonResponse:
    onward = f"{reverse('authorizations:attempt_result', args=[row.pk])}?{HERE}"
    return JsonResponse(
        {
            "state": row.state,
            "final": row.is_final,
            "title": row.title,
            "message": row.message,
            "next_url": onward if row.state in _GOES_ON else None,
        }
    )


def _standing(row: AuthorizationAttempt) -> State | None:
    """Return how the authorization is that came of an attempt; None where none did."""
    if row.state != AttemptState.DONE or row.authorization_id is None:
        return None
    with fence.inside(row.organization_id):
        rows = Authorization.objects.filter(pk=row.authorization_id)
        return state_of(with_ad_account_counts(rows).get())


def _next_url(request: MemberRequest, row: AuthorizationAttempt, state: State | None) -> str:
    """Return where the person goes on; what cannot be used is mended on its own page."""
    if state is not None and not state.usable:
        return _detail_url(request, row)
    listed = reverse("authorizations:list")
    # Pages of another organization than the current one are not found.
    if not _is_here(request, row):
        return listed
    return own_address(row.next_url) or listed


def _authorization_name(row: AuthorizationAttempt) -> str:
    """Return the name behind "Open"; a template reads outside the fence and would find none."""
    if row.authorization_id is None:
        return ""
    with fence.inside(row.organization_id):
        named = Authorization.objects.filter(pk=row.authorization_id).values_list("name", flat=True)
        return named.first() or ""


def _detail_url(request: MemberRequest, row: AuthorizationAttempt) -> str:
    if row.authorization_id is None or not _is_here(request, row):
        return reverse("authorizations:list")
    return reverse("authorizations:detail", args=[row.authorization_id])


def _is_here(request: MemberRequest, row: AuthorizationAttempt) -> bool:
    return row.organization_id == request.organization.id
