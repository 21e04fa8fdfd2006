"""The consent walk's first and last step: the form, and the platform's answer."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from authorizations import consent, tasks
from authorizations.attempt_views import find_mine
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
from providers.registry import UnknownPlatform


class NotBegun(Exception):
    """No attempt was begun. The message is for the person."""


@member_may(May.AUTHORIZE, fenced=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """Ask for name and platform; "Create" begins the attempt and leads to the platform."""
    with fence.inside(request.organization.id):
        if request.method != "POST":
            asked = {name: request.GET.get(name, "") for name in ("platform", "next", "name")}
            return _form_page(request, NewAuthorizationForm(initial=asked))
        form = NewAuthorizationForm(request.POST)
        if not form.is_valid() or _is_for_another_organization(request, form):
            return _refused_form(request, form)
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
    except NotBegun as error:
        form.add_error("platform", str(error))
        with fence.inside(request.organization.id):
            return _refused_form(request, form)
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
    except NotBegun as error:
        if wish.in_popup:
            return _not_begun(request, attempt_id, [str(error)])
        messages.error(request, str(error))
        return redirect("authorizations:detail", pk=row.pk)
    return _lead_on(request, attempt)


@signed_out_too
@require_GET
@never_cache
def callback(request: HttpRequest, platform: str) -> HttpResponse:
    """Take the platform's answer; go on to a page whose address holds nothing of it."""
    if not request.user.is_authenticated:
        return _unusable(request, "You are not signed in any more. Sign in and begin again.")
    if getattr(request, "membership", None) is None:
        return _unusable(request, "You are no longer a member of any organization.")
    try:
        attempt = consent.answer(
            platform_key=platform,
            parameters={name: request.GET[name] for name in request.GET},
            person=request.user,
            session_secret=_session_secret(request),
        )
    except consent.CallbackRefused as refused:
        return _unusable(request, str(refused))
    if attempt.state == AttemptState.CHECKING:
        hint(tasks.learn, attempt.organization_id, attempt.id)
    response = redirect("authorizations:attempt_result", pk=attempt.pk)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _begin(
    request: MemberRequest, attempt_id: uuid.UUID, wish: consent.Wish
) -> AuthorizationAttempt:
    """Begin an attempt, or return the one that the same press of the button began before."""
    begun = find_mine(request, attempt_id)
    if begun is not None and _is_for(begun, request, wish):
        return begun
    if begun is not None:
        # Somebody went back and filled in something else: what they began before is not meant.
        attempt_id = uuid.uuid4()
    try:
        return consent.begin(
            attempt_id=attempt_id,
            organization=request.organization,
            person=request.user,
            session_secret=_session_secret(request),
            wish=wish,
        )
    except (NotConfigured, UnknownPlatform):
        raise NotBegun("This platform is not set up here.") from None
    except PlatformError as error:
        raise NotBegun(error.message) from error
    except IntegrityError:
        # Pressed twice at once; or the id is somebody else's, whose attempt stays theirs.
        begun = find_mine(request, attempt_id)
        if begun is None or not _is_for(begun, request, wish):
            raise NotBegun("That did not work. Load the page again and try again.") from None
        return begun


def _is_for(begun: AuthorizationAttempt, request: MemberRequest, wish: consent.Wish) -> bool:
    """Say whether an attempt is what is asked for now."""
    # Where it reconnects nothing, its authorization is the one that came of it.
    target = begun.authorization_id if begun.reconnects else None
    wished = wish.reconnects.pk if wish.reconnects is not None else None
    return (begun.organization_id, begun.name, begun.platform, begun.options, target) == (
        request.organization.id,
        wish.name,
        wish.platform,
        dict(wish.options),
        wished,
    )


def _session_secret(request: HttpRequest) -> str:
    """Return what binds an attempt to this session; signing out throws it away.

    The session's own key: one written into the session could be lost where two windows begin at
    once.
    """
    return request.session.session_key or ""


def _lead_on(request: MemberRequest, attempt: AuthorizationAttempt) -> HttpResponse:
    onward = reverse("authorizations:attempt_go", args=[attempt.pk])
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse({"url": onward})
    return redirect(onward)


def _is_for_another_organization(request: MemberRequest, form: NewAuthorizationForm) -> bool:
    """Say so where the person switched in another tab after this form was shown."""
    meant = request.POST.get("organization", "")
    if not meant or meant == str(request.organization.id):
        return False
    form.add_error(
        None,
        f"You switched to {request.organization.name} after this form was opened. Create it "
        f"again if it is meant for {request.organization.name}; else switch back first.",
    )
    return True


def _refused_form(request: MemberRequest, form: NewAuthorizationForm) -> HttpResponse:
    """Show what is wrong: in the window that was opened for the platform, or at the form."""
    if request.POST.get("in_popup"):
        sentences = [str(error) for errors in form.errors.values() for error in errors]
        return _not_begun(request, _uuid(request.POST.get("attempt", "")), sentences)
    return _form_page(request, form, status=422)


def _not_begun(request: MemberRequest, attempt_id: uuid.UUID, sentences: list[str]) -> HttpResponse:
    context = {"attempt_id": attempt_id, "sentences": sentences}
    return render(request, "authorizations/not_begun.html", context, status=422)


def _form_page(
    request: MemberRequest, form: NewAuthorizationForm, status: int = 200
) -> HttpResponse:
    return render(request, "authorizations/new.html", {"form": form}, status=status)


def _unusable(request: HttpRequest, reason: str) -> HttpResponse:
    response = render(
        request, "authorizations/callback_refused.html", {"reason": reason}, status=400
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()
