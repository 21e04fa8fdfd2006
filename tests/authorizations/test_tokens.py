"""A fresh token on demand: by age, by rejection, and what a dead grant leaves behind."""

import logging
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from authorizations import tokens
from authorizations.models import Authorization, TokenUse
from authorizations.services import authorization_look_after
from authorizations.uses import Use
from organizations import fence
from providers.errors import AppMisconfigured, GrantDead, PlatformDown, Throttled
from tests.authorizations.conftest import stored
from tests.sample_platform import BASE, TOKEN_URL, grants, knows

pytestmark = pytest.mark.django_db

USE = Use("list ad accounts")


def me(row, use=USE):
    return tokens.call(row.organization_id, row.id, use, lambda p, c: p.identify(c, {}))


def bearer(network) -> list[str]:
    calls = [call.request for call in network.calls if call.request.url != TOKEN_URL]
    return [request.headers["Authorization"] for request in calls]


def refreshes(network) -> list[str]:
    return [call.request.body for call in network.calls if call.request.url == TOKEN_URL]


def age(row, share: float) -> None:
    """Make the access token as old as this share of its life of 1,800 s."""
    now = timezone.now()
    issued = now - timedelta(seconds=1800 * share)
    with fence.inside(row.organization_id):
        Authorization.objects.update(
            access_issued_at=issued, access_expires_at=issued + timedelta(seconds=1800)
        )


def accept_only(network, token: str) -> None:
    """Let the platform take this token and no other."""
    network.remove("GET", f"{BASE}/me")

    def answer(request):
        if request.headers["Authorization"] == f"Bearer {token}":
            return 200, {}, '{"id": "p1", "name": "Acme Ltd"}'
        return 401, {}, "unauthorized"

    network.add_callback("GET", f"{BASE}/me", callback=answer)


def test_a_young_token_is_used_as_it_is(authorization, network):
    knows(network)
    me(authorization)
    assert bearer(network) == ["Bearer access-1"]
    assert refreshes(network) == []


def test_an_old_one_is_renewed_first_and_both_tokens_are_saved(authorization, network):
    knows(network)
    grants(network, access="access-2", refresh="refresh-2")
    age(authorization, 0.85)
    me(authorization)
    assert bearer(network) == ["Bearer access-2"]
    assert "refresh-1" in refreshes(network)[0]
    age(authorization, 0.85)
    me(authorization)
    assert "refresh-2" in refreshes(network)[1]


def test_an_absent_refresh_token_keeps_the_old_one(authorization, network):
    knows(network)
    grants(network, access="access-2", refresh=None)
    for _ in range(2):
        age(authorization, 0.85)
        me(authorization)
    assert ["refresh-1" in body for body in refreshes(network)] == [True, True]


def test_a_rejected_token_is_refreshed_once_and_the_call_repeated_once(authorization, network):
    knows(network)
    accept_only(network, "access-2")
    grants(network, access="access-2")
    assert me(authorization).name == "Acme Ltd"
    assert bearer(network) == ["Bearer access-1", "Bearer access-2"]


def test_a_token_that_stays_rejected_breaks_the_authorization(authorization, network):
    knows(network)
    accept_only(network, "none")
    grants(network, access="access-2")
    with pytest.raises(GrantDead):
        me(authorization)
    row = stored(authorization)
    assert row.broken_at is not None
    assert len(refreshes(network)) == 1


def test_a_dead_grant_breaks_the_authorization_with_the_platforms_words(authorization, network):
    network.upsert("POST", TOKEN_URL, json={"error": "invalid_grant"}, status=400)
    age(authorization, 1.1)
    with pytest.raises(GrantDead):
        me(authorization)
    assert "has ended" in stored(authorization).broken_reason


def test_a_broken_authorization_is_not_asked_for_again(authorization, network):
    with fence.inside(authorization.organization_id):
        Authorization.objects.update(broken_at=timezone.now(), broken_reason="Revoked.")
    with pytest.raises(GrantDead, match="Revoked"):
        me(authorization)
    assert len(network.calls) == 0


def test_an_outage_of_the_token_endpoint_never_breaks_the_authorization(authorization, network):
    network.upsert("POST", TOKEN_URL, status=503)
    age(authorization, 1.1)
    with pytest.raises(PlatformDown):
        me(authorization)
    row = stored(authorization)
    assert row.broken_at is None
    assert row.refresh_until is None  # the lease is given back at once


def test_a_throttled_refresh_says_when_to_come_back(authorization, network):
    network.upsert("POST", TOKEN_URL, status=429, headers={"Retry-After": "7"})
    age(authorization, 1.1)
    with pytest.raises(Throttled) as told:
        me(authorization)
    assert told.value.retry_after == 7


def test_while_the_token_still_serves_an_outage_of_the_refresh_is_not_felt(authorization, network):
    knows(network)
    network.upsert("POST", TOKEN_URL, status=503)
    age(authorization, 0.85)
    assert me(authorization).name == "Acme Ltd"


def test_our_wrong_credentials_are_the_operators_matter(authorization, network):
    network.upsert("POST", TOKEN_URL, json={"error": "invalid_client"}, status=401)
    age(authorization, 1.1)
    with pytest.raises(AppMisconfigured):
        me(authorization)
    assert stored(authorization).broken_at is None


def test_a_loser_uses_what_still_serves(authorization, network):
    knows(network)
    age(authorization, 0.85)
    with fence.inside(authorization.organization_id):
        tokens._take_lease(authorization.organization_id, authorization.id, 1)
    assert me(authorization).name == "Acme Ltd"
    assert refreshes(network) == []


def test_a_loser_whose_token_is_over_waits_and_comes_back_later(
    authorization, network, monkeypatch
):
    monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.3)
    age(authorization, 1.1)
    tokens._take_lease(authorization.organization_id, authorization.id, 1)
    with pytest.raises(PlatformDown, match="being renewed"):
        me(authorization)
    assert stored(authorization).broken_at is None


def test_a_lease_that_ran_out_is_taken_over(authorization, network):
    knows(network)
    grants(network, access="access-2")
    age(authorization, 1.1)
    tokens._take_lease(authorization.organization_id, authorization.id, 1)
    with fence.inside(authorization.organization_id):
        Authorization.objects.update(refresh_until=timezone.now() - timedelta(seconds=1))
    assert me(authorization).name == "Acme Ltd"


def test_a_renewal_cut_off_before_it_was_saved_is_said(authorization, network):
    network.upsert("POST", TOKEN_URL, json={"error": "invalid_grant"}, status=400)
    age(authorization, 1.1)
    tokens._take_lease(authorization.organization_id, authorization.id, 1)
    with fence.inside(authorization.organization_id):
        Authorization.objects.update(refresh_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(GrantDead):
        me(authorization)
    assert "cut off" in stored(authorization).broken_reason


def test_who_wakes_past_their_lease_cannot_overwrite_what_came_after(authorization, network):
    """The platform answers a sleeper; meanwhile the authorization was reconnected."""
    knows(network)
    age(authorization, 1.1)

    def answer(request):
        with fence.inside(authorization.organization_id):
            Authorization.objects.update(token_version=9, access_expires_at=None)
        return 200, {}, '{"access_token": "late", "token_type": "bearer", "expires_in": 1800}'

    network.add_callback("POST", TOKEN_URL, callback=answer)
    me(authorization)
    assert bearer(network) == ["Bearer access-1"]
    assert stored(authorization).token_version == 9


def test_a_late_invalid_grant_does_not_break_what_came_after(authorization, network):
    age(authorization, 1.1)

    def answer(request):
        with fence.inside(authorization.organization_id):
            Authorization.objects.update(token_version=9)
        return 400, {}, '{"error": "invalid_grant"}'

    network.add_callback("POST", TOKEN_URL, callback=answer)
    with pytest.raises(GrantDead):
        me(authorization)
    assert stored(authorization).broken_at is None


def test_a_token_moved_to_another_row_does_not_open(authorization, network):
    with fence.inside(authorization.organization_id):
        row = Authorization.objects.get()
        Authorization.objects.update(access_sealed=row.refresh_sealed)
    with pytest.raises(AppMisconfigured, match="does not open"):
        me(authorization)


def test_each_use_is_counted_by_kind_and_subject(authorization, network, analyst):
    knows(network)
    me(authorization, Use("send batch", person_id=analyst.id, subject_id=authorization.id))
    me(authorization, Use("send batch", person_id=analyst.id, subject_id=authorization.id))
    me(authorization)
    with fence.inside(authorization.organization_id):
        counted = {(use.kind, use.count, use.person_id) for use in TokenUse.objects.all()}
    assert counted == {("send batch", 2, analyst.id), ("list ad accounts", 1, None)}


def test_nothing_secret_is_logged(authorization, network, caplog):
    caplog.set_level(logging.DEBUG)
    accept_only_first = "access-2"
    knows(network)
    accept_only(network, accept_only_first)
    grants(network, access="access-2", refresh="refresh-2")
    me(authorization)
    for secret in ("access-1", "access-2", "refresh-1", "refresh-2", "client-secret-of-the-app"):
        assert secret not in caplog.text


def test_a_renewal_that_comes_late_is_kept_where_nobody_was_faster(authorization, network):
    """The platform has ended the old refresh token: this is the only good one."""
    age(authorization, 0.9)

    def lease_ends(request):
        with fence.inside(authorization.organization_id):
            Authorization.objects.update(refresh_owner=None, refresh_until=None)
        body = '{"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 1800}'
        return 200, {"Content-Type": "application/json"}, body

    network.add_callback("POST", TOKEN_URL, callback=lease_ends)
    knows(network)
    me(authorization)
    assert bearer(network) == ["Bearer access-2"]
    assert stored(authorization).token_version == 2


def test_a_refresh_whose_answer_was_lost_stays_written_as_begun(authorization, network):
    age(authorization, 0.9)
    network.add("POST", TOKEN_URL, body=requests.ReadTimeout("late"))
    knows(network)
    me(authorization)
    row = stored(authorization)
    assert row.refresh_begun_at is not None
    assert (row.refresh_owner, row.refresh_until) == (None, None)


def test_looking_after_an_authorization_notices_a_lost_role(authorization, network):
    lost = [{"id": "a1", "name": "Acme UK", "verdict": "insufficient"}]
    knows(network, accounts=lost)
    look_after(authorization)
    with fence.inside(authorization.organization_id):
        assert not authorization.ad_accounts.get().usable
    network.replace("GET", f"{BASE}/accounts", status=403)
    look_after(authorization)
    with fence.inside(authorization.organization_id):
        assert authorization.ad_accounts.get().gone_at is not None
    assert stored(authorization).broken_at is None


def look_after(row):
    authorization_look_after(organization_id=row.organization_id, authorization_id=row.id)
