"""Several authorizations of one account at a platform may share one grant there."""

import threading

import pytest
from django.db import connection, transaction
from django.urls import reverse

from authorizations import removal, shared_grants
from authorizations.models import AtPlatform, SharedGrant
from providers.registry import registry
from providers.secret import Secret
from providers.values import Identity, Tokens
from tests.authorizations.revoking import let_access_be_revoked, revoked
from tests.factories import authorized, stored
from tests.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(sample_platform, network, monkeypatch):
    let_access_be_revoked(sample_platform, network, monkeypatch, shared=True)
    return sample_platform


def other_account(row, access: str, *ids: str) -> None:
    """Let an authorization be another account's, with another token."""
    tokens = Tokens(Secret(access))
    shared_grants.hold(row.pk, row.platform, Identity(frozenset(ids), "Other"), tokens)


def test_only_the_last_one_of_an_account_is_revoked_there(acme, analyst, admin, shared, network):
    first, second = (authorized(acme, analyst, name=name) for name in ("First", "Second"))
    other_account(second, "access-2", "p1", "p9")
    assert removal.authorization_remove(authorization=first, by=admin) == AtPlatform.SHARED
    assert revoked(network) == []
    assert removal.authorization_remove(authorization=second, by=admin) == AtPlatform.REVOKED
    assert len(revoked(network)) == 1
    assert stored(first).access_sealed is None


def test_another_organizations_counts_too_and_is_not_named(
    acme, globex, analyst, admin, stranger, client_of, shared, network
):
    mine, theirs = authorized(acme, analyst), authorized(globex, stranger, name="Secret plan")
    address = reverse("authorizations:remove", args=[mine.pk])
    client = client_of(admin)
    before, after = client.get(address), client.post(address, follow=True)
    for page in (before.content.decode(), after.content.decode()):
        assert "because another authorization uses it" in page
        assert "Globex" not in page
        assert "Secret plan" not in page
    assert revoked(network) == []
    assert removal.authorization_remove(authorization=theirs, by=stranger) == AtPlatform.REVOKED


def test_another_account_is_not_in_the_way(acme, analyst, admin, shared, network):
    first, second = (authorized(acme, analyst, name=name) for name in ("First", "Second"))
    other_account(second, "access-2", "p2")
    assert removal.authorization_remove(authorization=first, by=admin) == AtPlatform.REVOKED
    assert revoked(network) == ["access-1"]


@pytest.mark.parametrize(("access", "left"), [("refresh-1", "shared"), ("access-2", "revoked")])
def test_where_grants_are_not_shared_only_the_same_token_is_in_the_way(
    acme, analyst, admin, sample_platform, network, monkeypatch, access, left
):
    let_access_be_revoked(sample_platform, network, monkeypatch)
    first, second = (authorized(acme, analyst, name=name) for name in ("First", "Second"))
    other_account(second, access, "p1")
    assert removal.authorization_remove(authorization=first, by=admin) == left


def test_a_person_is_not_sent_to_end_what_another_one_uses(acme, analyst, admin, sample_platform):
    first, second = (authorized(acme, analyst, name=name) for name in ("First", "Second"))
    assert removal.authorization_remove(authorization=first, by=admin) == AtPlatform.SHARED
    assert removal.authorization_remove(authorization=second, by=admin) == AtPlatform.BY_PERSON


def test_reconnecting_as_another_account_gives_up_the_old_ones_grant(
    acme, analyst, shared, network
):
    first, second = (authorized(acme, analyst, name=name) for name in ("First", "Second"))
    assert shared_grants.is_shared(first.pk)
    other_account(second, "access-2", "p2")
    assert not shared_grants.is_shared(first.pk)


def test_the_table_tells_neither_account_nor_authorization(acme, analyst, shared):
    row = authorized(acme, analyst)
    held = [bytes(each.key) + bytes(each.holder) for each in SharedGrant.objects.all()]
    assert len(held) == 2
    assert {len(each) for each in held} == {64}
    for known in (b"p1", b"refresh-1", row.pk.bytes, str(row.pk).encode()):
        assert not any(known in each for each in held)


def test_the_same_account_at_another_platform_is_somebody_else(acme, analyst, shared):
    row = authorized(acme, analyst)
    identity, tokens = Identity(frozenset({"p1"}), "Same id"), Tokens(Secret("refresh-1"))
    shared_grants.hold(acme.pk, "snapchat", identity, tokens)
    assert not shared_grants.is_shared(row.pk)


@pytest.mark.parametrize("key", ["x", "tiktok"])
def test_platforms_whose_call_may_end_other_grants_say_so(key):
    assert registry.get(key).grants_are_shared
    assert registry.get(key).revocation.by_call


@pytest.mark.django_db(transaction=True)
def test_two_that_are_removed_at_once_leave_no_grant_behind(acme, globex, shared, network):
    rows = [
        authorized(organization, member(organization, f"{organization.name}@x.example", "admin"))
        for organization in (acme, globex)
    ]
    first_has_looked, told = threading.Event(), {}

    def release_first():
        with transaction.atomic():
            told["first"] = shared_grants.release(rows[0].pk)
            first_has_looked.set()
            # The second one waits in the database meanwhile.
            threading.Event().wait(0.5)
        connection.close()

    thread = threading.Thread(target=release_first)
    thread.start()
    first_has_looked.wait(10)
    with transaction.atomic():
        told["second"] = shared_grants.release(rows[1].pk)
    thread.join()
    assert told == {"first": False, "second": True}
