"""Every address for every role, for nobody, and for a stranger: found by introspection.

What each must get follows from what the view itself says (`member_may`). A new address fails here
until `ROWS` or `WITHOUT_A_ROW` says what its variable parts stand for.
"""

import io
from collections.abc import Callable
from datetime import time

import pytest
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from destinations.models import Destination
from exports import erasures, schedules, services, staging
from exports.addresses import parsed
from exports.engine.taking import AS_THEY_ARE
from exports.erasure_models import Erasure
from exports.fetch_models import Fetch
from exports.fetch_services import fetch_begin
from exports.models import Export
from exports.recurrence import Recurrence
from exports.schedule_models import Schedule
from exports.states import Mode
from exports.upload_models import Upload
from infosum_auth.environment import Intake
from organizations import fence
from organizations.roles import May, may
from tests.exports.piecing import Page
from tests.factories import authorized, begin, change, destined, stored
from tests.people import member
from tests.sample_platform import BASE, grants, knows

pytestmark = pytest.mark.django_db

ROLES = ("analyst", "creator", "admin")
EVERYBODY = (*ROLES, "stranger", "nobody")
# What somebody who may gets: a page, a file, the way on, what is wrong with an empty form.
SERVED = {200, 302, 422}


class World:
    """What there is in Acme, with everything that is personal belonging to the one who asks."""

    def __init__(self, acme, creator, asker) -> None:
        self.acme, self.creator, self.asker = acme, creator, asker

    def authorization(self):
        return authorized(self.acme, self.asker, "Acme zebra name")

    def attempt(self):
        return begin(self.acme, self.asker, "Acme zebra name")

    def destination(self) -> Destination:
        return destined(self.authorization(), self.creator, name="Acme zebra list")

    def draft(self) -> Export:
        client, destination = Client(), self.destination()
        client.force_login(self.creator)
        file = io.BytesIO(b"email\na@example.com\n")
        file.name = "acme-zebra.csv"
        client.post(reverse("exports:new", args=[destination.pk]), {"file": file})
        with fence.inside(self.acme.id):
            return Export.objects.get(destination=destination)

    def upload(self) -> Upload:
        client = Client()
        # An analyst may not upload, so what they ask for is another's.
        is_analyst = self.asker.email.startswith("analyst")
        client.force_login(self.creator if is_analyst else self.asker)
        page = Page(client, self.destination(), b"email\na@example.com\n", name="acme-zebra.csv")
        page.begun().send_all()
        with fence.inside(self.acme.id):
            return Upload.objects.get()

    def fetch(self) -> Fetch:
        with fence.inside(self.acme.id):
            return fetch_begin(
                destination=self.destination(),
                by=self.creator,
                address=parsed("https://files.example.com/acme-zebra.csv"),
            )

    def fetched(self) -> Export:
        row = self.draft()
        change(row, address="https://files.example.com/acme-zebra.csv")
        return stored(row)

    def schedule(self) -> Schedule:
        row = self.fetched()
        when = Recurrence("day", time(6, 0), 0, "UTC")
        with fence.inside(self.acme.id):
            return schedules.schedule_create(
                draft=row,
                by=self.creator,
                wish=schedules.Wish(row.address, Mode.ADD, when),
                columns={"email": 0},
                taking=AS_THEY_ARE,
            )

    def export(self) -> Export:
        row = self.draft()
        with fence.inside(self.acme.id):
            services.export_start(export=row, by=self.creator, mode=Mode.ADD, columns={"email": 0})
            key = staging.file_key(row)
        name = staging.new_name(row.pk, "rejects")
        with staging.writing(name, key) as file:
            file.write(b"row,reason\n")
        change(row, rejects_name=name)
        return stored(row)

    def erasure(self) -> Erasure:
        with fence.inside(self.acme.id):
            return erasures.erasure_request(
                organization_id=self.acme.id, by=self.creator, value="acme-zebra@example.com"
            )


ROWS: dict[str, Callable[[World], object]] = {
    **dict.fromkeys(("exports:erasure", "exports:erasure_receipt"), World.erasure),
    **dict.fromkeys(
        (
            "authorizations:attempt_state",
            "authorizations:attempt_go",
            "authorizations:attempt_stop",
            "authorizations:attempt_result",
            "authorizations:decide",
        ),
        World.attempt,
    ),
    **dict.fromkeys(
        (
            "authorizations:detail",
            "authorizations:rename",
            "authorizations:remove",
            "authorizations:reconnect",
            "authorizations:check_ad_accounts",
        ),
        World.authorization,
    ),
    **dict.fromkeys(
        (
            "destinations:detail",
            "destinations:edit",
            "destinations:pause",
            "destinations:resume",
            "destinations:delete",
            "destinations:confirm_absent",
            "destinations:test",
            "destinations:test_edit",
            "exports:new",
        ),
        World.destination,
    ),
    "exports:upload_begin": World.destination,
    "exports:fetch_begin": World.destination,
    **dict.fromkeys(
        ("exports:fetch", "exports:fetch_progress", "exports:fetch_again", "exports:fetch_discard"),
        World.fetch,
    ),
    **dict.fromkeys(
        ("exports:upload_pieces", "exports:upload_complete", "exports:upload_discard"),
        World.upload,
    ),
    "exports:schedule_save": World.fetched,
    **dict.fromkeys(
        (
            "exports:schedule_edit",
            "exports:schedule_run_now",
            "exports:schedule_pause",
            "exports:schedule_resume",
            "exports:schedule_delete",
        ),
        World.schedule,
    ),
    **dict.fromkeys(("exports:start", "exports:discard", "exports:check_progress"), World.draft),
    **dict.fromkeys(
        (
            "exports:detail",
            "exports:progress",
            "exports:rejects",
            "exports:cancel",
            "exports:go_on",
            "exports:retry",
        ),
        World.export,
    ),
}

# Addresses with a variable part that names no row of an organization.
WITHOUT_A_ROW = {
    "authorizations:callback": {"platform": "sample"},
    "authorizations:help_platform": {"key": "sample"},
}


def addresses(resolver: URLResolver | None = None, room: str = "") -> dict[str, URLPattern]:
    found: dict[str, URLPattern] = {}
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            found |= addresses(entry, f"{entry.app_name}:" if entry.app_name else room)
        else:
            found[f"{room}{entry.name}"] = entry
    return found


ADDRESSES = addresses()


def reverse_or_fail(name: str, row) -> str:
    try:
        return reverse(name, kwargs=WITHOUT_A_ROW.get(name) or ({"pk": row.pk} if row else {}))
    except NoReverseMatch:
        raise AssertionError(f"Say in the access matrix what {name} is about.") from None


@pytest.fixture
def platform(sample_platform, network, settings, tmp_path):
    settings.STAGING_DIR = str(tmp_path / "staging")
    settings.INTAKE = Intake((parsed("https://files.example.com/"),))
    grants(network)
    knows(network)
    network.upsert("GET", f"{BASE}/audiences", json=[])
    return sample_platform


@pytest.fixture
def visit(platform, acme, globex, creator, request):
    """Return a function that visits an address as somebody, by GET and by POST."""
    request.getfixturevalue("admin")

    def go(name: str, who: str):
        person = request.getfixturevalue(who) if who != "nobody" else None
        # A stranger and nobody ask for what belongs to a member.
        asker = person if who in ROLES else request.getfixturevalue("analyst")
        row = ROWS[name](World(acme, creator, asker)) if name in ROWS else None
        before = row and model_to_dict(stored(row))
        client = Client()
        if person is not None:
            client.force_login(person)
        address = reverse_or_fail(name, row)
        answers = [client.get(address), client.post(address)]
        pages = [b"".join(answer).decode(errors="replace") for answer in answers]
        return answers, pages, lambda: before == (row and model_to_dict(stored(row)))

    return go


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("name", ADDRESSES)
def test_who_gets_what(visit, name, who):
    view = ADDRESSES[name].callback
    what: May | None = getattr(view, "member_may", None)
    answers, pages, is_unchanged = visit(name, who)
    got = [answer.status_code for answer in answers]
    if what is None:
        # Open to everybody; `test_every_address` lists which these are.
        assert set(got) <= {*SERVED, 400, 405}
    elif who == "nobody":
        assert got == [302, 302]
        assert all("/sign-in/?next=" in answer["Location"] for answer in answers)
        assert is_unchanged()
    elif who == "stranger" and name in ROWS:
        # Some are told of a wrong method before anything is looked up.
        assert set(got) <= {404, 405}
        assert 404 in got
        assert is_unchanged()
    elif who in ROLES and not may(who, what):
        assert got == [403, 403]
        assert all("admin@acme.example" in page for page in pages)
        assert is_unchanged()
    else:
        # Whatever is asked in the wrong way is told so, and one way is right.
        assert set(got) <= {*SERVED, 405}
        assert set(got) & SERVED
    if who in {"nobody", "stranger"}:
        assert not any("zebra" in page.lower() for page in pages)


def test_a_person_of_no_organization_is_told_so_everywhere(acme, globex, platform):
    outsider = member(acme, "outsider@acme.example", "analyst")
    with fence.inside(acme.id):
        outsider.memberships.all().delete()
    client = Client()
    client.force_login(outsider)
    for name, entry in ADDRESSES.items():
        if hasattr(entry.callback, "member_may") and name not in ROWS:
            answer = client.get(reverse_or_fail(name, None))
            assert answer.status_code == 403, name
            assert "organization" in answer.content.decode()


def test_the_matrix_names_no_address_that_is_gone():
    assert {*ROWS, *WITHOUT_A_ROW} <= set(ADDRESSES)


def test_a_role_that_is_lost_counts_at_the_next_request(acme, creator, platform):
    client = Client()
    client.force_login(creator)
    address = reverse("destinations:new")
    assert client.get(address).status_code == 200
    with fence.inside(acme.id):
        creator.memberships.update(role="analyst", created_at=timezone.now())
    assert client.get(address).status_code == 403
