import pytest

from authorizations import consent
from authorizations.models import Authorization, AuthorizationAttempt
from tests.factories import (
    SESSION,
    again,
    authorized,
    begin,
    learned,
    state_of_attempt,
    stored,
)
from tests.sample_platform import grants, knows

__all__ = ["SESSION", "again", "begin", "learned", "state_of_attempt", "stored"]


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


@pytest.fixture
def authorization(acme, analyst, sample_platform) -> Authorization:
    return authorized(acme, analyst)
