"""Our application at a platform: who we are there and at which address it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from providers.secret import Secret


class NotConfigured(LookupError):
    """The environment does not say who we are at this platform; `missing` names the variables."""

    def __init__(self, key: str, missing: tuple[str, ...]) -> None:
        super().__init__(f"{key}: {', '.join(missing)} not set")
        self.key = key
        self.missing = missing


@dataclass(frozen=True)
class App:
    """Client id and secret, and where the platform's addresses are reached.

    With a `base_url`, the vendor's `https://HOST/path` becomes `BASE_URL/HOST/path`: that is how
    a sandbox stands in for the platform. `extra_scopes` are asked for besides the adapter's: what
    the platform has approved this application for, and others not.
    """

    client_id: str
    client_secret: Secret
    base_url: str = ""
    extra_scopes: tuple[str, ...] = ()

    def address(self, vendor_url: str) -> str:
        """Return where a vendor address is reached, the query untouched."""
        if not self.base_url:
            return vendor_url
        return f"{self.base_url.rstrip('/')}/{vendor_url.removeprefix('https://')}"

    def vendor_address(self, vendor_host: str, url: str) -> str | None:
        """Return an absolute address that the platform gave us in the vendor's own form.

        None where it leads to another host: a paging link is not followed with a token there.
        """
        vendor = f"https://{vendor_host}/"
        for own in (vendor, self.address(vendor)):
            if url.startswith(own):
                return vendor + url.removeprefix(own)
        return None

    @property
    def is_loopback(self) -> bool:
        """Say whether the platform stands on this machine (a sandbox)."""
        return urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def needed_variables(key: str) -> tuple[str, str]:
    """Return the names of what the environment must hold for a platform."""
    prefix = f"PLATFORM_{key.upper()}_"
    return f"{prefix}CLIENT_ID", f"{prefix}CLIENT_SECRET"


def base_url_variable(key: str) -> str:
    """Return the name of what aims a platform's addresses at a sandbox."""
    return f"PLATFORM_{key.upper()}_BASE_URL"


def extra_scopes_variable(key: str) -> str:
    """Return the name of what holds further scopes to ask for, separated by spaces."""
    return f"PLATFORM_{key.upper()}_EXTRA_SCOPES"


def app_from(environment: Mapping[str, str], key: str) -> App:
    """Read what the environment says of us at a platform, or raise NotConfigured."""
    needed = needed_variables(key)
    missing = tuple(name for name in needed if not environment.get(name))
    if missing:
        raise NotConfigured(key, missing)
    return App(
        client_id=environment[needed[0]],
        client_secret=Secret(environment[needed[1]]),
        base_url=environment.get(base_url_variable(key), ""),
        extra_scopes=tuple(environment.get(extra_scopes_variable(key), "").split()),
    )
