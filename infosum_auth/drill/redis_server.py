"""A Redis server of the drill's own, to be flushed and killed; it keeps nothing on disk."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from infosum_auth.components import ComponentError
from infosum_auth.processes import free_port, spawn, stop, wait_until

_PROGRAM = "redis-server"


def is_installed() -> bool:
    """Say whether there is a Redis server on the PATH."""
    return shutil.which(_PROGRAM) is not None


class RedisServer:
    """One server on a port of 127.0.0.1 that stays the same when it is started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, and wait until it answers. Raises ComponentError where it does not."""
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command = [_PROGRAM, "--port", str(self.port), *options]
        log = self.folder / "redis.log"
        with log.open("wb") as output:
            self._process = spawn(command, output=output, folder=self.folder)
        if not wait_until(self._answers, seconds=15):
            raise ComponentError(f"Redis did not start: {log.read_text()[-1000:]}")

    def flush(self) -> None:
        """Lose everything that is in it."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        """Kill it as a crash would: what was in it is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            stop(self._process)

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return False
        with redis.Redis.from_url(self.url) as client, suppress(redis.ConnectionError):
            # Another server may have taken the port.
            return bool(client.info("server")["process_id"] == self._process.pid)
        return False


@contextmanager
def running(folder: Path) -> Iterator[RedisServer]:
    """Run a server for as long as the block."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
