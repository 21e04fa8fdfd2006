"""A platform's server that only counts: `python -m benchmarks.receiver --port PORT`.

It reads each body, counts its requests and bytes, and answers what the adapter of
`benchmarks/platforms` needs, after as long as `POST /_control?seconds=0.1` said. `GET /_control`
tells what was counted and begins anew. So what is measured is the sender.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs, urlsplit

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_LARGEST_HEAD = 8192


@dataclass
class Counted:
    """What arrived since it was last asked for. `most_at_once` requests were open together."""

    requests: int = 0
    body_bytes: int = 0
    at_once: int = 0
    most_at_once: int = 0


class Receiver(asyncio.BufferedProtocol):
    """One connection, kept open for many requests."""

    # Of all connections: what lies in it is looked at before anything else is read. Memory of its
    # own for each read would take as long as the read.
    _room = memoryview(bytearray(1 << 20))
    seconds = 0.0
    counted = Counted()

    def __init__(self) -> None:
        self._head = b""
        self._missing = 0
        self._target = ""
        self._method = ""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, _size: int) -> memoryview:
        """Say where to read to."""
        return self._room

    def buffer_updated(self, size: int) -> None:
        """Read a head, then let the body go by; one request at a time comes on a connection."""
        if not self._missing:
            first = self._room[: min(size, _LARGEST_HEAD)].tobytes()
            head, end, rest = (self._head + first).partition(_END_OF_HEAD)
            if not end:
                self._head = head
                return
            self._head = b""
            self._method, self._target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            self._missing = _length(head)
            size -= len(first) - len(rest)
            if self._is_of_people:
                self.counted.at_once += 1
                self.counted.most_at_once = max(self.counted.most_at_once, self.counted.at_once)
        if self._is_of_people:
            self.counted.body_bytes += size
        self._missing -= size
        if not self._missing:
            self._answer()

    @property
    def _is_of_people(self) -> bool:
        return self._target.endswith("/people")

    def _answer(self) -> None:
        if self._is_of_people:
            asyncio.get_running_loop().call_later(Receiver.seconds, self._took)
        elif self._target.startswith("/_control"):
            self._say(self._controlled())
        elif self._method == "GET":
            self._say({"audiences": []})
        else:
            self._say({"id": "1"})

    def _took(self) -> None:
        self.counted.requests += 1
        self.counted.at_once -= 1
        self._say({"taken": True})

    def _controlled(self) -> dict[str, int]:
        if self._method == "POST":
            Receiver.seconds = float(parse_qs(urlsplit(self._target).query)["seconds"][0])
        told = asdict(self.counted)
        Receiver.counted = Counted()
        return told

    def _say(self, what: Mapping[str, object]) -> None:
        body = json.dumps(what).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._transport.write(head.encode() + _END_OF_HEAD + body)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line.removeprefix(_LENGTH))
    return 0


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receiver", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
