"""Whatever a person or an attacker does to the callback: one calm page, and nothing is harmed."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from organizations import fence
from organizations.models import Route
from providers.registry import registry
from tests.authorizations.conftest import again, learned, state_of_attempt
from tests.factories import stored
from tests.sample_platform import TOKEN_URL, grants, knows

pytestmark = pytest.mark.django_db

NEW = reverse("authorizations:new")
HOSTILE = {
    "nothing": "",
    "empty": "code=&state=",
    "guessed": "code=c&state=guessed",
    "twice": "code=a&code=b&state=x&state=y",
    "null characters": "code=%00&state=%00%00",
    "not UTF-8": "code=%ff%fe&state=%ff",
    "lists": "code[]=1&state[]=2",
    "a script": "error=<script>alert(1)</script>&state=<script>",
    "an error in words": "error=access_denied&error_description=%0d%0aSet-Cookie:+a=b",
    "very long": f"code={'c' * 20_000}&state={'s' * 20_000}",
    "SQL": "state=' OR 1=1 --&code=';DROP TABLE x",
    "other protocols' words": "oauth_token=t&oauth_verifier=v&auth_code=a&denied=d",
}


@pytest.fixture
def platform(sample_platform, network):
    grants(network)
    knows(network)
    return sample_platform


@pytest.fixture
def analyst_client(client_of, analyst) -> Client:
    return client_of(analyst)


def callback(key: str = "sample", query: str = "") -> str:
    return f"{reverse('authorizations:callback', args=[key])}?{query}"


def begun(client, acme, **more) -> AuthorizationAttempt:
    attempt_id = uuid.uuid4()
    filled = {"name": f"Acme {attempt_id}", "platform": "sample", "attempt": attempt_id}
    client.post(NEW, {**filled, **more})
    with fence.inside(acme.id):
        return AuthorizationAttempt.objects.get(pk=attempt_id)


def is_calm(response) -> bool:
    page = response.content.decode()
    return (
        response.status_code == 400
        and "This answer changed nothing" in page
        and reverse("authorizations:new") in page
        and "Traceback" not in page
        and "<script>alert" not in page
        and response["Referrer-Policy"] == "no-referrer"
    )


def leads_to_result(response, attempt) -> bool:
    result = reverse("authorizations:attempt_result", args=[attempt.pk])
    return response.status_code == 302 and response["Location"] == result


@pytest.mark.parametrize("key", [platform.key for platform in registry])
@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_at_any_platforms_address_gets_one_calm_page(
    analyst_client, authorization, key, query
):
    with fence.inside(authorization.organization_id):
        before = AuthorizationAttempt.objects.count()
    response = analyst_client.get(callback(key, query))
    assert is_calm(response)
    assert stored(authorization).token_version == authorization.token_version
    with fence.inside(authorization.organization_id):
        assert Authorization.objects.count() == 1
        assert AuthorizationAttempt.objects.count() == before


def test_an_answer_at_the_address_of_no_platform_gets_one_calm_page(analyst_client, acme, platform):
    attempt = begun(analyst_client, acme)
    query = f"code=code-1&state={state_of_attempt(attempt)}"
    for key in ("nobody", "sample-2", "SAMPLE"):
        assert is_calm(analyst_client.get(callback(key, query)))
    assert again(attempt).state == AttemptState.WAITING


def test_an_answer_at_another_platforms_address_gets_one_calm_page(analyst_client, acme, platform):
    attempt = begun(analyst_client, acme)
    query = f"code=code-1&state={state_of_attempt(attempt)}"
    for other in registry:
        if other.key != "sample":
            assert is_calm(analyst_client.get(callback(other.key, query)))
    assert again(attempt).state == AttemptState.WAITING
    # And the right answer still counts.
    analyst_client.get(callback("sample", query))
    assert learned(attempt).state == AttemptState.DONE


def test_an_answer_in_another_session_of_the_same_person_gets_one_calm_page(
    client_of, analyst, acme, platform
):
    attempt = begun(client_of(analyst), acme)
    response = client_of(analyst).get(callback(query=f"code=c&state={state_of_attempt(attempt)}"))
    assert is_calm(response)
    assert "another browser session" in response.content.decode()
    assert again(attempt).state == AttemptState.WAITING


def test_an_answer_of_somebody_in_another_organization_gets_one_calm_page(
    client_of, analyst, stranger, acme, platform
):
    attempt = begun(client_of(analyst), acme)
    response = client_of(stranger).get(callback(query=f"code=c&state={state_of_attempt(attempt)}"))
    assert is_calm(response)
    assert attempt.name not in response.content.decode()
    assert again(attempt).state == AttemptState.WAITING


def test_an_answer_lured_out_of_somebody_else_cannot_be_planted(
    client_of, analyst, admin, acme, platform, network
):
    # The attacker approves with their own account and sends the victim the callback's address.
    attempt = begun(client_of(analyst), acme)
    response = client_of(admin).get(callback(query=f"code=c&state={state_of_attempt(attempt)}"))
    assert is_calm(response)
    assert not [call for call in network.calls if call.request.url == TOKEN_URL]


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_only_a_get_is_an_answer(analyst_client, acme, platform, method):
    attempt = begun(analyst_client, acme)
    address = callback(query=f"code=c&state={state_of_attempt(attempt)}")
    assert getattr(analyst_client, method)(address).status_code == 405
    assert again(attempt).state == AttemptState.WAITING


def test_a_refusal_after_the_approval_changes_nothing(analyst_client, acme, platform):
    attempt = begun(analyst_client, acme)
    state = state_of_attempt(attempt)
    analyst_client.get(callback(query=f"code=code-1&state={state}"))
    repeated = analyst_client.get(callback(query=f"error=access_denied&state={state}"))
    assert leads_to_result(repeated, attempt)
    assert learned(attempt).state == AttemptState.DONE


def test_a_replay_while_the_first_answer_is_being_taken_leads_to_how_it_stands(
    analyst_client, acme, platform, network
):
    attempt = begun(analyst_client, acme)
    state = state_of_attempt(attempt)
    replayed = []

    def token_endpoint(_request):
        queries = (f"code=c2&state={state}", f"error=access_denied&state={state}")
        replayed.extend(analyst_client.get(callback(query=query)) for query in queries)
        return 200, {}, '{"access_token": "a", "token_type": "bearer", "expires_in": 1800}'

    network.remove("POST", TOKEN_URL)
    network.add_callback("POST", TOKEN_URL, token_endpoint)
    analyst_client.get(callback(query=f"code=c1&state={state}"))
    assert [leads_to_result(each, attempt) for each in replayed] == [True, True]
    assert len([call for call in network.calls if call.request.url == TOKEN_URL]) == 1
    assert learned(attempt).state == AttemptState.DONE


def test_an_attempts_id_that_is_somebody_elses_takes_nothing_over(
    client_of, analyst, creator, acme, platform
):
    theirs = begun(client_of(analyst), acme)
    filled = {"name": "Mine", "platform": "sample", "attempt": theirs.pk}
    response = client_of(creator).post(NEW, filled)
    assert response.status_code == 422
    assert "Load the page again" in response.content.decode()
    unharmed = again(theirs)
    assert (unharmed.person, unharmed.state) == (analyst, AttemptState.WAITING)


def test_an_address_of_another_site_is_not_gone_to_afterwards(analyst_client, acme, platform):
    for hostile in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:x",
        "foo",
    ):
        attempt = begun(analyst_client, acme, next=hostile)
        analyst_client.get(callback(query=f"code=c&state={state_of_attempt(attempt)}"))
        learned(attempt)
        result = reverse("authorizations:attempt_result", args=[attempt.pk])
        assert analyst_client.get(result)["Location"] == reverse("authorizations:list")


def test_no_secret_of_the_walk_stays_after_its_end(analyst_client, acme, platform):
    attempt = begun(analyst_client, acme)
    analyst_client.get(callback(query=f"error=access_denied&state={state_of_attempt(attempt)}"))
    ended = again(attempt)
    assert ended.state == AttemptState.REFUSED
    assert ended.consent_url_sealed is None
    assert not Route.objects.filter(row_id=attempt.pk).exists()
