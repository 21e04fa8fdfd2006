"""The room's configuration."""

from django.apps import AppConfig


class DestinationsConfig(AppConfig):
    """Destinations."""

    name = "destinations"
