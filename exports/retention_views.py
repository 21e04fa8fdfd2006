"""The organization's settings: how long is kept what it sent."""

from __future__ import annotations

from django.contrib import messages
from django.forms import ModelForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from exports.retention import retention_change, retention_of
from exports.retention_models import Retention
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May


class RetentionForm(ModelForm):  # type: ignore[type-arg]
    """Two times in days."""

    class Meta:
        model = Retention
        fields = ("files_days", "sets_days")


@member_may(May.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: MemberRequest) -> HttpResponse:
    """Show and change how long files are kept."""
    row = retention_of(request.membership.organization_id)
    form = RetentionForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        retention_change(chosen=form.save(commit=False), by=request.user)
        messages.success(request, "Saved. It holds for what lies there already, too.")
        return redirect("exports:settings")
    status = 422 if form.is_bound else 200
    return render(request, "exports/settings.html", {"form": form}, status=status)
