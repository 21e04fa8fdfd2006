"""Audiences: the emulator must hold exactly what was sent."""

from dataclasses import replace

import pytest

from providers.declarations import Replace
from providers.errors import BadRequest, NotThere, PlatformError
from providers.values import AudienceRequest, Batch, Verdict
from tests.contract.batches import batch, digest_of


def held(sandbox, platform, audience):
    (found,) = (one for one in sandbox.audiences(platform.key) if one["id"] == audience.id)
    return found["held"], found["digest"]


def everyone(*batches: Batch) -> tuple[int, str]:
    people = {value for each in batches for row in each.rows for value in row if value}
    return len(people), digest_of(people)


def test_a_created_audience_is_empty_and_in_its_ad_account(platform, facts, audience, sandbox):
    (made,) = sandbox.audiences(platform.key)
    assert made["id"] == audience.id
    assert made["account"] == audience.ad_account_id == facts.ad_account
    assert made["held"] == 0


def test_a_created_audience_is_found_again(platform, connection, facts, audience):
    request = platform.audience_request(facts.ad_account, facts.settings)
    if platform.audiences_can_be_looked_up:
        assert platform.find_audience(connection, request).id == audience.id
    by_id = AudienceRequest(facts.ad_account, "", existing_id=audience.id)
    assert platform.find_audience(connection, by_id).id == audience.id


def test_a_name_is_found_exactly_or_not_at_all(platform, connection, facts, audience):
    if not platform.audiences_can_be_looked_up:
        return
    for name in (audience.name + " 2", audience.name[:-1], audience.name.swapcase()):
        request = AudienceRequest(facts.ad_account, name, settings=facts.settings)
        assert platform.find_audience(connection, request) is None


def test_an_audience_that_is_not_there_is_said(platform, connection, facts):
    with pytest.raises(NotThere):
        platform.find_audience(
            connection, AudienceRequest(facts.ad_account, "", existing_id="999999999999")
        )


def test_what_is_added_and_removed_is_what_is_held(platform, connection, audience, sandbox):
    first, more, gone = (
        batch(platform, 50),
        batch(platform, 50, first=25),
        batch(platform, 10, first=5),
    )
    receipt = platform.add(connection, audience, first)
    assert receipt.accepted == 50
    assert held(sandbox, platform, audience) == everyone(first)
    platform.add(connection, audience, more)
    assert held(sandbox, platform, audience) == everyone(first, more)
    platform.remove(connection, audience, gone)
    left = Batch(first.types, [row for row in {*first.rows, *more.rows} if row not in gone.rows])
    assert held(sandbox, platform, audience) == everyone(left)


def test_sending_again_is_harmless(platform, connection, audience, sandbox):
    sent = batch(platform, 20)
    for _ in range(2):
        platform.add(connection, audience, sent)
        assert held(sandbox, platform, audience) == everyone(sent)
    for _ in range(2):
        platform.remove(connection, audience, sent)
        assert held(sandbox, platform, audience) == everyone()


def test_every_identifier_type_is_taken(platform, facts, connection, sandbox):
    for declared in platform.identifiers:
        settings = {**facts.settings, facts.name_field: f"Audience by {declared.label}"}
        request = platform.audience_request(facts.ad_account, settings)
        request = replace(request, identifiers=(declared.key,))
        audience = platform.create_audience(connection, request)
        sent = batch(platform, 3, kind=declared.key)
        platform.add(connection, audience, sent)
        assert held(sandbox, platform, audience) == everyone(sent)


def test_types_together_go_in_one_row_where_the_platform_takes_them(
    platform, connection, audience, sandbox
):
    if not platform.identifiers_together:
        return
    columns = [batch(platform, 5, kind=declared.key).rows for declared in platform.identifiers]
    rows = [tuple(cell[0] for cell in row) for row in zip(*columns, strict=True)]
    # The last person has only the last identifier.
    rows[-1] = (*(None for _ in rows[-1][:-1]), rows[-1][-1])
    together = Batch(tuple(declared.key for declared in platform.identifiers), rows)
    platform.add(connection, audience, together)
    assert held(sandbox, platform, audience) == everyone(together)


def test_a_full_batch_goes_in_one_request(platform, connection, audience, sandbox):
    full = batch(platform, platform.limits.batch_rows)
    receipt = platform.add(connection, audience, full)
    assert receipt.accepted == platform.limits.batch_rows
    assert held(sandbox, platform, audience) == everyone(full)


def test_more_than_the_platform_takes_is_refused_whole(
    platform, facts, connection, audience, sandbox
):
    if facts.refuses_more_than is None:
        return
    with pytest.raises(BadRequest) as caught:
        platform.add(connection, audience, batch(platform, facts.refuses_more_than + 1))
    assert not caught.value.may_have_happened
    assert held(sandbox, platform, audience) == everyone()


def test_clearing_empties_and_adding_afterwards_stays(platform, connection, audience, sandbox):
    if platform.replace != Replace.NATIVE:
        return
    platform.add(connection, audience, batch(platform, 30))
    platform.clear(connection, audience)
    assert held(sandbox, platform, audience) == everyone()
    after = batch(platform, 7, first=100)
    platform.add(connection, audience, after)
    assert held(sandbox, platform, audience) == everyone(after)


def test_the_status_is_read_as_the_platform_reports_it(platform, connection, audience):
    platform.add(connection, audience, batch(platform, platform.limits.minimum_audience + 10))
    now = platform.audience_status(connection, audience)
    assert (now.id, now.ad_account_id) == (audience.id, audience.ad_account_id)
    assert now.state
    assert len(now.state) <= 60
    assert now.size is None or now.size >= 0


def test_a_role_that_does_not_suffice_cannot_write(platform, walk, facts):
    """The verdicts are not only words: the emulator refuses where they say insufficient."""
    refused = 0
    for person, seen in facts.people.items():
        connection = walk.connect(walk.grant(person).tokens)
        for ad_account, verdict in seen.items():
            # Some platforms take a name only once in an ad account.
            settings = {**facts.settings, facts.name_field: f"By {person}"}
            request = platform.audience_request(ad_account, settings)
            if verdict == Verdict.INSUFFICIENT:
                with pytest.raises(PlatformError) as caught:
                    platform.create_audience(connection, request)
                assert caught.value.recovery == "ask for permission", (person, ad_account)
                refused += 1
            elif verdict == Verdict.SUFFICIENT:
                assert platform.create_audience(connection, request).id
    assert refused


def test_lists_are_read_to_their_last_page(platform, facts, connection, sandbox):
    if facts.small_pages is None:
        return
    made = []
    for number in range(5):
        settings = {**facts.settings, facts.name_field: f"Paged {number}"}
        request = platform.audience_request(facts.ad_account, settings)
        made.append((request, platform.create_audience(connection, request).id))
    sandbox.fault(platform.key, facts.small_pages, count=100)
    for request, audience_id in made:
        assert platform.find_audience(connection, request).id == audience_id
