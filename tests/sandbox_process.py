"""The sandbox as a process of its own, and its control API."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from infosum_auth.processes import free_port, spawn, stop, wait_until


class Sandbox:
    def __init__(self, url: str) -> None:
        self.url = url
        self._http = requests.Session()
        self._http.trust_env = False

    def reset(self) -> None:
        self.control("POST", "reset")

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance": seconds})

    def fault(
        self, key: str, kind: str, *, count: int | None = 1, account: str = "", **more: Any
    ) -> None:
        """Let a fault strike `count` times, or from now on."""
        asked: dict[str, Any] = {"kind": kind, "count": count, **more}
        self.control(
            "POST", f"{key}/faults", {**asked, **({"account": account} if account else {})}
        )

    def clear_faults(self, key: str) -> None:
        self.control("DELETE", f"{key}/faults")

    def own_faults(self, key: str) -> dict[str, str]:
        """The kinds that this platform has and others have not, with their words."""
        return self.control("GET", f"{key}/faults").json()["own"]

    def audiences(self, key: str) -> list[dict[str, Any]]:
        return self.control("GET", f"{key}/audiences").json()

    def people(self) -> dict[str, Any]:
        return self.control("GET", "people").json()

    def answers(self) -> bool:
        try:
            return bool(self.people())
        except (requests.RequestException, ValueError):
            return False

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        response = self._http.request(method, f"{self.url}/_control/{path}", json=body, timeout=10)
        assert response.ok, (path, body, response.status_code, response.text)
        return response


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Sandbox]:
    """Run `python -m sandbox` with further options on a free port."""
    port = free_port()
    output = folder / "sandbox.log"
    with output.open("wb") as log:
        process = spawn(
            [sys.executable, "-m", "sandbox", "--port", str(port), *options],
            output=log,
            folder=Path(__file__).parents[1],
        )
    try:
        sandbox = Sandbox(f"http://localhost:{port}")
        assert wait_until(sandbox.answers, seconds=20), output.read_text()
        yield sandbox
    finally:
        stop(process)


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One process for every test of the session."""
    with running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox in which nothing has happened yet."""
    # It speaks plain HTTP on this machine, past any proxy of the environment.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    sandbox_process.reset()
    return sandbox_process
