"""Addresses of signing in and of organizations."""

from django.urls import path

from organizations import views

app_name = "organizations"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("organizations/switch/", views.switch, name="switch"),
    path("members/", views.members, name="members"),
    path("audit-log/", views.audit_log, name="audit_log"),
]
