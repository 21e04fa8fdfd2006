"""Who may enter a view. Every view of a member wears `member_may`; a test looks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render

from organizations import fence
from organizations.addresses import way_back
from organizations.models import Membership
from organizations.requests import MemberRequest
from organizations.roles import May, Role, least_role_for

View = Callable[..., HttpResponseBase]
P = ParamSpec("P")


def member_may(
    what: May, *, of: type[Model] | None = None, fenced: bool = True
) -> Callable[[Callable[Concatenate[MemberRequest, P], HttpResponseBase]], View]:
    """Let members in whose role suffices, inside their organization's fence.

    With `of`, the row named by the address's `pk` is loaded first and handed to the view in its
    place: another organization's row is not found (404) before any role is looked at. A member
    without the role gets a page that says which role is needed and who can give it (403). With
    `fenced=False` the view steps in and out of the fence itself, because it talks to a platform.
    """

    def decorate(view: Callable[Concatenate[MemberRequest, P], HttpResponseBase]) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(way_back(request))
            asked = cast(MemberRequest, request)
            if getattr(asked, "membership", None) is None:
                return render(request, "organizations/no_organization.html", status=403)
            asked.organization = asked.membership.organization
            with fence.inside(asked.organization.id):
                if of is not None:
                    kwargs["row"] = get_object_or_404(of, pk=kwargs.pop("pk"))
                if not asked.membership.may(what):
                    return forbidden(asked, what)
                if fenced:
                    return view(asked, *args, **kwargs)
            return view(asked, *args, **kwargs)

        guarded.member_may = what  # type: ignore[attr-defined]  # the access matrix reads it
        return guarded

    return decorate


def signed_out_too(view: View) -> View:
    """Mark a view that people who are not signed in may enter; the access matrix reads it."""
    view.signed_out_too = True  # type: ignore[attr-defined]
    return view


def forbidden(request: MemberRequest, what: May) -> HttpResponse:
    """Say which role is needed and which admins can give it. Inside the fence."""
    admins = Membership.objects.filter(role=Role.ADMIN).select_related("person")
    context = {
        "reason": f"Your role, {request.membership.get_role_display()}, may not {what.value}.",
        "needed_role": least_role_for(what).label,
        "admins": sorted(member.person.email for member in admins),
    }
    return render(request, "403.html", context, status=403)
