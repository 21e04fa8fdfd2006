"""The room's configuration, and the application role's rights."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate

# Rows of these may be added and read, never changed: not even by a bug.
APPEND_ONLY = ("audit_entry",)


class OrganizationsConfig(AppConfig):
    """Organizations; grants rights after each migration."""

    name = "organizations"

    def ready(self) -> None:
        """Connect the grants."""
        post_migrate.connect(grant_rights, sender=self)


def grant_rights(*, using: str, **kwargs: Any) -> None:
    """Let the application role read and write rows; it owns nothing and changes no table."""
    role = settings.DATABASES["default"].get("USER")
    owner = connections[using].settings_dict.get("USER")
    if not role or role == owner:
        return
    with connections[using].cursor() as cursor:
        quoted = connections[using].ops.quote_name(role)
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}"
        )
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
        for table in APPEND_ONLY:
            cursor.execute(f"REVOKE UPDATE, DELETE ON {table} FROM {quoted}")
