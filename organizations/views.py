"""Signing in and out, switching organizations, members and the audit log."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, logout
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.models import Entry
from organizations import services
from organizations.access import member_may, signed_out_too
from organizations.addresses import own_address
from organizations.forms import SignInForm
from organizations.middleware import SESSION_KEY
from organizations.models import Membership
from organizations.requests import MemberRequest
from organizations.roles import May


@signed_out_too
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign a person in by e-mail and password."""
    asked = request.POST.get("next", request.GET.get("next", ""))
    following = own_address(asked) or reverse("destinations:list")
    if request.user.is_authenticated:
        return HttpResponseRedirect(following)
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = form.get_user()
        login(request, person)
        services.person_remember_time_zone(person=person, time_zone=form.cleaned_data["time_zone"])
        return HttpResponseRedirect(following)
    return render(request, "organizations/sign_in.html", {"form": form, "next": following})


@signed_out_too
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect("organizations:sign_in")


@member_may(May.SEE, fenced=False)
@require_POST
def switch(request: MemberRequest) -> HttpResponse:
    """Act in another organization of the same person."""
    chosen = request.POST.get("organization", "")
    for membership in request.memberships:
        if str(membership.organization_id) == chosen:
            request.session[SESSION_KEY] = chosen
            messages.success(request, f"You are now in {membership.organization}.")
            break
    return redirect("destinations:list")


@member_may(May.ADMINISTER)
@require_safe
def members(request: MemberRequest) -> HttpResponse:
    """Show who belongs to the organization, and as what."""
    everybody = Membership.objects.select_related("person").order_by("person__email")
    return render(request, "organizations/members.html", {"members": everybody})


@member_may(May.ADMINISTER)
@require_safe
def audit_log(request: MemberRequest) -> HttpResponse:
    """Show who did what to what, newest first."""
    page = Paginator(Entry.objects.all(), 50).get_page(request.GET.get("page"))
    return render(request, "organizations/audit_log.html", {"page_obj": page})


@signed_out_too
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old or came from elsewhere. Nothing was done."""
    return render(request, "organizations/form_too_old.html", status=403)
