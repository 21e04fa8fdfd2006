"""Start processes that never outlive whoever started them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now; somebody may take it before you do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Say whether a server could listen on 127.0.0.1:port."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _tie_to_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return what a child runs before exec to get a signal when its parent dies, kill -9 included.

    Linux only; elsewhere a killed parent leaves its children behind.
    """
    libc, parent = _libc, os.getpid()
    if libc is None:
        return None

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return tie


def spawn(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: int | None = None,
    on_parents_death: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that a Ctrl-C reaches only its starter.

    Call it from a thread that lives as long as the process shall: Linux ties to threads.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        user=user,
        group=None if user is None else group_of(user),
        extra_groups=None if user is None else [],
        start_new_session=True,
        # It only makes one system call, and no other thread of ours holds a lock by then.
        preexec_fn=_tie_to_parent(on_parents_death),  # noqa: PLW1509
    )


def group_of(user: int) -> int:
    """Return the primary group of a user id."""
    import pwd  # not on Windows, where nothing asks for another user

    return pwd.getpwuid(user).pw_gid


def stop(
    process: subprocess.Popen[bytes],
    *,
    request: signal.Signals | None = signal.SIGTERM,
    patience: float = 15,
) -> None:
    """Ask a spawned process to end, wait, then kill whatever is left of its session.

    With no request it has been asked already: a second time would be taken for impatience.
    Only the leader is asked: a worker's children would drop their task at the same signal.
    """
    if process.poll() is None:
        if request is not None:
            process.send_signal(request)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def alive(pid: int) -> bool:
    """Say whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_of(pid: int) -> list[str]:
    """Return the words of a process's command line; none where it does not exist."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []
    asked = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()


def wait_until(true: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again until the answer is yes; return False when the time is over."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn what asks to end into KeyboardInterrupt inside the block, so that it cleans up.

    SIGINT too: a shell starts what runs in the background with SIGINT ignored.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore what would interrupt the block: cleaning up is quick and must be whole."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
