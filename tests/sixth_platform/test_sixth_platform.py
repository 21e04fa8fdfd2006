"""One adapter and one emulator make a platform: nothing else of the product knows of it."""

import sys
from pathlib import Path

import pytest

from infosum_auth.demo_parts import platform_environment
from providers import platforms
from providers.app import app_from
from providers.errors import GrantDead, PermissionMissing, PlatformDown, Throttled, TokenRejected
from providers.registry import Registry
from providers.values import Batch, Verdict
from tests.contract.batches import digest, digest_of
from tests.contract.walk import Walk
from tests.sandbox_process import running

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODULE = f"{platforms.__name__}.billboard"


@pytest.fixture(scope="module")
def sandbox_with_six(tmp_path_factory):
    options = ("--platforms", str(HERE / "emulator"))
    with running(tmp_path_factory.mktemp("sandbox"), *options) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_with_six, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    sandbox_with_six.reset()
    return sandbox_with_six


@pytest.fixture
def dropped_in(monkeypatch):
    """A registry whose package looks into one more directory."""
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(HERE / "adapter")])
    yield Registry()
    sys.modules.pop(MODULE, None)
    vars(platforms).pop("billboard", None)


@pytest.fixture
def walk(dropped_in, sandbox):
    platform = dropped_in.get("billboard")
    return Walk(platform, app_from(platform_environment(sandbox.url), "billboard"), set())


@pytest.fixture
def connection(walk):
    return walk.connect(walk.grant("Ed Editor").tokens)


@pytest.fixture
def audience(walk, connection):
    request = walk.platform.audience_request("wall-1", {"audience_name": "Passers-by"})
    assert walk.platform.find_audience(connection, request) is None
    return walk.platform.create_audience(connection, request)


def people(count):
    rows = [(digest("email", each), digest("phone", each)) for each in range(count - 1)]
    return Batch(("email", "phone"), [*rows, (None, digest("phone", count))])


def test_nothing_of_the_product_names_it():
    parts = [
        each for each in ROOT.iterdir() if each.name != "tests" and not each.name.startswith(".")
    ]
    kinds = {".py", ".html", ".js", ".css", ".toml", ".yml", ".md"}
    files = [
        path
        for each in parts
        for path in (each, *each.rglob("*"))
        if path.suffix in kinds and path.is_file()
    ]
    assert ROOT / "providers" / "registry.py" in files
    assert [path for path in files if "billboard" in path.read_text().lower()] == []


def test_the_registry_finds_it_beside_the_others(dropped_in):
    keys = [platform.key for platform in dropped_in]
    assert "billboard" in keys
    assert "snapchat" in keys
    assert dropped_in.label("billboard") == "Billboard"
    assert dropped_in.get("billboard").identifiers_together


def test_the_sandbox_finds_it_beside_the_others(sandbox):
    known = sandbox.people()
    assert {"billboard", "snapchat"} <= set(known)
    assert [each["name"] for each in known["billboard"]["people"]] == ["Ed Editor", "Vi Viewer"]


def test_consent_leads_to_a_grant_and_the_grant_to_an_audience(walk, connection, audience, sandbox):
    platform = walk.platform
    assert platform.identify(connection, {}).name == "Ed Editor"
    assert {one.id: one.verdict for one in platform.ad_accounts(connection)} == {
        "wall-1": Verdict.SUFFICIENT,
        "wall-2": Verdict.INSUFFICIENT,
    }
    sent = people(20)
    assert platform.add(connection, audience, sent).accepted == 20
    everyone = {value for row in sent.rows for value in row if value}
    (held,) = sandbox.audiences("billboard")
    assert (held["held"], held["digest"]) == (39, digest_of(everyone))
    platform.remove(connection, audience, sent)
    assert platform.audience_status(connection, audience).size == 0


def test_a_cancel_is_a_refusal_there_too(walk):
    callback = walk.answer(walk.begin(), "Ed Editor", "Cancel")
    assert (callback.code, callback.refusal) == (None, "denied")


def test_a_code_without_its_verifier_is_no_grant(walk):
    start, other = walk.begin(), walk.begin()
    callback = walk.answer(start, "Ed Editor", "Allow")
    with pytest.raises(GrantDead):
        walk.exchange(other, callback)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("fail", PlatformDown),
        ("throttle", Throttled),
        ("expire", TokenRejected),
        ("revoke", TokenRejected),
        ("drop_role", PermissionMissing),
        ("half_body", PlatformDown),
    ],
)
def test_the_sandboxs_faults_strike_it_without_a_line_of_its_own(
    walk, connection, audience, sandbox, fault, error
):
    sandbox.fault("billboard", fault, account="wall-1" if fault == "drop_role" else "")
    with pytest.raises(error):
        walk.platform.add(connection, audience, people(3))
