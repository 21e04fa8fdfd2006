import pytest
from django.urls import reverse

from authorizations.models import Authorization
from destinations.models import Destination
from exports import fetching, pieces
from tests.exports.fetches import PIECE as FETCHED_PIECE
from tests.exports.file_server import FileServer
from tests.exports.made_of_files import destination_at
from tests.exports.piecing import CONTENT, PIECE, Page
from tests.exports.sample_servers import SampleServers
from tests.factories import authorized, destined
from tests.sample_platform import grants
from tests.sandbox.raw_tiktok import RawTikTok


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


@pytest.fixture
def small_pieces(monkeypatch) -> None:
    """Let a file of moderate size come in several pieces."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", PIECE)


@pytest.fixture
def window(client_of, creator, destination) -> Page:
    """Return the page of a creator who chose a file."""
    return Page(client_of(creator), destination, CONTENT)


@pytest.fixture
def server(settings):
    """Return a server of files, the only one from which files may be fetched."""
    found = FileServer()
    settings.INTAKE = found.intake()
    yield found
    found.stop()


@pytest.fixture
def small_fetched_pieces(monkeypatch) -> None:
    """Let a file of moderate size be fetched in several pieces."""
    monkeypatch.setattr(fetching, "PIECE_BYTES", FETCHED_PIECE)


@pytest.fixture
def tiktok(sandbox, settings) -> RawTikTok:
    """The emulated TikTok, set up in the environment; an export is several files there."""
    found = RawTikTok(sandbox)
    settings.PLATFORM_ENVIRONMENT = {
        **settings.PLATFORM_ENVIRONMENT,
        "PLATFORM_TIKTOK_CLIENT_ID": found.app["app_id"],
        "PLATFORM_TIKTOK_CLIENT_SECRET": found.app["secret"],
        "PLATFORM_TIKTOK_BASE_URL": f"{sandbox.url}/tiktok",
    }
    settings.EXPORT_BATCH_ROWS = 700
    sandbox.fault("tiktok", "no_rate_limits", count=None)
    return found


@pytest.fixture
def made_of_files(tiktok, acme, analyst, creator) -> Destination:
    """Return a destination whose audience is made of files."""
    return destination_at(tiktok, acme, analyst, creator)
