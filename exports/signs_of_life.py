"""Say that work goes on, as seldom as that is safe: a small step takes less time than to say so."""

from __future__ import annotations

import time
from collections.abc import Callable


class SignsOfLife:
    """Call it often: it calls `stay_alive` when so many seconds have gone by since the last time.

    What `stay_alive` raises ends the work: its lease is somebody else's, say.
    """

    def __init__(self, stay_alive: Callable[[], None], *, seconds: float) -> None:
        self._stay_alive = stay_alive
        self._seconds = seconds
        self._given_at = time.monotonic()

    def __call__(self) -> None:
        """Say that the work goes on, unless that was said right now."""
        if time.monotonic() - self._given_at >= self._seconds:
            self._stay_alive()
            self._given_at = time.monotonic()
