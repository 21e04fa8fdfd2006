"""The room's configuration."""

from django.apps import AppConfig


class DestinationsConfig(AppConfig):
    """Destinations."""

    name = "destinations"

    def ready(self) -> None:
        """Say in the room below which destinations use an authorization."""
        from authorizations import usage
        from destinations.listing import users_of_authorizations

        usage.register(users_of_authorizations)
