"""Erase a person: the page to ask for it, what becomes of it, and the receipt to keep."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from exports import erasures
from exports.erasure_models import Erasure
from exports.of_destinations import tone_of
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May

PER_PAGE = 25
_TONES = {
    erasures.ErasureState.UNDER_WAY: "rest",
    erasures.ErasureState.FAILED: "bad",
    erasures.ErasureState.ERASED: "good",
}


class ErasureForm(forms.Form):
    """Who is to be erased. What is typed is neither stored nor shown again."""

    identifier = forms.CharField(
        label="E-mail, phone or ad id",
        max_length=254,
        help_text="A phone number with its country code, such as +44. A SHA-256 hash is taken too.",
        error_messages={"required": "Type whom to erase."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_identifier(self) -> str:
        """Want something that a platform takes as somebody's identifier."""
        value: str = self.cleaned_data["identifier"]
        if not erasures.is_identifier(value):
            raise forms.ValidationError("This is no e-mail address, phone number or ad id.")
        return value


@sensitive_post_parameters("identifier")
@member_may(May.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def erasure_list(request: MemberRequest) -> HttpResponse:
    """Show what was erased, and take whom to erase."""
    form = ErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = erasures.erasure_request(
            organization_id=request.membership.organization_id,
            by=request.user,
            value=form.cleaned_data["identifier"],
        )
        messages.success(request, f"{made.masked} is being erased.")
        return redirect("exports:erasure", pk=made.pk)
    rows = Erasure.objects.select_related("requested_by").order_by("-requested_at", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    lines = [(row, *_said(row)) for row in page.object_list]
    context = {"form": form, "page_obj": page, "lines": lines}
    return render(request, "exports/erasures.html", context, status=422 if form.is_bound else 200)


@member_may(May.ADMINISTER, of=Erasure)
@require_safe
def erasure(request: MemberRequest, row: Erasure) -> HttpResponse:
    """Show how far an erasure is, audience by audience."""
    lines = [(line, tone_of(line.export)) for line in erasures.lines_of(row)]
    words, tone = _said(row)
    context = {"row": row, "lines": lines, "words": words, "tone": tone}
    return render(request, "exports/erasure.html", context)


@member_may(May.ADMINISTER, of=Erasure)
@require_safe
def erasure_receipt(request: MemberRequest, row: Erasure) -> HttpResponse:
    """Give the receipt of an erasure as a file."""
    response = JsonResponse(erasures.receipt_of(row), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="erasure-{row.pk}.json"'
    return response


def _said(row: Erasure) -> tuple[str, str]:
    """Return the words and the tone of how far an erasure is."""
    state = erasures.state_of(row)
    return state.value, _TONES[state]
