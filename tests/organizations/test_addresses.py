"""Where a person is led on to: after signing in, and by what an address asks for."""

import pytest
from django.test import Client
from django.urls import reverse

from organizations import middleware
from tests.factories import authorized

pytestmark = pytest.mark.django_db

LANDING, SIGN_IN = reverse("destinations:list"), reverse("organizations:sign_in")
HERE = "http://testserver"


def led_to(client, following) -> str:
    filled = {"username": "analyst@acme.example", "password": "a long enough password"}
    return client.post(SIGN_IN, {**filled, "next": following})["Location"]


@pytest.mark.parametrize("hostile", ["foo", "https://evil.example/", "//evil.example", "/\\evil"])
def test_signing_in_leads_on_only_to_a_path_of_this_site(client_of, analyst, hostile):
    assert led_to(Client(), hostile) == LANDING
    assert client_of(analyst).get(SIGN_IN, {"next": hostile})["Location"] == LANDING


def test_signing_in_leads_on_to_where_somebody_wanted(client_of, analyst):
    listed = reverse("authorizations:list")
    assert led_to(Client(), f"{listed}?q=a") == f"{listed}?q=a"
    assert led_to(Client(), "foo.html") == LANDING


@pytest.mark.parametrize(
    ("referer", "following"),
    [
        (f"{HERE}/authorizations/?q=a", "/authorizations/%3Fq%3Da"),
        ("https://evil.example/authorizations/", LANDING),
        (f"{HERE}//evil.example/", LANDING),
        ("http://[broken", LANDING),
        ("", LANDING),
    ],
)
def test_a_press_after_the_session_ended_leads_back_to_the_page_of_the_button(
    acme, analyst, sample_platform, referer, following
):
    row = authorized(acme, analyst)
    pressed = reverse("authorizations:check_ad_accounts", args=[row.pk])
    answer = Client().post(pressed, headers={"Referer": referer})
    assert answer["Location"] == f"{SIGN_IN}?next={following}"


def test_a_form_that_was_sent_after_the_session_ended_is_led_back_to():
    form = reverse("destinations:new")
    answer = Client().post(form, headers={"Referer": f"{HERE}{form}"})
    assert answer["Location"] == f"{SIGN_IN}?next={form}"


def test_a_page_asked_for_is_gone_on_to_by_its_own_address():
    answer = Client().get("/authorizations/?q=a", headers={"Referer": f"{HERE}/exports/"})
    assert answer["Location"] == f"{SIGN_IN}?next=/authorizations/%3Fq%3Da"


def test_time_zones_are_looked_up_once(client_of, analyst):
    assert middleware.time_zones() is middleware.time_zones()
