import socket
import stat

import pytest

from infosum_auth.databases import Databases
from infosum_auth.demo import _only_one
from infosum_auth.demo_parts import DemoError, Ports, environment
from infosum_auth.environment import master_keys
from infosum_auth.processes import free_port

DATABASES = Databases(
    application="postgres://app:1@127.0.0.1/main",
    owner="postgres://owner:2@127.0.0.1/main",
    broker="postgres://app:1@127.0.0.1/broker",
)


def test_the_ports_come_from_the_environment():
    web, sandbox = free_port(), free_port()
    assert Ports.of({"DEMO_PORT": str(web), "SANDBOX_PORT": str(sandbox)}) == Ports(web, sandbox)


def test_a_busy_port_is_said_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(DemoError, match=f"Port {port} is taken .* make demo DEMO_PORT="):
            Ports.of({"DEMO_PORT": str(port), "SANDBOX_PORT": str(free_port())})


@pytest.mark.parametrize("text", ["many", "0", "65536", "-1"])
def test_what_is_no_port_is_refused_by_name(text):
    with pytest.raises(DemoError, match="SANDBOX_PORT must be a port number"):
        Ports.of({"DEMO_PORT": str(free_port()), "SANDBOX_PORT": text})


def test_one_port_for_two_servers_is_refused():
    port = str(free_port())
    with pytest.raises(DemoError, match="must differ"):
        Ports.of({"DEMO_PORT": port, "SANDBOX_PORT": port})


def test_a_folder_holds_one_demo_at_a_time(tmp_path):
    with (
        _only_one(tmp_path),
        pytest.raises(DemoError, match="running already"),
        _only_one(tmp_path),
    ):
        pass


def test_the_secrets_are_kept_from_one_start_to_the_next(tmp_path):
    ports = Ports.free()
    first, second = (environment(ports, tmp_path, DATABASES) for _ in range(2))
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert first["MASTER_KEYS"] == second["MASTER_KEYS"]
    assert master_keys(first["MASTER_KEYS"])
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_the_environment_leads_to_the_private_databases(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody:else@elsewhere/production")
    found = environment(Ports(web=1, sandbox=2), tmp_path, DATABASES)
    assert found["DATABASE_URL"] == DATABASES.application
    assert found["PUBLIC_URL"] == "http://127.0.0.1:1"
