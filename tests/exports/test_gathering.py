"""Batches that take effect together, at an emulated platform that makes audiences of files."""

import hashlib
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from authorizations.models import TokenUse
from destinations import audiences
from exports import breakers, gathered, gathering
from exports.services import export_cancel
from exports.shared_models import Breaker
from exports.states import BatchState, ExportState, Mode, WaitingFor
from organizations import fence
from providers.errors import PlatformDown
from tests.exports.driving import (
    advance,
    batches,
    files,
    is_found_by_the_sweep,
    let_time_pass,
    retried,
    started,
    states,
    taken_over,
)
from tests.exports.made_of_files import PEOPLE, ended, held, set_of, step, until
from tests.factories import change, stored
from tests.sandbox.raw_tiktok import UK, RawTikTok

pytestmark = pytest.mark.django_db


def requests_of(export) -> int:
    """Return for how many requests a token was used for an export."""
    with fence.inside(export.organization_id):
        return sum(TokenUse.objects.filter(subject_id=export.id).values_list("count", flat=True))


@pytest.fixture
def destination(made_of_files):
    return made_of_files


def test_nothing_is_there_before_every_file_is_and_then_all_of_it(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    assert states(export) == [BatchState.UPLOADED] * 3
    assert held(sandbox) == []
    assert stored(destination).audience_id == ""
    export = until(export, BatchState.TAKEN)
    assert held(sandbox) == [set_of(*PEOPLE)]
    (made,) = sandbox.audiences("tiktok")
    assert stored(destination).audience_id == made["id"]
    assert stored(destination).audience_asked_at is None
    export = ended(export)
    assert export.state == ExportState.SUCCEEDED
    assert states(export) == [BatchState.ACCEPTED] * 3
    assert [batch.accepted for batch in batches(export)] == [700, 700, 600]
    assert made["requests"] == 1
    # The sweep comes by once more and tidies up; what the audience holds stays on record.
    step(export)
    on_record = {batch.stored_name for batch in batches(export)}
    assert files(export) == {export.rejects_name, *on_record}


def test_it_is_in_effect_only_after_the_platform_has_counted(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.TAKEN)
    step(export)
    assert stored(export).state == ExportState.SENDING
    assert BatchState.TAKEN in states(export)


def test_later_exports_add_and_remove(sandbox, destination, creator):
    ended(started(destination, creator, *PEOPLE[:1_500]))
    ended(started(destination, creator, *PEOPLE[1_000:]))
    assert held(sandbox) == [set_of(*PEOPLE)]
    export = ended(started(destination, creator, *PEOPLE[:300], mode=Mode.REMOVE))
    assert export.state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE[300:])]


def test_too_few_fail_with_the_platforms_words_and_retry_uploads_anew(
    sandbox, destination, creator
):
    export = ended(started(destination, creator, *PEOPLE[:900]))
    assert export.state == ExportState.FAILED
    assert "at least 1000 users" in export.reason
    assert states(export) == [BatchState.FAILED] * 2
    assert held(sandbox) == []
    assert retried(export, creator).state != ExportState.SUCCEEDED
    assert ended(export).state == ExportState.FAILED


def test_a_file_that_has_expired_is_uploaded_again_by_retry(sandbox, destination, creator):
    sandbox.fault("tiktok", "file_expired")
    export = ended(started(destination, creator, *PEOPLE))
    assert (export.state, held(sandbox)) == (ExportState.FAILED, [])
    retried(export, creator)
    assert ended(export).state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE)]


def test_a_creation_whose_answer_was_lost_is_not_made_twice(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    # Looking it up by name is answered; what is created then is not.
    sandbox.fault("tiktok", "half_body", count=2)
    for _ in range(3):
        step(export)
    export = ended(export)
    assert export.state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE)]


def test_an_outage_is_waited_out_and_said(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    sandbox.fault("tiktok", "http_500", count=None)
    step(export)
    export = stored(export)
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PLATFORM)
    sandbox.clear_faults("tiktok")
    sandbox.fault("tiktok", "no_rate_limits", count=None)
    assert ended(export).state == ExportState.SUCCEEDED


def test_a_platform_that_is_left_alone_is_not_asked_and_then_probed(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    for _ in range(breakers.OPENS_AFTER):
        breakers.note_error("tiktok", PlatformDown("Trouble there.", status=503))
    asked = requests_of(export)
    assert not gathering.put_in_effect(export.organization_id, export.id)
    assert requests_of(export) == asked
    assert not stored(export).lease_owner
    sandbox.fault("tiktok", "http_500", count=None)
    Breaker.objects.update(probe_at=Now())
    assert gathering.put_in_effect(export.organization_id, export.id)
    # The probe has said that it is still down.
    assert Breaker.objects.get().pause_seconds == 10
    sandbox.clear_faults("tiktok")
    Breaker.objects.update(probe_at=Now())
    let_time_pass(export)
    assert gathering.put_in_effect(export.organization_id, export.id)
    assert not Breaker.objects.exists()
    assert stored(export).state == ExportState.SENDING
    assert held(sandbox) == [set_of(*PEOPLE)]


def test_trouble_with_putting_in_effect_counts_as_the_platforms(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    sandbox.fault("tiktok", "http_500", count=None)
    for _ in range(breakers.OPENS_AFTER):
        assert gathering.put_in_effect(export.organization_id, export.id)
        # Not at once again: by the same answer it would be asked for ever.
        assert not gathering.put_in_effect(export.organization_id, export.id)
        let_time_pass(export)
    assert breakers.may_go("tiktok") == breakers.Way.SHUT


def test_an_error_of_ours_is_tried_a_few_times_and_then_said(
    sandbox, destination, creator, monkeypatch
):
    def broken(*_args, **_more):
        raise KeyError

    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    monkeypatch.setattr(gathering.audiences, "audience_change", broken)
    for _ in range(8):
        gathering.put_in_effect(export.organization_id, export.id)
        let_time_pass(export)
    assert set(states(export)) == {BatchState.FAILED}
    assert "Something went wrong on this server" in batches(export)[0].error


def test_who_lost_the_role_is_asked_for_it_and_nothing_is_lost(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    sandbox.fault("tiktok", "drop_role", count=None, account=UK)
    step(export)
    export = stored(export)
    assert (export.state, export.waiting_for) == (ExportState.WAITING, WaitingFor.PERSON)
    assert states(export) == [BatchState.UPLOADED] * 3


def test_people_whom_nobody_can_match_fail_with_the_platforms_words(sandbox, destination, creator):
    sandbox.fault("tiktok", "match_fails", count=None)
    export = ended(started(destination, creator, *PEOPLE))
    assert export.state == ExportState.FAILED
    assert "could not be matched" in export.reason


def test_a_change_waits_while_another_is_worked_on(sandbox, destination, creator):
    ended(started(destination, creator, *PEOPLE))
    export = until(started(destination, creator, "late@example.com"), BatchState.UPLOADED)
    # Somebody changed it in Ads Manager, so it is worked on again.
    token = RawTikTok(sandbox).sign_in()
    content = b"email\n" + hashlib.sha256(b"else@example.com").hexdigest().encode()
    form = {
        "advertiser_id": UK,
        "calculate_type": "EMAIL_SHA256",
        "file_signature": hashlib.md5(content).hexdigest(),
    }
    theirs = RawTikTok(sandbox)
    headers = {"Access-Token": token}
    path = theirs.raw(
        "POST",
        "/dmp/custom_audience/file/upload/",
        data=form,
        files={"file": ("x.csv", content)},
        headers=headers,
    ).json()["data"]["file_path"]
    body = {
        "advertiser_id": UK,
        "custom_audience_id": stored(destination).audience_id,
        "file_paths": [path],
        "action": "APPEND",
    }
    assert theirs.post("/dmp/custom_audience/update/", body, token)["code"] == 0
    gathering.put_in_effect(export.organization_id, export.id)
    (batch,) = batches(export)
    assert batch.state == BatchState.UPLOADED
    assert batch.not_before is not None
    assert not advance(export).put_in_effect
    assert is_found_by_the_sweep(export)
    for _ in range(3):
        theirs.get(
            "/dmp/custom_audience/get/",
            token,
            advertiser_id=UK,
            custom_audience_ids=[body["custom_audience_id"]],
        )
    assert ended(export).state == ExportState.SUCCEEDED
    assert held(sandbox) == [set_of(*PEOPLE, "late@example.com", "else@example.com")]


def test_a_cancel_leaves_what_was_uploaded_without_effect(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    with fence.inside(export.organization_id):
        export_cancel(export=export, by=creator)
    assert not gathering.put_in_effect(export.organization_id, export.id)
    step(export)
    assert states(export) == [BatchState.CANCELED] * 3
    assert held(sandbox) == []


def test_only_one_worker_puts_in_effect(sandbox, destination, creator):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    taken_over(export)
    assert not gathering.put_in_effect(export.organization_id, export.id)
    assert held(sandbox) == []
    change(export, lease_until=Now() - timedelta(seconds=1))
    assert gathering.put_in_effect(export.organization_id, export.id)
    assert held(sandbox) == [set_of(*PEOPLE)]


def test_a_frozen_worker_that_wakes_puts_nothing_in_effect(
    sandbox, destination, creator, monkeypatch
):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    target_of = audiences.target_of

    def woken(*asked):
        taken_over(export)
        return target_of(*asked)

    monkeypatch.setattr(audiences, "target_of", woken)
    assert not gathering.put_in_effect(export.organization_id, export.id)
    assert held(sandbox) == []
    assert states(export) == [BatchState.UPLOADED] * 3


def test_what_somebody_else_has_put_in_effect_meanwhile_is_not_done_again(
    sandbox, destination, creator, monkeypatch
):
    export = until(started(destination, creator, *PEOPLE), BatchState.UPLOADED)
    answers = iter([["due"], []])
    monkeypatch.setattr(gathered, "due", lambda _: next(answers))
    assert not gathering.put_in_effect(export.organization_id, export.id)
    assert held(sandbox) == []
    assert stored(export).lease_owner is None


def test_a_platform_whose_batches_take_effect_alone_is_never_asked_for_it(
    sandbox, destination, creator
):
    change(
        destination, settings={"audience_name": "Alone", "retention_days": "", "audience_id": ""}
    )
    export = started(stored(destination), creator, *PEOPLE[:50])
    while step(export):
        assert not advance(export).put_in_effect
    assert stored(export).state == ExportState.SUCCEEDED
    (made,) = sandbox.audiences("tiktok")
    assert (made["name"], made["held"]) == ("Alone", 50)
