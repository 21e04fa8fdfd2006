"""Say on each request who asks, as a member of what, and in which time zone."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from organizations import fence
from organizations.models import Membership
from organizations.time_zones import time_zones

SESSION_KEY = "organization"


def current_person(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set `request.membership` (or None) and `request.memberships` for a signed-in person."""

    def middleware(request: HttpRequest) -> HttpResponse:
        memberships: list[Membership] = []
        zone = None
        if request.user.is_authenticated:
            with fence.as_person(request.user.id):
                memberships = list(
                    Membership.objects.filter(person_id=request.user.id)
                    .select_related("organization")
                    .order_by("organization__name")
                )
            if request.user.time_zone in time_zones():
                zone = ZoneInfo(request.user.time_zone)
        chosen = request.session.get(SESSION_KEY)
        acting = next((m for m in memberships if str(m.organization_id) == chosen), None)
        request.memberships = memberships  # type: ignore[attr-defined]  # read as MemberRequest
        request.membership = acting or next(iter(memberships), None)  # type: ignore[attr-defined]
        with timezone.override(zone):
            return get_response(request)

    return middleware
