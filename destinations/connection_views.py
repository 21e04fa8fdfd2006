"""Testing the connection: of a destination, and of a form that is not saved yet."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from destinations import drafts
from destinations.audiences import Target
from destinations.connection import NotConnected, destination_test, target_test
from destinations.forms import DestinationForm
from destinations.models import Destination
from destinations.views import form_page, form_url, must_be_changeable
from organizations import fence
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May


@member_may(May.DELIVER, of=Destination, fenced=False)
@require_POST
def test_connection(request: MemberRequest, row: Destination) -> HttpResponse:
    """Ask the platform whether an export would get through, without sending anything."""
    must_be_changeable(row)
    _tell(request, lambda: destination_test(destination=row, by=request.user))
    return redirect("destinations:detail", pk=row.pk)


@member_may(May.DELIVER, fenced=False)
@require_POST
def test_new(request: MemberRequest) -> HttpResponse:
    """Ask the platform about a destination before it is created."""
    return _test_form(request, None)


@member_may(May.DELIVER, of=Destination, fenced=False)
@require_POST
def test_edit(request: MemberRequest, row: Destination) -> HttpResponse:
    """Ask the platform about a change before it is saved."""
    must_be_changeable(row)
    return _test_form(request, row)


def _test_form(request: MemberRequest, row: Destination | None) -> HttpResponse:
    with fence.inside(request.organization.id):
        form = DestinationForm(request.POST, instance=row)
        if not form.is_valid() or form.chosen is None:
            return form_page(request, form, status=422)
        filled = form.filled()
    target = Target(
        authorization_id=filled.authorization.pk,
        platform=form.chosen,
        ad_account_id=filled.ad_account.platform_id,
        settings=filled.settings,
        identifiers=tuple(filled.identifiers),
    )
    _tell(
        request,
        lambda: target_test(
            organization_id=request.organization.id, target=target, by=request.user
        ),
    )
    return redirect(f"{form_url(row)}?draft={drafts.keep(request)}")


def _tell(request: MemberRequest, ask: Callable[[], str]) -> None:
    try:
        messages.success(request, ask())
    except NotConnected as error:
        messages.error(request, f"Not connected. {error}")
