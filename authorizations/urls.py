"""Addresses of authorizations."""

from django.urls import URLPattern

app_name = "authorizations"
urlpatterns: list[URLPattern] = []
