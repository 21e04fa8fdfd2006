import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.sandbox.raw_snapchat import REDIRECT_URI, RawSnapchat
from tests.sandbox_process import running

ROOT = Path(__file__).parents[2]

EMULATOR = """
from sandbox.platforms.snapchat import Snapchat


class Impostor(Snapchat):
    pass
"""


def start(*options):
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.usefixtures("sandbox")
def test_redirect_addresses_that_are_given_are_the_only_ones(tmp_path):
    given = ["https://app.example/authorizations/callback/snapchat/", "https://b.example/c"]
    options = [part for uri in given for part in ("--redirect-uri", uri)]
    with running(tmp_path, *options) as sandbox:
        snapchat = RawSnapchat(sandbox)

        def status(uri):
            return requests.get(snapchat.consent_address(redirect_uri=uri), timeout=10).status_code

        assert [status(uri) for uri in given] == [200, 200]
        assert status(REDIRECT_URI) == 400
        assert status(f"{given[1]}/more") == 400


def test_a_directory_of_platforms_that_is_not_there_is_said(tmp_path):
    ended = start("--platforms", str(tmp_path / "missing"))
    assert ended.returncode == 2
    assert "missing is no directory" in ended.stderr


def test_two_emulators_of_one_key_are_refused(tmp_path):
    (tmp_path / "impostor.py").write_text(EMULATOR)
    ended = start("--platforms", str(tmp_path))
    assert ended.returncode != 0
    assert "Two emulators have the key 'snapchat'" in ended.stderr
