"""Addresses of authorizations."""

from django.urls import path

from authorizations import attempt_views, consent_views, decision_views, help_views, views

app_name = "authorizations"
urlpatterns = [
    path("", views.authorization_list, name="list"),
    path("new/", consent_views.new, name="new"),
    path("name-check/", views.name_check, name="name_check"),
    path("help/", help_views.platforms_help, name="help"),
    path("help/<slug:key>/", help_views.help_platform, name="help_platform"),
    path("callback/<slug:platform>/", consent_views.callback, name="callback"),
    path("attempts/<uuid:pk>/", attempt_views.attempt_state, name="attempt_state"),
    path("attempts/<uuid:pk>/go/", attempt_views.go, name="attempt_go"),
    path("attempts/<uuid:pk>/stop/", attempt_views.attempt_stop, name="attempt_stop"),
    path("attempts/<uuid:pk>/result/", attempt_views.attempt_result, name="attempt_result"),
    path("attempts/<uuid:pk>/decide/", decision_views.decide, name="decide"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/rename/", views.rename, name="rename"),
    path("<uuid:pk>/remove/", views.remove, name="remove"),
    path("<uuid:pk>/reconnect/", consent_views.reconnect, name="reconnect"),
    path("<uuid:pk>/ad-accounts/", views.check_ad_accounts, name="check_ad_accounts"),
]
