"""What an emulator of a platform is: its people, its application, its state, and its routes.

A subclass holds the vendor's shapes. `self.api(host, path, ...)` declares a route of the vendor's
API; around every one of them faults strike, limits hold and the log is kept.
"""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import urlsplit

from flask import Response, g, request

from sandbox.audiences import Audiences
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.grants import Grants
from sandbox.rates import Bucket

View = Callable[..., Response]


LOG_LENGTH = 5_000


@dataclass(frozen=True)
class Person:
    """A sample person; `facts` is what the platform's emulator knows of them."""

    id: str
    name: str
    username: str
    email: str
    about: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ConsentRequest:
    """A consent page that was asked for rightly."""

    redirect_uri: str
    state: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """An address of the vendor's: `/<key>/<host><path>`."""

    host: str
    path: str
    view: View
    methods: tuple[str, ...]
    counted: bool


class Emulator(ABC):
    """One platform. State is in memory; `reset` forgets it."""

    key: ClassVar[str]
    label: ClassVar[str]
    color: ClassVar[str] = "#444"
    people: ClassVar[Sequence[Person]]
    permissions: ClassVar[Sequence[str]]
    consent_at: ClassVar[tuple[str, str]]
    """Host and path of the consent page."""
    own_faults: ClassVar[dict[str, str]] = {}

    def __init__(self, clock: Clock, redirect_uris: Sequence[str] = ()) -> None:
        self.clock = clock
        self.client_id = f"sandbox-{self.key}-client"
        self.client_secret = f"sandbox-{self.key}-secret"
        self.redirect_uris = tuple(redirect_uris)
        self._log_lock = Lock()
        self.faults = Faults(self.own_faults)
        self.routes: list[Route] = []
        self.declare()
        self.reset()

    def reset(self) -> None:
        """Forget grants, audiences, faults and counts."""
        self.faults.clear()
        self.grants = Grants(self.clock)
        self.audiences = Audiences(lambda: str(g.get("person", "")))
        self.buckets: dict[str, Bucket] = {}
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.counts: Counter[str] = Counter()

    @abstractmethod
    def declare(self) -> None:
        """Declare the routes with `route`."""

    @abstractmethod
    def consent(self) -> ConsentRequest | Response:
        """Check the query of the consent page; a Response is the platform's own error page."""

    @abstractmethod
    def approved(self, asked: ConsentRequest, person: Person) -> str:
        """Return where the person goes after "Allow"."""

    @abstractmethod
    def canceled(self, asked: ConsentRequest) -> str | None:
        """Return where the person goes after "Cancel"; None where nobody returns."""

    @abstractmethod
    def too_many(self) -> Response:
        """Answer as the platform does when requests come too fast."""

    @abstractmethod
    def failed(self) -> Response:
        """Answer as the platform does when it has trouble."""

    def limit(self) -> bool:
        """Say whether the request is within the published limits."""
        return True

    def route(self, host: str, path: str, view: View, *methods: str, counted: bool = True) -> None:
        """Declare an address of the vendor's; `counted` ones meet faults and rate limits."""
        self.routes.append(Route(host, path, view, methods or ("GET",), counted))

    def person(self, person_id: str) -> Person:
        return next(person for person in self.people if person.id == person_id)

    def on_behalf_of(self, person_id: str) -> Person:
        """Return whom the token of this request speaks for; what it changes is noted as theirs."""
        g.person = person_id
        return self.person(person_id)

    def bucket(self, name: str, count: int, seconds: float) -> Bucket:
        return self.buckets.setdefault(name, Bucket(count, seconds))

    def redirect_allowed(self, uri: str) -> bool:
        """Say whether a redirect address is registered.

        By default any loopback address with our product's path: the product's port differs from
        run to run. With addresses given on the command line only those, exactly.
        """
        if self.redirect_uris:
            return uri in self.redirect_uris
        try:
            parts = urlsplit(uri)
        except ValueError:
            return False
        here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        return here and parts.path == f"/authorizations/callback/{self.key}/" and not parts.query

    def switch_on(self, fault: Fault) -> None:
        """Switch a fault on; what ends grants strikes at once, whatever its count."""
        if fault.kind == "expire":
            self.grants.expire_all()
        elif fault.kind == "revoke":
            self.grants.revoke_all()
        else:
            self.faults.switch_on(fault)

    def handle(self, route: Route, **arguments: str) -> Response:
        """Answer one request: faults strike, limits hold, the change is made, the log is kept."""
        started = time.monotonic()
        request_id = str(uuid.uuid4())
        response = self._answer(route, arguments) if route.counted else route.view(**arguments)
        with self._log_lock:
            self.counts[str(response.status_code)] += 1
            self.counts["requests"] += 1
            self.log.append(
                {
                    "id": request_id,
                    "at": self.clock.now(),
                    "method": request.method,
                    "path": f"{route.host}{route.path}",
                    "status": response.status_code,
                    "too_fast": g.get("too_fast", False),
                    "ms": round((time.monotonic() - started) * 1000),
                }
            )
        return response

    def logged(self) -> list[dict[str, Any]]:
        """Return the last requests, oldest first."""
        with self._log_lock:
            return list(self.log)

    def counted(self) -> dict[str, int]:
        """Return how many requests there were: in all, by status, and those that came too fast."""
        with self._log_lock:
            return dict(self.counts)

    def count_as_too_fast(self) -> None:
        """Count a request that came faster than the published limits allow; no fault is one."""
        g.too_fast = True
        with self._log_lock:
            self.counts["too fast"] += 1

    def _answer(self, route: Route, arguments: dict[str, str]) -> Response:
        if slow := self.faults.take("slow"):
            time.sleep(slow.seconds(2))
        if self.faults.take("throttle"):
            return self.too_many()
        if self.faults.take("fail"):
            return self.failed()
        if not self.faults.is_on("no_rate_limits") and not self.limit():
            self.count_as_too_fast()
            return self.too_many()
        response = route.view(**arguments)
        if self.faults.take("garbage"):
            return Response("<html><body>It works!</body></html>", mimetype="text/html")
        if late := self.faults.take("accept_then_timeout"):
            time.sleep(late.seconds(75))
        if self.faults.take("half_body"):
            return _cut(response)
        return response


def _cut(response: Response) -> Response:
    """Promise more than is sent: the server closes the connection in the middle."""
    body = response.get_data()
    half = Response(body[: len(body) // 2], response.status_code, mimetype=response.mimetype)
    half.headers["Content-Length"] = str(len(body) + 1)
    half.automatically_set_content_length = False
    return half
