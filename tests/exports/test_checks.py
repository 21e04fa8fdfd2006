""" "Check" on the page of a draft: counted by a worker, nothing sent."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from exports import checks, tasks
from exports.check_models import Check
from exports.engine.sealed_stream import SealBroken
from exports.models import Export
from exports.states import ExportState, Mode
from organizations import fence
from organizations.models import Route
from tests.exports.driving import drafted, files
from tests.exports.replacing import by_difference
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

__all__ = ("by_difference",)

TEXT = "email\njane@acme.co\nJANE@acme.co\nnobody\njoe@example.com\n"


@pytest.fixture
def draft(destination, creator) -> Export:
    return drafted(destination, creator, TEXT)


@pytest.fixture
def address(draft) -> str:
    return reverse("exports:start", args=[draft.pk])


def asked(draft, mode=Mode.ADD) -> None:
    with fence.inside(draft.organization_id):
        checks.check_ask(export=draft, mode=mode, columns={"email": 0})


def carried_out(draft) -> Check:
    checks.carry_out(draft.organization_id, draft.id)
    return check_of(draft)


def check_of(draft) -> Check | None:
    with fence.inside(draft.organization_id):
        return Check.objects.filter(export=draft).first()


def is_found_by_the_sweep(draft) -> bool:
    return Route.objects.filter(kind=checks.ROUTE, row_id=draft.id).exists()


def page(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_page_counts_and_sends_nothing(client_of, creator, draft, address):
    client = client_of(creator)
    answer = client.post(address, {"column-email": "0", "mode": "add", "check": "yes"})
    assert (answer.status_code, answer["Location"]) == (302, f"{address}#check")
    assert 'data-live-url="' in client.get(address).content.decode()
    carried_out(draft)
    shown = page(client.get(address))
    assert "Would be sent 2 of 4 rows" in shown
    assert "Rejected 1 rows Duplicates 1 dropped Requests 1 less than a minute" in shown
    assert "Not an e-mail address: 1 ( n••• )" in shown
    assert (
        "E-mail, addresses at a test domain: 1. Such as j•••@e•••.com . Nobody is found by them."
        in shown
    )
    assert "Sample Ads takes at most 1,000 requests a second." in shown
    assert "jane@" not in shown
    assert stored(draft).state == ExportState.DRAFT
    assert not is_found_by_the_sweep(draft)


def test_what_was_checked_stays_chosen(client_of, creator, draft, address):
    asked(draft, mode=Mode.REMOVE)
    carried_out(draft)
    shown = client_of(creator).get(address).content.decode()
    assert re.search(r'value="remove"[^>]*checked', shown)
    assert "Would be removed" in shown


def test_too_few_for_the_platform_is_said(client_of, creator, destination):
    draft = drafted(destination, creator, "email\njane@acme.co\n")
    asked(draft)
    carried_out(draft)
    shown = page(client_of(creator).get(reverse("exports:start", args=[draft.pk])))
    assert "Too few for ads. Sample Ads uses an audience from 2 people on" in shown


def test_a_file_that_cannot_be_read_to_its_end_says_where(client_of, creator, destination):
    rows = "".join(f"person{number}@acme.co\n" for number in range(60))
    draft = drafted(destination, creator, f'email\n{rows}"open\n' + "x\n" * 200)
    asked(draft)
    check = carried_out(draft)
    assert "quotation mark that is not closed" in check.refusal
    shown = page(client_of(creator).get(reverse("exports:start", args=[draft.pk])))
    assert "It cannot be sent like this. Row 62 opens a quotation mark" in shown


def test_another_header_forgets_the_check(client_of, creator, draft, address):
    asked(draft)
    carried_out(draft)
    client_of(creator).post(address, {"has_header": "no"})
    assert check_of(draft) is None


def test_the_columns_must_be_chosen_before(client_of, creator, draft, address):
    answer = client_of(creator).post(address, {"column-email": "", "mode": "add", "check": "yes"})
    assert answer.status_code == 422
    assert check_of(draft) is None


def test_a_lost_message_is_found_by_the_sweep(draft, monkeypatch):
    hints = []
    monkeypatch.setattr(tasks, "hint", lambda task, *ids: hints.append((task.name, *ids)))
    asked(draft)
    tasks.sweep_exports()
    assert hints == [("exports.tasks.check", draft.organization_id, draft.id)]


def test_a_killed_worker_is_followed_by_another(draft):
    asked(draft)
    with fence.inside(draft.organization_id):
        mine = Check.objects.filter(export=draft)
        mine.update(lease_owner=uuid.uuid4(), lease_until=Now() + timedelta(minutes=1))
    assert carried_out(draft).finished_at is None
    with fence.inside(draft.organization_id):
        mine.update(lease_until=Now() - timedelta(seconds=1))
    assert carried_out(draft).report["distinct"] == 2


def test_it_is_not_tried_for_ever(draft):
    asked(draft)
    with fence.inside(draft.organization_id):
        Check.objects.filter(export=draft).update(attempts=3)
    assert "could not be checked" in carried_out(draft).refusal
    assert not is_found_by_the_sweep(draft)


def test_a_started_export_is_not_checked_any_more(draft):
    asked(draft)
    change(draft, state=ExportState.PREPARING)
    assert carried_out(draft).finished_at is None
    assert not is_found_by_the_sweep(draft)


def test_an_upload_destroyed_after_the_start_is_not_said_to_be_broken(draft, monkeypatch, caplog):
    def prepared_meanwhile(*_what, **_how):
        change(draft, state=ExportState.PREPARING)
        raise SealBroken("cut short")

    asked(draft)
    monkeypatch.setattr(checks, "counted", prepared_meanwhile)
    assert carried_out(draft).refusal == ""
    assert "not readable" not in caplog.text


def test_nothing_is_left_beside_the_upload(draft):
    before = files()
    asked(draft)
    carried_out(draft)
    assert files() == before


def test_where_no_record_is_kept_nothing_is_said_of_members(draft, client_of, creator, address):
    asked(draft)
    assert carried_out(draft).report["members"] is None
    assert "Already members" not in page(client_of(creator).get(address))
