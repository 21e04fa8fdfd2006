import secrets
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest

from authorizations import consent, learning, services
from authorizations.models import Authorization, AuthorizationAttempt
from organizations import fence
from providers.secret import Secret
from providers.values import AdAccount, Grant, Identity, Tokens, Verdict
from tests.sample_platform import grants, knows

SESSION = secrets.token_urlsafe()


@pytest.fixture
def walk(acme, analyst, sample_platform, network):
    """Return a function that walks an attempt to where it is checking."""
    grants(network)
    knows(network)

    def go(name="Acme UK", **wish) -> AuthorizationAttempt:
        attempt = begin(acme, analyst, name, **wish)
        return consent.answer(
            platform_key="sample",
            parameters={"code": "code-1", "state": state_of_attempt(attempt)},
            person=analyst,
            session_secret=SESSION,
        )

    return go


def begin(organization, person, name="Acme UK", **wish) -> AuthorizationAttempt:
    return consent.begin(
        attempt_id=uuid.uuid4(),
        organization=organization,
        person=person,
        session_secret=SESSION,
        wish=consent.Wish(name=name, platform="sample", **wish),
    )


def state_of_attempt(attempt) -> str:
    """Read the state where the platform would: in the consent address."""
    with fence.inside(attempt.organization_id):
        url = consent.consent_url(AuthorizationAttempt.objects.get(pk=attempt.pk))
    return parse_qs(urlsplit(url).query)["state"][0]


def learned(attempt) -> AuthorizationAttempt:
    learning.learn(attempt.organization_id, attempt.id)
    return again(attempt)


def again(attempt) -> AuthorizationAttempt:
    with fence.inside(attempt.organization_id):
        return AuthorizationAttempt.objects.select_related("authorization").get(pk=attempt.pk)


@pytest.fixture
def authorization(acme, analyst, sample_platform) -> Authorization:
    """An authorization as consent leaves it: tokens sealed, one ad account."""
    attempt = begin(acme, analyst)
    with fence.inside(acme.id):
        row = services.authorization_create(
            attempt=attempt,
            grant=Grant(
                Tokens(Secret("access-1"), refresh=Secret("refresh-1")),
                expires_in=1800,
                scopes=frozenset({"audiences"}),
            ),
            identity=Identity(frozenset({"p1"}), "Acme Ltd"),
            missing=(),
        )
        services.ad_accounts_save(
            authorization=row,
            accounts=[AdAccount("a1", "Acme UK", verdict=Verdict.SUFFICIENT)],
        )
    return row


def stored(row) -> Authorization:
    with fence.inside(row.organization_id):
        return Authorization.objects.get(pk=row.pk)
