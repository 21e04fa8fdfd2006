"""The room's configuration."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """Exports."""

    name = "exports"
