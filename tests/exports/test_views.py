"""The pages of exports as each person sees them, scripts off."""

import csv
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Entry
from audit.services import record as audit
from exports.models import Export
from exports.states import BatchState, ExportState, WaitingFor
from exports.views import HISTORY_ENTRIES
from organizations import fence
from tests.exports.driving import (
    ADDRESSES,
    batches,
    delivered,
    digests,
    drafted,
    prepared,
    started,
    states,
)
from tests.factories import change, destined, stored

pytestmark = pytest.mark.django_db

LIST = reverse("exports:list")
TO_SEE = ("detail", "progress", "rejects")
TO_DO = ("cancel", "go_on", "retry", "discard")


def at(name, row) -> str:
    return reverse(f"exports:{name}", args=[row.pk])


def page(client, address) -> str:
    return client.get(address).content.decode()


@pytest.fixture
def export(servers, destination, creator) -> Export:
    """One that is over, with rejects."""
    return delivered(started(destination, creator, *ADDRESSES, "n/a", "no at sign"))


@pytest.fixture
def failed(servers, destination, creator) -> Export:
    servers.answer("add", None, 400)
    return delivered(started(destination, creator))


def test_everybody_of_the_organization_sees_it(client_of, admin, creator, analyst, export):
    for person in (admin, creator, analyst):
        client = client_of(person)
        assert {client.get(at(name, export)).status_code for name in TO_SEE} == {200}
        assert "buyers.csv" in page(client, LIST)


def test_an_analyst_changes_nothing(client_of, analyst, admin, destination, creator):
    export, draft = prepared(destination, creator), drafted(destination, creator)
    client = client_of(analyst)
    shown = page(client, at("detail", export))
    for words in ("Cancel", "Retry failed", "Go on"):
        assert f">{words}<" not in shown
    answers = [client.post(at(name, export)) for name in TO_DO]
    answers += [client.get(at("start", draft)), client.post(at("start", draft), {"mode": "add"})]
    answers += [client.post(at("discard", draft)), client.get(at("new", destination))]
    assert {answer.status_code for answer in answers} == {403}
    assert all("admin@acme.example" in answer.content.decode() for answer in answers)
    assert (stored(export).state, stored(draft).state) == (ExportState.SENDING, ExportState.DRAFT)


def test_a_stranger_finds_nothing(client_of, stranger, destination, creator, export):
    draft, client = drafted(destination, creator), client_of(stranger)
    answers = [client.get(at(name, export)) for name in TO_SEE]
    answers += [client.post(at(name, export)) for name in TO_DO]
    answers += [client.get(at("start", draft)), client.post(at("start", draft), {"mode": "add"})]
    answers += [client.post(at("discard", draft)), client.get(at("new", destination))]
    assert {answer.status_code for answer in answers} == {404}
    assert "buyers.csv" not in page(client, LIST)
    assert stored(draft).state == ExportState.DRAFT


def test_nobody_signed_out_sees_anything(client, export):
    addresses = [LIST, *(at(name, export) for name in TO_SEE)]
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, "sign-in" in answer["Location"]) == (302, True)


def test_actions_are_not_done_by_following_a_link(client_of, creator, export):
    client = client_of(creator)
    assert {client.get(at(name, export)).status_code for name in TO_DO} == {405}
    assert {client.post(at(name, export)).status_code for name in TO_SEE} == {405}


def test_an_exports_page_shows_what_came_of_it(client_of, analyst, export):
    shown = page(client_of(analyst), at("detail", export))
    for words in (
        "Succeeded with rejects",
        "of 7",
        "Add to Loyal customers",
        "started by creator@acme.example",
        "Why something was not sent",
        "Not an e-mail address",
        "Export started by creator@acme.example",
        "7 to send, 2 rejected, 0 duplicates",
        "r1",
        "r3",
    ):
        assert words in shown
    assert "data-live-over" in shown


def test_no_page_shows_a_token_an_identifier_or_a_digest(
    client_of, creator, servers, export, failed
):
    client = client_of(creator)
    answers = [client.get(LIST)]
    answers += [client.get(at(name, row)) for row in (export, failed) for name in TO_SEE]
    shown = "".join(b"".join(answer).decode() for answer in answers)
    assert len(shown) > 10_000
    for secret in ("access-1", "refresh-1", "client-secret", *ADDRESSES, *digests(*ADDRESSES)):
        assert secret not in shown
    assert "no at sign" not in shown
    with fence.inside(export.organization_id):
        told = str(list(Entry.objects.values_list("detail", flat=True)))
    assert "example.com" not in told


def test_the_rejects_are_a_download_of_rows_and_reasons(client_of, analyst, export):
    answer = client_of(analyst).get(at("rejects", export))
    assert answer["Content-Type"] == "text/csv"
    assert f'filename="rejects-{export.pk}.csv"' in answer["Content-Disposition"]
    lines = list(csv.reader(b"".join(answer).decode().splitlines()))
    assert lines == [
        ["row", "identifier", "reason"],
        ["9", "email", "not an e-mail address"],
        ["10", "email", "not an e-mail address"],
    ]


def test_there_are_no_rejects_before_the_file_is_prepared(client_of, analyst, destination, creator):
    export = started(destination, creator)
    assert client_of(analyst).get(at("rejects", export)).status_code == 404


def test_the_moving_part_is_asked_for_again_while_it_moves(
    client_of, analyst, servers, destination, creator
):
    client, export = client_of(analyst), started(destination, creator)
    shown = page(client, at("progress", export))
    assert f'data-live-url="{at("progress", export)}?page=1"' in shown
    assert "Preparing: the file is read" in shown
    assert "<html" not in shown
    assert "no-cache" in client.get(at("progress", export))["Cache-Control"]
    delivered(export)
    over = page(client, at("progress", export))
    assert "data-live-over" in over
    assert "data-live-url" not in over


def test_it_says_for_what_it_waits_and_offers_to_go_on(
    client_of, creator, analyst, servers, destination
):
    servers.answer("add", 403)
    export = delivered(started(destination, creator))
    shown = page(client_of(creator), at("detail", export))
    assert "Waiting for a person." in shown
    assert "Ask for the permission there" in shown
    client_of(creator).post(at("go_on", export))
    assert stored(export).state == ExportState.SENDING
    answer = client_of(creator).post(at("go_on", export), follow=True)
    assert "It does not wait for anybody any more." in answer.content.decode()


def test_one_that_waits_for_a_person_says_whom_and_leads_to_the_permission_needed(
    client_of, analyst, creator, servers, authorization, destination
):
    export = prepared(destination, creator)
    change(export, state=ExportState.WAITING, waiting_for=WaitingFor.PERSON, reason="No role.")
    shown = page(client_of(analyst), at("detail", export))
    assert authorization.authorized_by.email in shown
    assert reverse("authorizations:help_platform", args=[destination.platform]) in shown
    assert "an admin of your organization can choose “Go on”" in shown
    assert "can choose “Go on”" not in page(client_of(creator), at("detail", export))


def test_no_time_and_no_batches_are_told_before_there_are_any(client_of, creator, destination):
    preparing = page(client_of(creator), at("detail", started(destination, creator)))
    sending = page(client_of(creator), at("detail", prepared(destination, creator)))
    assert "Time left" not in preparing + sending
    assert [">Batches</span><b>0</b>" in shown for shown in (preparing, sending)] == [False, True]


def test_one_that_waits_for_reconnection_leads_there(
    client_of, creator, servers, authorization, destination
):
    export = prepared(destination, creator)
    change(
        export, state=ExportState.WAITING, waiting_for=WaitingFor.RECONNECTION, reason="Revoked."
    )
    shown = page(client_of(creator), at("detail", export))
    assert "Waiting for reconnection." in shown
    assert reverse("authorizations:detail", args=[authorization.pk]) in shown


def test_cancel_sends_nothing_more(client_of, creator, servers, destination):
    export = prepared(destination, creator)
    client = client_of(creator)
    assert ">Cancel<" in page(client, at("detail", export))
    answer = client.post(at("cancel", export), follow=True)
    assert "What was sent before stays in the audience." in answer.content.decode()
    assert delivered(export).state == ExportState.CANCELED
    assert servers.heard == []
    again = client.post(at("cancel", export), follow=True).content.decode()
    assert "It is over already; there was nothing to cancel." in again


def test_retry_sends_what_failed(client_of, creator, failed, servers):
    client = client_of(creator)
    shown = page(client, at("detail", failed))
    assert ">Retry failed<" in shown
    assert "1 of 3 batches failed. Sample Ads refused." in shown
    client.post(at("retry", failed))
    assert delivered(failed).state == ExportState.SUCCEEDED
    assert ">Retry failed<" not in page(client, at("detail", failed))
    again = client.post(at("retry", failed), follow=True).content.decode()
    assert "There is nothing left that could be sent again." in again


def test_where_what_failed_is_not_kept_it_is_said_why_there_is_no_button(
    client_of, creator, failed
):
    for row in batches(failed):
        change(row, stored_name="")
    shown = page(client_of(creator), at("detail", failed))
    assert ">Retry failed<" not in shown
    assert "what it would send is not kept any more" in shown


def test_what_the_destination_does_not_take_any_more_is_not_sent_again(
    client_of, creator, destination, failed
):
    change(destination, identifiers=["phone"])
    client = client_of(creator)
    shown = page(client, at("detail", failed))
    assert ">Retry failed<" not in shown
    assert "the destination takes other identifiers now" in shown
    client.post(at("retry", failed))
    assert stored(failed).state == ExportState.FAILED


def test_of_a_long_history_the_end_is_shown(client_of, analyst, export):
    about = {"organization_id": export.organization_id, "subject": export}
    with fence.inside(export.organization_id):
        for number in range(HISTORY_ENTRIES):
            audit("export waits", turn=number, **about)
        audit("export resumed", **about)
    assert "Export resumed" in page(client_of(analyst), at("detail", export))


def test_failed_batches_come_first_and_all_have_a_page(
    client_of, analyst, servers, destination, creator
):
    servers.answer("add", *[None] * 12, 400)
    addresses = [f"p{number}@example.com" for number in range(39)]
    export = delivered(delivered(started(destination, creator, *addresses)))
    assert states(export).count(BatchState.FAILED) == 1
    client = client_of(analyst)
    first = page(client, at("detail", export))
    numbers = re.findall(r"<td><b>(\d+)</b></td>", first)
    failed_number = next(str(each.number) for each in batches(export) if each.error)
    assert (numbers[0], len(numbers)) == (failed_number, 10)
    second = page(client, at("detail", export) + "?page=2")
    assert len(re.findall(r"<td><b>\d+</b></td>", second)) == 3
    assert "Page 2 of 2" in second


def test_the_list_takes_as_many_queries_for_many_as_for_few(
    client_of, analyst, authorization, creator
):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(LIST).status_code == 200
        return len(seen)

    client = client_of(analyst)
    one = destined(authorization, creator)
    started(one, creator)
    few = queries()
    for number in range(4):
        other = destined(authorization, creator, name=f"Others {number}")
        started(other, creator)
        started(one, creator)
    assert queries() == few


def test_an_exports_page_takes_as_many_queries_for_many_batches(
    client_of, analyst, servers, destination, creator
):
    def queries(export) -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(at("detail", export))
        return len(seen)

    client = client_of(analyst)
    small = delivered(started(destination, creator, *ADDRESSES[:4]))
    large = delivered(started(destination, creator, *(f"p{n}@example.com" for n in range(30))))
    assert len(batches(large)) == 10
    assert queries(large) == queries(small)


def test_the_list_is_newest_first_and_has_pages(client_of, analyst, destination, creator):
    client = client_of(analyst)
    assert "No export yet" in page(client, LIST)
    rows = [started(destination, creator) for _ in range(27)]
    found = re.findall(r"/exports/([0-9a-f-]{36})/", page(client, LIST))
    assert found == [str(row.pk) for row in rows[::-1]][:25]
    rest = re.findall(r"/exports/([0-9a-f-]{36})/", page(client, f"{LIST}?page=2"))
    assert rest == [str(row.pk) for row in rows[1::-1]]


def test_names_of_files_are_shown_as_text(client_of, analyst, destination, creator):
    export = started(destination, creator)
    change(export, file_name='<script>alert("x")</script>.csv')
    for address in (LIST, at("detail", export)):
        assert "<script>alert" not in page(client_of(analyst), address)
