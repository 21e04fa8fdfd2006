"""Giving destinations that need reconnection another authorization, many at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from destinations import reconnection_views
from destinations.reconnection import destinations_reconnect
from organizations import fence
from providers.values import AdAccount, Verdict
from tests.factories import authorized, change, destined, stored

pytestmark = pytest.mark.django_db

PAGE, LIST = reverse("destinations:reconnect"), reverse("destinations:list")


@pytest.fixture
def lost(authorization, destination):
    """A destination whose authorization was removed."""
    change(authorization, removed_at=timezone.now(), access_sealed=None, refresh_sealed=None)
    return destination


@pytest.fixture
def second(acme, analyst, lost):
    """Another authorization that reaches a1 and, without permission, a3; not a2."""
    accounts = [
        AdAccount("a1", "Acme UK (renamed)", verdict=Verdict.SUFFICIENT),
        AdAccount("a3", "Acme FR", verdict=Verdict.INSUFFICIENT, reason="needs Sample Editor"),
    ]
    return authorized(acme, analyst, name="Second", accounts=accounts)


def destination_at(authorization, creator, account, name):
    return destined(authorization, creator, name=name, ad_account=account)


def page(client, address=PAGE) -> str:
    return client.get(address).content.decode()


def post(client, address=PAGE, /, **chosen):
    return client.post(address, chosen, follow=True).content.decode()


def to(row, authorization) -> dict[str, str]:
    return {f"to-{row.pk}": str(authorization.pk)}


def test_the_banner_leads_to_it(client_of, creator, analyst, lost):
    assert f'href="{PAGE}">Reconnect it</a>' in page(client_of(creator), LIST)
    assert PAGE not in page(client_of(analyst), LIST)


def test_one_is_given_another_authorization_and_keeps_all_else(
    client_of, creator, lost, second, room
):
    change(lost, audience_id="au1", audience_name="Loyal", audience_size=7)
    before = stored(lost)
    shown = post(client_of(creator), **to(lost, second))
    row = stored(lost)
    assert "1 destination was reconnected." in shown
    assert "Loyal customers" in shown
    assert row.authorization_id == second.pk
    kept = ("ad_account_id", "audience_id", "audience_size", "settings", "identifiers", "name")
    assert [getattr(row, each) for each in kept] == [getattr(before, each) for each in kept]
    assert room.told == [lost]
    assert "needs reconnection" not in page(client_of(creator), LIST)


def test_what_came_of_it_is_said_once(client_of, creator, lost, second):
    client = client_of(creator)
    assert "was reconnected" in post(client, **to(lost, second))
    shown = page(client)
    assert "was reconnected" not in shown
    assert "No destination needs reconnection" in shown


def test_many_are_assigned_at_once_and_what_is_out_of_reach_is_said_and_not_touched(
    client_of, creator, authorization, destination, acme, analyst
):
    far = destination_at(authorization, creator, "a2", "Far")
    near = destination_at(authorization, creator, "a1", "Near")
    change(authorization, broken_at=timezone.now(), broken_reason="The grant was revoked.")
    second = authorized(acme, analyst, name="Second")
    shown = post(client_of(creator), **{"all-sample": str(second.pk)})
    assert "2 destinations were reconnected." in shown
    assert "1 destination was not touched." in shown
    assert "“Second” does not reach the ad account Acme DE." in shown
    assert stored(near).authorization_id == stored(destination).authorization_id == second.pk
    assert stored(far).authorization_id == authorization.pk


def test_a_destinations_own_choice_goes_before_that_of_its_group(
    client_of, creator, authorization, destination, acme, analyst
):
    other = destination_at(authorization, creator, "a1", "Other")
    change(authorization, broken_at=timezone.now())
    second, third = (authorized(acme, analyst, name=name) for name in ("Second", "Third"))
    post(client_of(creator), **{"all-sample": str(second.pk), **to(other, third)})
    assert stored(destination).authorization_id == second.pk
    assert stored(other).authorization_id == third.pk


def test_an_ad_account_without_permission_is_not_taken(
    client_of, creator, authorization, acme, analyst
):
    with fence.inside(acme.id):
        authorization.ad_accounts.update(verdict=Verdict.SUFFICIENT)
    row = destination_at(authorization, creator, "a3", "French")
    change(authorization, broken_at=timezone.now())
    accounts = [
        AdAccount("a1", "UK", verdict=Verdict.SUFFICIENT),
        AdAccount("a3", "FR", verdict=Verdict.INSUFFICIENT, reason="needs Sample Editor"),
    ]
    second = authorized(acme, analyst, name="Second", accounts=accounts)
    client = client_of(creator)
    assert "No authorization here can use this ad account." in page(client)
    shown = post(client, **to(row, second))
    assert "lacks permission in the ad account: needs Sample Editor." in shown
    assert stored(row).authorization_id == authorization.pk


def test_one_without_an_ad_account_is_sent_to_choose_one(client_of, creator, lost, second):
    change(lost, authorization=None, ad_account_id="", ad_account_name="")
    shown = post(client_of(creator), **{"all-sample": str(second.pk)})
    assert "No ad account is chosen" in shown
    assert f'href="{reverse("destinations:edit", args=[lost.pk])}"' in shown
    assert stored(lost).authorization_id is None


def test_an_authorization_that_cannot_be_used_any_more_changes_nothing(
    client_of, creator, lost, second, globex, stranger
):
    theirs = authorized(globex, stranger, name="Theirs")
    change(second, broken_at=timezone.now())
    client = client_of(creator)
    for authorization in (second, theirs):
        shown = post(client, **to(lost, authorization))
        assert "cannot be used any more" in shown
    assert stored(lost).authorization_id != second.pk


def test_an_authorization_of_another_platform_is_not_taken(client_of, creator, lost, acme, analyst):
    other = authorized(acme, analyst, name="Elsewhere")
    change(other, platform="snapchat")
    assert "cannot be used any more" in post(client_of(creator), **to(lost, other))


def test_what_works_is_never_touched(client_of, creator, acme, analyst, destination):
    second = authorized(acme, analyst, name="Second")
    shown = post(client_of(creator), **to(destination, second))
    assert "Nothing was chosen" in shown
    with fence.inside(acme.id):
        outcome = destinations_reconnect(wishes={destination.pk: second.pk}, by=creator)
    assert outcome.untouched[0][1] == "Somebody else reconnected it a moment ago."
    assert stored(destination).authorization_id != second.pk


def test_a_deleted_one_is_not_shown(client_of, creator, lost, second):
    change(lost, deleted_at=timezone.now())
    assert "Loyal customers" not in page(client_of(creator))


def test_nothing_chosen_changes_nothing_and_says_so(client_of, creator, lost, second):
    assert "Nothing was chosen" in post(client_of(creator))
    assert stored(lost).authorization_id != second.pk


def test_garbage_is_refused_at_the_field(client_of, creator, lost, second):
    answer = client_of(creator).post(PAGE, {f"to-{lost.pk}": "not an id"})
    assert answer.status_code == 422
    assert "Loyal customers" in answer.content.decode()


def test_it_shows_why_each_waits_and_what_it_may_choose(client_of, creator, lost, second):
    shown = page(client_of(creator))
    for words in ("Sample Ads", "Acme UK", "Its authorization was removed.", "Second (connected"):
        assert words in shown
    assert f'<option value="{second.pk}">Second (connected as Acme Ltd)</option>' in shown


def test_an_authorization_out_of_reach_is_shown_but_cannot_be_chosen(
    client_of, creator, lost, second, acme, analyst
):
    far = [AdAccount("a9", "Elsewhere", verdict=Verdict.SUFFICIENT)]
    third = authorized(acme, analyst, name="Third", accounts=far)
    shown = page(client_of(creator))
    (option,) = (each for each in shown.split("<option ") if "cannot use this ad account" in each)
    assert option.startswith(f'value="{third.pk}" disabled')


def test_without_a_usable_authorization_it_leads_to_a_new_one_and_back(client_of, creator, lost):
    shown = page(client_of(creator))
    assert "No authorization at Sample Ads can be used." in shown
    assert f"{reverse('authorizations:new')}?platform=sample&amp;next=%2Fdestinations" in shown


def test_one_whose_adapter_is_not_installed_is_shown_and_left_alone(client_of, creator, lost):
    change(lost, platform="gone")
    shown = page(client_of(creator))
    assert "This product does not know its platform any more." in shown
    assert "platform=gone" not in shown


def test_a_group_is_assigned_on_all_its_pages(
    client_of, creator, authorization, acme, analyst, monkeypatch
):
    monkeypatch.setattr(reconnection_views, "PER_PAGE", 2)
    rows = [destination_at(authorization, creator, "a1", f"Number {each}") for each in range(5)]
    change(authorization, broken_at=timezone.now())
    second = authorized(acme, analyst, name="Second")
    client = client_of(creator)
    assert "Assign to all 5" in page(client)
    assert "Number 4" in page(client, f"{PAGE}?page=3")
    assert "5 destinations were reconnected." in post(client, **{"all-sample": str(second.pk)})
    assert {stored(row).authorization_id for row in rows} == {second.pk}


def test_creators_and_admins_only(client_of, admin, analyst, stranger, lost, second):
    client = client_of(analyst)
    for answer in (client.get(PAGE), client.post(PAGE, to(lost, second))):
        assert answer.status_code == 403
        assert admin.email in answer.content.decode()
    assert "Loyal customers" not in page(client_of(stranger))
    post(client_of(stranger), **to(lost, second))
    assert stored(lost).authorization_id != second.pk
    post(client_of(admin), **to(lost, second))
    assert stored(lost).authorization_id == second.pk


def test_each_is_written_down(creator, client_of, lost, second):
    post(client_of(creator), **to(lost, second))
    with fence.inside(lost.organization_id):
        entry = Entry.objects.get(action="destination reconnected")
    assert (entry.subject_id, entry.person) == (lost.pk, creator.email)
    assert entry.detail == {"authorization": "Second"}


def test_it_asks_as_much_for_one_as_for_many(
    client_of, creator, authorization, destination, acme, analyst
):
    authorized(acme, analyst, name="Second")
    change(authorization, broken_at=timezone.now())
    client = client_of(creator)
    with CaptureQueriesContext(connection) as one:
        page(client)
    for number in range(8):
        destination_at(authorization, creator, "a1", f"Number {number}")
    with CaptureQueriesContext(connection) as many:
        assert "Number 7" in page(client)
    assert len(many) == len(one)


def test_names_are_shown_as_text(client_of, creator, lost, second):
    change(lost, name="<script>alert(1)</script>", ad_account_name="<script>alert(2)</script>")
    client = client_of(creator)
    assert "<script>alert" not in page(client)
    assert "<script>alert" not in post(client, **to(lost, second))
