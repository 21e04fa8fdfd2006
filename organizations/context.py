"""What every page's frame shows: the organization, the role, the other organizations."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def organization(request: HttpRequest) -> dict[str, Any]:
    """Give templates `organization`, `membership`, `memberships`; None where nobody signed in."""
    membership = getattr(request, "membership", None)
    return {
        "organization": membership.organization if membership else None,
        "membership": membership,
        "memberships": getattr(request, "memberships", []),
    }
