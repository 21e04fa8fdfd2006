"""Tests that drive a browser: Debian's Chromium, never one that playwright downloads."""

import os
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
REQUIRED = bool(os.environ.get("E2E_REQUIRED") or os.environ.get("CI"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; skip them where no browser is found and none is required."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        item.add_marker(pytest.mark.e2e)
        if CHROMIUM is None and not REQUIRED:
            item.add_marker(pytest.mark.skip(reason=f"no Chromium, so nobody tried: {item.name}"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    if CHROMIUM is None:
        pytest.fail("End-to-end tests are required here, but no chromium is on the PATH.")
    flags = [
        # Chromium's own errands outside; there is nobody to answer.
        "--disable-quic",
        "--disable-background-networking",
        "--no-first-run",
        "--disable-component-update",
        "--disable-sync",
    ]
    if os.geteuid() == 0:
        # Its sandbox refuses root.
        flags.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": flags}


@pytest.fixture(autouse=True)
def _orm_beside_the_browser(monkeypatch):
    """Let a test ask the database: playwright keeps an event loop open in the same thread."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
