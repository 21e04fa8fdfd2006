"""The main job in a browser: an authorization by its name, a destination, an export to its end."""

import re
import secrets
from pathlib import Path

from playwright.sync_api import Page, expect

from providers.registry import registry
from tests.e2e.conftest import ANALYST, KEY, PLATFORM
from tests.e2e.test_popup import in_list

# Slow enough for a bar to be seen, on a file that is made at once.
BYTES_A_SECOND = 100_000


def authorized(page_of, consent, name: str) -> None:
    """Let the analyst authorize an account; the creator never visits the platform."""
    page = page_of(ANALYST)
    consent.allow(consent.begin(page, name))
    in_list(page, name)


def fill_in(page: Page, authorization: str, name: str) -> None:
    """Fill in a destination up to the platform's own form."""
    page.goto("/destinations/new/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Platform").select_option(PLATFORM)
    option = page.get_by_label("Authorization", exact=True).get_by_text(authorization)
    page.get_by_label("Authorization", exact=True).select_option(option.get_attribute("value"))
    accounts = page.get_by_label("Ad account", exact=True)
    expect(accounts.locator("option:not([value=''])").first).to_be_attached()
    value = accounts.locator("option:not([value='']):not([disabled])").first.get_attribute("value")
    accounts.select_option(value)
    for field in registry.get(KEY).destination_fields:
        if field.example:
            page.get_by_label(field.label, exact=True).fill(field.example)


def audience(folder: Path, rows: int) -> Path:
    path = folder / f"buyers-{secrets.token_hex(3)}.csv"
    lines = ["email", *(f"person{number}@example.com" for number in range(rows)), "not an address"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_each_choice_loads_the_choices_that_hang_on_it_and_loses_nothing(
    page_of, creator_page: Page, consent, name
):
    authorized(page_of, consent, name)
    page = creator_page
    page.goto("/destinations/new/")
    page.get_by_label("Name", exact=True).fill("Loyal customers")
    expect(page.get_by_label("Authorization", exact=True)).to_have_count(0)
    page.get_by_label("Platform").select_option(PLATFORM)
    authorizations = page.get_by_label("Authorization", exact=True)
    expect(authorizations).to_contain_text(name)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Loyal customers")
    # Whoever works by keyboard goes on where they were.
    expect(page.get_by_label("Platform")).to_be_focused()
    chosen = authorizations.get_by_text(name).get_attribute("value")
    authorizations.select_option(chosen)
    accounts = page.get_by_label("Ad account", exact=True).locator("option:not([value=''])")
    expect(accounts.first).to_be_attached()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Loyal customers")
    expect(page.get_by_label("Authorization", exact=True)).to_have_value(chosen)
    # The button that does it without a script is in nobody's way.
    expect(page.get_by_role("button", name="Refresh the choices")).to_have_attribute(
        "tabindex", "-1"
    )


def test_from_a_named_authorization_to_an_export_that_succeeds_before_the_creators_eyes(
    page_of, creator_page: Page, consent, name, tmp_path, sandbox
):
    authorized(page_of, consent, name)
    page = creator_page
    fill_in(page, name, f"Buyers of {name}")
    page.get_by_role("button", name="Create destination").click()
    expect(page.get_by_text("is ready for its first export")).to_be_visible()

    page.get_by_role("link", name="New export").first.click()
    page.get_by_label("File").set_input_files(audience(tmp_path, 20_000))
    browser = page.context.new_cdp_session(page)
    browser.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    browser.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": BYTES_A_SECOND})
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
    expect(page.get_by_text(re.compile(r" of .*B \(\d+ %\)"))).to_be_visible()
    browser.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})

    expect(page.get_by_role("table", name="Columns of the file")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Check").click()
    # Without reloading, once a worker has read the file.
    checked = page.get_by_role("region", name="Check")
    expect(checked.get_by_text("Nothing was sent")).to_be_visible(timeout=30_000)
    expect(checked.get_by_role("table", name="By identifier type")).to_contain_text("E-mail")

    # One answer that takes its time, so that there is something to see.
    sandbox.fault(KEY, "slow", seconds=3)
    page.get_by_role("button", name="Start export").click()
    page.wait_for_url(re.compile(r"/exports/[0-9a-f-]+/$"))
    loads = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    state = page.get_by_role("status").filter(has_text=re.compile("Preparing|Sending"))
    expect(state).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Succeeded with rejects")).to_be_visible(
        timeout=40_000
    )
    assert loads == []
    expect(page.get_by_text("20,000", exact=True).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download reasons").click()
    assert len(Path(download.value.path()).read_text(encoding="utf-8").splitlines()) == 2
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_a_role_that_does_not_suffice_is_told_who_can_help(analyst_page: Page):
    analyst_page.goto("/destinations/new/")
    expect(analyst_page.get_by_role("heading", name="Your role does not suffice")).to_be_visible()
    expect(analyst_page.get_by_role("link", name="admin@acme.example")).to_be_visible()
