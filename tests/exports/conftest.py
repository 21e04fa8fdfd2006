import pytest
from django.urls import reverse

from authorizations.models import Authorization
from destinations.models import Destination
from tests.exports.sample_servers import SampleServers
from tests.factories import authorized, destined
from tests.sample_platform import grants


@pytest.fixture(autouse=True)
def staging_folder(settings, tmp_path):
    """Keep sealed files of a test to itself."""
    settings.STAGING_DIR = str(tmp_path / "staging")
    return tmp_path / "staging"


@pytest.fixture
def authorization(acme, analyst, sample_platform) -> Authorization:
    return authorized(acme, analyst)


@pytest.fixture
def destination(authorization, creator) -> Destination:
    return destined(authorization, creator)


@pytest.fixture
def servers(sample_platform, network) -> SampleServers:
    """The platform, holding no audience yet; a token can be renewed."""
    grants(network)
    found = SampleServers()
    found.listen(network)
    return found


@pytest.fixture
def address(destination) -> str:
    """Return where a file is uploaded to."""
    return reverse("exports:new", args=[destination.pk])
