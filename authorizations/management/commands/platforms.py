"""Print the table of platforms and the permission that each needs."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from authorizations import articles
from authorizations.articles import Line


class Command(BaseCommand):
    """Print what the help page shows, made from the registry."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the output."""
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line a platform."""
        lines = articles.table()
        if options["json"]:
            told = [_as_data(line) for line in lines]
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
            return
        self.stdout.write(f"{articles.TITLE}\n\n")
        header = ("Key", articles.DESTINATION, "Here", articles.PERMISSION)
        rows = [header, *(_as_text(line) for line in lines)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = zip(row, widths, strict=True)
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in cells).rstrip())


def _as_text(line: Line) -> tuple[str, str, str, str]:
    platform = line.platform
    needed = platform.permission
    return (
        platform.key,
        platform.label,
        "set up" if line.is_set_up else "not set up",
        f"{needed.text}. See {needed.help_label}: {needed.help_url}",
    )


def _as_data(line: Line) -> dict[str, Any]:
    platform = line.platform
    needed = platform.permission
    return {
        "key": platform.key,
        "destination": platform.label,
        "permission": needed.text,
        "help_label": needed.help_label,
        "help_url": needed.help_url,
        "is_set_up": line.is_set_up,
    }
