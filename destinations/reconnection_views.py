"""The page that gives many destinations another authorization."""

from __future__ import annotations

from collections import Counter

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from destinations.models import Destination
from destinations.reconnection import Outcome, destinations_reconnect, offer_for
from destinations.reconnection_form import ReconnectForm
from destinations.standing import standings
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May

PER_PAGE = 25
_SESSION_KEY = "reconnected"


@member_may(May.DELIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def reconnect(request: MemberRequest) -> HttpResponse:
    """Show all destinations that need reconnection, by platform; give them authorizations."""
    waiting = list(
        Destination.objects.needing_reconnection()
        .select_related("authorization")
        .order_by("platform", "name")
    )
    page = Paginator(waiting, PER_PAGE).get_page(request.GET.get("page"))
    is_answer = request.method == "POST"
    form = ReconnectForm(
        request.POST if is_answer else None,
        # The page that was filled in may have moved meanwhile.
        rows=waiting if is_answer else list(page.object_list),
        totals=Counter(row.platform for row in waiting),
        offer=offer_for(waiting),
    )
    if is_answer and form.is_valid():
        outcome = destinations_reconnect(wishes=form.wishes(waiting), by=request.user)
        _keep(request, outcome)
        return redirect(request.get_full_path())
    context = {
        "page_obj": page,
        "groups": form.groups(standings(form.rows)),
        "total": len(waiting),
        "outcome": request.session.pop(_SESSION_KEY, None),
    }
    return render(request, "destinations/reconnect.html", context, status=422 if is_answer else 200)


def _keep(request: MemberRequest, outcome: Outcome) -> None:
    """Keep what came of it for the page that is shown next."""
    if not outcome.reconnected and not outcome.untouched:
        messages.error(request, "Nothing was chosen, so nothing was changed.")
        return
    request.session[_SESSION_KEY] = {
        "reconnected": [[str(row.pk), row.name] for row in outcome.reconnected],
        "untouched": [[str(row.pk), row.name, why] for row, why in outcome.untouched],
    }
