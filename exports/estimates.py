"""How many requests an export needs, and how long they take at the platform's published rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from providers.declarations import Rate
from providers.platform import Platform

_UNITS = {1.0: "a second", 60.0: "a minute", 900.0: "a quarter of an hour", 3600.0: "an hour"}
_DAY = 86_400.0


@dataclass(frozen=True)
class Estimate:
    """Requests, and the seconds that they take at least; `limit` is the rate that binds, in words.

    `trial_days`: how many days an application takes that the platform has not approved yet.
    """

    requests: int
    seconds: float
    limit: str
    trial_requests_a_day: int | None = None

    @property
    def trial_days(self) -> int | None:
        """Return the days that it takes with trial access, where that is more than one."""
        if not self.trial_requests_a_day or self.requests <= self.trial_requests_a_day:
            return None
        return math.ceil(self.requests / self.trial_requests_a_day)


def estimate(platform: Platform, people: Sequence[int], rows_a_request: int) -> Estimate:
    """Estimate the delivery of so many people, alone at its limits.

    `people` are counted by what becomes of them: who is added and who is removed never share a
    request.
    """
    limits = platform.limits
    requests = sum(math.ceil(each / rows_a_request) for each in people)
    binding = min(limits.rates, key=lambda rate: rate.count / rate.seconds, default=None)
    # The first goes at once; the others are spaced.
    spaced = max(0, requests - 1)
    return Estimate(
        requests=requests,
        seconds=spaced * binding.seconds / binding.count if binding else 0.0,
        limit=_in_words(binding) if binding else "",
        trial_requests_a_day=limits.trial_requests_a_day,
    )


def _in_words(rate: Rate) -> str:
    unit = _UNITS.get(rate.seconds) or ("a day" if rate.seconds == _DAY else "")
    return f"{rate.count:,} requests {unit or f'in {rate.seconds:,.0f} seconds'}"
