"""The room's configuration."""

from django.apps import AppConfig


class AuthorizationsConfig(AppConfig):
    """Authorizations."""

    name = "authorizations"
