"""Run several programs together: wait until each answers, notice an end, stop them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from infosum_auth.processes import spawn, stop, wait_until

_LAST_LINES = 15


class ComponentError(RuntimeError):
    """A program did not start or has ended; the message names it and ends with its last lines."""


@dataclass
class Component:
    """One program, its log, and how to tell that it is ready."""

    name: str
    command: Sequence[str | Path]
    ready: Callable[[str], bool]
    # Besides what all have in common.
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None


class Components:
    """Programs that share a folder for their logs and an environment."""

    def __init__(self, folder: Path, environment: dict[str, str], *, verbose: bool = False) -> None:
        self.folder = folder
        self.environment = environment
        self.verbose = verbose
        self._by_name: dict[str, Component] = {}
        self._shown: dict[Path, int] = {}

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def run(self, name: str, command: Sequence[str | Path]) -> str:
        """Run a program to its end, write what it says to its log, return its standard output."""
        with self.log(name).open("wb") as log:
            done = subprocess.run(
                [str(word) for word in command],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                check=False,
            )
            log.write(done.stdout)
        self.show_logs()
        if done.returncode != 0:
            raise ComponentError(self._last_words(name, f"failed with exit code {done.returncode}"))
        return done.stdout.decode()

    def start(self, component: Component) -> None:
        """Start a program, without waiting for it."""
        self._by_name[component.name] = component
        with self.log(component.name).open("wb") as log:
            environment = {**self.environment, **component.settings}
            component.process = spawn(component.command, output=log, environment=environment)

    def wait_until_ready(self, *names: str, seconds: float = 60) -> None:
        """Wait until the named programs answer. `ready` is given what the log says so far."""
        for name in names:
            component = self._by_name[name]

            def answers(component: Component = component) -> bool:
                self.check()
                self.show_logs()
                return component.ready(self.log(component.name).read_text(errors="replace"))

            if not wait_until(answers, seconds=seconds):
                raise ComponentError(self._last_words(name, f"did not answer in {seconds:g} s"))

    def check(self) -> None:
        """Raise ComponentError when one of the programs has ended by itself."""
        for name, component in self._by_name.items():
            code = None if component.process is None else component.process.poll()
            if code is not None:
                self.show_logs()
                how = f"ended with exit code {code}"
                if code < 0:
                    how = f"was ended by {signal.Signals(-code).name}"
                raise ComponentError(self._last_words(name, how))

    def kill(self, name: str) -> None:
        """Kill a program and all its children at once, as a crash would."""
        process = self._process(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._by_name[name].process = None

    def stop_one(self, name: str) -> None:
        """Stop one program, as an operator would: what it has begun is done."""
        stop(self._process(name), patience=60)
        del self._by_name[name]

    def freeze(self, name: str) -> None:
        """Stop a program and its children where they are, as an overloaded machine would."""
        os.killpg(self._process(name).pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen program go on."""
        os.killpg(self._process(name).pid, signal.SIGCONT)

    def processes(self, name: str) -> list[int]:
        """Return the ids of a program's process and of its children (Linux)."""
        session = self._process(name).pid
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(FileNotFoundError, ProcessLookupError):
                    if os.getsid(int(folder.name)) == session:
                        found.append(int(folder.name))
        return found

    def restart(self, name: str) -> None:
        """Stop a program, unless it is down already, start it again, and wait until it answers."""
        component = self._by_name[name]
        if component.process is not None:
            stop(component.process)
        self.start(component)
        self.wait_until_ready(name)

    def stop(self) -> None:
        """Stop them all: every one is asked first, then each is waited for."""
        started = [one.process for one in self._by_name.values() if one.process is not None]
        for process in started:
            if process.poll() is None:
                process.terminate()
        for process in started:
            stop(process, request=None)
        self._by_name.clear()
        self.show_logs()

    def show_logs(self) -> None:
        """Copy what is new in the logs to the terminal, each line with its program's name."""
        if not self.verbose:
            return
        for log in sorted(self.folder.glob("*.log")):
            with log.open("rb") as file:
                file.seek(self._shown.get(log, 0))
                new = file.read()
            whole, _, rest = new.rpartition(b"\n")
            self._shown[log] = log.stat().st_size - len(rest)
            for line in whole.decode(errors="replace").splitlines():
                sys.stderr.write(f"{log.stem:>8} | {line}\n")

    def _process(self, name: str) -> subprocess.Popen[bytes]:
        process = self._by_name[name].process
        if process is None:
            raise ComponentError(f"{name} is not running.")
        return process

    def _last_words(self, name: str, what: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join([f"{name} {what}. Its last lines ({self.log(name)}):", *lines])


def python(module: str, *words: str) -> Sequence[str]:
    """Return the command that runs a Python module with this interpreter."""
    return [sys.executable, "-m", module, *words]


def said(words: str) -> Callable[[str], bool]:
    """Return a test of readiness: the log has these words."""
    return lambda log: words in log
