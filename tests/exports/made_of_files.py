"""Audiences that the emulated TikTok makes of files, and workers that do as messages say."""

import hashlib
import uuid

from django.db.models.functions import Now

from authorizations import consent, services
from destinations.models import Destination
from exports import comparing, conducting, confirming, gathering, preparation
from organizations import fence
from providers.secret import Secret
from providers.values import AdAccount, Grant, Identity, Tokens, Verdict
from tests.exports.driving import batches, send_next, states
from tests.factories import SESSION, change, destined, stored
from tests.sandbox.raw_tiktok import UK, RawTikTok

PEOPLE = tuple(f"person{number}@example.com" for number in range(2_000))


def destination_at(tiktok: RawTikTok, organization, analyst, creator) -> Destination:
    """Return a destination whose audience ends after so many days, so it is made of files."""
    attempt = consent.begin(
        attempt_id=uuid.uuid4(),
        organization=organization,
        person=analyst,
        session_secret=SESSION,
        wish=consent.Wish(name="Acme UK", platform="tiktok"),
    )
    with fence.inside(organization.id):
        row = services.authorization_create(
            attempt=attempt,
            grant=Grant(Tokens(Secret(tiktok.sign_in())), scopes=frozenset({"3"})),
            identity=Identity(frozenset({"t1"}), "Oscar"),
            missing=(),
        )
        accounts = [AdAccount(UK, "Acme Retail UK", verdict=Verdict.SUFFICIENT)]
        services.ad_accounts_save(authorization=row, accounts=accounts)
    wish = {"audience_name": "Files", "retention_days": "30", "audience_id": ""}
    made = destined(row, creator, ad_account=UK)
    change(made, settings=wish)
    return stored(made)


def step(export) -> bool:
    """Do once what is due, as messages would; say whether anything was."""
    with fence.inside(export.organization_id):
        export.batches.exclude(not_before=None).update(not_before=Now(), hinted_until=None)
        export.batches.update(hinted_until=None)
    following = conducting.advance(export.organization_id, export.id)
    if following.prepare:
        preparation.prepare(export.organization_id, export.id)
    if following.compare:
        comparing.compare(export.organization_id, export.id)
    for _ in following.send:
        send_next(export)
    for batch_id in following.confirm:
        confirming.confirm(export.organization_id, batch_id)
    if following.put_in_effect:
        gathering.put_in_effect(export.organization_id, export.id)
    did = (following.prepare, following.compare, following.send, following.confirm)
    return any(map(bool, did)) or following.put_in_effect


def until(export, *wanted: str):
    """Work until all batches are in one of these states."""
    for _ in range(40):
        if batches(export) and set(states(export)) <= set(wanted):
            return stored(export)
        step(export)
    raise AssertionError(states(export))


def ended(export):
    for _ in range(40):
        if not step(export) and stored(export).is_final:
            return stored(export)
    raise AssertionError((stored(export).state, states(export)))


def held(sandbox):
    return [(each["name"], each["held"], each["digest"]) for each in sandbox.audiences("tiktok")]


def set_of(*addresses):
    digests = sorted(hashlib.sha256(each.encode()).hexdigest() for each in addresses)
    return "Files", len(digests), hashlib.sha256("\n".join(digests).encode()).hexdigest()
