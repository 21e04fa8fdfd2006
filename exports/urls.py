"""Addresses of exports."""

from django.urls import path

from exports import (
    draft_views,
    erasure_views,
    fetch_views,
    retention_views,
    schedule_views,
    upload_views,
    views,
)

app_name = "exports"
urlpatterns = [
    path("", views.export_list, name="list"),
    path("to/<uuid:pk>/", draft_views.new, name="new"),
    path("to/<uuid:pk>/uploads/", upload_views.begin, name="upload_begin"),
    path("to/<uuid:pk>/fetch/", fetch_views.begin, name="fetch_begin"),
    path("fetches/<uuid:pk>/", fetch_views.detail, name="fetch"),
    path("fetches/<uuid:pk>/progress/", fetch_views.progress, name="fetch_progress"),
    path("fetches/<uuid:pk>/again/", fetch_views.again, name="fetch_again"),
    path("fetches/<uuid:pk>/discard/", fetch_views.discard, name="fetch_discard"),
    path("uploads/<uuid:pk>/", upload_views.upload_pieces, name="upload_pieces"),
    path("uploads/<uuid:pk>/complete/", upload_views.upload_complete, name="upload_complete"),
    path("uploads/<uuid:pk>/discard/", upload_views.upload_discard, name="upload_discard"),
    path("settings/", retention_views.settings_page, name="settings"),
    path("erasures/", erasure_views.erasure_list, name="erasures"),
    path("erasures/<uuid:pk>/", erasure_views.erasure, name="erasure"),
    path("erasures/<uuid:pk>/receipt/", erasure_views.erasure_receipt, name="erasure_receipt"),
    path("schedules/<uuid:pk>/edit/", schedule_views.edit, name="schedule_edit"),
    path("schedules/<uuid:pk>/run-now/", schedule_views.run_now, name="schedule_run_now"),
    path("schedules/<uuid:pk>/pause/", schedule_views.pause, name="schedule_pause"),
    path("schedules/<uuid:pk>/resume/", schedule_views.resume, name="schedule_resume"),
    path("schedules/<uuid:pk>/delete/", schedule_views.delete, name="schedule_delete"),
    path("<uuid:pk>/schedule/", schedule_views.save, name="schedule_save"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/start/", draft_views.start, name="start"),
    path("<uuid:pk>/check/", draft_views.check_progress, name="check_progress"),
    path("<uuid:pk>/discard/", draft_views.discard, name="discard"),
    path("<uuid:pk>/progress/", views.progress, name="progress"),
    path("<uuid:pk>/rejects/", views.rejects, name="rejects"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/go-on/", views.go_on, name="go_on"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
]
