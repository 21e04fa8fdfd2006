"""The web server is killed while it receives a file: in one request, and in pieces."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

import requests
from urllib3.filepost import encode_multipart_formdata

from infosum_auth.drill.delivery import Delivery
from infosum_auth.drill.scene import Drill, Fault
from infosum_auth.text_browser import TextBrowser

_SECONDS = 4.0
_END = 1024 * 1024


def web_killed_during_upload(drill: Drill, delivery: Delivery) -> None:
    """Kill -9 of the web server while it receives the file; the person uploads it again."""
    browser, file = delivery.at_the_form(), delivery.audience.file
    form = browser.form_with("Upload")
    (field,) = (str(each["name"]) for each in form.tag.find_all("input", type="file"))
    parts: dict[str, Any] = {**dict(form.fields()), field: (file.name, file.read_bytes())}
    body, content_type = encode_multipart_formdata(parts)
    url = urljoin(browser.url, str(form.tag.get("action") or browser.url))
    headers = {"Content-Type": content_type, "Origin": drill.demo.url}
    _killed_while(drill, browser.http, "POST", url, body=body, headers=headers)


def web_killed_during_pieces(drill: Drill, delivery: Delivery) -> None:
    """Kill -9 of the web server in the middle of each piece; go on where the server says.

    Once as the page does that is still open, then as one that is opened anew, in turn.
    """
    page = _Page(delivery)
    if len(page.piece()) == page.size:
        raise RuntimeError("The file is one piece: there is nothing to go on with.")
    acknowledged, is_open = 0, True
    while acknowledged < page.size:
        body, headers = page.piece(), page.headers()
        _killed_while(drill, page.http, "PATCH", page.pieces, body=body, headers=headers)
        if is_open:
            page.ask()
        else:
            page = _Page(delivery)
        is_open = not is_open
        if page.offset != acknowledged:
            raise RuntimeError(f"{acknowledged} bytes were acknowledged, {page.offset} are there.")
        acknowledged = page.send()
    delivery.page = page.completed()


class _Page:
    """The page "New export" of a person who chose the file, as its script speaks to the server."""

    def __init__(self, delivery: Delivery) -> None:
        self.browser = delivery.at_the_form()
        self.http = self.browser.http
        self._origin = delivery.demo.url
        form = self.browser.form_with("Upload")
        self._token = dict(form.fields())["csrfmiddlewaretoken"]
        file = delivery.audience.file
        self._content = file.read_bytes()
        self.size = len(self._content)
        # Of the first and the last MiB.
        ends = self._content[:_END] + self._content[-_END:]
        said = {
            "name": file.name,
            "size": self.size,
            "modified": int(file.stat().st_mtime * 1000),
            "digest": hashlib.sha256(ends).hexdigest(),
        }
        begun = self._post(str(form.tag["data-upload-url"]), said).json()
        self.offset: int = begun["offset"]
        self._piece_bytes: int = begun["piece_bytes"]
        self._claim, self._complete = begun["claim"], begun["complete"]
        self.pieces = urljoin(self.browser.url, begun["pieces"])

    def piece(self) -> bytes:
        """Return the piece that is to be sent next."""
        return self._content[self.offset : self.offset + self._piece_bytes]

    def headers(self) -> dict[str, str]:
        """Return what goes with a piece."""
        return {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(self.offset),
            "Upload-Claim": self._claim,
            "X-CSRFToken": self._token,
            "Origin": self._origin,
        }

    def ask(self) -> None:
        """Ask the server how much is there."""
        answer = self.http.get(self.pieces, timeout=60)
        answer.raise_for_status()
        self.offset = answer.json()["offset"]

    def send(self) -> int:
        """Send the next piece; return how much the server says is there then."""
        answer = self.http.patch(self.pieces, self.piece(), headers=self.headers(), timeout=60)
        answer.raise_for_status()
        self.offset = int(answer.headers["Upload-Offset"])
        return self.offset

    def completed(self) -> TextBrowser:
        """Say that all is sent; return the browser at the page that it leads to."""
        self.browser.open(self._post(self._complete, {}).json()["next_url"])
        return self.browser

    def _post(self, path: str, fields: Mapping[str, object]) -> requests.Response:
        headers = {"X-CSRFToken": self._token, "Origin": self._origin}
        url = urljoin(self.browser.url, path)
        answer = self.http.post(url, data=fields, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer


def _killed_while(
    drill: Drill,
    http: requests.Session,
    method: str,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
) -> None:
    """Send slowly, kill the web server at a random moment of it, start it again."""
    failed = threading.Event()

    def send() -> None:
        try:
            http.request(method, url, data=_Slow(body), headers=headers, timeout=60)
        except requests.RequestException:
            failed.set()

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    drill.sleep(0.1 * _SECONDS, 0.7 * _SECONDS)
    drill.demo.components.kill("web")
    thread.join(60)
    drill.demo.components.restart("web")
    if not failed.is_set():
        raise RuntimeError("The upload was over before the web server was killed.")


class _Slow(io.BytesIO):
    """A body that takes its time."""

    def read(self, size: int | None = -1, /) -> bytes:
        whole = len(self.getbuffer())
        found = super().read(size)
        with suppress(ZeroDivisionError):
            time.sleep(_SECONDS * len(found) / whole)
        return found


FAULTS = {
    "web_killed_during_upload": Fault(before=web_killed_during_upload),
    "web_killed_during_pieces": Fault(before=web_killed_during_pieces),
}
