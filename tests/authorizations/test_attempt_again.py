"""The consent walk by somebody who goes back, changes their mind, or has switched meanwhile."""

import uuid

import pytest
from django.urls import reverse

from authorizations.models import AuthorizationAttempt
from organizations import fence, services
from organizations.roles import Role
from tests.authorizations.conftest import learned, state_of_attempt
from tests.factories import authorized
from tests.people import member
from tests.sample_platform import grants, knows

pytestmark = pytest.mark.django_db

LIST, NEW = reverse("authorizations:list"), reverse("authorizations:new")


@pytest.fixture
def platform(sample_platform, network):
    grants(network)
    knows(network)
    return sample_platform


def attempts(organization) -> list[AuthorizationAttempt]:
    with fence.inside(organization.id):
        return list(AuthorizationAttempt.objects.order_by("created_at"))


def approve(client, attempt, **parameters):
    query = {"state": state_of_attempt(attempt), **parameters}
    return client.get(reverse("authorizations:callback", args=["sample"]), query)


def result_of(attempt) -> str:
    return reverse("authorizations:attempt_result", args=[attempt.pk])


def test_another_name_under_the_same_attempt_begins_a_new_one(client_of, analyst, acme, platform):
    client, attempt_id = client_of(analyst), uuid.uuid4()
    filled = {"platform": "sample", "attempt": attempt_id}
    client.post(NEW, {**filled, "name": "Acme UK"})
    leads_to = client.post(NEW, {**filled, "name": "Acme DE"})["Location"]
    first, second = attempts(acme)
    assert (first.pk, first.name) == (attempt_id, "Acme UK")
    assert (second.name, leads_to) == (
        "Acme DE",
        reverse("authorizations:attempt_go", args=[second.pk]),
    )


def test_a_reconnection_under_the_attempt_of_another_one_begins_a_new_one(
    client_of, analyst, acme, authorization
):
    other = authorized(acme, analyst, name="Acme DE")
    client, filled = client_of(analyst), {"attempt": uuid.uuid4()}
    before = len(attempts(acme))
    for row in (authorization, authorization, other):
        client.post(reverse("authorizations:reconnect", args=[row.pk]), filled)
    targets = [each.authorization_id for each in attempts(acme)[before:]]
    assert targets == [authorization.pk, other.pk]


def test_a_reconnection_that_failed_names_what_it_leads_back_to(
    client_of, analyst, acme, authorization, network
):
    client = client_of(analyst)
    address = reverse("authorizations:reconnect", args=[authorization.pk])
    client.post(address, {"attempt": uuid.uuid4()})
    attempt = attempts(acme)[-1]
    approve(client, attempt, error="access_denied")
    page = client.get(result_of(attempt)).content.decode()
    assert ">Open Acme UK</a>" in page


def test_after_switching_a_success_leads_to_no_page_of_the_organization_before(
    client_of, acme, globex, platform
):
    both = member(acme, "both@acme.example", Role.ANALYST)
    services.membership_create(organization=globex, person=both, role=Role.ANALYST)
    row = authorized(acme, both)
    client = client_of(both)
    client.post(reverse("organizations:switch"), {"organization": acme.id})
    client.post(reverse("authorizations:reconnect", args=[row.pk]), {"in_popup": "on"})
    attempt = attempts(acme)[-1]
    approve(client, attempt, code="code-1")
    learned(attempt)
    detail = reverse("authorizations:detail", args=[row.pk])
    assert f'href="{detail}">Continue</a>' in client.get(result_of(attempt)).content.decode()
    client.post(reverse("organizations:switch"), {"organization": globex.id})
    assert f'href="{LIST}">Continue</a>' in client.get(result_of(attempt)).content.decode()
    assert client.get(f"{result_of(attempt)}?here")["Location"] == LIST


def test_an_address_that_is_no_path_is_not_gone_to_afterwards(client_of, analyst, acme, platform):
    client = client_of(analyst)
    client.post(NEW, {"name": "Acme UK", "platform": "sample", "next": "foo"})
    (attempt,) = attempts(acme)
    approve(client, attempt, code="code-1")
    learned(attempt)
    assert client.get(result_of(attempt))["Location"] == LIST
