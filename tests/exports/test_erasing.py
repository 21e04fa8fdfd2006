"""Erase a person: out of every audience, and out of every file that is kept."""

import json

import pytest
from django.urls import reverse

from audit.models import Entry
from destinations.models import Destination
from exports import erasing, staging
from exports.erasure_models import Erasure
from exports.erasure_views import PER_PAGE
from exports.erasures import NoIdentifier, receipt_of
from exports.fetch_models import Fetch
from exports.models import Export
from exports.services import NotNow, export_cancel
from exports.states import ExportState, Mode
from organizations import fence
from providers import identifier_types
from providers.declarations import FormField
from tests.exports import driving
from tests.exports.driving import delivered, digests, drafted, files, started
from tests.exports.erased import asked, carried_out, kept_digests
from tests.exports.replacing import (
    TWO,
    by_difference,
    nobody_is_asked,
    of_two,
    person_servers,
    replaced,
    two,
)
from tests.exports.sample_servers import Killed
from tests.factories import change, stored
from tests.sample_platform import SamplePlatform

__all__ = ("by_difference", "nobody_is_asked", "of_two", "person_servers")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

A, B, C, X, Y = (f"{letter}@example.com" for letter in "abcxy")


def test_a_person_is_gone_from_audience_and_files(servers, destination, creator, admin, acme):
    first = delivered(started(destination, creator, A, B, C))
    erasure = asked(acme, admin, f" {B.upper()} ")
    (export,) = carried_out(erasure)
    assert export.state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(A, C)}
    assert kept_digests(first) == digests(A, C)
    assert stored(erasure).finished_at is not None
    assert stored(erasure).sought_sealed is None
    assert not [name for name in files(export) if "batch" in name]
    servers.heard.clear()
    assert delivered(started(destination, creator, A, C, mode=Mode.REPLACE)).comparison["kept"] == 2
    assert servers.heard == []


def test_all_that_was_sent_together_goes_and_others_stay(
    person_servers, of_two, creator, admin, acme
):
    people = two((A, X), (B, X), (C, Y))
    first = replaced(of_two, creator, people, mode=Mode.ADD, columns=TWO)
    carried_out(asked(acme, admin, C))
    assert person_servers.held == {"au1": digests(A, B, X)}
    carried_out(asked(acme, admin, A))
    # X is B's too.
    assert person_servers.held["au1"] >= digests(B, X)
    assert not person_servers.held["au1"] & digests(A, C, Y)
    assert kept_digests(first) == digests(B, X)


def test_what_failed_and_may_be_sent_again_is_sent_without_them(
    servers, destination, creator, admin, acme
):
    servers.answer("add", 400)
    failed = delivered(started(destination, creator, A, B))
    carried_out(asked(acme, admin, A))
    assert kept_digests(failed) == digests(B)
    assert driving.retried(failed, creator).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(B)}


def test_it_has_its_turn(servers, destination, creator, admin, acme):
    before = started(destination, creator, A, B)
    erasure = asked(acme, admin, A)
    with fence.inside(acme.id):
        export = Export.objects.get(erasure=erasure)
    assert delivered(export).waiting_for == "turn"
    delivered(before)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(B)}


def test_a_process_that_is_killed_in_between_loses_nothing(
    servers, destination, creator, admin, acme, monkeypatch
):
    first = delivered(started(destination, creator, A, B, C, X))
    erasure = asked(acme, admin, A)
    with fence.inside(acme.id):
        export = Export.objects.get(erasure=erasure)

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_finish", killed)
        with pytest.raises(Killed):
            erasing.erase(acme.id, export.id)
    driving.let_leases_end(export)
    assert delivered(export).state == ExportState.SUCCEEDED
    assert servers.held == {"au1": digests(B, C, X)}
    assert kept_digests(first) == digests(B, C, X)


def test_drafts_are_destroyed_and_an_erasure_is_not_canceled(
    servers, destination, creator, admin, acme
):
    delivered(started(destination, creator, A, B))
    draft = drafted(destination, creator)
    erasure = asked(acme, admin, A)
    assert files(draft) == set()
    assert erasure.drafts_destroyed == 1
    with fence.inside(acme.id), pytest.raises(NotNow):
        export_cancel(export=Export.objects.get(erasure=erasure), by=admin)


def test_files_on_their_way_from_an_address_are_destroyed_too(
    servers, destination, creator, admin, acme
):
    delivered(started(destination, creator, A, B))
    with fence.inside(acme.id):
        fetch = Fetch.objects.create(
            organization=acme,
            destination=destination,
            created_by=creator,
            address="https://files.acme.example/a.csv",
            staged_name="",
            key_sealed=b"",
        )
    (staging.folder() / str(fetch.id)).mkdir()
    (staging.folder() / str(fetch.id) / "piece").write_bytes(b"sealed")
    assert asked(acme, admin, A).drafts_destroyed == 1
    with fence.inside(acme.id):
        assert not Fetch.objects.exists()
    assert not (staging.folder() / str(fetch.id)).exists()


def test_a_destination_that_was_deleted_is_named(servers, destination, creator, admin, acme):
    delivered(started(destination, creator, A))
    change(destination, deleted_at="2026-01-01T00:00Z")
    erasure = asked(acme, admin, A)
    (told,) = erasure.out_of_reach
    assert told["destination"] == "Loyal customers"
    assert erasure.finished_at is not None


def test_an_audience_from_before_the_destination_was_edited_is_named(
    servers, destination, creator, admin, acme
):
    delivered(started(destination, creator, A))
    with fence.inside(acme.id):
        before = Destination.objects.get(pk=destination.pk).audience_id
    change(destination, audience_id="", audience_name="")
    (told,) = asked(acme, admin, A).out_of_reach
    assert told == {
        "destination": "Loyal customers",
        "platform": destination.platform_label,
        "ad_account": "",
        "audience": before,
    }


def test_the_audience_that_a_remove_goes_to_is_not_out_of_reach(
    servers, destination, creator, admin, acme
):
    delivered(started(destination, creator, A))
    assert asked(acme, admin, A).out_of_reach == []


def test_what_is_no_identifier_is_refused(acme, admin, destination):
    with pytest.raises(NoIdentifier):
        asked(acme, admin, "nobody")


def test_the_pages_show_a_masked_form_and_give_a_receipt(
    servers, destination, creator, admin, acme, client_of
):
    delivered(started(destination, creator, "jane.doe@example.com", B))
    client = client_of(admin)
    address = reverse("exports:erasures")
    assert client.get(address).status_code == 200
    refused = client.post(address, {"identifier": "nonsense"})
    assert refused.status_code == 422
    answer = client.post(address, {"identifier": "jane.doe@example.com"}, follow=True)
    assert "j•••@e•••.com" in answer.content.decode()
    with fence.inside(acme.id):
        erasure = Erasure.objects.get()
    carried_out(erasure)
    page = client.get(reverse("exports:erasure", args=[erasure.pk])).content.decode()
    receipt = client.get(reverse("exports:erasure_receipt", args=[erasure.pk])).content.decode()
    (audience,) = json.loads(receipt)["audiences"]
    assert audience["audience"] == "au1"
    assert audience["platform_request_ids"] == ["r2"]
    assert audience["state"] == "Succeeded"
    with fence.inside(acme.id):
        told = json.dumps(list(Entry.objects.values("subject", "detail")))
        assert receipt_of(stored(erasure))["finished_at"]
    for text in (page, receipt, told, *files()):
        assert "jane.doe" not in text
        assert next(iter(digests("jane.doe@example.com"))) not in text
    assert client_of(creator).get(address).status_code == 403


def test_older_erasures_are_on_further_pages(admin, acme, client_of):
    with fence.inside(acme.id):
        for number in range(PER_PAGE + 1):
            Erasure(organization_id=acme.id, masked=f"m{number}", requested_by=admin).save()
    address = reverse("exports:erasures")
    pages = [client_of(admin).get(f"{address}?page={page}").content.decode() for page in (1, 2)]
    assert f"m{PER_PAGE}" in pages[0]
    assert ">m0<" in pages[1]
    assert ">m0<" not in pages[0]


def test_every_form_in_which_a_value_may_have_been_sent_is_sought(
    servers, destination, creator, admin, acme, monkeypatch
):
    """A choice in the destination's form was another one when the person was added."""

    def identifiers_for(platform, settings):
        upper = settings.get("written") == "upper"
        rule = (lambda value: value.strip().upper()) if upper else (lambda value: value.strip())
        return (identifier_types.email("email", rule),)

    choices = FormField(name="written", label="Written", choices=(("as", "As is"), ("upper", "Up")))
    fields = (*SamplePlatform.destination_fields, choices)
    monkeypatch.setattr(SamplePlatform, "destination_fields", fields)
    monkeypatch.setattr(SamplePlatform, "identifiers_for", identifiers_for)
    change(destination, settings={**destination.settings, "written": "upper"})
    first = delivered(started(destination, creator, A, B))
    assert kept_digests(first) == digests(A.upper(), B.upper())
    change(destination, settings={**destination.settings, "written": "as"})
    carried_out(asked(acme, admin, A))
    assert servers.held == {"au1": digests(B.upper())}
    assert kept_digests(first) == digests(B.upper())
