"""The consent popup in a real browser, against the running product and the sandbox."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e


def test_success_the_account_shows_under_its_name(analyst_page: Page, consent, name):
    consent.start(analyst_page, name)
    popup = consent.popup(analyst_page)
    expect(analyst_page.get_by_text("Waiting for approval at")).to_be_visible()
    consent.allow(popup, "Olivia")
    expect(analyst_page.get_by_role("link", name=name)).to_be_visible(timeout=20_000)
    expect(analyst_page.get_by_role("row", name=name)).to_contain_text("Connected")
    assert popup.is_closed() or popup.wait_for_event("close", timeout=10_000) is not None


def test_cancel_keeps_the_window_open_with_the_reason_and_creates_nothing(
    analyst_page: Page, consent, name
):
    consent.start(analyst_page, name)
    popup = consent.popup(analyst_page)
    consent.cancel(popup, "Olivia")
    expect(popup.get_by_text("Nothing was created")).to_be_visible()
    expect(popup.get_by_role("link", name="Try again")).to_be_visible()
    expect(analyst_page.get_by_text("Nothing was created")).to_be_visible(timeout=20_000)
    expect(analyst_page.get_by_role("button", name="Create")).to_be_enabled()
    analyst_page.goto("/authorizations/")
    expect(analyst_page.get_by_role("link", name=name)).to_have_count(0)


def test_blocked_popup_is_said_at_once_and_the_walk_goes_on_in_the_tab(
    analyst_page: Page, consent, name
):
    analyst_page.add_init_script("window.open = () => null")
    consent.start(analyst_page, name)
    analyst_page.get_by_role("button", name="Create").click()
    expect(analyst_page.get_by_text("Your browser blocked the window")).to_be_visible()
    expect(analyst_page.get_by_role("button", name="Copy link")).to_be_visible()
    analyst_page.get_by_role("button", name="Continue in this tab").click()
    consent.allow(analyst_page, "Olivia")
    expect(analyst_page.get_by_role("link", name=name)).to_be_visible(timeout=20_000)


def test_wrong_role_is_kept_and_says_what_is_missing(analyst_page: Page, consent, name):
    consent.start(analyst_page, name)
    popup = consent.popup(analyst_page)
    consent.allow(popup, "Rita")
    expect(popup.get_by_role("heading", name="Missing permission")).to_be_visible(timeout=20_000)
    analyst_page.goto("/authorizations/")
    expect(analyst_page.get_by_role("row", name=name)).to_contain_text("Missing permission")


def test_a_taken_name_is_said_before_anything_opens(analyst_page: Page, consent, name):
    consent.start(analyst_page, name)
    popup = consent.popup(analyst_page)
    consent.allow(popup, "Olivia")
    expect(analyst_page.get_by_role("link", name=name)).to_be_visible(timeout=20_000)
    consent.start(analyst_page, name.upper())
    expect(analyst_page.get_by_text(re.compile("Choose another name"))).to_be_visible()
    pages = len(analyst_page.context.pages)
    analyst_page.get_by_role("button", name="Create").click()
    analyst_page.wait_for_timeout(500)
    assert len(analyst_page.context.pages) == pages


def test_without_javascript_the_same_form_walks_through_in_the_tab(
    page_without_scripts: Page, consent, name
):
    consent.start(page_without_scripts, name)
    page_without_scripts.get_by_role("button", name="Create").click()
    consent.allow(page_without_scripts, "Olivia")
    expect(page_without_scripts.get_by_role("link", name=name)).to_be_visible(timeout=20_000)
