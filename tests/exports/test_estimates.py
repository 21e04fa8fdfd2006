"""Requests and time, from what a platform publishes."""

from types import SimpleNamespace

import pytest

from exports.estimates import estimate
from providers.declarations import Limits, Per, Rate


def platform(**limits):
    return SimpleNamespace(limits=Limits(**{"batch_rows": 100, "rates": (), **limits}))


MINUTE, SECOND = Rate(60, 60.0, Per.APP), Rate(10, 1.0, Per.APP)


@pytest.mark.parametrize(("people", "requests"), [(0, 0), (1, 1), (100, 1), (101, 2)])
def test_requests_are_whole(people, requests):
    assert estimate(platform(), [people], 100).requests == requests


def test_who_is_added_and_who_is_removed_share_no_request():
    assert estimate(platform(), [101, 1], 100).requests == 3


def test_the_slower_rate_binds():
    found = estimate(platform(rates=(SECOND, MINUTE)), [6_100], 100)
    assert found.seconds == pytest.approx(60.0)
    assert found.limit == "60 requests a minute"


def test_without_rates_nothing_is_said():
    found = estimate(platform(), [1_000], 100)
    assert (found.seconds, found.limit) == (0.0, "")


@pytest.mark.parametrize(("people", "days"), [(30_000, None), (30_001, 2), (90_100, 4)])
def test_an_application_on_trial(people, days):
    assert estimate(platform(trial_requests_a_day=300), [people], 100).trial_days == days
    assert estimate(platform(), [people], 100).trial_days is None
