"""Tests that drive a browser: Debian's Chromium, never one that playwright downloads."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from infosum_auth.demo import Demo, running

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
REQUIRED = bool(os.environ.get("E2E_REQUIRED") or os.environ.get("CI"))

PASSWORD = "demo-password-1"
PLATFORM = "Snapchat"


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


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """The whole product on free ports, with a sandbox of its own."""
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def base_url(demo) -> str:
    return demo.url


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"Account {secrets.token_hex(4)}"


@pytest.fixture
def analyst_page(browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url)
    yield sign_in(context.new_page(), "analyst@acme.example")
    context.close()


@pytest.fixture
def creator_page(browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url)
    yield sign_in(context.new_page(), "creator@acme.example")
    context.close()


@pytest.fixture
def page_without_scripts(browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    yield sign_in(context.new_page(), "analyst@acme.example")
    context.close()


def sign_in(page: Page, email: str) -> Page:
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Destinations").wait_for()
    return page


class Consent:
    """What a person does at "New authorization" and at the platform's consent screen."""

    def start(self, page: Page, name: str) -> None:
        page.goto("/destinations/")
        page.locator("main").get_by_role("link", name="Authorizations").click()
        page.get_by_role("link", name="New authorization").first.click()
        page.get_by_label("Name").fill(name)
        page.get_by_label("Name").blur()
        page.get_by_label(PLATFORM).check()

    def popup(self, page: Page) -> Page:
        with page.expect_popup() as opened:
            page.get_by_role("button", name="Create").click()
        return opened.value

    def allow(self, page: Page, person: str) -> None:
        self._log_in(page, person)
        page.get_by_role("button", name="Allow").click()

    def cancel(self, page: Page, person: str) -> None:
        self._log_in(page, person)
        page.get_by_role("button", name="Cancel").click()

    def _log_in(self, page: Page, person: str) -> None:
        page.get_by_role("button", name=person).click()


@pytest.fixture
def consent() -> Consent:
    return Consent()
