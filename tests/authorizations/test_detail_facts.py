"""What an authorization's page says of its renewals, its end, and its platform."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.services import record
from authorizations import removal, services, tokens
from organizations import fence
from tests.factories import change, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client_of, analyst, authorization):
    """Return a function that gets the page as the analyst sees it, who authorized it."""
    address = reverse("authorizations:detail", args=[authorization.pk])

    def shown() -> str:
        return client_of(analyst).get(address).content.decode()

    return shown


def test_renewals_do_not_hide_what_else_happened(page, authorization):
    assert "last one" not in page()
    with fence.inside(authorization.organization_id):
        for _ in range(25):
            record(
                tokens.RENEWED, organization_id=authorization.organization_id, subject=authorization
            )
    shown = page()
    assert "Authorized by analyst@acme.example" in shown
    assert "Token renewed" not in shown
    assert "last one" in shown


def test_a_broken_one_does_not_say_that_it_renews_itself(page, authorization):
    assert "next one" in page()
    change(authorization, broken_at=timezone.now(), broken_reason="Revoked.")
    shown = page()
    assert "next one" not in shown
    assert "not any more" in shown


@pytest.mark.parametrize(("days", "warned"), [(13, True), (15, False)])
def test_an_end_that_no_renewal_prevents_is_shown_and_warned_of(page, authorization, days, warned):
    assert "Access ends" not in page()
    at = timezone.now() + timedelta(days=days)
    change(authorization, refresh_expires_at=at)
    shown = page()
    assert "Access ends unless reconnected" in shown
    assert ("Reconnect it before then" in shown) is warned


def test_no_end_is_told_where_there_is_none_to_prevent(
    page, authorization, sample_platform, monkeypatch
):
    change(authorization, refresh_expires_at=timezone.now() + timedelta(days=3))
    monkeypatch.setattr(type(sample_platform), "refresh_tokens_lapse", True)
    assert "Access ends" not in page()
    monkeypatch.setattr(type(sample_platform), "refresh_tokens_lapse", False)
    change(authorization, broken_at=timezone.now(), broken_reason="Revoked.")
    assert "Access ends" not in page()


def test_nothing_is_checked_at_a_platform_that_is_not_installed(
    page, client_of, analyst, authorization
):
    for verdict in ("sufficient", "insufficient"):
        with fence.inside(authorization.organization_id):
            authorization.ad_accounts.update(verdict=verdict)
        change(authorization, platform="sample")
        assert "Check again" in page()
        change(authorization, platform="uninstalled")
        assert "Check again" not in page()
    address = reverse("authorizations:check_ad_accounts", args=[authorization.pk])
    answer = client_of(analyst).post(address, follow=True)
    assert "is not installed here any more" in answer.content.decode()


def test_renaming_what_was_removed_in_that_moment_is_not_called_done(
    client_of, admin, authorization, monkeypatch
):
    rename = services.authorization_rename

    def removed_first(**how):
        change(authorization, removed_at=timezone.now(), access_sealed=None, refresh_sealed=None)
        rename(**how)

    monkeypatch.setattr(services, "authorization_rename", removed_first)
    address = reverse("authorizations:rename", args=[authorization.pk])
    answer = client_of(admin).post(address, {"name": "Acme Europe"}, follow=True)
    shown = answer.content.decode()
    assert "Somebody else removed it a moment ago." in shown
    assert "It is called" not in shown
    assert stored(authorization).name == "Acme UK"
    with pytest.raises(removal.AlreadyRemoved), fence.inside(authorization.organization_id):
        rename(authorization=authorization, by=admin, name="Acme Europe")
