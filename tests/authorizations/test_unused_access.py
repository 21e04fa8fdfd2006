"""What a decision about another account leaves behind: the history tells it, nothing else stays."""

import pytest

from audit.models import Entry
from authorizations import deciding
from authorizations.models import AtPlatform
from organizations import fence
from tests.authorizations.revoking import REVOKE_URL, let_access_be_revoked
from tests.factories import again, learned
from tests.sample_platform import grants, knows

pytestmark = pytest.mark.django_db

DECISIONS = {
    "keep": (deciding.keep_old, "Other Ltd", "analyst@acme.example"),
    "replace": (deciding.replace_old, "Acme Ltd", "analyst@acme.example"),
    "nobody": (deciding.nobody_decided, "Other Ltd", ""),
}


@pytest.fixture
def attempt(walk, authorization, network):
    """The analyst reconnected "Acme UK" and approved as another account."""
    grants(network, access="access-2", refresh="refresh-2", expires_in=3600)
    knows(network, person="p2", name="Other Ltd")
    return learned(walk("Acme UK", reconnects=authorization))


def told(row) -> dict[str, Entry]:
    with fence.inside(row.organization_id):
        return {entry.action: entry for entry in Entry.objects.filter(subject_id=row.pk)}


@pytest.mark.parametrize("decision", DECISIONS)
def test_the_history_tells_that_access_is_to_be_ended_and_that_it_was(
    attempt, authorization, sample_platform, network, monkeypatch, decision
):
    let_access_be_revoked(sample_platform, network, monkeypatch)
    decide, account, person = DECISIONS[decision]
    assert decide(attempt=attempt) == AtPlatform.REVOKED
    entries = told(authorization)
    assert entries["access to be ended"].detail == {"account": account}
    assert entries["access to be ended"].person == person
    assert entries["revoked at the platform"].detail == {"account": account}


def test_a_call_that_is_not_confirmed_leaves_the_intent_alone(
    attempt, authorization, sample_platform, network, monkeypatch
):
    let_access_be_revoked(sample_platform, network, monkeypatch)
    network.upsert("POST", REVOKE_URL, status=503)
    assert deciding.keep_old(attempt=attempt) == AtPlatform.FAILED
    entries = told(authorization)
    assert "access to be ended" in entries
    assert "revoked at the platform" not in entries


def test_the_history_tells_why_access_is_not_ended(attempt, authorization):
    assert deciding.replace_old(attempt=attempt) == AtPlatform.BY_PERSON
    detail = told(authorization)["access not ended"].detail
    assert detail == {"account": "Acme Ltd", "reason": "Only a person can end it"}


@pytest.mark.parametrize("decision", DECISIONS)
def test_what_was_learned_of_the_other_account_is_forgotten(attempt, decision):
    assert attempt.learned
    assert attempt.grant
    DECISIONS[decision][0](attempt=attempt)
    ended = again(attempt)
    assert (ended.learned, ended.grant) == ({}, {})
