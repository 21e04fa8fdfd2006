"""A large file on its way: seen, broken off, resumed, canceled; and without scripts."""

import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from infosum_auth.demo import Demo
from infosum_auth.demo_walks import authorize, create_destination
from providers.registry import registry
from tests.e2e.conftest import CREATOR, KEY

# Three pieces, the last one short.
ROWS = 800_000
MB = 1024**2
SLOW, FAST = MB, -1
GOING_ON = re.compile(r"Going on at (8|16)\.0 MB, where it stopped\.")


@pytest.fixture(scope="module")
def destination_url(demo: Demo) -> str:
    authorize(demo, registry.get(KEY), "For uploads")
    made = create_destination(
        demo, registry.get(KEY), "For uploads", "Uploads", audience_name="Uploads"
    )
    return made.url


@pytest.fixture(scope="module")
def buyers(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("upload") / f"buyers-{secrets.token_hex(3)}.csv"
    rows = (f"person{number:07}@example.com\n" for number in range(ROWS))
    path.write_text("email\n" + "".join(rows), encoding="utf-8")
    assert 16 * MB < path.stat().st_size < 24 * MB
    return path


class Window:
    """The page "New export", and the pieces that it sends."""

    def __init__(self, page: Page, destination_url: str) -> None:
        self.page = page
        self.offsets: list[int] = []
        page.on("request", self._note)
        self.network = page.context.new_cdp_session(page)
        self.network.send("Network.enable")
        page.goto(destination_url)
        page.get_by_role("link", name="New export").first.click()
        page.wait_for_load_state()

    def _note(self, request: Request) -> None:
        if request.method == "PATCH":
            self.offsets.append(int(request.headers["upload-offset"]))

    def throttle(self, bytes_a_second: float) -> None:
        self.network.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": bytes_a_second,
            },
        )

    def upload(self, file: Path) -> None:
        self.page.get_by_label("File").set_input_files(file)
        self.page.get_by_role("button", name="Upload").click()

    def hold(self, offset: int) -> list[Route]:
        """Keep the piece at this offset from going out; return where it will be."""
        held: list[Route] = []

        def decide(route: Route) -> None:
            if route.request.headers.get("upload-offset") == str(offset):
                held.append(route)
            else:
                route.continue_()

        self.page.route("**/exports/uploads/**", decide)
        return held

    def holds(self, held: list[Route]) -> None:
        """Wait until a piece is kept back."""
        for _ in range(200):
            if held:
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("No piece came to be held.")

    def until(self, offset: int) -> None:
        """Wait until so much is on its way."""
        expect(self.bar).to_be_visible()
        self.page.wait_for_function(
            "least => document.querySelector('[data-upload-progress] progress').value >= least",
            arg=offset,
            timeout=30_000,
        )

    @property
    def bar(self):
        return self.page.get_by_role("progressbar", name="Upload")

    def says(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("status").filter(has_text=words)).to_be_visible(timeout=30_000)

    def arrives(self) -> None:
        """See the file's columns, and that every row is there."""
        self.throttle(FAST)
        columns = self.page.get_by_role("table", name="Columns of the file")
        expect(columns).to_be_visible(timeout=30_000)
        self.page.get_by_role("button", name="Check").click()
        checked = self.page.get_by_role("region", name="Check")
        expect(checked.get_by_text("Nothing was sent")).to_be_visible(timeout=60_000)
        expect(checked.get_by_text(f"of {ROWS:,} rows")).to_be_visible()
        expect(checked.get_by_text(f"{ROWS:,}", exact=True).first).to_be_visible()
        self.page.get_by_role("button", name="Discard").click()


@pytest.fixture
def window(creator_page: Page, destination_url: str) -> Window:
    return Window(creator_page, destination_url)


def test_how_far_it_is_can_be_seen_and_heard(window: Window, buyers: Path):
    window.throttle(SLOW)
    window.upload(buyers)
    figures = re.compile(
        r"\d+\.\d MB of 19\.8 MB \(\d+ %\), \d+\.\d [KM]B/s, about \d+ seconds? left"
    )
    expect(window.page.locator("[data-upload-figures]")).to_have_text(figures, timeout=30_000)
    window.says(re.compile(r"^(Uploading|\d\d % uploaded)\.$"))
    first = int(window.bar.get_attribute("value"))
    window.until(first + 100_000)
    assert 0 < first < buyers.stat().st_size
    assert int(window.bar.get_attribute("max")) == buyers.stat().st_size
    expect(window.page.get_by_role("button", name="Upload")).to_be_disabled()
    window.arrives()
    assert window.offsets == [0, 8 * MB, 16 * MB]


def test_a_killed_server_costs_the_piece_in_flight(window: Window, buyers: Path, demo: Demo):
    window.throttle(SLOW)
    window.upload(buyers)
    window.until(9 * MB)
    demo.components.kill("web")
    try:
        broke = r"The connection broke\. What arrived is kept\. Trying again in \d+ s\."
        window.says(re.compile(broke))
    finally:
        demo.components.restart("web")
    window.says(GOING_ON)
    window.arrives()
    assert window.offsets[0] == 0
    assert window.offsets.count(0) == 1
    assert window.offsets == sorted(window.offsets)


def test_a_broken_connection_is_mended_with_growing_pauses(window: Window, buyers: Path):
    broken = []

    def break_thrice(route) -> None:
        at = route.request.headers.get("upload-offset")
        if at == str(8 * MB) and len(broken) < 2:
            broken.append(at)
            route.abort("connectionreset")
        else:
            route.continue_()

    window.page.route("**/exports/uploads/**", break_thrice)
    window.upload(buyers)
    window.says("Trying again in 1 s.")
    window.says("Trying again in 2 s.")
    window.arrives()
    assert window.offsets == [0, 8 * MB, 8 * MB, 8 * MB, 16 * MB]


def test_after_a_reload_the_same_file_goes_on_where_it_stopped(window: Window, buyers: Path):
    window.hold(8 * MB)
    window.upload(buyers)
    window.until(8 * MB)
    window.page.reload()
    window.page.unroute_all()
    stopped = window.page.get_by_role("table", name="Uploads that are not complete")
    expect(stopped).to_contain_text(re.compile(r"8\.0\sMB of 19\.8\sMB"))
    window.offsets.clear()
    window.upload(buyers)
    window.says(re.compile(r"A part is here already\. Going on at 8\.0 MB, where it stopped\."))
    window.arrives()
    assert window.offsets == [8 * MB, 16 * MB]


def test_cancel_destroys_what_is_here(window: Window, buyers: Path, destination_url: str, demo):
    window.hold(8 * MB)
    window.upload(buyers)
    window.until(8 * MB)
    staged = set((demo.folder / "staging").rglob("000000"))
    window.page.get_by_role("link", name="Cancel").click()
    window.page.wait_for_url(destination_url)
    expect(
        window.page.get_by_text("What was uploaded was destroyed. Nothing was sent.")
    ).to_be_visible()
    assert len(staged - set((demo.folder / "staging").rglob("*"))) == 1
    window.page.get_by_role("link", name="New export").first.click()
    expect(window.page.get_by_label("File")).to_be_visible()
    expect(window.page.get_by_role("table", name="Uploads that are not complete")).to_have_count(0)


def test_of_two_windows_the_newer_one_sends(
    window: Window, buyers: Path, destination_url: str, page_of
):
    held = window.hold(8 * MB)
    window.upload(buyers)
    window.until(8 * MB)
    newer = Window(page_of(CREATOR), destination_url)
    held_too = newer.hold(8 * MB)
    newer.upload(buyers)
    newer.says(GOING_ON)
    newer.holds(held_too)
    held[0].continue_()
    window.says("This file is being uploaded in another window, so this one has stopped.")
    expect(window.page.get_by_role("button", name="Upload")).to_be_enabled()
    held_too[0].continue_()
    newer.arrives()


def test_a_proxy_that_refuses_pieces_is_named_and_strange_answers_are_tried_again(
    window: Window, buyers: Path
):
    answers = iter([{"status": 200, "body": "Log in to the hotel"}, {"status": 413}])

    def strange(route) -> None:
        if route.request.method == "PATCH":
            route.fulfill(**next(answers))
        else:
            route.continue_()

    window.page.route("**/exports/uploads/**", strange)
    window.upload(buyers)
    window.says("Trying again in 1 s.")
    window.says("A server in front of this one refuses pieces of this size. Tell the operator.")
    assert window.offsets == [0, 0]


def test_what_is_no_table_is_said_at_the_field(window: Window, tmp_path: Path):
    photo = tmp_path / "photo.csv"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    window.upload(photo)
    expect(window.page.get_by_text("This is a picture").first).to_be_visible()
    expect(window.page.get_by_role("button", name="Upload")).to_be_enabled()


def test_without_scripts_the_form_takes_the_file_in_one_request(
    page_of, destination_url: str, tmp_path: Path
):
    page = page_of(CREATOR, java_script_enabled=False)
    page.goto(destination_url)
    page.get_by_role("link", name="New export").first.click()
    small = tmp_path / "small.csv"
    small.write_text("email\njane@example.com\n", encoding="utf-8")
    page.get_by_label("File").set_input_files(small)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("table", name="Columns of the file")).to_be_visible()
