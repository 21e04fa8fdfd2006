"""How Snapchat's answers about people differ from time to time, and what must not differ."""

import pytest

from providers.errors import GrantDead, PlatformDown
from providers.registry import Registry
from tests.contract.batches import batch


@pytest.fixture
def platform():
    return Registry().get("snapchat")


@pytest.fixture
def mia(walk):
    """Somebody in two organizations, with five ad accounts."""
    return walk.connect(walk.grant("Mia Mixed").tokens)


@pytest.mark.parametrize("habit", ["me_flip", "old_me", "mixed_case", "failing_organization"])
def test_a_person_and_their_ad_accounts_stay_the_same(platform, sandbox, mia, habit):
    before, accounts = platform.identify(mia, {}), list(platform.ad_accounts(mia))
    assert len(accounts) == 5
    sandbox.fault("snapchat", habit, count=None)
    for _ in range(8):
        assert platform.identify(mia, {}).same_as(before)
        assert list(platform.ad_accounts(mia)) == accounts


def test_the_membership_that_is_home_is_not_who_somebody_is(platform, sandbox, mia):
    before = platform.identify(mia, {})
    sandbox.fault("snapchat", "me_flip", count=None)
    assert platform.identify(mia, {}).ids == before.ids
    assert len(before.ids) == 2


def test_an_add_that_fails_after_clearing_leaves_an_empty_audience_and_can_be_sent_again(
    platform, walk, sandbox, facts, connection, audience
):
    sandbox.fault("snapchat", "fail_after_clear")
    sent = batch(platform, 10)
    platform.add(connection, audience, sent)
    platform.clear(connection, audience)
    with pytest.raises(PlatformDown):
        platform.add(connection, audience, sent)
    (held,) = sandbox.audiences("snapchat")
    assert held["held"] == 0
    assert platform.add(connection, audience, sent).accepted == 10


def test_a_grant_that_has_ended_is_one_whatever_its_status(walk, facts, sandbox):
    tokens = walk.grant(facts.writer).tokens
    sandbox.fault("snapchat", "revoke")
    sandbox.fault("snapchat", "grant_error_401", count=None)
    with pytest.raises(GrantDead) as caught:
        walk.refresh(tokens)
    assert caught.value.status == 401


def test_tokens_without_a_scope_miss_none(platform, walk, facts, sandbox):
    sandbox.fault("snapchat", "no_scope", count=None)
    grant = walk.grant(facts.writer)
    for given in (grant, walk.refresh(grant.tokens)):
        assert given.scopes is None
        assert platform.missing_scopes(given.scopes) == set()
