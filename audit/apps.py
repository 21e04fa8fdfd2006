"""The room's configuration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit log."""

    name = "audit"
