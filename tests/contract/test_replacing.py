"""Replace at every emulator: the audience holds exactly the file, also of two types."""

import hashlib
from uuid import uuid4

import pytest

from authorizations import consent, services
from destinations.models import Destination
from exports import comparing, conducting, confirming, erasing, erasures, preparation
from exports.models import Export
from exports.services import export_start
from exports.states import ExportState, Mode
from organizations import fence
from providers.values import AdAccount, Verdict
from tests.contract.walk import Walk
from tests.exports.driving import drafted, let_time_pass, send_next
from tests.exports.replacing import nobody_is_asked
from tests.factories import SESSION, stored

__all__ = ("nobody_is_asked",)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nobody_is_asked")]

FIRST = [(number, number // 2) for number in range(40)]
# Some leave whose second identifier others keep; some have another second one than before.
SECOND = [*((number, number // 2) for number in range(9, 36)), (36, 99), (50, 18), (51, 0)]
THIRD = [(number, 7) for number in range(20, 60)]


@pytest.fixture
def set_up(platform, app, settings, tmp_path):
    settings.STAGING_DIR = str(tmp_path / "staging")
    name = f"PLATFORM_{platform.key.upper()}"
    settings.PLATFORM_ENVIRONMENT = {
        **settings.PLATFORM_ENVIRONMENT,
        f"{name}_CLIENT_ID": app.client_id,
        f"{name}_CLIENT_SECRET": app.client_secret.reveal(),
        f"{name}_BASE_URL": app.base_url,
    }


@pytest.fixture
def destination(platform, set_up, walk: Walk, facts, acme, creator) -> Destination:
    """A destination of as many identifier types as the platform takes together, two at most."""
    grant = walk.grant(facts.writer)
    wish = consent.Wish(name="Acme", platform=platform.key, options=walk.options)
    attempt = consent.begin(
        attempt_id=uuid4(), organization=acme, person=creator, session_secret=SESSION, wish=wish
    )
    identity = platform.identify(walk.connect(grant.tokens), grant.facts)
    account = AdAccount(facts.ad_account, "Acme", verdict=Verdict.SUFFICIENT)
    types = ("email", "phone") if platform.identifiers_together else ("email",)
    with fence.inside(acme.id):
        row = services.authorization_create(
            attempt=attempt, grant=grant, identity=identity, missing=()
        )
        services.ad_accounts_save(authorization=row, accounts=[account])
        return Destination.objects.create(
            organization=acme,
            name="Buyers",
            platform=platform.key,
            authorization=row,
            ad_account_id=facts.ad_account,
            ad_account_name="Acme",
            identifiers=[each.key for each in platform.identifiers if each.key in types],
            settings=dict(facts.settings),
            created_by=creator,
        )


def digest(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind}-{number}".encode()).hexdigest()


def rows(destination, people):
    kinds = destination.identifiers
    return [[digest(kind, person[place]) for place, kind in enumerate(kinds)] for person in people]


def exported(destination, by, people, mode):
    """Export a file of hashes."""
    kinds = destination.identifiers
    lines = [",".join(kinds), *(",".join(row) for row in rows(destination, people))]
    export = drafted(destination, by, "\n".join(lines) + "\n")
    with fence.inside(destination.organization_id):
        columns = {kind: place for place, kind in enumerate(kinds)}
        export_start(export=export, by=by, mode=mode, columns=columns)
    return carried_out(export)


def carried_out(export):
    """Do what workers do, however long the platform works on it."""
    organization_id = export.organization_id
    for _ in range(60):
        following = conducting.advance(organization_id, export.id)
        if following.prepare:
            preparation.prepare(organization_id, export.id)
        if following.compare:
            comparing.compare(organization_id, export.id)
        if following.erase:
            erasing.erase(organization_id, export.id)
        for _ in following.send:
            send_next(export)
        for batch in following.confirm:
            confirming.confirm(organization_id, batch)
        if stored(export).is_final:
            conducting.advance(organization_id, export.id)
            break
        let_time_pass(export)
        with fence.inside(organization_id):
            export.batches.update(hinted_until=None)
    export = stored(export)
    assert export.state == ExportState.SUCCEEDED, export.reason
    return export


def test_a_replace_leaves_exactly_the_file(destination, sandbox, platform, creator):
    exported(destination, creator, FIRST, Mode.ADD)
    for people in (SECOND, THIRD, FIRST):
        exported(stored(destination), creator, people, Mode.REPLACE)
        must_hold(sandbox, destination, people)


def must_hold(sandbox, destination, people):
    expected = {each for row in rows(destination, people) for each in row}
    (held,) = sandbox.audiences(destination.platform)
    assert held["held"] == len(expected)
    sums = hashlib.sha256("\n".join(sorted(expected)).encode()).hexdigest()
    assert held["digest"] == sums


def test_an_erased_person_is_gone_and_who_shares_a_phone_stays(
    destination, sandbox, creator, admin
):
    exported(destination, creator, FIRST, Mode.ADD)
    with fence.inside(destination.organization_id):
        erasure = erasures.erasure_request(
            organization_id=destination.organization_id, by=admin, value=digest("email", 5)
        )
        export = Export.objects.get(erasure=erasure)
    carried_out(export)
    must_hold(sandbox, destination, [person for person in FIRST if person[0] != 5])
