"""Every way in which people and browsers break the consent popup; none of them loses anything."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import ANALYST, KEY, PLATFORM
from tests.e2e.test_popup import in_list, not_in_list

SECOND_PERSON = "Dana Data"


def expect_offered_again(page: Page) -> None:
    expect(page.get_by_role("heading", name="Waiting for approval at")).to_be_hidden()
    expect(page.get_by_role("button", name="Create")).to_be_enabled()


def test_closed_half_way_the_window_opens_again(analyst_page: Page, consent, name):
    consent.begin(analyst_page, name).close()
    with analyst_page.expect_popup() as opened:
        analyst_page.get_by_role("button", name="Open the window again").click()
    consent.allow(opened.value)
    in_list(analyst_page, name)
    assert consent.closes(opened.value)


def test_closed_half_way_it_ends_as_abandoned_and_the_page_says_so_and_offers_again(
    analyst_page: Page, consent, name, attempts
):
    analyst_page.clock.install()
    consent.begin(analyst_page, name).close()
    expect(analyst_page.get_by_text("Still waiting")).to_be_hidden()
    analyst_page.clock.fast_forward("01:05")
    expect(analyst_page.get_by_text("Still waiting").last).to_be_visible()
    attempts.expire(name)
    analyst_page.clock.fast_forward("00:05")
    expect(analyst_page.get_by_role("heading", name="Abandoned")).to_be_visible()
    expect(analyst_page.get_by_text("Nothing was created.")).to_be_visible()
    expect_offered_again(analyst_page)


def test_stopped_waiting_creates_nothing_and_a_later_approval_is_refused(
    analyst_page: Page, consent, name
):
    popup = consent.begin(analyst_page, name)
    analyst_page.get_by_role("button", name="Stop waiting").click()
    expect(analyst_page.get_by_role("heading", name="Stopped")).to_be_visible()
    expect_offered_again(analyst_page)
    consent.allow(popup)
    expect(popup.get_by_role("heading", name="This approval cannot be used")).to_be_visible()
    not_in_list(analyst_page, name)


def test_while_waiting_nothing_can_be_changed_and_cancel_stops_the_attempt(
    analyst_page: Page, consent, name
):
    popup = consent.begin(analyst_page, name)
    expect(analyst_page.get_by_label("Name")).to_be_disabled()
    expect(analyst_page.get_by_role("radio", name=PLATFORM)).to_be_disabled()
    with analyst_page.expect_request(re.compile("/stop/$")):
        analyst_page.get_by_role("link", name="Cancel").click()
    expect(analyst_page.get_by_role("heading", name="Authorizations")).to_be_visible()
    consent.allow(popup)
    expect(popup.get_by_role("heading", name="This approval cannot be used")).to_be_visible()
    not_in_list(analyst_page, name)


def test_the_console_of_the_page_behind_stays_clean(analyst_page: Page, consent, name):
    said = []
    analyst_page.on("console", lambda message: said.append((message.type, message.text)))
    popup = consent.begin(analyst_page, name)
    analyst_page.wait_for_timeout(3500)
    consent.allow(popup)
    in_list(analyst_page, name)
    assert said == []


def test_an_approval_after_its_time_is_refused(analyst_page: Page, consent, name, attempts):
    popup = consent.begin(analyst_page, name)
    consent.log_in(popup, "Olivia")
    attempts.expire(name)
    popup.get_by_role("button", name="Allow").click()
    expect(popup.get_by_text("15 minutes")).to_be_visible()
    expect_offered_again(analyst_page)
    not_in_list(analyst_page, name)


def test_the_platforms_error_page_never_returns_and_the_page_behind_has_a_way_out(
    analyst_page: Page, consent, name, sandbox
):
    sandbox.fault(KEY, "cancel_never_returns")
    popup = consent.begin(analyst_page, name)
    consent.cancel(popup)
    expect(popup.get_by_role("heading", name="Canceled")).to_be_visible()
    analyst_page.get_by_role("button", name="Stop waiting").click()
    expect(analyst_page.get_by_text("Nothing was created.")).to_be_visible()
    expect_offered_again(analyst_page)


def test_blocked_popup_is_said_at_once_and_the_walk_goes_on_in_the_tab(
    analyst_page: Page, consent, name
):
    analyst_page.add_init_script("window.open = () => null")
    consent.start(analyst_page, name)
    analyst_page.get_by_role("button", name="Create").click()
    expect(analyst_page.get_by_text("Your browser blocked the window")).to_be_visible()
    analyst_page.get_by_role("button", name="Continue in this tab").click()
    consent.allow(analyst_page)
    in_list(analyst_page, name)


def test_blocked_popup_the_copied_link_works_in_another_tab_and_the_page_follows(
    analyst_page: Page, consent, name
):
    analyst_page.add_init_script("window.open = () => null")
    consent.start(analyst_page, name)
    analyst_page.get_by_role("button", name="Create").click()
    analyst_page.get_by_role("button", name="Copy link").click()
    field = analyst_page.get_by_label("Link to the approval")
    expect(field).to_have_value(re.compile("/go/$"))
    expect(analyst_page.get_by_text("works in this browser only").last).to_be_visible()
    expect(analyst_page.get_by_label("Name")).to_be_disabled()
    tab = analyst_page.context.new_page()
    tab.goto(field.input_value())
    consent.allow(tab)
    in_list(tab, name)
    in_list(analyst_page, name)


def test_two_popups_at_once_of_the_same_platform_never_mix(analyst_page: Page, consent, name):
    tab = analyst_page.context.new_page()
    first = consent.begin(analyst_page, f"{name} one")
    second = consent.begin(tab, f"{name} two")
    consent.log_in(first, "Olivia")
    second.reload()
    second.get_by_role("button", name="Use another account").click()
    consent.allow(second, SECOND_PERSON)
    in_list(tab, f"{name} two")
    expect(analyst_page.get_by_role("heading", name="Waiting for approval at")).to_be_visible()
    first.reload()
    first.get_by_role("button", name="Use another account").click()
    consent.allow(first)
    in_list(analyst_page, f"{name} one")
    rows = analyst_page.get_by_role("row")
    expect(rows.filter(has_text=f"{name} one")).to_contain_text("Olivia")
    expect(rows.filter(has_text=f"{name} two")).to_contain_text("Dana")


def test_two_popups_at_once_of_two_platforms_never_mix(analyst_page: Page, consent, name, sandbox):
    other = next(each for key, each in sandbox.people().items() if key != KEY)
    tab = analyst_page.context.new_page()
    first = consent.begin(analyst_page, f"{name} one")
    second = consent.begin(tab, f"{name} two", other["label"])
    consent.allow(second, other["people"][0]["name"])
    consent.allow(first)
    in_list(tab, f"{name} two")
    in_list(analyst_page, f"{name} one")
    rows = analyst_page.get_by_role("row")
    expect(rows.filter(has_text=f"{name} one")).to_contain_text(PLATFORM)
    expect(rows.filter(has_text=f"{name} two")).to_contain_text(other["label"])


def test_signed_out_while_the_popup_is_open_creates_nothing_and_both_pages_say_so(
    page_of, consent, name
):
    page = page_of(ANALYST, own_session=True)
    popup = consent.begin(page, name)
    tab = page.context.new_page()
    tab.goto("/destinations/")
    tab.get_by_text(ANALYST).click()
    tab.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    consent.allow(popup)
    expect(popup.get_by_text("You are not signed in any more")).to_be_visible()
    not_in_list(page_of(ANALYST), name)


def test_the_page_behind_loaded_again_resumes_where_it_was(analyst_page: Page, consent, name):
    popup = consent.begin(analyst_page, name)
    analyst_page.reload()
    expect(analyst_page.get_by_role("heading", name=f"approval at {PLATFORM}")).to_be_visible()
    expect(analyst_page.get_by_label("Name")).to_have_value(name)
    expect(analyst_page.get_by_role("radio", name=PLATFORM)).to_be_checked()
    consent.allow(popup)
    in_list(analyst_page, name)
    assert consent.closes(popup)


def test_the_page_behind_closed_the_window_stays_and_leads_on(analyst_page: Page, consent, name):
    popup = consent.begin(analyst_page, name)
    analyst_page.close()
    consent.allow(popup)
    expect(popup.get_by_role("heading", name=name)).to_be_visible(timeout=20_000)
    popup.wait_for_timeout(2500)
    popup.get_by_role("link", name="Continue").click()
    in_list(popup, name)


def test_the_page_behind_left_for_another_does_not_resume_when_one_comes_back(
    analyst_page: Page, consent, name
):
    consent.begin(analyst_page, name)
    analyst_page.get_by_role("link", name="Destinations").click()
    analyst_page.goto("/authorizations/new/")
    expect(analyst_page.get_by_role("button", name="Create")).to_be_enabled()
    expect(analyst_page.get_by_role("heading", name="Waiting for approval at")).to_be_hidden()


def test_another_tab_is_not_disturbed_by_a_popup_that_is_not_its_own(
    analyst_page: Page, consent, name
):
    tab = analyst_page.context.new_page()
    consent.start(tab, f"{name} typed")
    popup = consent.begin(analyst_page, name)
    consent.allow(popup)
    in_list(analyst_page, name)
    tab.wait_for_timeout(1500)
    expect(tab.get_by_label("Name")).to_have_value(f"{name} typed")
    expect(tab.get_by_role("button", name="Create")).to_be_enabled()
