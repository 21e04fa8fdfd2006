"""What people do in the demo, over HTTP: sign in, authorize, create destinations, export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from infosum_auth.demo import Demo
from infosum_auth.text_browser import TextBrowser
from providers.audience_form import NAME_FIELD
from providers.declarations import FieldKind
from providers.platform import Platform

ANALYST, CREATOR = "analyst@acme.example", "creator@acme.example"
# Only for the slowest: a platform that takes a few hundred identifiers a request.
PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Made:
    """A destination: the address of its page, the id of the ad account chosen in its form."""

    url: str
    ad_account: str


def authorize(
    demo: Demo, platform: Platform, name: str, *, by: str = ANALYST, person: str = ""
) -> None:
    """Make an authorization, with the consent of the sample person of a name, else of the first."""
    browser = signed_in(demo, by)
    browser.click("Authorizations")
    browser.click("New authorization")
    form = browser.form_with("Create")
    form.fill("Name", name)
    form.pick(platform.label)
    browser.submit(form)
    first = control(demo, "people")[platform.key]["people"][0]["name"]
    browser.click_starting_with(person or first)
    browser.click("Allow")
    browser.wait_for("usable ad account")


def create_destination(
    demo: Demo,
    platform: Platform,
    authorization: str,
    name: str,
    *,
    audience_name: str = "",
    ad_account: int = 0,
    by: str = CREATOR,
) -> Made:
    """Create a destination as a person who never visits the platform.

    `ad_account` says which of those that are offered, counted from 0.
    """
    browser = signed_in(demo, by)
    browser.click("New destination")
    form = browser.form_with("Continue", "Refresh the choices")
    form.fill("Name", name)
    form.choose("Platform", platform.label)
    browser.press(form, "Continue", "Refresh the choices")
    form = browser.form_with("Create destination")
    form.choose("Authorization", authorization)
    browser.press(form, "Refresh the choices")
    form = browser.form_with("Create destination")
    chosen = form.choose_one("Ad account", ad_account)
    for field in platform.destination_fields:
        if field.example:
            is_name = field.name == NAME_FIELD and audience_name
            value = audience_name if is_name else field.example
            if field.kind == FieldKind.CHOICE:
                form.choose(field.label, dict(field.choices)[value])
            else:
                form.fill(field.label, value)
    browser.press(form, "Create destination")
    browser.must_say(f"“{name}” is ready for its first export.")
    return Made(browser.url, chosen)


def export(demo: Demo, destination_url: str, file: Path, mode: str = "Add") -> int:
    """Export a file as the creator; return how many rows the product rejected."""
    browser = signed_in(demo, CREATOR)
    browser.open(destination_url)
    browser.click("New export")
    form = browser.form_with("Upload")
    form.attach("File", file)
    browser.press(form, "Upload")
    form = browser.form_with("Start export")
    form.pick(mode)
    browser.press(form, "Start export")
    browser.wait_for("Export finished", seconds=PATIENCE_SECONDS)
    browser.must_say("Succeeded with rejects")
    reasons = browser.http.get(f"{browser.url.rstrip('/')}/rejects/", timeout=60)
    return len({line.split(",")[0] for line in reasons.text.splitlines()[1:]})


def signed_in(demo: Demo, email: str) -> TextBrowser:
    """Return a person's browser at the landing page."""
    person = next(each for each in demo.people if each["email"] == email)
    browser = TextBrowser()
    browser.open(demo.url)
    form = browser.form_with("Sign in")
    form.fill("E-mail", email)
    form.fill("Password", person["password"])
    browser.submit(form)
    return browser


def control(demo: Demo, path: str) -> Any:
    """Ask the sandbox's control API; return its JSON."""
    return told(demo, path).json()


def told(demo: Demo, path: str) -> requests.Response:
    """Return what the sandbox's control API answers."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{demo.sandbox_url}/_control/{path}", timeout=60)
    answer.raise_for_status()
    return answer
