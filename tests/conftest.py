"""How every test meets the databases, the network and the browser."""

from collections.abc import Generator

import pytest
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

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
