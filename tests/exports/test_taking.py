"""Several values in a cell and the country of phone numbers: proposed, corrected, remembered."""

import hashlib
import re

import pytest
from django.urls import reverse

from exports import checks, preparation
from exports.check_models import Check
from exports.engine.several import Several
from exports.engine.taking import Taking
from organizations import fence
from providers import identifier_types, identifiers
from tests.exports.driving import drafted
from tests.exports.test_intake import sent_of
from tests.factories import change, stored

pytestmark = pytest.mark.django_db

TEXT = (
    "Name,E-Mail,Mobil\n"
    'Jana,"jana@x.com; j.gross@y.org",0171 1234567\n'
    'Zoë,zoe@x.com,"+44 7700 900123; 0171 7654321"\n'
)
CHOICES = {"column-email": "1", "column-phone": "2", "mode": "add"}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def with_phones(sample_platform, destination):
    sample_platform.identifiers = (
        identifier_types.email("EMAIL", identifiers.email),
        identifier_types.phone("PHONE", identifiers.phone_e164),
    )
    change(destination, identifiers=["email", "phone"])
    return destination


def draft_of(destination, creator, text=TEXT):
    draft = drafted(destination, creator, text)
    return draft, reverse("exports:start", args=[draft.pk])


def page(answer) -> str:
    return " ".join(answer.content.decode().split())


def chosen(shown: str, name: str) -> str:
    select = re.search(rf'<select name="{name}".*?</select>', shown)[0]
    found = re.search(r'<option value="([^"]*)" selected', select)
    return found[1] if found else ""


def test_what_is_recognized_is_said_and_proposed(client_of, creator, with_phones):
    _, address = draft_of(with_phones, creator)
    shown = page(client_of(creator).get(address))
    assert "Cells with several values: E-mail: split at ; and Phone: split at ;" in shown
    assert "as typed, several values in a cell" in shown
    assert (chosen(shown, "several-email"), chosen(shown, "several-phone")) == (
        "semicolon",
        "semicolon",
    )
    assert chosen(shown, "country") == ""
    assert "j•••@x•••.com; j•••@y•••.org" in shown
    for raw in ("gross", "1234567", "900123"):
        assert raw not in shown


def test_where_cells_have_one_value_nothing_is_proposed(client_of, creator, destination):
    _, address = draft_of(destination, creator, "email\na@x.com\nb@x.com\n")
    shown = page(client_of(creator).get(address))
    assert "<summary>Cells with several values</summary>" in shown
    assert '<details class="field more">' in shown
    assert chosen(shown, "several-email") == ""
    # No phone numbers, no country.
    assert 'name="country"' not in shown


def test_each_value_is_sent_and_national_numbers_are_understood(client_of, creator, with_phones):
    draft, address = draft_of(with_phones, creator)
    several = {"several-email": "semicolon", "several-phone": "semicolon"}
    client_of(creator).post(address, CHOICES | several | {"country": "DE"})
    both = {"email": Several.SEMICOLON, "phone": Several.SEMICOLON}
    assert Taking.from_json(stored(draft).taking) == Taking(both, "DE")
    preparation.prepare(draft.organization_id, draft.id)
    export = stored(draft)
    mails = {"jana@x.com", "j.gross@y.org", "zoe@x.com"}
    numbers = {"+491711234567", "+447700900123", "+491717654321"}
    assert sent_of(export) == set(map(sha, mails | numbers))
    assert (export.rows, export.rejected, export.duplicates, export.identifiers) == (2, 0, 0, 4)


def test_a_person_may_have_cells_taken_as_one_value(client_of, creator, with_phones):
    draft, address = draft_of(with_phones, creator)
    client_of(creator).post(address, CHOICES | {"several-email": "", "several-phone": ""})
    preparation.prepare(draft.organization_id, draft.id)
    export = stored(draft)
    assert export.taking == {"several": {}}
    assert sent_of(export) == {sha("zoe@x.com")}
    assert sum(export.reject_reasons.values()) == 3


def test_the_country_is_remembered_for_the_destination(client_of, creator, with_phones):
    _, address = draft_of(with_phones, creator)
    client = client_of(creator)
    client.post(address, CHOICES | {"country": "DE"})
    _, second = draft_of(with_phones, creator)
    assert chosen(page(client.get(second)), "country") == "DE"
    # An export without phone numbers says nothing about their country.
    client.post(second, {"column-email": "1", "mode": "add", "country": "FR"})
    _, address = draft_of(with_phones, creator)
    assert chosen(page(client.get(address)), "country") == "DE"
    client.post(address, CHOICES | {"country": ""})
    _, address = draft_of(with_phones, creator)
    assert chosen(page(client.get(address)), "country") == ""


@pytest.mark.parametrize("fields", [{"country": "XX"}, {"several-email": "; DROP"}])
def test_what_is_not_offered_is_refused(client_of, creator, with_phones, fields):
    draft, address = draft_of(with_phones, creator)
    answer = client_of(creator).post(address, CHOICES | fields)
    assert answer.status_code == 422
    assert "Select a valid choice" in page(answer)
    assert stored(draft).taking == {}


def test_a_check_counts_as_an_export_would(client_of, creator, with_phones):
    draft, address = draft_of(with_phones, creator)
    several = {"several-email": "semicolon", "several-phone": "semicolon"}
    client = client_of(creator)
    client.post(address, CHOICES | several | {"country": "DE", "check": "yes"})
    checks.carry_out(draft.organization_id, draft.id)
    with fence.inside(draft.organization_id):
        report = Check.objects.get(export=draft).report
    assert (report["rows"], report["people"], report["rejected"]) == (2, 4, 0)
    assert report["types"]["email"]["valid"] == report["types"]["phone"]["valid"] == 3
    assert report["types"]["email"]["raw"] == 3
    # The page keeps what was asked about.
    shown = page(client.get(address))
    assert chosen(shown, "country") == "DE"
    assert chosen(shown, "several-phone") == "semicolon"
