"""Platforms where batches take effect together: what they hold is what was put in effect."""

from dataclasses import replace

import pytest

from providers.errors import BadRequest, PlatformError
from providers.values import Audience, Batch
from tests.contract.batches import batch, digest_of


class Gathered:
    """A destination whose batches are gathered, as a person's form fills it in."""

    def __init__(self, platform, facts, connection, sandbox) -> None:
        self.platform, self.connection, self.sandbox = platform, connection, sandbox
        self.request = platform.audience_request(facts.ad_account, facts.gathered_settings)
        self.audience = None

    @property
    def to(self) -> Audience:
        known = self.audience or Audience("", self.request.name, self.request.ad_account_id)
        return replace(known, settings=self.request.settings)

    def upload(self, *sent: Batch, removes=False):
        call = self.platform.remove if removes else self.platform.add
        receipts = [call(self.connection, self.to, each) for each in sent]
        assert [receipt.accepted for receipt in receipts] == [len(each.rows) for each in sent]
        assert not any(receipt.in_effect or receipt.settled for receipt in receipts)
        return receipts

    def put(self, receipts, *, removes=False):
        change = self.platform.put_in_effect
        made = change(self.connection, self.request, self.audience, receipts, removes=removes)
        self.audience = made or self.audience
        return made

    def confirm(self, receipts):
        """Ask until the platform has worked on it, as the product does for days."""
        for _ in range(10):
            found = [self.platform.confirm(self.connection, self.to, each) for each in receipts]
            if all(found):
                return found
        raise AssertionError("It is never done.")

    def send(self, *sent: Batch, removes=False):
        receipts = self.upload(*sent, removes=removes)
        assert self.put(receipts, removes=removes)
        return self.confirm(receipts)

    @property
    def held(self):
        every = self.sandbox.audiences(self.platform.key)
        (found,) = (each for each in every if each["id"] == self.audience.id)
        return found["held"], found["digest"]


def everyone(*batches: Batch) -> tuple[int, str]:
    people = {value for each in batches for row in each.rows for value in row if value}
    return len(people), digest_of(people)


@pytest.fixture
def gathered(platform, facts, connection, sandbox):
    if facts.gathered_settings is None:
        return None
    return Gathered(platform, facts, connection, sandbox)


def test_a_platform_gathers_where_its_contract_says_so_and_nowhere_else(platform, facts):
    assert not platform.gathers(facts.settings)
    if facts.gathered_settings is None:
        # Whatever a form may hold.
        filled = {field.name: field.example or "1" for field in platform.destination_fields}
        assert not platform.gathers(filled)
    else:
        assert platform.gathers(facts.gathered_settings) > 0
        assert not platform.check_destination(facts.gathered_settings)


def test_what_is_uploaded_changes_nothing_before_it_is_put_in_effect(gathered, sandbox, platform):
    if gathered is None:
        return
    receipts = gathered.upload(batch(platform, 1_500), batch(platform, 1_500, first=1_000))
    assert sandbox.audiences(platform.key) == []
    assert gathered.put(receipts).ad_account_id == gathered.request.ad_account_id
    assert gathered.held == everyone(batch(platform, 2_500))
    (found,) = sandbox.audiences(platform.key)
    assert (found["id"], found["name"]) == (gathered.audience.id, gathered.request.name)


def test_what_is_added_and_removed_is_what_is_held(gathered, platform):
    if gathered is None:
        return
    gathered.send(batch(platform, 2_000))
    gathered.send(batch(platform, 1_000, first=1_500))
    gathered.send(batch(platform, 300), removes=True)
    assert gathered.held == everyone(batch(platform, 2_200, first=300))


def test_every_identifier_type_is_taken_alone_and_together(gathered, platform):
    if gathered is None:
        return
    most = platform.limits.minimum_audience
    columns = [batch(platform, most, kind=each.key) for each in platform.identifiers]
    rows = [tuple(cell[0] for cell in row) for row in zip(*(c.rows for c in columns), strict=True)]
    # The last person has only the last identifier.
    rows[-1] = (*(None for _ in rows[-1][:-1]), rows[-1][-1])
    together = Batch(tuple(each.key for each in platform.identifiers), rows)
    for number, sent in enumerate((*columns, together)):
        gathered.request = replace(gathered.request, name=f"Audience {number}")
        gathered.audience = None
        gathered.send(sent)
        assert gathered.held == everyone(sent)


def test_no_change_is_taken_while_another_is_worked_on(gathered, platform):
    if gathered is None:
        return
    first = gathered.upload(batch(platform, 2_000))
    gathered.put(first)
    more = gathered.upload(batch(platform, 500, first=5_000))
    assert gathered.put(more) is None
    assert gathered.held == everyone(batch(platform, 2_000))
    gathered.confirm(first)
    assert gathered.put(more)
    assert gathered.held[0] == 2_500


def test_putting_the_same_in_effect_again_is_harmless(gathered, platform):
    if gathered is None:
        return
    receipts = gathered.upload(batch(platform, 1_200))
    for _ in range(2):
        assert gathered.put(receipts)
        gathered.confirm(receipts)
        assert gathered.held == everyone(batch(platform, 1_200))


def test_a_creation_whose_answer_is_lost_is_found_by_its_name(gathered, platform, sandbox):
    if gathered is None:
        return
    receipts = gathered.upload(batch(platform, 1_200))
    sandbox.fault(platform.key, "garbage")
    with pytest.raises(PlatformError) as caught:
        gathered.put(receipts)
    assert caught.value.may_have_happened
    found = platform.find_audience(gathered.connection, gathered.request)
    (made,) = sandbox.audiences(platform.key)
    assert found.id == made["id"]


def test_too_few_people_are_refused_with_the_platforms_words(gathered, platform, sandbox):
    if gathered is None:
        return
    receipts = gathered.upload(batch(platform, platform.limits.minimum_audience - 1))
    with pytest.raises(BadRequest, match=r"1000|1,000"):
        gathered.put(receipts)
    assert sandbox.audiences(platform.key) == []


def test_an_audience_of_the_other_kind_is_neither_found_nor_taken(
    gathered, platform, facts, connection
):
    if gathered is None:
        return
    name = {facts.name_field: "One name"}
    alone = platform.audience_request(facts.ad_account, {**facts.settings, **name})
    together = platform.audience_request(facts.ad_account, {**facts.gathered_settings, **name})
    made = platform.create_audience(connection, alone)
    assert platform.find_audience(connection, together) is None
    by_id = replace(together, name="", existing_id=made.id)
    with pytest.raises(BadRequest):
        platform.find_audience(connection, by_id)
    gathered.request = together
    gathered.send(batch(platform, 1_000))
    assert platform.find_audience(connection, together).id == gathered.audience.id
    assert platform.find_audience(connection, alone).id == made.id
