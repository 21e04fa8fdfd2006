"""Tests that drive a browser: Debian's Chromium, never one that playwright downloads."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page

from infosum_auth.demo import Demo, running
from tests.sandbox_process import Sandbox

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
REQUIRED = bool(os.environ.get("E2E_REQUIRED") or os.environ.get("CI"))

PASSWORD = "demo-password-1"
ANALYST, CREATOR = "analyst@acme.example", "creator@acme.example"
# The platform of the tests that are about no platform in particular.
KEY, PLATFORM = "snapchat", "Snapchat"
_NUMBERS = count(99_999, -1)
PERSON, WITHOUT_PERMISSION = "Olivia Org-Admin", "Rita Reports"


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
def sandbox(demo) -> Iterator[Sandbox]:
    """The demo's emulated platforms; a fault ends with its test."""
    control = Sandbox(demo.sandbox_url)
    yield control
    for key in control.people():
        control.clear_faults(key)


@pytest.fixture
def name() -> str:
    """A name that no other test uses; the newest is the first of the list, which has pages."""
    return f"Account {next(_NUMBERS)}"


@pytest.fixture(scope="session")
def signed_in_as(browser: Browser, base_url: str) -> Callable[..., dict]:
    """Return what the browser keeps of a person who signed in, once a person."""
    kept: dict[str, dict] = {}

    def state(email: str) -> dict:
        if email not in kept:
            context = browser.new_context(base_url=base_url)
            sign_in(context.new_page(), email)
            kept[email] = context.storage_state()
            context.close()
        return kept[email]

    return state


@pytest.fixture
def page_of(browser: Browser, base_url: str, signed_in_as) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a browser of a signed-in person."""
    contexts = []

    def new(email: str = ANALYST, *, own_session: bool = False, **how) -> Page:
        state = None if own_session else signed_in_as(email)
        context = browser.new_context(base_url=base_url, storage_state=state, **how)
        context.set_default_timeout(12_000)
        contexts.append(context)
        page = context.new_page()
        return sign_in(page, email) if own_session else page

    yield new
    for context in contexts:
        context.close()


@pytest.fixture
def analyst_page(page_of) -> Page:
    return page_of(ANALYST)


@pytest.fixture
def creator_page(page_of) -> Page:
    return page_of(CREATOR)


def sign_in(page: Page, email: str) -> Page:
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Destinations").wait_for()
    return page


class Consent:
    """What a person does at "New authorization" and at the platform's consent screen."""

    def start(self, page: Page, name: str, platform: str = PLATFORM) -> None:
        page.goto("/authorizations/")
        page.get_by_role("link", name="New authorization").first.click()
        # Loaded with its scripts: who is quicker than they goes on in the tab.
        page.wait_for_url("**/authorizations/new/**")
        page.get_by_label("Name").fill(name)
        page.get_by_role("radio", name=platform, exact=True).check()

    def popup(self, page: Page) -> Page:
        with page.expect_popup() as opened:
            page.get_by_role("button", name="Create").click()
        return opened.value

    def begin(self, page: Page, name: str, platform: str = PLATFORM) -> Page:
        """Return the window once it is at the platform."""
        self.start(page, name, platform)
        popup = self.popup(page)
        popup.wait_for_url(re.compile("^http://localhost:"))
        return popup

    def allow(self, page: Page, person: str = PERSON) -> None:
        self.log_in(page, person)
        page.get_by_role("button", name="Allow").click()

    def cancel(self, page: Page, person: str = PERSON) -> None:
        self.log_in(page, person)
        page.get_by_role("button", name="Cancel").click()

    def log_in(self, page: Page, person: str) -> None:
        page.get_by_role("button", name=person).click()

    def closes(self, popup: Page) -> bool:
        """Say whether the window closes by itself within a few seconds."""
        if not popup.is_closed():
            popup.wait_for_event("close", timeout=10_000)
        return True


@pytest.fixture
def consent() -> Consent:
    return Consent()


class Attempts:
    """The demo's attempts, to let their time be over."""

    def __init__(self, demo: Demo) -> None:
        self.url = demo.databases.owner

    def expire(self, name: str) -> None:
        """Move the attempt of a name to the end of its fifteen minutes."""
        with psycopg.connect(self.url) as connection:
            # The fence holds the owner too.
            connection.execute(
                "SELECT set_config('app.organization', id::text, true) "
                "FROM organizations_organization WHERE name = 'Acme'"
            )
            moved = connection.execute(
                "UPDATE authorizations_authorizationattempt SET expires_at = now() WHERE name = %s",
                [name],
            )
        assert moved.rowcount == 1


@pytest.fixture
def attempts(demo) -> Attempts:
    return Attempts(demo)
