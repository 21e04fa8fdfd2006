"""How every test meets the databases, the network and the browser."""

from collections.abc import Generator

import pytest
from django.db import connections
from django.test.utils import override_settings, setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

from infosum_auth.drill import redis_server

pytest_plugins = ["tests.people", "tests.sample_platform", "tests.sandbox_process"]

# `default` is the application role, which the fence holds; `owner` creates and empties the tables.
BOTH_ROLES = ["default", "owner"]
_TRANSACTIONAL_FIXTURES = {"transactional_db", "live_server"}


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_keepdb: bool,
) -> Generator[None]:
    """Create the test database as its owner, and aim the application role at it.

    pytest-django's own would set up only the aliases that tests name, and the application role
    alone would then silently use the database that it finds.
    """
    verbosity = request.config.option.verbose
    with django_db_blocker.unblock():
        previous = setup_databases(
            verbosity=verbosity, interactive=False, aliases=BOTH_ROLES, keepdb=django_db_keepdb
        )
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            # The application role's connection would keep the database from being dropped.
            connections.close_all()
            teardown_databases(previous, verbosity=verbosity)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every transactional test name both roles: only the owner may empty tables after it."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        given = dict(marker.kwargs) if marker else {}
        fixtures = _TRANSACTIONAL_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if given.get("transaction") or fixtures:
            given.setdefault("databases", BOTH_ROLES)
            item.add_marker(pytest.mark.django_db(**{**given, "transaction": True}), append=False)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their parameter: gzip writes the second into them.

    Two processes that collect the same tests a second apart would not agree on their names.
    """
    return argname if isinstance(val, bytes | bytearray) else None


@pytest.fixture(autouse=True)
def quick_passwords() -> Generator[None]:
    """Hash passwords cheaply: what makes a hash slow is Django's to test."""
    # Not by the fixture `settings`: tests of forms have a parameter of that name.
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Start a Redis server of our own on a free port; tests flush and kill only this one."""
    if not redis_server.is_installed():
        pytest.fail("Tests marked `broker` need redis-server on the PATH.")
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server.url
