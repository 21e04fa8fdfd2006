"""Addresses of destinations."""

from django.urls import path

from destinations import connection_views, reconnection_views, views

app_name = "destinations"
urlpatterns = [
    path("", views.destination_list, name="list"),
    path("new/", views.new, name="new"),
    path("reconnect/", reconnection_views.reconnect, name="reconnect"),
    path("new/test/", connection_views.test_new, name="test_new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/pause/", views.pause, name="pause"),
    path("<uuid:pk>/resume/", views.resume, name="resume"),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
    path("<uuid:pk>/audience-absent/", views.confirm_absent, name="confirm_absent"),
    path("<uuid:pk>/test/", connection_views.test_connection, name="test"),
    path("<uuid:pk>/edit/test/", connection_views.test_edit, name="test_edit"),
]
