"""What the drill says of an export: judged by what the emulated platform holds."""

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infosum_auth.components import Components
from infosum_auth.databases import Databases
from infosum_auth.demo import Demo
from infosum_auth.demo_check import Audience
from infosum_auth.demo_parts import DemoError, Ports
from infosum_auth.drill import __main__ as drill
from infosum_auth.drill.delivery import Delivery, judge
from infosum_auth.drill.parties import Party
from infosum_auth.drill.score import Score
from infosum_auth.sample_audience import messy_rows
from infosum_auth.text_browser import TextBrowser
from providers.registry import registry
from tests.sandbox.raw_snapchat import DE, UK, RawSnapchat

NAME = "A segment"


@pytest.fixture
def audiences(tmp_path: Path) -> list[Audience]:
    return [
        Audience.written(tmp_path / f"{seed}.csv", messy_rows(100, seed=seed)) for seed in (1, 2)
    ]


@pytest.fixture
def snapchat(sandbox) -> RawSnapchat:
    return RawSnapchat(sandbox)


@pytest.fixture
def delivery(sandbox, tmp_path, audiences) -> Delivery:
    """Dana's export of the first file, of which its page says that it succeeded."""
    ports = Ports(web=0, sandbox=urlsplit(sandbox.url).port or 0)
    demo = Demo(
        ports, tmp_path, Databases(application="", owner=""), [], Components(tmp_path, {}), None
    )
    party = Party("creator@acme.example", "Drill", "snap-4", audiences[0], audiences[1])
    page = TextBrowser()
    page.page.append("Export finished: Succeeded")
    platform = registry.get("snapchat")
    return Delivery(demo, platform, party, NAME, "", UK, batch_rows=1000, page=page)


def sent(snapchat: RawSnapchat, person: str, audience: Audience, account: str = UK) -> str:
    caller = snapchat.sign_in(person)
    made = caller.create(NAME, account=account).json()["segments"]
    segment: str = made[0]["segment"]["id"]
    caller.users("POST", segment, sorted(audience.expected.digests))
    return segment


def judged(delivery: Delivery, beside: Audience) -> tuple[bool, Score]:
    score = Score()
    return judge(delivery, beside, score), score


def test_one_that_arrived_whole_is_well(delivery, snapchat, audiences):
    sent(snapchat, "Dana Data", audiences[0])
    assert judged(delivery, audiences[1]) == (True, Score())


def test_what_goes_twice_is_counted(delivery, snapchat, audiences):
    segment = sent(snapchat, "Dana Data", audiences[0])
    snapchat.sign_in("Dana Data").users("POST", segment, sorted(audiences[0].expected.digests))
    assert judged(delivery, audiences[1]) == (True, Score(resent_batches=1))


def test_what_did_not_arrive_is_lost(delivery, audiences):
    lost = len(audiences[0].expected.digests)
    assert judged(delivery, audiences[1]) == (False, Score(lost=lost))


def test_a_batch_under_another_authorization_is_under_a_wrong_one(delivery, snapchat, audiences):
    segment = sent(snapchat, "Dana Data", audiences[0])
    snapchat.sign_in("Carla Campaign").users(
        "POST", segment, sorted(audiences[0].expected.digests)[:1]
    )
    is_well, score = judged(delivery, audiences[1])
    assert (is_well, score.wrong_account, score.lost) == (False, 1, 0)


def test_another_ad_account_is_a_wrong_one(delivery, snapchat, audiences):
    delivery.party = Party("creator@acme.example", "Drill", "snap-1", audiences[0], audiences[1])
    sent(snapchat, "Olivia Org-Admin", audiences[0], DE)
    is_well, score = judged(delivery, audiences[1])
    assert (is_well, score.wrong_account) == (False, 1)


def test_people_of_the_other_file_are_under_a_wrong_authorization(delivery, snapchat, audiences):
    segment = sent(snapchat, "Dana Data", audiences[0])
    foreign = audiences[1].expected.digests - audiences[0].expected.digests
    snapchat.sign_in("Dana Data").users("POST", segment, sorted(foreign)[:1])
    is_well, score = judged(delivery, audiences[1])
    assert (is_well, score.wrong_account, score.lost) == (False, 1, 1)


def test_what_breaks_the_drill_off_is_told_beside_the_figures(monkeypatch):
    @contextmanager
    def broken(*_parts):
        raise DemoError("no port is free")
        yield

    monkeypatch.setattr(drill, "_running", broken)
    monkeypatch.setattr(drill, "ROWS", 100)
    name = next(iter(drill.FAULTS))
    found = drill.run([name], drill.HowMuch(times=1, until=0.0), seed=1)
    assert not found["ok"]
    assert found["faults"][name]["injected"] == 0
    assert found["errors"] == ["PostgreSQL: DemoError: no port is free"]
