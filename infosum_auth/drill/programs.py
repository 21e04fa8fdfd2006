"""Programs of the demo that are killed or frozen."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

import requests
from urllib3.filepost import encode_multipart_formdata

from infosum_auth.demo_parts import WORKERS, worker
from infosum_auth.drill.delivery import Delivery
from infosum_auth.drill.scene import IN_FLIGHT, Drill, Fault

# A batch's lease, after which another worker may take it over, and some.
_LEASE_SECONDS = 125
_UPLOAD_SECONDS = 4.0


def worker_killed_while_preparing(drill: Drill) -> None:
    """Kill -9 of all worker processes before the first batch is sent."""
    drill.sleep(0, 1.5)
    _kill_workers(drill)


def worker_killed_while_sending(drill: Drill) -> None:
    """Kill -9 of all worker processes while requests are under way."""
    drill.sleep_until_sending()
    _kill_workers(drill)


def _kill_workers(drill: Drill) -> None:
    for name in WORKERS:
        drill.demo.components.kill(name)
    for name in WORKERS:
        drill.demo.components.restart(name)


def worker_frozen(drill: Drill) -> None:
    """Freeze who sends past its lease; another takes over; then the first wakes up and goes on."""
    drill.sleep_until_sending()
    components = drill.demo.components
    components.freeze("sender")
    other = worker("sender", "sender_of_others")
    components.start(other)
    components.wait_until_ready(other.name)
    time.sleep(_LEASE_SECONDS)
    components.thaw("sender")
    # What it had in its hands it would do now.
    time.sleep(3)
    components.kill(other.name)


def beat_killed(drill: Drill) -> None:
    """Kill -9 of the scheduler."""
    drill.sleep(0.5, 6)
    drill.demo.components.kill("beat")
    drill.demo.components.restart("beat")


def web_killed(drill: Drill) -> None:
    """Kill -9 of the web server while an export runs."""
    drill.sleep(0.5, 6)
    drill.demo.components.kill("web")
    drill.demo.components.restart("web")


def web_killed_during_upload(drill: Drill, delivery: Delivery) -> None:
    """Kill -9 of the web server while it receives the file; the person uploads it again."""
    failed = threading.Event()
    upload = _slow_upload(delivery, failed)
    thread = threading.Thread(target=upload, daemon=True)
    thread.start()
    drill.sleep(0.5, 0.7 * _UPLOAD_SECONDS)
    drill.demo.components.kill("web")
    thread.join(60)
    drill.demo.components.restart("web")
    if not failed.is_set():
        raise RuntimeError("The upload was over before the web server was killed.")


def _slow_upload(delivery: Delivery, failed: threading.Event) -> Callable[[], None]:
    browser, file = delivery.at_the_form(), delivery.audience.file
    form = browser.form_with("Upload")
    (field,) = (str(each["name"]) for each in form.tag.find_all("input", type="file"))
    parts: dict[str, Any] = {
        **dict(form.fields()),
        field: (file.name, file.read_bytes()),
    }
    body, content_type = encode_multipart_formdata(parts)
    url = urljoin(browser.url, str(form.tag.get("action") or browser.url))

    def upload() -> None:
        headers = {"Content-Type": content_type, "Origin": delivery.demo.url}
        try:
            browser.http.post(url, data=_Slow(body), headers=headers, timeout=60)
        except requests.RequestException:
            failed.set()

    return upload


class _Slow(io.BytesIO):
    """A body that takes its time."""

    def read(self, size: int | None = -1, /) -> bytes:
        whole = len(self.getbuffer())
        found = super().read(size)
        with suppress(ZeroDivisionError):
            time.sleep(_UPLOAD_SECONDS * len(found) / whole)
        return found


FAULTS = {
    "worker_killed_while_preparing": Fault(worker_killed_while_preparing),
    "worker_killed_while_sending": Fault(worker_killed_while_sending, may_resend=IN_FLIGHT),
    "worker_frozen": Fault(worker_frozen, may_resend=IN_FLIGHT),
    "beat_killed": Fault(beat_killed),
    "web_killed": Fault(web_killed),
    "web_killed_during_upload": Fault(before=web_killed_during_upload),
}
