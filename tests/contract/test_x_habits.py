"""What X says of a dead token and of a wrong clock of ours, which must not be taken for one."""

import pytest

from providers.errors import AppMisconfigured, PermissionMissing, TokenRejected
from providers.registry import Registry


@pytest.fixture
def platform():
    return Registry().get("x")


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_wrong_clock_of_ours_ends_no_authorization(platform, sandbox, connection, seconds):
    sandbox.fault("x", "bad_signature_unauthorized", count=None)
    sandbox.fault("x", "bad_clock", count=None, seconds=seconds)
    with pytest.raises(AppMisconfigured, match="clock") as caught:
        list(platform.ad_accounts(connection))
    assert (caught.value.status, caught.value.code) == (401, "UNAUTHORIZED_ACCESS")


def test_a_wrong_clock_of_ours_is_told_at_the_first_authorization(platform, walk, sandbox):
    sandbox.fault("x", "bad_clock", count=None)
    with pytest.raises(AppMisconfigured, match="clock"):
        walk.begin()


def test_a_dead_token_is_one_in_the_same_words(platform, sandbox, connection):
    sandbox.fault("x", "unauthorized_access", count=None)
    sandbox.fault("x", "revoke")
    with pytest.raises(TokenRejected) as caught:
        list(platform.ad_accounts(connection))
    assert caught.value.code == "UNAUTHORIZED_ACCESS"


def test_a_partner_who_may_not_write_is_told_so_at_the_first_write(platform, walk, facts, sandbox):
    paula = walk.connect(walk.grant("Paula Partner").tokens)
    request = platform.audience_request(facts.ad_account, facts.settings)
    sandbox.fault("x", "partner_refused", count=None)
    with pytest.raises(PermissionMissing):
        platform.create_audience(paula, request)
    sandbox.clear_faults("x")
    assert platform.create_audience(paula, request).id
