"""The walk through the consent pages: approval, refusal, replay, and what the grant then shows."""

import pytest

from providers.app import App
from providers.errors import AppMisconfigured, GrantDead, PlatformError
from providers.secret import Secret
from providers.values import Callback, Verdict


def test_an_approval_is_exchanged_for_a_grant(platform, walk, facts):
    start = walk.begin()
    callback = walk.answer(start, facts.writer, "Allow")
    assert callback.lookup == start.lookup
    assert callback.refusal == ""
    grant = walk.exchange(start, callback)
    assert grant.tokens.access
    assert grant.expires_in is None or grant.expires_in > 0
    assert platform.missing_scopes(grant.scopes) == frozenset()
    shown = f"{grant!r} {callback!r} {start!r}"
    assert not any(secret in shown for secret in walk.secrets)


def test_a_person_is_known_again(platform, walk, facts):
    first, second = walk.grant(facts.writer), walk.grant(facts.writer)
    one = platform.identify(walk.connect(first.tokens), first.facts)
    again = platform.identify(walk.connect(second.tokens), second.facts)
    assert one.ids
    assert one.name
    assert one.same_as(again)


def test_people_are_told_apart(platform, walk, facts):
    assert len(facts.people) >= 2
    identities = []
    for person in facts.people:
        grant = walk.grant(person)
        identities.append(platform.identify(walk.connect(grant.tokens), grant.facts))
    for number, one in enumerate(identities):
        assert not any(one.same_as(other) for other in identities[number + 1 :])


def test_everyone_sees_their_ad_accounts_with_the_verdict_of_the_sheet(
    platform, walk, facts, sandbox
):
    verdicts = {verdict for seen in facts.people.values() for verdict in seen.values()}
    assert {Verdict.SUFFICIENT, Verdict.INSUFFICIENT} <= verdicts
    names = {person["name"] for person in sandbox.people()[platform.key]["people"]}
    assert set(facts.people) == names
    for person, expected in facts.people.items():
        found = list(platform.ad_accounts(walk.connect(walk.grant(person).tokens)))
        assert {one.id: one.verdict for one in found} == expected, person
        assert len(found) == len(expected)
        for one in found:
            assert isinstance(one.id, str)
            assert one.name
            assert bool(one.reason) is (one.verdict != Verdict.SUFFICIENT)


def test_the_writer_may_write_to_the_ad_account(facts):
    assert facts.people[facts.writer][facts.ad_account] != Verdict.INSUFFICIENT


def test_a_person_who_cancels_has_refused(walk, facts):
    start = walk.begin()
    callback = walk.answer(start, facts.writer, "Cancel")
    assert callback.code is None
    # Else the attempt could not be ended, and the person would wait for it to expire.
    assert callback.lookup == start.lookup


def test_every_form_of_a_refusal_is_one(platform, facts):
    assert facts.denials
    for parameters in facts.denials:
        callback = platform.read_callback(parameters)
        assert callback.code is None, parameters


def test_a_code_counts_once(walk, facts):
    start = walk.begin()
    callback = walk.answer(start, facts.writer, "Allow")
    walk.exchange(start, callback)
    with pytest.raises(GrantDead):
        walk.exchange(start, callback)


def test_a_made_up_code_is_no_grant(walk):
    start = walk.begin()
    with pytest.raises(GrantDead):
        walk.exchange(start, Callback(start.lookup, Secret("made-up")))


def test_a_wrong_client_secret_is_our_fault_not_the_persons(walk, facts):
    start = walk.begin()
    callback = walk.answer(start, facts.writer, "Allow")
    wrong = App(walk.app.client_id, Secret("a-wrong-client-secret"), walk.app.base_url)
    with pytest.raises(AppMisconfigured) as caught:
        walk.exchange(start, callback, wrong)
    assert "a-wrong-client-secret" not in f"{caught.value!r}"


def test_an_error_of_the_exchange_holds_no_secret(walk, facts):
    start = walk.begin()
    callback = walk.answer(start, facts.writer, "Allow")
    walk.exchange(start, callback)
    with pytest.raises(PlatformError) as caught:
        walk.exchange(start, callback)
    shown = f"{caught.value} {caught.value!r} {caught.value.args} {vars(caught.value)}"
    assert not any(secret in shown for secret in walk.secrets)
