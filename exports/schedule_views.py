"""A destination's schedule: saved by a file that was looked at, changed, paused, run now."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from exports import schedule_runs, schedules, services, staging, tasks
from exports.draft_form import start_form
from exports.models import Export
from exports.schedule_forms import ScheduleEditForm, ScheduleForm
from exports.schedule_models import RunState, Schedule
from exports.states import ExportState, Mode
from organizations.access import member_may
from organizations.hints import hint
from organizations.requests import MemberRequest
from organizations.roles import May


@member_may(May.DELIVER, of=Export)
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: MemberRequest, row: Export) -> HttpResponse:
    """Save a schedule by a draft that came from an address; the draft is destroyed."""
    if row.state != ExportState.DRAFT or not row.address:
        raise Http404
    shape = services.shape_of(row, staging.file_key(row))
    columns = start_form(row, shape, request.POST or None)
    when = ScheduleForm(request.POST or None, time_zone=request.user.time_zone)
    if request.method == "POST" and columns.is_valid():
        # A schedule goes by the columns' names, wherever they stand next time.
        columns.refuse_names_that_repeat(shape.column_names)
    if request.method == "POST" and columns.is_valid() and when.is_valid():
        wish = schedules.Wish(row.address, Mode(columns.cleaned_data["mode"]), when.recurrence())
        schedules.schedule_create(
            draft=row,
            by=request.user,
            wish=wish,
            columns=columns.columns(),
            taking=columns.taking(),
        )
        services.draft_discard(export=row)
        messages.success(request, "The schedule is saved. Nothing was sent yet.")
        return redirect("destinations:detail", pk=row.destination_id)
    context = {"row": row, "form": columns, "when": when}
    status = 422 if request.method == "POST" else 200
    return render(request, "exports/schedule_save.html", context, status=status)


@member_may(May.DELIVER, of=Schedule)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: MemberRequest, row: Schedule) -> HttpResponse:
    """Change when a schedule is due, and what is done."""
    form = ScheduleEditForm.of(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        schedules.schedule_update(schedule=row, by=request.user, wish=form.wish())
        messages.success(request, "Saved. From now on it runs in your name.")
        return redirect("destinations:detail", pk=row.destination_id)
    status = 422 if request.method == "POST" else 200
    return render(request, "exports/schedule_edit.html", {"row": row, "form": form}, status=status)


@member_may(May.DELIVER, of=Schedule)
@require_POST
def run_now(request: MemberRequest, row: Schedule) -> HttpResponse:
    """Run it at once, besides its times."""
    run = schedule_runs.run_now(schedule=row, by=request.user)
    if run.state == RunState.SKIPPED:
        messages.error(request, f"Nothing was started. {run.reason}")
    else:
        hint(tasks.fetch, run.organization_id, run.pk)
        messages.success(request, "The file is fetched; its export starts by itself.")
    return redirect("destinations:detail", pk=row.destination_id)


@member_may(May.DELIVER, of=Schedule)
@require_POST
def pause(request: MemberRequest, row: Schedule) -> HttpResponse:
    """Let it not run until it is resumed."""
    schedules.schedule_pause(schedule=row, by=request.user)
    return redirect("destinations:detail", pk=row.destination_id)


@member_may(May.DELIVER, of=Schedule)
@require_POST
def resume(request: MemberRequest, row: Schedule) -> HttpResponse:
    """Let it run from its next time on."""
    schedules.schedule_resume(schedule=row, by=request.user)
    return redirect("destinations:detail", pk=row.destination_id)


@member_may(May.DELIVER, of=Schedule)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: MemberRequest, row: Schedule) -> HttpResponse:
    """Say what deleting means, then forget it; what came of it stays."""
    if request.method != "POST":
        context = {"row": row, "is_fetching": row.runs.filter(state=RunState.FETCHING).exists()}
        return render(request, "exports/schedule_delete.html", context)
    destination_id = row.destination_id
    schedules.schedule_delete(schedule=row, by=request.user)
    messages.success(request, "The schedule was deleted. Its exports stay.")
    return redirect("destinations:detail", pk=destination_id)
