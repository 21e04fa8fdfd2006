"""Which addresses a person may be led on to: those of this site, as a path."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

_SAFE_METHODS = ("GET", "HEAD")


def own_address(address: str) -> str:
    """Return an address that begins with "/" and stays on this site, or nothing."""
    is_own = address.startswith("/") and url_has_allowed_host_and_scheme(address, None)
    return address if is_own else ""


def way_back(request: HttpRequest) -> str:
    """Return where a person goes on who has to sign in first.

    What only takes a press of a button cannot be gone to, so they get the page that held the
    button, or the landing page where the browser does not name it.
    """
    if request.method in _SAFE_METHODS:
        return request.get_full_path()
    return _page_before(request) or reverse("destinations:list")


def _page_before(request: HttpRequest) -> str:
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    # A form at this very address, as a rule.
    if before.netloc != request.get_host():
        return ""
    return own_address(before._replace(scheme="", netloc="").geturl())
