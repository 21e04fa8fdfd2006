"""A platform that cannot empty an audience: what differs is sent."""

import json

import pytest

from exports import completeness
from exports.services import export_start
from exports.states import Mode
from organizations import fence
from providers.declarations import Replace
from tests.exports.driving import delivered, drafted
from tests.exports.sample_servers import SampleServers
from tests.factories import change, stored
from tests.sample_platform import SamplePlatform, grants

TWO = {"email": 0, "second": 1}


def two(*people):
    """Return a file of people by two identifiers."""
    return "email,second\n" + "".join(f"{first},{second}\n" for first, second in people)


class PeopleServers(SampleServers):
    """Whoever is removed by one identifier is gone with all that were sent with it."""

    def listen(self, network) -> None:
        self.people = {}
        super().listen(network)

    def _add(self, request):
        key = request.url.split("/audiences/")[1].split("/")[0]
        rows = {frozenset(filter(None, row)) for row in json.loads(request.body)["rows"]}
        with self._lock:
            self.people.setdefault(key, set()).update(rows)
        return super()._add(request)

    def _remove(self, request):
        key = request.url.split("/audiences/")[1].split("/")[0]
        named = {each for row in json.loads(request.body)["rows"] for each in row if each}
        with self._lock:
            gone = {person for person in self.people.get(key, ()) if person & named}
            self.people[key] = self.people.get(key, set()) - gone
        answer = super()._remove(request)
        with self._lock:
            self.held.get(key, set()).difference_update(*gone)
        return answer


def begun(destination, by, content, *, mode=Mode.REPLACE, columns=None):
    """Return an export of a file's text that was started."""
    draft = drafted(destination, by, content)
    with fence.inside(draft.organization_id):
        export_start(export=draft, by=by, mode=mode, columns=columns or {"email": 0})
    return stored(draft)


def replaced(destination, by, content, **more):
    return delivered(begun(destination, by, content, **more))


def counts(export):
    return {name: export.comparison[name] for name in ("held", "removed", "added", "kept")}


@pytest.fixture
def nobody_is_asked(monkeypatch) -> None:
    """Let a Replace remove as many as it likes."""
    monkeypatch.setattr(completeness, "ASKED_FROM", 1.0)


@pytest.fixture
def by_difference(monkeypatch) -> None:
    monkeypatch.setattr(SamplePlatform, "replace", Replace.BY_DIFFERENCE)


@pytest.fixture
def person_servers(sample_platform, network, monkeypatch):
    monkeypatch.setattr(SamplePlatform, "identifiers_together", True)
    grants(network)
    found = PeopleServers()
    found.listen(network)
    return found


@pytest.fixture
def of_two(destination):
    change(destination, identifiers=["email", "second"])
    return stored(destination)
