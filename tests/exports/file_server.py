"""A web server of files on this machine: it knows Range, and breaks in every way that is asked."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from exports.addresses import parsed
from infosum_auth.environment import Intake


class FileServer:
    """`content` is what there is; `cut_after` cuts the next answers after so many bytes."""

    def __init__(self) -> None:
        self.content = b"email\na@example.com\n"
        self.tag = '"v1"'
        self.cut_after: list[int] = []
        self.statuses: list[int] = []
        self.location = ""
        self.knows_range = True
        self.without_length = False
        self.asked: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def address(self, name: str = "files/buyers.csv") -> str:
        return f"{self.url}/{name}"

    def intake(self) -> Intake:
        return Intake((parsed(self.address("files/"), plain_http=True),), loopback=True)

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def answer(self, request) -> None:
        self.asked.append({key.lower(): text for key, text in request.headers.items()})
        request.close_connection = True
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            request.send_response(status)
            request.send_header("Connection", "close")
            if self.location:
                request.send_header("Location", self.location)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        body = self.content
        wanted = request.headers.get("Range", "")
        if wanted and self.knows_range and request.headers.get("If-Range") == self.tag:
            begins = int(wanted.removeprefix("bytes=").rstrip("-"))
            request.send_response(206)
            last = len(body) - 1
            request.send_header("Content-Range", f"bytes {begins}-{last}/{len(body)}")
            body = body[begins:]
        else:
            request.send_response(200)
        if self.tag:
            request.send_header("ETag", self.tag)
        if not self.without_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        cut = self.cut_after.pop(0) if self.cut_after else len(body)
        request.wfile.write(body[:cut])
