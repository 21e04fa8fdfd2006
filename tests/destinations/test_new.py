"""New destination: the form, what it keeps, and the way to an authorization and back."""

import pytest
from django.urls import reverse

from authorizations.models import AuthorizationAttempt
from destinations.models import Destination
from organizations import fence
from tests.factories import again, learned, state_of_attempt
from tests.sample_platform import BASE, grants, knows

pytestmark = pytest.mark.django_db

NEW = reverse("destinations:new")
AUTHORIZE = reverse("authorizations:new")


@pytest.fixture
def client(client_of, creator):
    return client_of(creator)


def fill(**values) -> dict[str, str]:
    return {
        "name": "Loyal customers",
        "platform": "sample",
        "ad_account": "a1",
        "identifiers": "second",
        "sample-audience_name": "Loyal & dear",
        "sample-days": "30",
        **values,
    }


def destinations(organization) -> list[Destination]:
    with fence.inside(organization.id):
        return list(Destination.objects.all())


def test_a_creator_without_any_permission_at_the_platform_creates_one(
    client, acme, creator, authorization
):
    answer = client.post(NEW, fill(authorization=authorization.pk), follow=True)
    (row,) = destinations(acme)
    assert row.created_by_id == creator.pk != authorization.authorized_by_id
    assert (row.identifiers, row.settings["audience_name"]) == (["second"], "Loyal & dear")
    assert answer.redirect_chain[-1][0] == reverse("destinations:detail", args=[row.pk])
    assert "ready for its first export" in answer.content.decode()


def test_it_is_named_and_asked_step_by_step(client, authorization, second_platform):
    shown = client.get(NEW).content.decode()
    assert ">Name</label>" in shown
    assert ">Platform</label>" in shown
    assert ">Authorization</label>" not in shown
    answer = client.post(NEW, {"name": "Loyal", "platform": "sample", "then": "refresh"})
    shown = client.get(answer["Location"]).content.decode()
    for label in ("Authorization", "Ad account", "Identifier", "Audience name", "Days"):
        assert f">{label}</label>" in shown
    assert 'value="Loyal"' in shown
    assert ">Test connection</button>" in shown
    assert "Acme UK (connected as Acme Ltd)" in shown


def test_choosing_again_loses_nothing_and_puts_nothing_in_the_address(client, authorization):
    answer = client.post(NEW, fill(authorization=authorization.pk, then="refresh"))
    for value in ("Loyal", "sample", str(authorization.pk)):
        assert value not in answer["Location"]
    shown = client.get(answer["Location"]).content.decode()
    assert 'value="Loyal customers"' in shown
    assert 'value="Loyal &amp; dear"' in shown
    assert '<option value="second" selected>' in shown
    assert '<option value="a1" selected>' in shown
    assert f'<option value="{authorization.pk}" selected>' in shown


def test_wrong_input_loses_nothing_and_creates_nothing(client, acme, authorization):
    answer = client.post(NEW, fill(name="", authorization=authorization.pk))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Give the destination a name." in shown
    assert 'value="Loyal &amp; dear"' in shown
    assert '<option value="a1" selected>' in shown
    assert destinations(acme) == []


def test_another_organizations_authorization_cannot_be_used(
    client_of, stranger, globex, authorization
):
    answer = client_of(stranger).post(NEW, fill(authorization=authorization.pk))
    assert answer.status_code == 422
    assert "cannot be used any more" in answer.content.decode()
    assert destinations(globex) == []


def test_a_draft_is_only_its_writers_and_a_lost_one_is_an_empty_form(
    client, client_of, admin, authorization
):
    address = client.post(NEW, fill(then="refresh"))["Location"]
    assert "Loyal customers" not in client_of(admin).get(address).content.decode()
    assert client.get(f"{NEW}?draft=nobody").status_code == 200


def test_the_last_drafts_are_kept(client, authorization):
    first, *_, last = [
        client.post(NEW, fill(name=f"Draft {number}", then="refresh"))["Location"]
        for number in range(6)
    ]
    assert "Draft 0" not in client.get(first).content.decode()
    assert "Draft 5" in client.get(last).content.decode()


def test_without_a_usable_authorization_it_says_so(client, acme, sample_platform):
    draft = client.post(NEW, fill(then="refresh"))["Location"]
    shown = client.get(draft).content.decode()
    assert "No usable authorization at Sample Ads yet" in shown
    assert "Sample Admin or Sample Editor" in shown
    assert "Create destination" not in shown


def leave_for_an_authorization(client) -> tuple[str, dict]:
    """Leave the form for "New authorization"; return the address there and what it fills in."""
    there = client.post(NEW, fill(then="authorize"))["Location"]
    assert there.startswith(f"{AUTHORIZE}?")
    form = client.get(there).context["form"]
    return there, {"platform": form["platform"].value(), "next": form["next"].value()}


def approve(client, organization) -> AuthorizationAttempt:
    with fence.inside(organization.id):
        attempt = AuthorizationAttempt.objects.latest("created_at")
    client.get(
        reverse("authorizations:callback", args=["sample"]),
        {"code": "code-1", "state": state_of_attempt(attempt)},
    )
    return learned(attempt)


def must_be_filled(client, address, organization) -> None:
    shown = client.get(address).content.decode()
    assert 'value="Loyal customers"' in shown
    assert 'value="Loyal &amp; dear"' in shown
    with fence.inside(organization.id):
        made = AuthorizationAttempt.objects.latest("created_at").authorization_id
    assert f'<option value="{made}" selected>' in shown
    assert '<option value="a1" selected>' in shown


def test_to_a_new_authorization_in_the_tab_and_back(client, acme, sample_platform, network):
    grants(network)
    knows(network)
    _, asked = leave_for_an_authorization(client)
    assert asked["platform"] == "sample"
    client.post(AUTHORIZE, {"name": "Acme UK", **asked})
    attempt = approve(client, acme)
    answer = client.get(reverse("authorizations:attempt_result", args=[attempt.pk]))
    assert answer["Location"] == asked["next"]
    must_be_filled(client, answer["Location"], acme)


def test_to_a_new_authorization_in_a_popup_and_back(client, acme, sample_platform, network):
    grants(network)
    knows(network)
    _, asked = leave_for_an_authorization(client)
    client.post(AUTHORIZE, {"name": "Acme UK", "in_popup": "on", **asked})
    attempt = approve(client, acme)
    # What the page behind the popup asks for, and then goes to.
    told = client.get(reverse("authorizations:attempt_state", args=[attempt.pk])).json()
    answer = client.get(told["next_url"])
    assert answer["Location"] == asked["next"]
    must_be_filled(client, answer["Location"], acme)


def test_a_refusal_at_the_platform_does_not_lose_the_way_back(
    client, acme, sample_platform, network
):
    _, asked = leave_for_an_authorization(client)
    client.post(AUTHORIZE, {"name": "Acme UK", **asked})
    with fence.inside(acme.id):
        attempt = AuthorizationAttempt.objects.get()
    parameters = {"error": "access_denied", "state": state_of_attempt(attempt)}
    client.get(reverse("authorizations:callback", args=["sample"]), parameters)
    assert again(attempt).is_final
    result = client.get(reverse("authorizations:attempt_result", args=[attempt.pk]))
    (href,) = [
        line.split('href="')[1].split('"')[0].replace("&amp;", "&")
        for line in result.content.decode().splitlines()
        if "Try again" in line
    ]
    assert client.get(href).context["form"]["next"].value() == asked["next"]


def test_cancel_leads_back_to_what_was_filled_in(client, acme, sample_platform):
    there, asked = leave_for_an_authorization(client)
    assert f'href="{asked["next"]}">Cancel</a>' in client.get(there).content.decode()
    assert 'value="Loyal customers"' in client.get(asked["next"]).content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:a()"])
def test_cancel_never_leads_to_another_site(client, acme, sample_platform, elsewhere):
    shown = client.get(AUTHORIZE, {"next": elsewhere}).content.decode()
    assert elsewhere not in shown


def test_a_platform_of_several_is_chosen_before_anything_else(
    client, acme, authorization, second_platform
):
    answer = client.post(NEW, {"name": "Loyal", "platform": ""})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose a platform." in shown
    assert "Choose an authorization." not in shown
    draft = client.post(NEW, {"name": "Loyal", "platform": second_platform.key, "then": "refresh"})
    shown = client.get(draft["Location"]).content.decode()
    assert f"No usable authorization at {second_platform.label} yet" in shown


def test_an_ad_account_that_vanished_at_the_platform_meanwhile_is_said_at_its_field(
    client, acme, authorization, network
):
    knows(network, accounts=[{"id": "a2", "name": "Acme DE"}])
    answer = client.post(NEW, fill(authorization=authorization.pk))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "This ad account is not within the authorization&#x27;s reach any more." in shown
    assert 'value="Loyal customers"' in shown
    assert destinations(acme) == []


def test_a_platform_that_does_not_answer_stops_nobody(client, acme, authorization, network):
    network.add("GET", f"{BASE}/accounts", status=503)
    client.post(NEW, fill(authorization=authorization.pk))
    assert len(destinations(acme)) == 1
