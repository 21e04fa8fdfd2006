import html

import pytest
import requests

from tests.consent_pages import Browser
from tests.sandbox.raw_snapchat import REDIRECT_URI


@pytest.fixture
def at_consent(snapchat):
    """Somebody who has logged in and sees what is asked."""
    browser = Browser(REDIRECT_URI)
    browser.open(snapchat.consent_address(state="a state & <more>"))
    browser.press("Dana Data")
    return browser


def test_everybody_can_log_in_with_what_they_stand_for(snapchat, sandbox):
    page = requests.get(snapchat.consent_address(), timeout=10)
    for person in sandbox.people()["snapchat"]["people"]:
        assert html.escape(person["name"]) in page.text
        assert person["about"] in html.unescape(page.text)


def test_the_consent_page_says_who_consents_to_what(at_consent):
    text = at_consent.page.text
    assert "Dana Data" in text
    assert "See your organizations and ad accounts" in text
    assert "Create audience segments and upload identifiers to them" in text
    assert ">Allow</button>" in text
    assert ">Cancel</button>" in text
    assert "not the real platform" in text


def test_the_pages_cut_the_hold_of_whoever_opened_them(snapchat, at_consent):
    for page in (requests.get(snapchat.consent_address(), timeout=10), at_consent.page):
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert page.headers["Cache-Control"] == "no-store"


def test_allow_returns_with_a_code_and_the_state_unchanged(at_consent):
    at_consent.press("Allow")
    assert set(at_consent.came_back) == {"code", "state"}
    assert at_consent.came_back["state"] == "a state & <more>"


def test_cancel_returns_with_access_denied(at_consent):
    at_consent.press("Cancel")
    assert at_consent.came_back == {"error": "access_denied", "state": "a state & <more>"}


def test_cancel_can_be_told_to_return_the_state_alone(at_consent, sandbox):
    sandbox.fault("snapchat", "cancel_state_only")
    at_consent.press("Cancel")
    assert at_consent.came_back == {"state": "a state & <more>"}


def test_cancel_can_be_told_not_to_return(at_consent, sandbox):
    sandbox.fault("snapchat", "cancel_never_returns")
    at_consent.press("Cancel")
    assert at_consent.came_back is None
    assert "You did not give access" in at_consent.page.text


def test_another_account_can_be_used(at_consent):
    at_consent.press("Use another account")
    at_consent.press("Mia Mixed")
    assert "Mia Mixed" in at_consent.page.text
    assert "Dana Data" not in at_consent.page.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_id": "somebody-else"}, "invalid_client"),
        ({"redirect_uri": "https://elsewhere.example/callback"}, "redirect_uri"),
        ({"redirect_uri": REDIRECT_URI.replace("snapchat", "other")}, "redirect_uri"),
        ({"redirect_uri": f"{REDIRECT_URI}?more=1"}, "redirect_uri"),
        ({"redirect_uri": REDIRECT_URI.removesuffix("/")}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "snapchat-profile-api"}, "scope"),
    ],
)
def test_what_is_asked_wrongly_is_said_here_and_sends_nobody_on(snapchat, wrong, words):
    url = snapchat.consent_address(**wrong)
    answer = requests.get(url, allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert words in answer.text
    allow = requests.post(url, {"decision": "allow"}, allow_redirects=False, timeout=10)
    assert allow.status_code == 400


def test_nobody_who_is_not_logged_in_can_allow(snapchat):
    url = snapchat.consent_address()
    answer = requests.post(url, {"decision": "allow"}, allow_redirects=False, timeout=10)
    assert "code=" not in answer.headers.get("Location", "")
