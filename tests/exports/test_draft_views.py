"""The page where a file is looked at before anything is sent, scripts off."""

import hashlib
import re

import pytest
from django.urls import reverse

from exports import checks
from exports.check_models import Check
from exports.models import Export
from exports.services import export_start
from exports.states import ExportState, Mode
from organizations import fence
from organizations.models import Route
from providers.declarations import Replace
from tests.exports.driving import drafted, files, is_found_by_the_sweep, started
from tests.exports.uploading import file, kept
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

HASHED = hashlib.sha256(b"hashed@example.com").hexdigest()
TEXT = (
    "customer,E-Mail Address,phone\n"
    "Jane Doe,jane.doe@example.com,+44 7700 900123\n"
    f"Joe Bloggs,{HASHED},+44 7700 900456\n"
)


@pytest.fixture
def draft(destination, creator) -> Export:
    return drafted(destination, creator, TEXT, name="spring <buyers>.csv")


@pytest.fixture
def address(draft) -> str:
    return reverse("exports:start", args=[draft.pk])


def page(answer) -> str:
    return answer.content.decode()


def test_the_upload_page_says_what_is_wanted(client_of, creator, destination, settings):
    settings.UPLOAD_MAX_BYTES = 10 * 1024**3
    shown = page(client_of(creator).get(reverse("exports:new", args=[destination.pk])))
    for words in ("New export", "Loyal customers", "Sample Ads", "E-mail", "CSV or TSV", "Upload"):
        assert words in shown
    assert 'enctype="multipart/form-data"' in shown
    assert re.search(r"At most 10(\.\d)?\s*GB", shown.replace("\xa0", " "))


def test_the_preview_shows_the_columns_and_no_raw_value(client_of, creator, address):
    shown = page(client_of(creator).get(address))
    for words in (
        "customer",
        "E-Mail Address",
        "j•••@e•••.com",
        "+4•••23",
        f"{HASHED[:4]}••• (hash)",
    ):
        assert words in shown
    assert "both as typed and already hashed" in shown
    for raw in ("jane.doe", "Doe", "Bloggs", "900123", "7700", HASHED, HASHED[:12]):
        assert raw not in shown
    assert "spring &lt;buyers&gt;.csv" in shown
    assert "<buyers>" not in shown


def test_what_is_recognized_is_chosen_already(client_of, creator, address):
    shown = page(client_of(creator).get(address))
    assert re.search(r'<option value="1" selected>E-Mail Address', shown)
    assert "No column looks like" not in shown
    assert "uses an audience for ads from 2 people on" in shown


def test_a_file_in_which_nothing_is_recognized_says_so(client_of, creator, destination):
    draft = drafted(destination, creator, "id,city\n1,Oslo\n2,Rome\n")
    shown = page(client_of(creator).get(reverse("exports:start", args=[draft.pk])))
    assert "No column looks like E-mail." in shown


def test_start_begins_the_export(client_of, creator, draft, address):
    answer = client_of(creator).post(address, {"column-email": "1", "mode": "remove"})
    assert answer["Location"] == reverse("exports:detail", args=[draft.pk])
    now = stored(draft)
    assert (now.state, now.mode, now.columns) == (ExportState.PREPARING, Mode.REMOVE, {"email": 1})
    assert now.created_by == creator
    assert is_found_by_the_sweep(now)


def test_starting_hints_to_a_worker_after_the_commit(
    client_of, creator, draft, address, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as hints:
        client_of(creator).post(address, {"column-email": "1", "mode": "add"})
    assert len(hints) == 1


def test_pressing_twice_starts_once(client_of, creator, draft, address):
    client = client_of(creator)
    for _ in range(2):
        answer = client.post(address, {"column-email": "1", "mode": "add"})
        assert answer["Location"] == reverse("exports:detail", args=[draft.pk])
    assert client.get(address)["Location"] == reverse("exports:detail", args=[draft.pk])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": "add"}, "Choose the column that holds E-mail."),
        ({"column-email": "", "mode": "add"}, "Choose the column that holds E-mail."),
        ({"column-email": "9", "mode": "add"}, "Select a valid choice."),
        ({"column-email": "-1", "mode": "add"}, "Select a valid choice."),
        ({"column-email": "x", "mode": "add"}, "Select a valid choice."),
        ({"column-email": "1"}, "This field is required."),
        ({"column-email": "1", "mode": "merge"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client_of, creator, draft, address, fields, words):
    answer = client_of(creator).post(address, fields)
    assert answer.status_code == 422
    assert 'class="error"' in page(answer)
    assert words in page(answer)
    assert "jane.doe" not in page(answer)
    assert stored(draft).state == ExportState.DRAFT


def test_replace_says_how_it_is_done_and_how_exact_that_is(
    client_of, creator, destination, draft, address, sample_platform
):
    client = client_of(creator)
    assert "The audience is emptied" in page(client.get(address))
    sample_platform.replace = Replace.BY_DIFFERENCE
    assert "exact as long as nothing else writes" in page(client.get(address))
    change(destination, audience_id="au7")
    assert "exact among those whom this destination sent" in page(client.get(address))
    client.post(address, {"column-email": "1", "mode": "replace"})
    assert stored(draft).mode == Mode.REPLACE


def test_several_types_need_a_column_each_of_their_own(
    client_of, creator, destination, draft, address
):
    change(destination, identifiers=["email", "second"])
    client = client_of(creator)
    assert "Not in this file" in page(client.get(address))
    twice = client.post(address, {"column-email": "1", "column-second": "1", "mode": "add"})
    assert "Each column can hold one kind of identifier." in page(twice)
    none = client.post(address, {"column-email": "", "column-second": "", "mode": "add"})
    assert "Choose at least one column." in page(none)
    assert {twice.status_code, none.status_code} == {422}
    client.post(address, {"column-email": "", "column-second": "1", "mode": "add"})
    assert stored(draft).columns == {"second": 1}


def test_a_person_says_that_the_first_row_is_data(client_of, creator, draft, address):
    client = client_of(creator)
    assert client.post(address, {"has_header": "no"})["Location"] == address
    assert "Column 2" in page(client.get(address))
    assert stored(draft).shape["has_header"] is False
    client.post(address, {"has_header": "yes"})
    assert "E-Mail Address" in page(client.get(address))


def test_a_single_row_cannot_be_a_header(client_of, creator, destination):
    draft = drafted(destination, creator, "jane@example.com\n")
    address = reverse("exports:start", args=[draft.pk])
    answer = client_of(creator).post(address, {"has_header": "yes"}, follow=True)
    assert "a header but no rows" in page(answer)
    assert stored(draft).shape["has_header"] is False


def test_a_destination_that_was_paused_meanwhile_keeps_the_draft(
    client_of, creator, destination, draft, address
):
    change(destination, authorization=None)
    answer = client_of(creator).post(address, {"column-email": "1", "mode": "add"})
    assert answer.status_code == 422
    assert "The file is kept for a day." in page(answer)
    assert stored(draft).state == ExportState.DRAFT


def test_discard_destroys_the_file(client_of, creator, destination, draft):
    client = client_of(creator)
    answer = client.post(reverse("exports:discard", args=[draft.pk]))
    assert answer["Location"] == reverse("destinations:detail", args=[destination.pk])
    assert files() == set()
    with fence.inside(draft.organization_id):
        assert not Export.objects.exists()
    assert not Route.objects.filter(row_id=draft.pk).exists()


def test_what_was_started_cannot_be_discarded(client_of, creator, destination):
    export = started(destination, creator)
    assert client_of(creator).post(reverse("exports:discard", args=[export.pk])).status_code == 404
    assert files(export) == {export.staged_name}


def test_a_draft_is_in_no_list_and_its_page_is_the_preview(client_of, creator, draft, address):
    client = client_of(creator)
    assert "spring" not in page(client.get(reverse("exports:list")))
    assert client.get(reverse("exports:detail", args=[draft.pk]))["Location"] == address


def test_a_mark_that_is_never_closed_is_said_with_its_row(client_of, creator, destination):
    people = "".join(f"person{number}@example.com,x\n" for number in range(200))
    words = "opens a quotation mark that is not closed again."
    for odd, is_said in (('jane@example.com,"odd\n', True), ('jane@example.com,"odd"\n', False)):
        draft = drafted(destination, creator, f"email,note\n{odd}{people}")
        page = client_of(creator).get(reverse("exports:start", args=[draft.pk])).content.decode()
        assert (f"Row 2 {words}" in page) is is_said


@pytest.mark.parametrize(
    "content",
    [
        "Adresse complète,email\nParis,jane@acme.co\n".encode("mac_roman"),
        b"ema\0il\njane@acme.co\n",
        "name,email\nÉric,jane@acme.co\n".encode("cp850"),
        b"email\n\0jane@acme.co\njoe@acme.co\n",
    ],
)
def test_letters_that_are_none_are_shown_as_that(client_of, creator, acme, destination, content):
    client = client_of(creator)
    address = reverse("exports:new", args=[destination.pk])
    answer = client.post(address, {"file": file(content)}, follow=True)
    assert answer.status_code == 200
    assert "�" in page(answer)
    (draft,) = kept(acme)
    with fence.inside(acme.id):
        checks.check_ask(
            export=draft, mode=Mode.ADD, columns={"email": content.split(b"\n")[0].count(b",")}
        )
    checks.carry_out(acme.id, draft.id)
    with fence.inside(acme.id):
        assert Check.objects.get().report["rows"] >= 1
    assert client.get(answer.redirect_chain[-1][0]).status_code == 200


def test_a_check_whose_draft_was_started_meanwhile_says_so(client_of, creator, draft):
    with fence.inside(draft.organization_id):
        checks.check_ask(export=draft, mode=Mode.ADD, columns={"email": 1})
        export_start(export=draft, by=creator, mode=Mode.ADD, columns={"email": 1})
    address = reverse("exports:check_progress", args=[draft.pk])
    shown = page(client_of(creator).get(address))
    assert "data-live-url" not in shown
    assert reverse("exports:detail", args=[draft.pk]) in shown
