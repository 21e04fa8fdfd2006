"""What the demo consists of: its ports, its environment, its programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from infosum_auth.broker import PREPARING, PREPARING_SMALL, SENDING, SENDING_SMALL, SOON
from infosum_auth.components import Component, python, said
from infosum_auth.databases import Databases
from infosum_auth.generated_secrets import application_secrets, kept
from infosum_auth.processes import free_port, is_free

CHECKOUT = Path(__file__).resolve().parent.parent


class DemoError(RuntimeError):
    """The demo cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Ports:
    """Where the demo listens on this machine."""

    web: int
    sandbox: int

    @classmethod
    def free(cls) -> Ports:
        return cls(web=free_port(), sandbox=free_port())

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Ports:
        """Read DEMO_PORT and SANDBOX_PORT; raises DemoError for what is no free port."""
        numbers = {}
        for name, usual in (("DEMO_PORT", "8000"), ("SANDBOX_PORT", "8900")):
            text = environment.get(name) or usual
            if not text.isdigit() or not 0 < int(text) < 65536:
                raise DemoError(f"{name} must be a port number, not {text!r}.")
            if not is_free(int(text)):
                raise DemoError(
                    f"Port {text} is taken by another program. "
                    f"Choose another one: make demo {name}={int(text) + 1}"
                )
            numbers[name] = int(text)
        if len(set(numbers.values())) == 1:
            raise DemoError("DEMO_PORT and SANDBOX_PORT must differ.")
        return cls(web=numbers["DEMO_PORT"], sandbox=numbers["SANDBOX_PORT"])


def environment(ports: Ports, folder: Path, databases: Databases) -> dict[str, str]:
    staging = folder / "staging"
    staging.mkdir(mode=0o700, exist_ok=True)
    return {
        **os.environ,
        **kept(folder / "secrets.json", application_secrets),
        **databases.environment(),
        "DJANGO_SETTINGS_MODULE": "infosum_auth.settings",
        "DJANGO_DEBUG": "0",
        "PUBLIC_URL": web_url(ports),
        "STAGING_DIR": str(staging),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH")))),
        # Readiness is read from the logs.
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
        # The emulated platforms speak plain HTTP; the settings refuse this for any other address.
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
        # Sample files of the sandbox; the settings refuse this for any other address.
        "INTAKE_ADDRESSES": f"{sandbox_url(ports)}/_files/ s3://sample-bucket/audiences/",
        "INTAKE_LOOPBACK": "1",
        "INTAKE_S3_ENDPOINT": f"{sandbox_url(ports)}/_s3",
        "INTAKE_S3_REGION": "us-east-1",
        "INTAKE_S3_ACCESS_KEY_ID": "sandbox-s3-key",
        "INTAKE_S3_SECRET_ACCESS_KEY": "sandbox-s3-secret",
        # A proxy would not find this machine's own servers.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def platform_environment(sandbox_url: str) -> dict[str, str]:
    """Aim every platform that the sandbox offers at the sandbox, by the naming rule."""
    platforms: dict[str, dict[str, Any]] = _get(f"{sandbox_url}/_control/people").json()
    aimed = {}
    for key, platform in platforms.items():
        prefix = f"PLATFORM_{key.upper()}"
        aimed[f"{prefix}_CLIENT_ID"] = str(platform["client_id"])
        aimed[f"{prefix}_CLIENT_SECRET"] = str(platform["client_secret"])
        aimed[f"{prefix}_BASE_URL"] = f"{sandbox_url}/{key}"
    return aimed


def programs(ports: Ports, folder: Path) -> dict[str, Component]:
    web = ["--bind", f"127.0.0.1:{ports.web}", "--worker-class", "gthread"]
    # Its control socket would be one for the whole machine.
    web += ["--workers", "2", "--threads", "4", "--no-control-socket", "infosum_auth.wsgi"]
    beat = ["--schedule", str(folder / "beat-schedule"), "--pidfile", "", "--loglevel", "INFO"]
    parts = (
        Component(
            "sandbox",
            python("sandbox", "--port", str(ports.sandbox)),
            lambda _log: _answers(f"{sandbox_url(ports)}/_control/people"),
        ),
        Component("web", python("gunicorn", *web), lambda _log: _answers(web_url(ports))),
        *(worker(name) for name in WORKERS),
        Component("beat", python(*CELERY, "beat", *beat), said("beat: Starting...")),
    )
    return {part.name: part for part in parts}


CELERY = ("celery", "-A", "infosum_auth")
# What each kind of worker takes, and how. Who sends mostly waits for answers, in threads; who
# prepares computes, in a process of its own that gives its memory back. What is short or small has
# processes of its own: in one with large batches it would wait for Python's lock.
_SENDING = ("--pool", "threads", "--concurrency", "16", "--prefetch-multiplier", "1")
_PREPARING = ("--pool", "prefork", "--concurrency", "1", "--prefetch-multiplier", "1")
WORKERS = {
    "sender": ("--queues", SENDING, *_SENDING),
    "sender_small": ("--queues", f"{SOON},{SENDING_SMALL}", *_SENDING),
    "preparer": ("--queues", PREPARING, *_PREPARING),
    "preparer_small": ("--queues", PREPARING_SMALL, *_PREPARING),
}
# Who sends makes a few texts of half a megabyte for each batch. By itself the allocator gives them
# back to the system each time, and a third of a sender's time went into getting them anew.
_ALLOCATOR = {
    "MALLOC_ARENA_MAX": "4",
    "MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 1024 * 1024),
}
# Nobody else listens to what workers could tell each other.
_ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")


def worker(kind: str, name: str = "", *, concurrency: int | None = None) -> Component:
    """Return a worker of one kind; several of a kind need names."""
    name = name or kind
    words = [*WORKERS[kind], "--hostname", f"{name}@%h", *_ALONE]
    if concurrency is not None:
        # The last one counts.
        words += ["--concurrency", str(concurrency)]
    settings = _ALLOCATOR if kind.startswith("sender") else {}
    return Component(name, python(*CELERY, "worker", *words), said(" ready."), settings)


def web_url(ports: Ports) -> str:
    return f"http://127.0.0.1:{ports.web}"


def sandbox_url(ports: Ports) -> str:
    # Another site than the application's, as real platforms are: other cookies.
    return f"http://localhost:{ports.sandbox}"


def _get(url: str) -> requests.Response:
    with requests.Session() as session:
        # No proxy of the environment: it would not find this machine's own servers.
        session.trust_env = False
        return session.get(url, timeout=10)


def _answers(url: str) -> bool:
    try:
        return _get(url).ok
    except requests.RequestException:
        return False
