"""A web server of the drill's files, as slow as is asked; it knows Range and names versions."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_FOLDER = "/files/"
_SLICE = 64 * 1024
_REST = re.compile(r"bytes=(\d+)-")


class FileServer:
    """Gives the files of a folder. A whole one takes `seconds`, a part of one its share.

    `begun` and `ended` count the answers that began, and that were taken to their ends.
    """

    def __init__(self, folder: Path) -> None:
        self.seconds = 0.0
        self.begun = 0
        self.ended = 0
        self._folder = folder
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def folder_address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}{_FOLDER}"

    def address(self, file: Path) -> str:
        """Return where a file of the folder is."""
        return f"{self.folder_address}{file.name}"

    def serve(self) -> None:
        """Answer until it is stopped."""
        self._http.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """End it; answers that are under way are cut by the end of the program."""
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        content = (self._folder / Path(request.path).name).read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        rest = _REST.fullmatch(request.headers.get("Range", ""))
        start = int(rest[1]) if rest and request.headers.get("If-Range") == tag else 0
        request.send_response(206 if start else 200)
        if start:
            last = len(content) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        request.send_header("ETag", tag)
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        self.begun += 1
        seconds = self.seconds
        # Whoever asked may be killed meanwhile.
        with suppress(ConnectionError):
            for at in range(start, len(content), _SLICE):
                request.wfile.write(content[at : at + _SLICE])
                time.sleep(seconds * _SLICE / len(content))
            self.ended += 1


@contextmanager
def serving(folder: Path) -> Iterator[FileServer]:
    """Serve a folder for as long as the block."""
    server = FileServer(folder)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
