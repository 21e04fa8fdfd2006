"""Every adapter of the registry meets its emulator: an adapter is tested by existing."""

import importlib
import logging
from collections.abc import Iterator

import pytest

from providers.app import App
from providers.connection import Connection
from providers.platform import Platform
from providers.registry import Registry
from providers.secret import Secret
from providers.values import Audience
from tests.contract.facts import Facts
from tests.contract.walk import Walk
from tests.sandbox_process import Sandbox


@pytest.fixture(params=[platform.key for platform in Registry()])
def platform(request: pytest.FixtureRequest) -> Platform:
    return Registry().get(request.param)


@pytest.fixture
def facts(platform: Platform) -> Facts:
    try:
        return importlib.import_module(f"tests.contract.platforms.{platform.key}").FACTS
    except ModuleNotFoundError:
        pytest.fail(f"tests/contract/platforms/{platform.key}.py says what {platform.label} does.")


@pytest.fixture
def app(platform: Platform, sandbox: Sandbox) -> App:
    known = sandbox.people().get(platform.key)
    if known is None:
        pytest.fail(f"The sandbox does not emulate {platform.label}.")
    # A test asks faster than the product does; the limits have tests of their own.
    sandbox.fault(platform.key, "no_rate_limits", count=None)
    return App(known["client_id"], Secret(known["client_secret"]), f"{sandbox.url}/{platform.key}")


@pytest.fixture
def secrets(caplog: pytest.LogCaptureFixture) -> Iterator[set[str]]:
    """Every secret that came up in the test; none of them may have been logged at any level."""
    caplog.set_level(logging.DEBUG)
    known: set[str] = set()
    yield known
    logged = "\n".join(
        logging.Formatter("%(message)s").format(record)
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
    )
    assert known, "a walk brings at least the client's secret"
    assert [secret for secret in known if secret in logged] == []


@pytest.fixture
def walk(platform: Platform, app: App, secrets: set[str]) -> Walk:
    return Walk(platform, app, secrets)


@pytest.fixture
def connection(walk: Walk, facts: Facts) -> Connection:
    """The way of somebody who may write audiences."""
    return walk.connect(walk.grant(facts.writer).tokens)


@pytest.fixture
def audience(platform: Platform, connection: Connection, facts: Facts) -> Audience:
    request = platform.audience_request(facts.ad_account, facts.settings)
    return platform.create_audience(connection, request)
