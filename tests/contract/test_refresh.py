"""A fresh token: whatever the platform does with the refresh token, none is lost."""

from dataclasses import replace

import pytest

from providers.app import App
from providers.errors import AppMisconfigured, GrantDead
from providers.secret import Secret
from providers.values import Tokens
from tests.contract.facts import Refresh


def test_a_platform_without_refresh_says_that_only_a_person_can_help(walk, facts):
    if facts.refreshes:
        return
    with pytest.raises(GrantDead):
        walk.refresh(walk.grant(facts.writer).tokens)


def test_a_refresh_gives_a_token_that_works_and_the_refresh_token_that_came(
    platform, walk, facts, sandbox
):
    for switch, habit in facts.refreshes.items():
        sandbox.reset()
        if switch:
            sandbox.fault(platform.key, switch, count=100)
        before = walk.grant(facts.writer).tokens
        after = walk.refresh(before).tokens
        assert platform.identify(walk.connect(after), {}).ids
        if habit == Refresh.SILENT:
            assert after.refresh is None
        elif habit == Refresh.SAME:
            assert after.refresh == before.refresh
        else:
            assert after.refresh
            assert after.refresh != before.refresh
        kept = replace(after, refresh=after.refresh or before.refresh)
        assert platform.identify(walk.connect(walk.refresh(kept).tokens), {}).ids


def test_a_made_up_refresh_token_is_a_dead_grant(walk, facts):
    with pytest.raises(GrantDead):
        walk.refresh(Tokens(Secret("made-up"), Secret("made-up-refresh-token")))


def test_a_wrong_client_secret_does_not_kill_a_grant(platform, walk, facts):
    if not facts.refreshes:
        return
    tokens = walk.grant(facts.writer).tokens
    wrong = App(walk.app.client_id, Secret("a-wrong-client-secret"), walk.app.base_url)
    with pytest.raises(AppMisconfigured):
        platform.refresh(wrong, tokens, walk.options)
    assert walk.refresh(tokens).tokens.access
