"""Amazon's own habits: terms, connections, regions, jobs that end later, and 401 for everything."""

from dataclasses import replace

import pytest

from providers.errors import BadRequest, NotThere, PermissionMissing, TokenRejected
from providers.registry import Registry
from providers.values import AudienceRequest, Batch
from tests.contract.batches import batch, digest_of
from tests.contract.platforms.amazon_ads import CANADA, CLOUD, GERMANY, US

IN_AMC = {
    "audience_name": "Autumn buyers 2026",
    "amc_account": CLOUD,
    "amc_marketplace": "ATVPDKIKX0DER",
    "amc_instance": "amcacme0001",
}


@pytest.fixture
def platform():
    return Registry().get("amazon_ads")


def held(sandbox, audience):
    (found,) = (one for one in sandbox.audiences("amazon_ads") if one["id"] == audience.id)
    return found["held"], found["digest"]


@pytest.mark.parametrize(
    ("ad_account", "send_to", "owner"),
    [(US, "both", US), (CANADA, "both", CANADA), (CLOUD, "amc", CLOUD), (US, "amc", CLOUD)],
)
def test_an_audience_goes_through_a_connection_and_is_filled(
    platform, walk, sandbox, ad_account, send_to, owner
):
    ada = walk.connect(walk.grant("Ada Admin").tokens)
    request = platform.audience_request(ad_account, {**IN_AMC, "send_to": send_to})
    first, second = platform.create_audience(ada, request), platform.create_audience(ada, request)
    assert {each["account"] for each in sandbox.audiences("amazon_ads")} == {owner}
    sent = batch(platform, 20)
    assert platform.add(ada, first, sent).accepted == 20
    assert platform.remove(ada, first, batch(platform, 5)).accepted == 5
    left = {row[0] for row in sent.rows[5:]}
    assert held(sandbox, first) == (15, digest_of(left))
    assert held(sandbox, second)[0] == 0
    by_id = AudienceRequest(ad_account, "", existing_id=first.id, settings=request.settings)
    assert platform.find_audience(ada, by_id).id == first.id


def test_terms_that_are_not_accepted_are_said_and_stay_so(platform, walk, sandbox):
    tina = walk.connect(walk.grant("Tina Terms").tokens)
    request = platform.audience_request(US, {**IN_AMC, "send_to": "both"})
    for _ in range(2):
        with pytest.raises(PermissionMissing) as caught:
            platform.create_audience(tina, request)
        assert "terms" in caught.value.message
    assert sandbox.audiences("amazon_ads") == []
    plain = platform.audience_request(US, {"audience_name": "Autumn buyers 2026"})
    assert platform.create_audience(tina, plain).id


def test_an_ad_account_of_another_region_is_filled_there(platform, walk, sandbox):
    eva = walk.connect(walk.grant("Eva Europe").tokens)
    settings = {"audience_name": "Autumn buyers 2026", "country": "DE", "consent": "granted"}
    made = platform.create_audience(eva, platform.audience_request(GERMANY, settings))
    sent = batch(platform, 20)
    assert platform.add(eva, made, sent).accepted == 20
    assert held(sandbox, made) == (20, digest_of(row[0] for row in sent.rows))
    assert platform.audience_status(eva, made).id == made.id


def test_people_without_consent_are_not_called_accepted(platform, walk, sandbox):
    eva = walk.connect(walk.grant("Eva Europe").tokens)
    settings = {"audience_name": "Autumn buyers 2026", "country": "DE"}
    made = platform.create_audience(eva, platform.audience_request(GERMANY, settings))
    receipt = platform.add(eva, made, batch(platform, 3))
    assert (receipt.accepted, receipt.facts["invalid"]) == (0, "3")
    assert held(sandbox, made)[0] == 0


def test_everybody_is_somebody_whatever_amazon_tells_of_a_token(platform, walk, sandbox):
    sandbox.fault("amazon_ads", "tokeninfo_anonymous", count=None)
    ada, again, mia = (
        walk.connect(walk.grant(name).tokens) for name in ("Ada Admin", "Ada Admin", "Mia Mixed")
    )
    assert platform.identify(ada, {}).same_as(platform.identify(again, {}))
    # Weak: two people who see the very same accounts would be one.
    assert not platform.identify(ada, {}).same_as(platform.identify(mia, {}))


def test_an_approved_application_learns_who_somebody_is(platform, walk, sandbox):
    sandbox.fault("amazon_ads", "tokeninfo_anonymous", count=None)
    sandbox.fault("amazon_ads", "profile_approved", count=None)
    for scope, name in (("profile", "Ed Editor"), ("profile:user_id", "Acme DSP")):
        walk.app = replace(walk.app, extra_scopes=(scope,))
        grant = walk.grant("Ed Editor")
        assert scope in grant.scopes
        assert platform.missing_scopes(grant.scopes) == frozenset()
        identity = platform.identify(walk.connect(grant.tokens), {})
        assert (identity.ids, identity.name) == ({"amzn1.account.SANDBOX0002"}, name)


def test_an_application_that_is_not_on_the_list_blames_no_token(
    platform, walk, sandbox, connection, audience
):
    sandbox.fault("amazon_ads", "not_on_list", count=None)
    with pytest.raises(PermissionMissing):
        platform.add(connection, audience, batch(platform, 1))
    sandbox.fault("amazon_ads", "expire")
    with pytest.raises(TokenRejected):
        platform.add(connection, audience, batch(platform, 1))


def test_a_job_that_ends_later_is_confirmed_later(platform, sandbox, connection, audience):
    sandbox.fault("amazon_ads", "slow_jobs", count=None)
    receipts = [platform.add(connection, audience, batch(platform, 3))]
    sandbox.fault("amazon_ads", "job_failed", count=1)
    receipts.append(platform.add(connection, audience, batch(platform, 3, first=10)))
    assert [each.facts["job"] for each in receipts] == ["pending", "pending"]
    assert platform.confirm(connection, audience, receipts[0]) is None
    sandbox.clear_faults("amazon_ads")
    sandbox.fault("amazon_ads", "no_rate_limits", count=None)
    assert platform.confirm(connection, audience, receipts[0]).facts["job"] == "succeeded"
    with pytest.raises(BadRequest):
        platform.confirm(connection, audience, receipts[1])
    sandbox.fault("amazon_ads", "audience_gone", count=None)
    with pytest.raises(NotThere):
        platform.confirm(connection, audience, receipts[1])


def test_a_city_is_no_person(platform, sandbox, connection, audience):
    rows = [(None, "c" * 64, f"{number:064x}") for number in range(4)]
    together = Batch(("email", "city", "address"), rows)
    assert platform.add(connection, audience, together).accepted == 4
    gone = Batch(("email", "city", "address"), rows[:1])
    platform.remove(connection, audience, gone)
    left = {"c" * 64, *(row[2] for row in rows[1:])}
    assert held(sandbox, audience) == (4, digest_of(left))
