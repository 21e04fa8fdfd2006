"""What happens to an authorization while the platform is being asked about it."""

import pytest
from django.db import IntegrityError
from django.utils import timezone

from authorizations import services, tokens
from authorizations.models import Authorization
from authorizations.uses import Use
from organizations import fence
from providers.errors import AppMisconfigured, GrantDead
from tests.authorizations.conftest import learned, stored
from tests.factories import authorized, change
from tests.sample_platform import BASE, TOKEN_URL, knows

pytestmark = pytest.mark.django_db

STALE = '[{"id": "a9", "name": "Of the account before"}]'


def refresh(row, by=None) -> None:
    services.ad_accounts_refresh(
        organization_id=row.organization_id, authorization_id=row.id, by=by
    )


def there(row) -> set[str]:
    with fence.inside(row.organization_id):
        accounts = Authorization.objects.get(pk=row.pk).ad_accounts.filter(gone_at=None)
        return set(accounts.values_list("platform_id", flat=True))


def answer_late(network, happens, status=200) -> None:
    """Let something happen between the question for ad accounts and its answer."""
    network.remove("GET", f"{BASE}/accounts")

    def answer(_request):
        happens()
        return status, {}, STALE

    network.add_callback("GET", f"{BASE}/accounts", callback=answer)


@pytest.mark.parametrize("status", [200, 403])
def test_a_list_asked_for_before_a_reconnection_does_not_replace_its_list(
    authorization, analyst, network, status
):
    knows(network)
    before = stored(authorization).checked_at
    answer_late(network, lambda: change(authorization, authorized_at=timezone.now()), status)
    refresh(authorization, by=analyst)
    assert there(authorization) == {"a1"}
    assert stored(authorization).checked_at == before


def test_a_list_that_comes_after_a_removal_is_not_kept(authorization, network):
    knows(network)
    gone = {"removed_at": timezone.now(), "access_sealed": None, "refresh_sealed": None}
    answer_late(network, lambda: change(authorization, **gone))
    with pytest.raises(GrantDead, match="removed"):
        refresh(authorization)
    assert there(authorization) == {"a1"}


def test_an_ad_account_that_is_listed_twice_is_kept_as_listed_last(authorization, network):
    knows(network, accounts=[{"id": "a1", "name": "First"}, {"id": "a1", "name": "Last"}])
    refresh(authorization)
    with fence.inside(authorization.organization_id):
        assert authorization.ad_accounts.get().name == "Last"


def test_a_late_renewal_mends_what_another_ones_refusal_has_marked(authorization, network):
    knows(network)

    def answer(_request):
        change(authorization, broken_at=timezone.now(), broken_reason="Refused meanwhile.")
        return 200, {}, '{"access_token": "access-2", "token_type": "bearer", "expires_in": 1800}'

    network.add_callback("POST", TOKEN_URL, callback=answer)
    change(authorization, access_expires_at=timezone.now())
    tokens.call(
        authorization.organization_id,
        authorization.id,
        Use("list ad accounts"),
        lambda platform, connection: platform.identify(connection, {}),
    )
    row = stored(authorization)
    assert (row.broken_at, row.broken_reason, row.token_version) == (None, "", 2)


def test_a_platform_that_is_not_installed_any_more_is_the_operators_matter(authorization):
    change(authorization, platform="uninstalled")
    with pytest.raises(AppMisconfigured, match="not installed"):
        refresh(authorization)


def test_a_rename_during_a_reconnection_is_not_called_a_name_taken(walk, authorization):
    attempt = walk("Acme UK", reconnects=authorization)
    change(authorization, name="Acme Europe")
    told = learned(attempt)
    assert told.title == "Acme Europe"
    assert "taken meanwhile" not in told.message


# The Kelvin sign: capital and small k are its capital and small letter in one direction only.
@pytest.mark.parametrize("name", ["\u212aelvin", "KELVIN", "kelvin "])
def test_a_name_is_taken_by_the_rule_of_the_database(acme, analyst, sample_platform, name):
    authorized(acme, analyst, name="kelvin")
    with fence.inside(acme.id):
        assert services.name_taken(name)


def test_a_name_that_is_taken_between_the_look_and_the_save_gets_a_number(
    acme, analyst, authorization, monkeypatch
):
    look, looks = services.free_name, []

    def sees_nothing_at_first(name):
        looks.append(name)
        return name if len(looks) == 1 else look(name)

    monkeypatch.setattr(services, "free_name", sees_nothing_at_first)
    assert authorized(acme, analyst, name="ACME uk").name == "ACME uk (2)"
    assert len(looks) == 2


def test_a_name_that_is_taken_each_time_is_a_fault(acme, analyst, authorization, monkeypatch):
    monkeypatch.setattr(services, "free_name", lambda name: name)
    with pytest.raises(IntegrityError):
        authorized(acme, analyst, name="Acme UK")
