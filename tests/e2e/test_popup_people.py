"""The consent popup without JavaScript, on a phone, by keyboard alone, and for a screen reader."""

from contextlib import suppress

from playwright.sync_api import Error, Locator, Page, expect

from tests.e2e.conftest import PERSON, PLATFORM
from tests.e2e.test_popup import in_list

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
# WCAG 2.2, success criterion 2.5.8.
SMALLEST_TARGET = 24


def test_without_javascript_the_same_form_walks_through_in_the_tab(page_of, consent, name):
    page = page_of(java_script_enabled=False)
    consent.start(page, name)
    expect(page.get_by_role("heading", name="Permission needed")).to_be_visible()
    expect(page.get_by_text("small window")).to_be_hidden()
    page.get_by_role("button", name="Create").click()
    consent.allow(page)
    in_list(page, name)


def test_without_javascript_a_slow_platform_is_waited_for(page_of, consent, name, sandbox):
    sandbox.fault("snapchat", "slow", seconds=3)
    page = page_of(java_script_enabled=False)
    consent.start(page, name)
    page.get_by_role("button", name="Create").click()
    consent.allow(page)
    expect(page.get_by_role("heading", name="Checking")).to_be_visible()
    in_list(page, name)


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def is_reachable_by_thumb(target: Locator) -> bool:
    box = target.bounding_box()
    return box["width"] >= SMALLEST_TARGET and box["height"] >= SMALLEST_TARGET


def test_on_a_phone_everything_fits_and_can_be_touched(page_of, consent, name):
    page = page_of(**PHONE)
    consent.start(page, name)
    assert fits(page)
    popup = consent.popup(page)
    expect(page.get_by_role("heading", name="Waiting for approval at")).to_be_in_viewport()
    assert fits(page)
    for button in ("Open the window again", "Stop waiting"):
        assert is_reachable_by_thumb(page.get_by_role("button", name=button))
    consent.cancel(popup)
    expect(popup.get_by_role("heading", name="Not approved")).to_be_in_viewport()
    assert fits(popup)
    assert is_reachable_by_thumb(popup.get_by_role("link", name="Try again"))
    expect(page.get_by_role("heading", name="Not approved")).to_be_in_viewport()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus, as somebody without a mouse does."""
    for _ in range(40):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


def test_by_keyboard_alone_the_whole_walk(analyst_page: Page, consent, name):
    page = analyst_page
    page.goto("/authorizations/new/")
    tab_to(page, page.get_by_label("Name"))
    page.keyboard.type(name)
    tab_to(page, page.get_by_role("radio").first)
    radio = page.get_by_role("radio", name=PLATFORM, exact=True)
    for _ in range(page.get_by_role("radio").count()):
        page.keyboard.press("ArrowDown")
        if radio.is_checked():
            break
    tab_to(page, page.get_by_role("button", name="Create"))
    with page.expect_popup() as opened:
        page.keyboard.press("Enter")
    popup = opened.value
    # Back at the page behind, the next Tab leads to the ways out.
    expect(page.get_by_role("heading", name="Waiting for approval at")).to_be_focused()
    popup.get_by_role("button", name=PERSON).wait_for()
    tab_to(popup, popup.get_by_role("button", name=PERSON))
    popup.keyboard.press("Enter")
    popup.get_by_role("button", name="Cancel").wait_for()
    tab_to(popup, popup.get_by_role("button", name="Cancel"))
    popup.keyboard.press("Enter")
    popup.get_by_role("heading", name="Not approved").wait_for()
    tab_to(popup, popup.get_by_role("button", name="Close this window"))
    with suppress(Error):
        # The window is gone before the key is up.
        popup.keyboard.press("Enter")
    assert consent.closes(popup)
    expect(page.get_by_role("heading", name="Not approved")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    tab_to(page, page.get_by_role("button", name="Create"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Waiting for approval at")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Stop waiting")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Stopped")).to_be_focused()


def test_a_screen_reader_is_told_each_step(analyst_page: Page, consent, name, sandbox):
    sandbox.fault("snapchat", "slow", seconds=4)
    page = analyst_page
    popup = consent.begin(page, name)
    expect(page.get_by_role("region", name=f"Waiting for approval at {PLATFORM}")).to_be_visible()
    expect(page.get_by_role("heading", name="Waiting for approval at")).to_be_focused()
    expect(page.get_by_role("progressbar", name="Waiting")).to_be_visible()
    consent.allow(popup)
    expect(popup).to_have_title("Checking")
    expect(popup.get_by_role("progressbar", name="Checking")).to_be_visible()
    expect(page.get_by_role("heading", name="Checking")).to_be_focused()
    expect(popup).to_have_title(name, timeout=20_000)
    expect(page.get_by_role("status").filter(has_text=f"{name}: Connected")).to_be_visible()


def test_a_screen_reader_hears_that_a_name_is_taken_while_it_is_typed(
    analyst_page: Page, consent, name
):
    popup = consent.begin(analyst_page, name)
    consent.allow(popup)
    in_list(analyst_page, name)
    consent.start(analyst_page, name)
    field = analyst_page.get_by_label("Name")
    said = analyst_page.locator("#name-error[aria-live=polite]")
    expect(said).to_contain_text("Choose another name")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert "name-error" in field.get_attribute("aria-describedby")
