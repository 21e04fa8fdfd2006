"""The help that the registry writes: the table of platforms, and an article a platform."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from authorizations import articles
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May
from providers.registry import UnknownPlatform, registry


@member_may(May.SEE)
@require_safe
def platforms_help(request: MemberRequest) -> HttpResponse:
    """Show the table of platforms and the permission that each needs."""
    context = {
        "title": articles.TITLE,
        "columns": (articles.DESTINATION, articles.PERMISSION),
        "lines": articles.table(),
    }
    return render(request, "authorizations/help.html", context)


@member_may(May.SEE)
@require_safe
def help_platform(request: MemberRequest, key: str) -> HttpResponse:
    """Show what to prepare for one platform, what is asked, and how to disconnect."""
    try:
        platform = registry.get(key)
    except UnknownPlatform:
        raise Http404("No such platform.") from None
    context = {
        "article": articles.article(platform),
        "platform": platform,
        "may_authorize": request.membership.may(May.AUTHORIZE),
    }
    return render(request, "authorizations/help_platform.html", context)
