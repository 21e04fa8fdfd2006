"""The room's configuration."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """Exports."""

    name = "exports"

    def ready(self) -> None:
        """Say in the room below what was exported to a destination."""
        from destinations import extensions
        from exports.of_destinations import ExportsOfDestinations
        from exports.schedules_of_destinations import SchedulesOfDestinations

        extensions.register(ExportsOfDestinations())
        extensions.register(SchedulesOfDestinations())
