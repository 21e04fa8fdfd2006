"""Give the tests a real PostgreSQL before Django's settings are read.

Loaded by `-p` in pyproject.toml: pytest-django reads the settings before any conftest.py.
"""

import atexit
import os
import signal
from collections.abc import Generator

import pytest

from infosum_auth.databases import PartialDatabasesError, resolve_databases
from infosum_auth.generated_secrets import application_secrets
from infosum_auth.postgres_binaries import NoPostgresError
from infosum_auth.private_postgres import start_throwaway

_OURS = "TEST_DATABASES_ARE_OURS"


# A wrapper runs before every other implementation, pytest-django's among them.
@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    options = early_config.known_args_namespace
    if not (options.help or options.version):
        try:
            prepare_environment()
        except (PartialDatabasesError, NoPostgresError) as error:
            raise pytest.UsageError(str(error)) from None
    return (yield)


def prepare_environment() -> None:
    """Set what the settings need and nobody has set: databases, and secrets for this run."""
    for name, value in application_secrets().items():
        os.environ.setdefault(name, value)
    is_given = resolve_databases(os.environ) is not None and _OURS not in os.environ
    if not is_given:
        # A terminated run then ends like an interrupted one and leaves no server behind.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        server = start_throwaway()
        atexit.register(server.remove)
        # Processes that share the work inherit this, and start servers of their own.
        os.environ.update(server.databases.environment(), **{_OURS: "1"})
