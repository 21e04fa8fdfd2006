"""People whom an emulated platform refuses, with all who came with them: found, and the rest held.

The whole way of an export, through the platform's own adapter.
"""

import hashlib
import uuid

import pytest
from django.urls import reverse

from authorizations import consent, services
from exports.states import BatchState, ExportState
from organizations import fence
from providers.secret import Secret
from providers.values import AdAccount, Grant, Identity, Tokens, Verdict
from tests.exports.driving import batches, delivered, started
from tests.factories import SESSION, change, destined, stored
from tests.sandbox.raw_x import UK, RawX

pytestmark = pytest.mark.django_db

PEOPLE = tuple(f"person{number}@example.com" for number in range(600))


@pytest.fixture
def destination(sandbox, settings, acme, analyst, creator):
    known = sandbox.people()["x"]
    settings.PLATFORM_ENVIRONMENT = {
        **settings.PLATFORM_ENVIRONMENT,
        "PLATFORM_X_CLIENT_ID": known["client_id"],
        "PLATFORM_X_CLIENT_SECRET": known["client_secret"],
        "PLATFORM_X_BASE_URL": f"{sandbox.url}/x",
    }
    # Several batches, each with some who are refused.
    settings.EXPORT_BATCH_ROWS = 250
    sandbox.fault("x", "no_rate_limits", count=None)
    tokens = RawX(sandbox).tokens("Manuel Manager")
    attempt = consent.begin(
        attempt_id=uuid.uuid4(),
        organization=acme,
        person=analyst,
        session_secret=SESSION,
        wish=consent.Wish(name="Acme UK", platform="x"),
    )
    with fence.inside(acme.id):
        row = services.authorization_create(
            attempt=attempt,
            grant=Grant(
                Tokens(Secret(tokens["oauth_token"]), secret=Secret(tokens["oauth_token_secret"]))
            ),
            identity=Identity(frozenset({"6253282"}), "Manuel Manager"),
            missing=(),
        )
        accounts = [AdAccount(UK, "Acme Retail UK", verdict=Verdict.SUFFICIENT)]
        services.ad_accounts_save(authorization=row, accounts=accounts)
    made = destined(row, creator, ad_account=UK)
    change(made, settings={"audience_name": "Buyers", "description": "", "membership_days": "90"})
    return stored(made)


def test_those_refused_are_found_and_all_others_are_held(sandbox, destination, creator, client_of):
    digests = {hashlib.sha256(each.encode()).hexdigest() for each in PEOPLE}
    refused = {digest for digest in digests if digest.startswith("20")}
    assert len(refused) == 9
    sandbox.fault("x", "refused_people", count=None, digits="20")
    export = delivered(started(destination, creator, *PEOPLE))
    assert export.state == ExportState.SUCCEEDED_WITH_REJECTS
    (audience,) = sandbox.audiences("x")
    expected = hashlib.sha256("\n".join(sorted(digests - refused)).encode()).hexdigest()
    assert (audience["held"], audience["digest"]) == (len(digests - refused), expected)
    found = [batch for batch in batches(export) if batch.state == BatchState.REFUSED]
    assert [batch.identifiers for batch in found] == [1] * len(refused)
    answer = client_of(creator).get(reverse("exports:rejects", args=[export.pk]))
    said = b"".join(answer.streaming_content).decode()
    assert said.count("X refuses some of the people that were sent") == len(refused)
    assert not any(digest in said for digest in refused)
