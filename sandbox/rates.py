"""Published rate limits, enforced: token buckets in real time."""

from __future__ import annotations

import time
from collections import defaultdict
from threading import Lock


class Bucket:
    """`count` requests in `seconds`, a burst of as many at the most."""

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds = count, seconds
        self._left: dict[str, float] = defaultdict(lambda: float(count))
        self._at: dict[str, float] = {}
        self._lock = Lock()

    def take(self, key: str) -> bool:
        """Take one request of this key's, if there is one."""
        with self._lock:
            now = time.monotonic()
            gained = (now - self._at.get(key, now)) * self.count / self.seconds
            self._at[key] = now
            self._left[key] = min(float(self.count), self._left[key] + gained)
            if self._left[key] < 1:
                return False
            self._left[key] -= 1
            return True
