"""The page on which a person decides what becomes of an approval of another account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from authorizations import deciding, listing, services, usage
from authorizations.attempt_views import find_mine
from authorizations.consent import may_finish
from authorizations.deciding import CannotDecide, Choice
from authorizations.forms import NewNameForm
from authorizations.health import state_of, with_ad_account_counts
from authorizations.models import AtPlatform, AttemptState, Authorization, AuthorizationAttempt
from organizations import fence
from organizations.access import forbidden, member_may
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.values import AdAccount, Verdict


@dataclass(frozen=True)
class Reach:
    """Something that uses the old account, and whether each account reaches its ad account."""

    use: usage.Usage
    old_reaches: bool
    new_reaches: bool


@member_may(May.AUTHORIZE, fenced=False)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def decide(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the old account and the new one side by side; keep, replace, or save as a new one."""
    attempt = find_mine(request, pk)
    if attempt is None:
        raise Http404
    if attempt.organization_id != request.organization.id:
        messages.warning(request, f"Switch to {attempt.organization.name} to decide this.")
        return redirect("authorizations:list")
    if attempt.state != AttemptState.DECIDING:
        return redirect("authorizations:attempt_result", pk=attempt.pk)
    if request.method == "POST":
        return _decided(request, attempt)
    with fence.inside(request.organization.id):
        name = services.free_name(attempt.name)
        return _page(request, attempt, NewNameForm(initial={"name": name}))


def _decided(request: MemberRequest, attempt: AuthorizationAttempt) -> HttpResponse:
    choice, old_id = request.POST.get("choice", ""), attempt.authorization_id
    try:
        if choice == Choice.NEW:
            return _saved_as_new(request, attempt)
        if choice == Choice.REPLACE:
            with fence.inside(request.organization.id):
                if not may_finish(attempt, request.membership):
                    return forbidden(request, May.ADMINISTER)
            ended = deciding.replace_old(attempt=attempt)
            messages.success(request, f"{attempt.message} {_words(attempt, ended, 'old')}")
        elif choice == Choice.KEEP:
            ended = deciding.keep_old(attempt=attempt)
            messages.info(request, f"Nothing was changed. {_words(attempt, ended, 'other')}")
        else:
            messages.error(request, "Choose one of the three.")
            return redirect("authorizations:decide", pk=attempt.pk)
    except CannotDecide as why:
        messages.error(request, f"Nothing was changed. {why}")
    return redirect("authorizations:detail", pk=old_id)


def _saved_as_new(request: MemberRequest, attempt: AuthorizationAttempt) -> HttpResponse:
    with fence.inside(request.organization.id):
        form = NewNameForm(request.POST)
        if not form.is_valid():
            return _page(request, attempt, form, status=422)
        row = deciding.save_as_new(attempt=attempt, name=form.cleaned_data["name"])
        messages.success(
            request, f"“{row.name}” was saved beside the one before. {attempt.message}"
        )
    return redirect("authorizations:detail", pk=row.pk)


def _page(
    request: MemberRequest, attempt: AuthorizationAttempt, form: NewNameForm, status: int = 200
) -> HttpResponse:
    if attempt.authorization is None:
        raise Http404
    old = with_ad_account_counts(
        Authorization.objects.filter(pk=attempt.authorization.pk).select_related("authorized_by")
    ).get()
    approval = deciding.approval_of(attempt)
    usable = [each for each in approval.accounts if each.verdict != Verdict.INSUFFICIENT]
    context = {
        "attempt": attempt,
        "form": form,
        "old": old,
        "old_state": state_of(old),
        "platform": listing.platform_of(old),
        "new": approval.identity,
        "new_there": len(approval.accounts),
        "new_usable": len(usable),
        "new_lacks_consent": bool(approval.missing_scopes),
        "reaches": _reaches(old, usable),
        "may_replace": old.removed_at is None and may_finish(attempt, request.membership),
    }
    return render(request, "authorizations/decide.html", context, status=status)


def _reaches(old: Authorization, new: list[AdAccount]) -> list[Reach]:
    there = old.ad_accounts.filter(gone_at=None).exclude(verdict=Verdict.INSUFFICIENT)
    by_old = set(there.values_list("platform_id", flat=True))
    by_new = {each.id for each in new}
    return [
        Reach(use, use.ad_account_id in by_old, use.ad_account_id in by_new)
        for use in usage.used_by([old.id])[old.id]
    ]


def _words(attempt: AuthorizationAttempt, ended: AtPlatform, which: str) -> str:
    """Say what became of the access that is not used any more."""
    label = attempt.platform_label
    return {
        AtPlatform.REVOKED: f"The {which} account's access was revoked at {label}.",
        AtPlatform.SHARED: f"The {which} account's access was kept at {label}, because another "
        "authorization uses it.",
        AtPlatform.BY_PERSON: f"The {which} account's access can only be ended at {label} itself.",
        AtPlatform.FAILED: f"{label} did not confirm that the {which} account's access was "
        "revoked. End it there yourself.",
    }[ended]
