"""Who we are at each platform, by the environment; which platforms can be used at all."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from providers.app import App, NotConfigured, app_from
from providers.platform import Platform
from providers.registry import registry


def app_for(key: str) -> App:
    """Return our application at a platform, or raise NotConfigured."""
    return app_from(settings.PLATFORM_ENVIRONMENT, key)


def is_configured(key: str) -> bool:
    """Say whether the environment holds what the platform needs."""
    try:
        app_for(key)
    except NotConfigured:
        return False
    return True


def configured() -> list[Platform]:
    """Return the platforms that an authorization can be made for."""
    return [platform for platform in registry if is_configured(platform.key)]


def redirect_uri(key: str) -> str:
    """Return the exact address to which a platform sends people back: no query, no variable part.

    Each platform has its own, so an answer that arrives at another's is refused.
    """
    path = reverse("authorizations:callback", args=[key])
    return f"{settings.PUBLIC_URL}{path}"
