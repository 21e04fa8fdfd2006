"""What goes wrong at a platform, told apart by what mends it, and said without a secret."""

import time
from collections.abc import Callable

import pytest

from providers import transport
from providers.errors import GrantDead, PlatformDown, PlatformError, Throttled
from tests.contract.batches import batch
from tests.contract.troubles import Trouble

SLOW_SECONDS = 0.5


@pytest.fixture(params=list(Trouble), ids=str)
def trouble(request):
    return request.param


def failing(walk, act: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        act()
    error = caught.value
    shown = f"{error} {error!r} {error.args} {vars(error)} {error.__cause__!r}"
    assert [secret for secret in walk.secrets if secret in shown] == []
    assert error.message.endswith((".", "'", '"')) or "It says:" in error.message
    assert len(error.message) <= 300
    assert len(error.code) <= 60
    assert len(error.request_id) <= 120
    return error


@pytest.fixture
def strike(platform, sandbox, facts, monkeypatch):
    """Let a trouble strike the next call."""

    def switch_on(trouble):
        if "seconds" in trouble.meaning.extra:
            # Wait for a late answer no longer than a test should take.
            monkeypatch.setattr(transport, "TIMEOUT", (2.0, trouble.meaning.extra["seconds"] / 2))
        account = facts.ad_account if trouble == Trouble.NO_PERMISSION else ""
        sandbox.fault(platform.key, trouble, account=account, **trouble.meaning.extra)

    return switch_on


def test_a_write_in_trouble_says_what_mends_it(
    platform, walk, connection, audience, strike, trouble
):
    sent = batch(platform, 5)
    strike(trouble)
    error = failing(walk, lambda: platform.add(connection, audience, sent))
    assert type(error) is trouble.meaning.error
    assert error.recovery == trouble.meaning.recovery
    assert error.may_have_happened is trouble.meaning.may_have_happened


def test_a_create_in_trouble_says_whether_it_may_have_happened(
    platform, walk, facts, connection, strike, trouble
):
    request = platform.audience_request(facts.ad_account, facts.settings)
    strike(trouble)
    error = failing(walk, lambda: platform.create_audience(connection, request))
    assert type(error) is trouble.meaning.error
    assert error.may_have_happened is trouble.meaning.may_have_happened


def test_reading_in_trouble_says_what_mends_it(
    platform, walk, connection, audience, strike, trouble
):
    if trouble == Trouble.NO_PERMISSION:
        # Whether somebody may read what they may not write differs between platforms.
        return
    strike(trouble)
    error = failing(walk, lambda: platform.audience_status(connection, audience))
    assert type(error) is trouble.meaning.error
    assert not error.may_have_happened


def test_trouble_that_passes_leaves_nothing_behind(
    platform, walk, facts, sandbox, connection, audience, strike, trouble
):
    sent = batch(platform, 5)
    strike(trouble)
    failing(walk, lambda: platform.add(connection, audience, sent))
    if trouble in {Trouble.DEAD_TOKEN, Trouble.REVOKED}:
        connection = walk.connect(walk.grant(facts.writer).tokens)
    if trouble == Trouble.NO_PERMISSION:
        return
    platform.add(connection, audience, sent)
    (held,) = sandbox.audiences(platform.key)
    assert held["held"] == 5


@pytest.mark.parametrize("trouble", [Trouble.GARBAGE, Trouble.LOST_ANSWER], ids=str)
def test_a_create_whose_answer_is_lost_is_found_and_not_made_twice(
    platform, walk, facts, sandbox, connection, strike, trouble
):
    request = platform.audience_request(facts.ad_account, facts.settings)
    strike(trouble)
    error = failing(walk, lambda: platform.create_audience(connection, request))
    assert error.may_have_happened
    (made,) = sandbox.audiences(platform.key)
    if platform.audiences_can_be_looked_up:
        found = platform.find_audience(connection, request)
        assert found is not None
        assert found.id == made["id"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("token_fail", PlatformDown), ("token_throttle", Throttled), ("invalid_grant", GrantDead)],
)
def test_trouble_at_the_token_endpoint_is_told_apart_too(
    platform, walk, facts, sandbox, fault, kind
):
    start = walk.begin()
    callback = walk.answer(start, facts.writer, "Allow")
    sandbox.fault(platform.key, fault)
    assert type(failing(walk, lambda: walk.exchange(start, callback))) is kind
    if facts.refreshes:
        tokens = walk.grant(facts.writer).tokens
        sandbox.fault(platform.key, fault)
        assert type(failing(walk, lambda: walk.refresh(tokens))) is kind
        if kind is not GrantDead:
            assert walk.refresh(tokens).tokens.access


def test_a_revoked_grant_cannot_be_refreshed(platform, walk, facts, sandbox):
    tokens = walk.grant(facts.writer).tokens
    sandbox.fault(platform.key, Trouble.REVOKED)
    assert type(failing(walk, lambda: walk.refresh(tokens))) is GrantDead


def test_an_expired_token_is_mended_by_a_refresh(platform, walk, facts, sandbox):
    if not facts.refreshes:
        return
    tokens = walk.grant(facts.writer).tokens
    sandbox.fault(platform.key, Trouble.DEAD_TOKEN)
    failing(walk, lambda: platform.identify(walk.connect(tokens), {}))
    assert platform.identify(walk.connect(walk.refresh(tokens).tokens), {}).ids


def test_a_platforms_own_troubles_become_what_its_contract_says(
    platform, walk, facts, sandbox, connection, audience
):
    assert set(facts.own_faults) == set(sandbox.own_faults(platform.key))
    for kind, expected in facts.own_faults.items():
        sandbox.fault(platform.key, "no_rate_limits", count=None)
        sandbox.fault(platform.key, kind, count=None)
        sent = batch(platform, 3)
        if expected is None or isinstance(expected, int):
            # Some of them come at random; what makes each request slow comes every time.
            began = time.monotonic()
            for _ in range(8):
                if time.monotonic() - began > SLOW_SECONDS:
                    break
                accepted = platform.add(connection, audience, sent).accepted
                assert accepted == (3 if expected is None else expected), kind
        else:
            error = failing(walk, lambda sent=sent: platform.add(connection, audience, sent))
            assert type(error) is expected, kind
        sandbox.clear_faults(platform.key)
