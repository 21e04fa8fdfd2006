"""How the consent popup ends, in a real browser, against the running product and the sandbox."""

import pkgutil
import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from sandbox import platforms
from tests.e2e.conftest import KEY, WITHOUT_PERMISSION

EMULATED = sorted(module.name for module in pkgutil.iter_modules(platforms.__path__))


def in_list(page: Page, name: str) -> None:
    """Expect to be at the list, the account in it."""
    expect(page.get_by_role("link", name=name)).to_be_visible(timeout=20_000)


def not_in_list(page: Page, name: str) -> None:
    page.goto("/authorizations/")
    expect(page.get_by_role("heading", name="Authorizations")).to_be_visible()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


@pytest.mark.parametrize("key", EMULATED)
def test_success_closes_the_window_and_the_account_shows_under_its_name(
    analyst_page: Page, consent, name, sandbox, key
):
    emulated = sandbox.people()[key]
    popup = consent.begin(analyst_page, name, emulated["label"])
    expect(analyst_page.get_by_role("heading", name="Waiting for approval at")).to_be_visible()
    consent.allow(popup, emulated["people"][0]["name"])
    in_list(analyst_page, name)
    expect(analyst_page.get_by_role("row", name=name)).to_contain_text("Connected")
    expect(analyst_page.get_by_role("status").filter(has_text=name)).to_be_visible()
    assert consent.closes(popup)


def test_cancel_keeps_the_window_open_with_the_reason_and_creates_nothing(
    analyst_page: Page, consent, name
):
    popup = consent.begin(analyst_page, name)
    consent.cancel(popup)
    expect(popup.get_by_text("Nothing was created")).to_be_visible()
    expect(popup.get_by_role("link", name="Try again")).to_be_visible()
    expect(analyst_page.get_by_text("Nothing was created.")).to_be_visible(timeout=20_000)
    expect(analyst_page.get_by_role("button", name="Create")).to_be_enabled()
    button = popup.get_by_role("button", name="Close this window")
    expect(button).to_be_enabled()
    assert not popup.is_closed()
    # The window may be gone before the click's own answer has come back from it.
    with suppress(PlaywrightError):
        button.click()
    assert consent.closes(popup)
    not_in_list(analyst_page, name)


def test_missing_permission_keeps_the_window_open_with_the_reason_and_the_next_step(
    analyst_page: Page, consent, name
):
    popup = consent.begin(analyst_page, name)
    consent.allow(popup, WITHOUT_PERMISSION)
    expect(popup.get_by_role("heading", name="Missing permission")).to_be_visible(timeout=20_000)
    expect(popup.get_by_text("No ad account grants the permission needed")).to_be_visible()
    expect(popup.get_by_role("link", name="(opens a new tab)")).to_be_visible()
    # Where the page behind went, the account can be mended.
    expect(analyst_page.get_by_role("heading", name=name)).to_be_visible(timeout=20_000)
    expect(analyst_page.get_by_role("button", name="Check again")).to_be_visible()
    expect(analyst_page.get_by_text("No ad account grants the permission needed")).to_have_count(1)
    popup.wait_for_timeout(2500)
    assert not popup.is_closed()


def test_a_fault_of_the_platform_keeps_the_window_open_with_the_reason(
    analyst_page: Page, consent, name, sandbox
):
    sandbox.fault(KEY, "token_fail")
    popup = consent.begin(analyst_page, name)
    consent.allow(popup)
    expect(popup.get_by_role("heading", name="did not confirm the approval")).to_be_visible()
    expect(popup.get_by_text(re.compile("Nothing was created.*try again"))).to_be_visible()
    expect(analyst_page.get_by_role("heading", name="did not confirm")).to_be_visible()
    not_in_list(analyst_page, name)


def test_a_slow_platform_shows_checking_with_a_way_out(analyst_page: Page, consent, name, sandbox):
    sandbox.fault(KEY, "slow", seconds=4)
    popup = consent.begin(analyst_page, name)
    consent.allow(popup)
    expect(popup.get_by_role("heading", name="Checking")).to_be_visible()
    expect(popup.get_by_role("button", name="Close this window")).to_be_visible()
    expect(analyst_page.get_by_role("heading", name="Checking")).to_be_visible()
    analyst_page.get_by_role("link", name="Go to the list").click()
    # The check goes on without a page behind; the window stays, with a way on.
    expect(popup.get_by_role("heading", name=name)).to_be_visible(timeout=20_000)
    analyst_page.reload()
    in_list(analyst_page, name)


def test_a_slow_platform_is_said_to_be_slow(analyst_page: Page, consent, name, sandbox):
    sandbox.fault(KEY, "slow", seconds=6)
    popup = consent.begin(analyst_page, name)
    consent.log_in(popup, "Olivia")
    popup.clock.install()
    popup.get_by_role("button", name="Allow").click()
    expect(popup.get_by_role("heading", name="Checking")).to_be_visible()
    popup.clock.fast_forward(20_000)
    expect(popup.get_by_role("status")).to_contain_text("takes long to answer")


def test_a_name_taken_meanwhile_is_saved_with_a_number_and_said(
    analyst_page: Page, page_of, consent, name
):
    other = page_of()
    first, second = consent.begin(analyst_page, name), consent.begin(other, name)
    consent.allow(first)
    in_list(analyst_page, name)
    consent.allow(second)
    in_list(other, f"{name} (2)")
    expect(other.get_by_role("status").filter(has_text="taken meanwhile")).to_be_visible()


def test_a_taken_name_is_said_before_anything_opens(analyst_page: Page, consent, name):
    popup = consent.begin(analyst_page, name)
    consent.allow(popup)
    in_list(analyst_page, name)
    consent.start(analyst_page, name.upper())
    expect(analyst_page.get_by_text("Choose another name")).to_be_visible()
    opened = []
    analyst_page.on("popup", lambda window: opened.append(window.url))
    analyst_page.get_by_role("button", name="Create").click()
    analyst_page.wait_for_timeout(500)
    assert opened == []


def test_what_is_refused_in_the_window_is_said_in_both_and_nothing_is_begun(
    analyst_page: Page, consent, name
):
    popup = consent.begin(analyst_page, name)
    consent.allow(popup)
    in_list(analyst_page, name)
    # Somebody who presses before the check of the name has answered.
    analyst_page.route("**/name-check/**", lambda route: route.abort())
    consent.start(analyst_page, name)
    window = consent.popup(analyst_page)
    expect(window.get_by_role("heading", name="Nothing was begun")).to_be_visible()
    expect(window.get_by_text("Choose another name")).to_be_visible()
    expect(analyst_page.get_by_role("heading", name="Nothing was begun")).to_be_visible()
    expect(analyst_page.get_by_text("Choose another name")).to_be_visible()
    expect(analyst_page.get_by_role("button", name="Create")).to_be_enabled()


def test_reconnecting_goes_through_the_same_window_and_keeps_the_name(
    analyst_page: Page, consent, name
):
    page = analyst_page
    consent.allow(consent.begin(page, name))
    in_list(page, name)
    page.get_by_role("link", name=name).click()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Reconnect").click()
    expect(page.get_by_role("heading", name="Waiting for approval at Snapchat")).to_be_visible()
    # Still logged in there.
    opened.value.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status").filter(has_text=f"{name}: Connected")).to_be_visible(
        timeout=20_000
    )
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert consent.closes(opened.value)


def test_a_replayed_callback_gets_one_calm_page(analyst_page: Page, consent, name):
    popup = consent.begin(analyst_page, name)
    came_back = []
    popup.on("request", lambda request: came_back.append(request.url))
    consent.allow(popup)
    in_list(analyst_page, name)
    (callback,) = [url for url in came_back if "/callback/" in url]
    analyst_page.goto(callback)
    expect(analyst_page.get_by_role("heading", name="cannot be used")).to_be_visible()
    expect(analyst_page.get_by_text("no existing authorization was touched")).to_be_visible()
    analyst_page.goto("/authorizations/")
    expect(analyst_page.get_by_role("row", name=name)).to_have_count(1)
