from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.template import Template
from django.utils import timezone

from authorizations.models import Authorization
from destinations import extensions
from destinations.extensions import LastDelivery, Panel
from destinations.models import Destination
from providers.platform import Platform
from providers.registry import registry
from providers.values import AdAccount, Verdict
from tests.factories import authorized, destined
from tests.sample_platform import BASE, SamplePlatform, knows


@pytest.fixture
def authorization(acme, analyst, sample_platform) -> Authorization:
    """Three ad accounts, one of them without permission; authorized by an analyst."""
    accounts = [
        AdAccount("a1", "Acme UK", verdict=Verdict.SUFFICIENT),
        AdAccount("a2", "Acme DE", verdict=Verdict.UNVERIFIED),
        AdAccount("a3", "Acme FR", verdict=Verdict.INSUFFICIENT, reason="needs Sample Editor"),
    ]
    return authorized(acme, analyst, accounts=accounts)


@pytest.fixture
def destination(authorization, creator) -> Destination:
    return destined(authorization, creator)


@dataclass
class SampleRoom:
    """A room above, as `destinations.extensions` asks it."""

    busy: str = ""
    work: dict = field(default_factory=dict)
    told: list[Destination] = field(default_factory=list)

    def last_deliveries(self, ids):
        return {each: LastDelivery("Succeeded", "good", timezone.now(), "/last/") for each in ids}

    def panel(self, destination):
        return Panel(Template("Panel of {{ panel.name }}"), {"name": destination.name})

    def why_busy(self, destination):
        return self.busy

    def under_way(self, ids):
        return {each: self.work[each] for each in ids if each in self.work}

    def deleted(self, destination):
        """Nothing is kept for it here."""

    def resumed(self, destination):
        self.told.append(destination)


@pytest.fixture
def room() -> Iterator[SampleRoom]:
    """Stand above destinations alone, for one test."""
    others, extensions._extensions[:] = list(extensions._extensions), []
    sample = SampleRoom()
    extensions.register(sample)
    yield sample
    extensions._extensions[:] = others


@pytest.fixture
def platform(sample_platform, network) -> SamplePlatform:
    """Let the platform know both usable ad accounts, and no audience yet."""
    knows(
        network,
        accounts=[{"id": "a1", "name": "Acme UK"}, {"id": "a2", "name": "Acme DE"}],
    )
    holds(network)
    return sample_platform


@pytest.fixture
def second_platform(sample_platform, settings) -> Platform:
    """Set up another platform, so that there is one to choose."""
    other = next(each for each in registry if each is not sample_platform)
    prefix = f"PLATFORM_{other.key.upper()}_"
    settings.PLATFORM_ENVIRONMENT = {
        **settings.PLATFORM_ENVIRONMENT,
        f"{prefix}CLIENT_ID": "client",
        f"{prefix}CLIENT_SECRET": "client-secret-of-the-app",
    }
    return other


def holds(network, *audiences: str) -> None:
    """Let the platform find audiences of these ids under any name."""
    network.upsert("GET", f"{BASE}/audiences", json=[{"id": each} for each in audiences])


def makes(network, id_: str = "au1") -> None:
    """Let the platform create an audience."""
    network.upsert("POST", f"{BASE}/audiences", json={"id": id_})


def asked(network, method: str, path: str) -> int:
    """Count the requests that the platform heard."""
    url = f"{BASE}{path}"
    return sum(
        call.request.method == method and call.request.url.split("?")[0] == url
        for call in network.calls
    )
