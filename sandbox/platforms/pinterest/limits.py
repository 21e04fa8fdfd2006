"""Pinterest's published limits, counted in windows of the emulated time."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from sandbox.clock import Clock

DAY, MINUTE, SECOND = 86_400, 60, 1
# https://developers.pinterest.com/docs/reference/rate-limits/
TRIAL = {
    "universal": (1000, DAY),
    "ads_read": (1000, DAY),
    "ads_write": (300, DAY),
    "org_read": (1000, DAY),
    "org_write": (300, DAY),
}
STANDARD = {
    "universal": (100, SECOND),
    "ads_read": (1000, MINUTE),
    "ads_write": (400, MINUTE),
    "org_read": (1000, MINUTE),
    "org_write": (100, MINUTE),
}


@dataclass
class Window:
    """What is left of one budget, and when it is filled again."""

    limit: int
    left: int
    ends_at: float


class Windows:
    """Budgets by category and whoever they count for."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._windows: dict[tuple[str, str], Window] = {}
        self._lock = Lock()

    def take(self, categories: tuple[str, ...], who: str, *, trial: bool) -> bool:
        """Take one request of each category's budget, if every one has one."""
        with self._lock:
            windows = [self._window(each, who, trial=trial) for each in categories]
            if any(window.left < 1 for window in windows):
                return False
            for window in windows:
                window.left -= 1
            return True

    def look(self, category: str, who: str, *, trial: bool) -> Window:
        with self._lock:
            return self._window(category, who, trial=trial)

    def _window(self, category: str, who: str, *, trial: bool) -> Window:
        limit, seconds = (TRIAL if trial else STANDARD)[category]
        # On Trial access the whole application shares one budget.
        key = (f"trial {category}", "") if trial else (category, who)
        now = self.clock.now()
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            window = self._windows[key] = Window(limit, limit, now + seconds)
        return window


def category(method: str, path: str) -> str:
    """Return an operation's x-ratelimit-category."""
    if path.endswith("/oauth/token/revoke"):
        return "org_write"
    if path.endswith(("/oauth/token", "/user_account")):
        return "org_read"
    return "ads_read" if method == "GET" else "ads_write"
