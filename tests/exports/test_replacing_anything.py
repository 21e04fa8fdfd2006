"""However exports were cut short before: a Replace that succeeds leaves exactly the file."""

import uuid
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports import folding
from exports.services import NotNow, export_cancel, export_retry
from exports.shared_models import Breaker
from exports.states import ExportState, Mode
from organizations import fence
from tests.exports.driving import batches as batches_of
from tests.exports.driving import delivered, digests, let_leases_end, let_time_pass, work
from tests.exports.replacing import PeopleServers, begun, by_difference, nobody_is_asked
from tests.exports.sample_servers import LOST, Killed, SampleServers
from tests.factories import change, destined, stored
from tests.sample_platform import SamplePlatform, grants

__all__ = ("by_difference", "nobody_is_asked")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_difference", "nobody_is_asked")]

COLUMNS = {"email": 0, "second": 1}
EMAILS = [f"{number}@example.com" for number in range(7)]
SECONDS = ["", *(f"{letter}@example.com" for letter in "abc")]


def killed():
    raise Killed


TROUBLE = {"refused": 400, "down": 503, "lost": LOST, "killed": killed, "gone": 404}
people = st.lists(
    st.tuples(st.sampled_from(EMAILS), st.sampled_from(SECONDS)),
    min_size=1,
    max_size=8,
    unique=True,
)
steps = st.lists(
    st.tuples(
        st.sampled_from(list(Mode)),
        people,
        # Answers to its additions and its removals, in their order.
        st.lists(st.sampled_from(["good", *TROUBLE]), max_size=3),
        st.lists(st.sampled_from(["good", *TROUBLE]), max_size=3),
        st.sampled_from(["wait", "cancel", "retry"]),
    ),
    max_size=5,
)


def answers(servers, call, words):
    servers.answers.pop(call, None)
    servers.answer(call, *(TROUBLE.get(word, lambda: None) for word in words))


def carried_on(export):
    """Do what workers would, those that are killed and those that take over."""
    for _ in range(12):
        try:
            work(export)
        except Killed:
            let_leases_end(stored(export), *batches_of(export))
        else:
            break
    return stored(export)


@pytest.fixture(autouse=True)
def it_is_folded_whenever_it_may(monkeypatch):
    monkeypatch.setattr(folding, "LEAST_PEOPLE", 1)


def carry_out(servers, destination, by, step):
    mode, rows, adding, removing, then = step
    # The platform is up again between two exports, and known to be.
    Breaker.objects.all().delete()
    answers(servers, "add", adding)
    answers(servers, "remove", removing)
    content = "email,second\n" + "".join(f"{a},{b}\n" for a, b in rows)
    export = carried_on(begun(destination, by, content, mode=mode, columns=COLUMNS))
    if then == "wait":
        let_time_pass(export)
        export = carried_on(export)
    if then == "retry":
        with fence.inside(export.organization_id), suppress(NotNow):
            export_retry(export=export, by=by)
        export = carried_on(export)
    if not export.is_final:
        with fence.inside(export.organization_id):
            export_cancel(export=stored(export), by=by)
        let_leases_end(*batches_of(export))
    return delivered(export)


@pytest.mark.parametrize("kind", [SampleServers, PeopleServers])
def test_after_all_that_happened_a_replace_leaves_exactly_the_file(
    kind, sample_platform, network, monkeypatch, authorization, creator
):
    monkeypatch.setattr(SamplePlatform, "identifiers_together", True)

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps, people)
    def holds(happened, file):
        network.reset()
        grants(network)
        servers = kind()
        servers.listen(network)
        destination = destined(authorization, creator, name=str(uuid.uuid4()))
        change(destination, identifiers=["email", "second"])
        destination = stored(destination)
        for step in happened:
            carry_out(servers, destination, creator, step)
        # A second time, where the first one finds the audience gone.
        for _ in range(2):
            last = carry_out(servers, destination, creator, (Mode.REPLACE, file, [], [], "retry"))
        assert last.state == ExportState.SUCCEEDED, last.reason
        held = servers.held[stored(destination).audience_id]
        assert held == digests(*(each for person in file for each in person if each))

    holds()
