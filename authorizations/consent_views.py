"""The consent walk's pages: the form, the way out, the way back, and how it ended."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from authorizations import consent, tasks
from authorizations.forms import NewAuthorizationForm
from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from authorizations.views import may_reconnect
from organizations import fence
from organizations.access import forbidden, member_may, signed_out_too
from organizations.hints import hint
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.app import NotConfigured
from providers.errors import PlatformError

_SESSION_KEY = "authorizations"
# In the address that a page polls, the browser puts the attempt's id in its place.
ANY_ATTEMPT = uuid.UUID(int=0)


@member_may(May.AUTHORIZE, fenced=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """Ask for name and platform; "Create" begins the attempt and leads to the platform."""
    with fence.inside(request.organization.id):
        if request.method != "POST":
            asked = {name: request.GET.get(name, "") for name in ("platform", "next", "name")}
            return _form_page(request, NewAuthorizationForm(initial=asked))
        form = NewAuthorizationForm(request.POST)
        if not form.is_valid():
            return _form_page(request, form, status=422)
    begun = _find(request, form.cleaned_data["attempt"])
    if begun is not None:
        # "Create" was pressed twice: one attempt.
        return _lead_on(request, begun)
    filled = form.cleaned_data
    wish = consent.Wish(
        name=filled["name"],
        platform=filled["platform"],
        options=form.options(),
        in_popup=filled["in_popup"],
        next_url=filled["next"],
    )
    try:
        attempt = _begin(request, filled["attempt"], wish)
    except (PlatformError, NotConfigured) as error:
        form.add_error("platform", getattr(error, "message", "This platform is not set up here."))
        with fence.inside(request.organization.id):
            return _form_page(request, form, status=422)
    return _lead_on(request, attempt)


@member_may(May.AUTHORIZE, of=Authorization, fenced=False)
@require_POST
def reconnect(request: MemberRequest, row: Authorization) -> HttpResponse:
    """Begin an attempt that swaps an authorization's tokens in place."""
    if not may_reconnect(request, row):
        with fence.inside(request.organization.id):
            return forbidden(request, May.ADMINISTER)
    if row.removed_at is not None:
        raise Http404
    attempt_id = _uuid(request.POST.get("attempt", ""))
    wish = consent.Wish(
        name=row.name,
        platform=row.platform,
        options=row.options,
        reconnects=row,
        in_popup=bool(request.POST.get("in_popup")),
        next_url=reverse("authorizations:detail", args=[row.pk]),
    )
    try:
        attempt = _begin(request, attempt_id, wish)
    except (PlatformError, NotConfigured) as error:
        messages.error(request, getattr(error, "message", "This platform is not set up here."))
        return redirect("authorizations:detail", pk=row.pk)
    return _lead_on(request, attempt)


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


@signed_out_too
@require_GET
@never_cache
def callback(request: HttpRequest, platform: str) -> HttpResponse:
    """Take the platform's answer; go on to a page whose address holds nothing of it."""
    membership = getattr(request, "membership", None)
    if not request.user.is_authenticated or membership is None:
        return _unusable(request, "You are not signed in any more. Sign in and begin again.")
    try:
        attempt = consent.answer(
            platform_key=platform,
            parameters={name: request.GET[name] for name in request.GET},
            person=request.user,
            session_secret=request.session.get(_SESSION_KEY, ""),
        )
    except consent.CallbackRefused as refused:
        return _unusable(request, str(refused))
    if attempt.state == AttemptState.CHECKING:
        hint(tasks.learn, attempt.organization_id, attempt.id)
    response = redirect("authorizations:attempt_result", pk=attempt.pk)
    response["Referrer-Policy"] = "no-referrer"
    return response


@member_may(May.AUTHORIZE, fenced=False)
@require_GET
@never_cache
def attempt_result(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Say "Checking", then how it ended; outside a popup a success leads straight on."""
    row = _mine(request, pk)
    if row.state == AttemptState.DONE and not row.in_popup:
        messages.success(request, f"{row.title}: {row.message}")
        return redirect(_next_url(row))
    context = {"attempt": row, "next_url": _next_url(row), "done": row.state == AttemptState.DONE}
    return render(request, "authorizations/result.html", context)


@member_may(May.AUTHORIZE, fenced=False)
@require_GET
@never_cache
def attempt_state(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Tell the page behind how the attempt stands."""
    row = _mine(request, pk)
    return JsonResponse(
        {
            "state": row.state,
            "final": row.is_final,
            "title": row.title,
            "message": row.message,
            "next_url": _next_url(row) if row.state == AttemptState.DONE else None,
        }
    )


def _begin(
    request: MemberRequest, attempt_id: uuid.UUID, wish: consent.Wish
) -> AuthorizationAttempt:
    # A secret of this session binds the attempt to it; signing out throws it away.
    session_secret = request.session.setdefault(_SESSION_KEY, secrets.token_urlsafe(32))
    return consent.begin(
        attempt_id=attempt_id,
        organization=request.organization,
        person=request.user,
        session_secret=session_secret,
        wish=wish,
    )


def _lead_on(request: MemberRequest, attempt: AuthorizationAttempt) -> HttpResponse:
    onward = reverse("authorizations:attempt_go", args=[attempt.pk])
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse({"url": onward})
    return redirect(onward)


def _form_page(
    request: MemberRequest, form: NewAuthorizationForm, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "attempt_url": reverse("authorizations:attempt_state", args=[ANY_ATTEMPT]),
    }
    return render(request, "authorizations/new.html", context, status=status)


def _unusable(request: HttpRequest, reason: str) -> HttpResponse:
    response = render(
        request, "authorizations/callback_refused.html", {"reason": reason}, status=400
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


def _find(request: MemberRequest, attempt_id: uuid.UUID) -> AuthorizationAttempt | None:
    """Return one of this person's own attempts, in whichever of their organizations it is.

    They may have switched while the popup was open.
    """
    for membership in request.memberships:
        with fence.inside(membership.organization_id):
            mine = AuthorizationAttempt.objects.filter(pk=attempt_id, person=request.user)
            attempt = mine.first()
        if attempt is not None:
            return attempt
    return None


def _mine(request: MemberRequest, attempt_id: uuid.UUID) -> AuthorizationAttempt:
    attempt = _find(request, attempt_id)
    if attempt is None:
        raise Http404
    return attempt


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


def _next_url(attempt: AuthorizationAttempt) -> str:
    return attempt.next_url or reverse("authorizations:list")
