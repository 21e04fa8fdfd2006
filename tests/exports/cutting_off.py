"""Processes that receive a file and are killed or frozen where it hurts most."""

from contextlib import contextmanager
from types import SimpleNamespace

from exports import staging
from exports.services import export_start
from exports.states import Mode
from organizations import fence
from tests.exports.sample_servers import Killed


def killed_before_a_piece_counts(monkeypatch) -> None:
    """Kill whoever has put a piece in its place: the row does not count it."""
    place = staging.place_piece

    def killed(*where):
        place(*where)
        raise Killed

    monkeypatch.setattr(staging, "place_piece", killed)


def after_each_commit(monkeypatch, module, what) -> None:
    """Freeze a module's work after each of its transactions; meanwhile something else happens."""

    @contextmanager
    def inside(organization_id):
        with fence.inside(organization_id):
            yield
        what()

    monkeypatch.setattr(module, "fence", SimpleNamespace(inside=inside))


def start(draft) -> None:
    with fence.inside(draft.organization_id):
        export_start(export=draft, by=draft.created_by, mode=Mode.ADD, columns={"email": 0})
