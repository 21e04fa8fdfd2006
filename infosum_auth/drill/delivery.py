"""One export of the drill: started as a person does, and judged by what the platform holds."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from infosum_auth.demo import Demo
from infosum_auth.demo_check import Audience
from infosum_auth.demo_walks import control, create_destination, signed_in, told
from infosum_auth.drill.parties import Party
from infosum_auth.drill.score import Score
from infosum_auth.text_browser import NotOnThePageError, TextBrowser
from providers.declarations import Replace
from providers.platform import Platform

PATIENCE_SECONDS = 400


@dataclass
class Delivery:
    """An export of a party's to a destination of its own; `page` is what its browser shows.

    `replaces` says which way, where it is a Replace; `requests_before` are those that had changed
    the audience before it.
    """

    demo: Demo
    platform: Platform
    party: Party
    name: str
    url: str
    ad_account: str
    batch_rows: int
    replaces: Replace | None = None
    requests_before: int = 0
    page: TextBrowser = field(default_factory=TextBrowser)
    is_started: bool = False

    @classmethod
    def to_a_new_destination(
        cls,
        demo: Demo,
        platform: Platform,
        party: Party,
        name: str,
        *,
        ad_account: int,
        batch_rows: int,
        replaces: Replace | None = None,
    ) -> Delivery:
        """Create a destination, in the ad account of this number; no file is there yet."""
        made = create_destination(
            demo,
            platform,
            party.authorization,
            name,
            audience_name=name,
            ad_account=ad_account,
            by=party.member,
        )
        return cls(demo, platform, party, name, made.url, made.ad_account, batch_rows, replaces)

    @property
    def audience(self) -> Audience:
        return self.party.audience

    def at_the_form(self) -> TextBrowser:
        """Return a browser of the party's that shows the form "New export"."""
        browser = signed_in(self.demo, self.party.member)
        browser.open(self.url)
        browser.click("New export")
        return browser

    def fill_before(self) -> None:
        """Add what a Replace is to find, and wait until it is there."""
        self._upload(self.party.before)
        self.page.click("Start export")
        wait_for_the_end(self.page)
        found = self.held()
        if [each["digest"] for each in found] != [self.party.before.expected.digest]:
            raise RuntimeError(f"What is to be replaced did not arrive: {found}")
        self.requests_before = found[0]["requests"]

    @property
    def requests_needed(self) -> int:
        """Return how many requests change the audience where nothing goes twice."""
        after, before = (each.expected.digests for each in (self.audience, self.party.before))
        if self.replaces == Replace.BY_DIFFERENCE:
            return self._batches(len(before - after)) + self._batches(len(after - before))
        return self._batches(len(after)) + (self.replaces == Replace.NATIVE)

    def _batches(self, people: int) -> int:
        return -(-people // self.batch_rows)

    def upload(self) -> TextBrowser:
        """Upload the file in one request; return the page that it leads to."""
        return self._upload(self.audience)

    def _upload(self, audience: Audience) -> TextBrowser:
        self.page = self.at_the_form()
        form = self.page.form_with("Upload")
        form.attach("File", audience.file)
        self.page.press(form, "Upload")
        return self.page

    @property
    def is_at_a_draft(self) -> bool:
        """Say whether the file is there and the export could be started."""
        return any(each.get_text(strip=True) == "Start export" for each in self.page.page("button"))

    def start(self) -> None:
        """Start the export of the draft that the page shows."""
        form = self.page.form_with("Start export")
        form.pick("Add" if self.replaces is None else "Replace")
        self.page.press(form, "Start export")
        self.is_started = True

    def held(self) -> list[dict[str, Any]]:
        """Return what the platform tells of the audiences of this export's name."""
        path = f"{self.platform.key}/audiences?name={quote(self.name)}"
        found: list[dict[str, Any]] = control(self.demo, path)
        return found

    def has_begun(self) -> bool:
        """Say whether the platform was given anything of this export."""
        return any(each["requests"] > self.requests_before for each in self.held())


def judge(delivery: Delivery, beside: Audience, score: Score) -> bool:
    """Compare what the platform holds with the file; return whether nothing is wrong with it.

    `beside` is the file of the export that ran at the same time, under another authorization.
    """
    expected = delivery.audience.expected
    found = delivery.held()
    is_whole = [each["digest"] for each in found] == [expected.digest]
    held = sum(each["held"] for each in found)
    score.lost += 0 if is_whole else max(1, abs(held - len(expected.digests)))
    requests = sum(each["requests"] for each in found) - delivery.requests_before
    score.resent_batches += max(0, requests - delivery.requests_needed)
    foreign = frozenset() if is_whole else beside.expected.digests - expected.digests
    wrong = [each for each in found if _is_wrong(delivery, each, foreign)]
    score.wrong_account += len(wrong)
    return is_whole and not wrong and "Succeeded" in delivery.page.text


def _is_wrong(delivery: Delivery, held: dict[str, Any], foreign: frozenset[str]) -> bool:
    """Say whether an audience is in another ad account, was changed under anybody else's grant,
    or holds what is of the other file alone.
    """
    if held["account"] != delivery.ad_account or held["people"] != [delivery.party.person]:
        return True
    return bool(foreign and not foreign.isdisjoint(_members(delivery, held["id"])))


def _members(delivery: Delivery, audience_id: str) -> list[str]:
    path = f"{delivery.platform.key}/audiences/{quote(audience_id)}/members"
    return told(delivery.demo, path).text.split("\n")


def wait_for_the_end(page: TextBrowser) -> None:
    """Reload an export's page until its history has an end; a server may be down meanwhile."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not ("Export finished" in page.text or "Export failed" in page.text):
        if time.monotonic() > until:
            raise NotOnThePageError(f"The export does not end: {page.text}")
        time.sleep(0.3)
        with suppress(NotOnThePageError, requests.RequestException):
            page.open(page.url)
