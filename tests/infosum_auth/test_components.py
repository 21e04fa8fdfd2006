import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from infosum_auth.components import Component, ComponentError, Components, said
from infosum_auth.processes import alive, stop, wait_until

CHECKOUT = Path(__file__).parents[2]
# Has a child of its own, as web servers and workers have; says both numbers.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("ready", child.pid, flush=True)
time.sleep(60)
"""


def program(code, name="parent", words="ready"):
    return Component(name, [sys.executable, "-c", textwrap.dedent(code)], said(words))


@pytest.fixture
def components(tmp_path):
    together = Components(tmp_path, dict(os.environ))
    yield together
    together.stop()


def process_ids(components, name):
    leader = components._process(name).pid
    return leader, int(components.log(name).read_text().split()[1])


def all_gone(pids):
    # A grandchild that was killed is reaped by init, in its own time.
    return wait_until(lambda: not any(running(pid) for pid in pids), seconds=10)


def running(pid):
    status = Path(f"/proc/{pid}/stat")
    return alive(pid) and not (status.exists() and status.read_text().split()[2] == "Z")


def test_stopping_leaves_no_process_and_no_child_of_one(components):
    components.start(program(PARENT))
    components.wait_until_ready("parent")
    pids = process_ids(components, "parent")
    components.stop()
    assert all_gone(pids)


def test_a_program_that_ignores_the_request_is_killed(components):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    components.start(program(f"{deaf}; print('ready', flush=True); time.sleep(60)"))
    components.wait_until_ready("parent")
    process = components._process("parent")
    stop(process, patience=0.5)
    assert process.returncode == -signal.SIGKILL


def test_a_program_that_ends_is_named_with_its_last_lines(components):
    components.start(program("print('ready', flush=True); raise SystemExit('no more paper')"))
    components._by_name["parent"].process.wait()
    with pytest.raises(ComponentError, match=r"(?s)parent ended with exit code 1.*no more paper"):
        components.check()


def test_a_killed_program_is_named_with_the_signal(components):
    components.start(program("import os; os.kill(os.getpid(), 9)"))
    components._by_name["parent"].process.wait()
    with pytest.raises(ComponentError, match="parent was ended by SIGKILL"):
        components.check()


def test_a_program_that_never_answers_is_named(components):
    components.start(program("import time; print('still trying', flush=True); time.sleep(60)"))
    with pytest.raises(ComponentError, match=r"(?s)parent did not answer in 1 s.*still trying"):
        components.wait_until_ready("parent", seconds=1)


def test_a_program_can_be_killed_and_started_again(components):
    components.start(program(PARENT))
    components.wait_until_ready("parent")
    pids = process_ids(components, "parent")
    components.kill("parent")
    assert all_gone(pids)
    components.check()
    components.restart("parent")
    assert process_ids(components, "parent") != pids


def test_a_command_that_fails_is_named_with_its_last_lines(components):
    with pytest.raises(ComponentError, match=r"(?s)migrate failed with exit code 1.*no such table"):
        components.run("migrate", [sys.executable, "-c", "raise SystemExit('no such table')"])


def test_verbose_shows_each_line_once_with_its_program(tmp_path, capsys):
    components = Components(tmp_path, dict(os.environ), verbose=True)
    components.run("seed", [sys.executable, "-c", "print('sown')"])
    components.show_logs()
    assert capsys.readouterr().err == "    seed | sown\n"


SUPERVISOR = """
import os, sys, time
from pathlib import Path
from infosum_auth.components import Component, Components, said
from infosum_auth.processes import interruptible
components = Components(Path(sys.argv[1]), dict(os.environ))
try:
    with interruptible():
        components.start(Component("parent", [sys.executable, "-c", sys.argv[2]], said("ready")))
        components.wait_until_ready("parent")
        print(components._process("parent").pid, flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    components.stop()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_programs_end_with_their_supervisor(tmp_path, number):
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent was killed")
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as supervisor:
        leader = int(supervisor.stdout.readline())
        child = int((tmp_path / "parent.log").read_text().split()[1])
        supervisor.send_signal(number)
        supervisor.wait(20)
    if number == signal.SIGKILL:
        # The tie reaches a program; web servers and workers then end their own children.
        os.kill(child, signal.SIGKILL)
    assert all_gone([leader, child])
