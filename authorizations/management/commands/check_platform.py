"""Say what is missing here before a real platform can be used, without calling it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from authorizations.platforms import redirect_uri
from providers.app import base_url_variable, needed_variables
from providers.registry import UnknownPlatform, registry


class Command(BaseCommand):
    """Look at the environment only. Ends with 0 where nothing is missing, else with 1."""

    help = __doc__
    # What it says must be readable while the installation is not complete.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the platform's key."""
        parser.add_argument("key", help="as `manage.py platforms` lists it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is there, what is to be registered at the platform, and what is missing."""
        key = options["key"]
        try:
            platform = registry.get(key)
        except UnknownPlatform:
            known = ", ".join(each.key for each in registry)
            raise CommandError(f"No platform has the key {key!r}. Known: {known}.") from None
        self.stdout.write(f"{platform.label}\n\nEnvironment:")
        for name in (*needed_variables(key), base_url_variable(key)):
            is_set = bool(settings.PLATFORM_ENVIRONMENT.get(name))
            self.stdout.write(f"  {name}: {'set' if is_set else 'not set'}")
        self.stdout.write(f"\nRedirect address to register there:\n  {redirect_uri(key)}")
        if platform.approvals:
            self.stdout.write("\nTo register and to ask for there:")
            for sentence in platform.approvals:
                self.stdout.write(f"  - {sentence}")
        self.stdout.write("")
        missing = _missing(key)
        if missing:
            raise CommandError("Not complete:\n" + "\n".join(f"  - {each}" for each in missing))
        self.stdout.write("Nothing is missing here. Whether the platform agrees was not asked.")


def _missing(key: str) -> list[str]:
    """Return a sentence for each thing that keeps the real platform from being used."""
    environment = settings.PLATFORM_ENVIRONMENT
    found = [f"Set {name}." for name in needed_variables(key) if not environment.get(name)]
    if urlsplit(settings.PUBLIC_URL).scheme != "https":
        found.append("PUBLIC_URL is not https, which platforms ask of a redirect address.")
    if environment.get(base_url_variable(key)):
        name = base_url_variable(key)
        found.append(f"{name} is set: calls go to a sandbox. Unset it for the real platform.")
    return found
