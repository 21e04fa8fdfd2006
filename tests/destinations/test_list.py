"""The landing page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import authorized, change, destined

pytestmark = pytest.mark.django_db

LIST = reverse("destinations:list")
NEEDING = f"{LIST}?state=needs-reconnection"


def page(client, address=LIST) -> str:
    return client.get(address).content.decode()


def test_it_is_where_people_land_and_leads_to_the_rest(client_of, creator, destination):
    client = client_of(creator)
    answer = client.get("/", follow=True)
    assert answer.redirect_chain[-1][0] == LIST
    shown = answer.content.decode()
    assert f'href="{reverse("authorizations:list")}">Authorizations</a>' in shown
    assert f'href="{reverse("destinations:new")}">New destination</a>' in shown


def test_an_analyst_is_not_offered_what_they_may_not_do(client_of, analyst, acme, admin):
    client = client_of(analyst)
    shown = page(client)
    assert "New destination" not in shown
    assert "No destination yet" in shown
    answer = client.get(reverse("destinations:new"))
    assert answer.status_code == 403
    assert "admin@acme.example" in answer.content.decode()


def test_a_row_says_where_it_delivers_and_how_it_stands(client_of, analyst, destination, room):
    shown = page(client_of(analyst))
    for words in ("Loyal customers", "Sample Ads", "Acme UK", "Succeeded", "Ready"):
        assert words in shown
    assert 'href="/last/"' in shown


def test_the_banner_counts_what_waits_for_reconnection_and_leads_there(
    client_of, creator, analyst, acme, destination, authorization
):
    client = client_of(creator)
    assert "reconnection." not in page(client)
    other = authorized(acme, analyst, name="Well")
    destined(other, creator, name="Well too")
    change(authorization, broken_at=timezone.now(), broken_reason="The grant was revoked.")
    shown = page(client)
    assert "1 destination needs reconnection." in shown
    assert f'href="{NEEDING}"' in shown
    assert "The grant was revoked." in shown
    narrowed = page(client, NEEDING)
    assert "Loyal customers" in narrowed
    assert "Well too" not in narrowed
    change(other, broken_at=timezone.now())
    assert "2 destinations need reconnection." in page(client)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("q=LOYAL", True),
        ("q=acme", True),
        ("q=nothing", False),
        ("state=needs-reconnection", False),
        ("page=99", True),
        ("q=%00", True),
        ("state=hostile", True),
    ],
)
def test_the_list_can_be_narrowed(client_of, analyst, destination, query, there):
    answer = client_of(analyst).get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert (f"/{destination.pk}/" in answer.content.decode()) is there


def test_many_come_in_pages(client_of, analyst, creator, authorization):
    for number in range(26):
        destined(authorization, creator, name=f"Number {number:02}")
    client = client_of(analyst)
    assert "Page 1 of 2" in page(client)
    assert "Number 25" not in page(client)
    assert "Number 25" in page(client, f"{LIST}?page=2")


def test_it_asks_as_much_for_one_row_as_for_many(client_of, analyst, creator, acme, destination):
    client = client_of(analyst)
    with CaptureQueriesContext(connection) as one:
        page(client)
    for number in range(8):
        # Each under an authorization of its own.
        mine = authorized(acme, analyst, name=f"Number {number}")
        destined(mine, creator, name=f"Number {number}")
    with CaptureQueriesContext(connection) as many:
        assert "Number 7" in page(client)
    assert len(many) == len(one)
