"""What the sample platform's own servers hold and answer, behind `responses`."""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

import requests

from tests.sample_platform import BASE

# Carried out, but its answer never arrives.
LOST = "lost"
Answer = tuple[int, Mapping[str, str], str]


class Killed(BaseException):
    """The process that asked ends here: nothing after the request is done."""


def kill() -> None:
    """Be an answer of the servers that nobody lives to hear."""
    raise Killed


@dataclass
class SampleServers:
    """Audiences by id, each request that was heard, and what is answered out of order.

    `answers[call]` holds what to do at the next calls of that kind: a status, a pair of status and
    headers, `LOST`, or a function, run before the call is carried out as usual.
    """

    held: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    batches: list[frozenset[str]] = field(default_factory=list)
    # Batches are taken, and worked on until somebody says what came of the job.
    jobs: dict[str, dict] | None = None
    # Refused together with whatever they come with.
    bad: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    answers: dict[str, deque] = field(default_factory=dict)
    # Seconds that an answer takes, and how many were worked on at a time at most.
    slow: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    _lock: Lock = field(default_factory=Lock)

    def listen(self, network) -> None:
        """Stand at the edge of the network."""
        one = rf"{BASE}/audiences/[^/]+"
        for method, address, call, work in (
            ("GET", re.compile(rf"{BASE}/audiences(\?.*)?$"), "find", self._find),
            ("POST", re.compile(rf"{BASE}/audiences$"), "create", self._create),
            ("GET", re.compile(rf"{one}$"), "status", self._status),
            ("POST", re.compile(rf"{one}/users$"), "add", self._add),
            ("DELETE", re.compile(rf"{one}/users$"), "remove", self._remove),
            ("DELETE", re.compile(rf"{one}/all$"), "clear", self._clear),
            ("GET", re.compile(rf"{BASE}/jobs/[^/]+$"), "job", self._job),
        ):
            network.add_callback(method, address, callback=self._answering(call, work))

    def answer(self, call: str, *what: object) -> None:
        """Answer the next calls of a kind so."""
        self.answers.setdefault(call, deque()).extend(what)

    def count(self, call: str) -> int:
        return self.heard.count(call)

    def _answering(self, call: str, work: Callable) -> Callable:
        def answer(request) -> Answer | Exception:
            with self._lock:
                self.heard.append(call)
                self.tokens.add(request.headers["Authorization"])
                due = self.answers.get(call)
                said = due.popleft() if due else None
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            time.sleep(self.slow)
            with self._lock:
                self.at_once -= 1
            if callable(said):
                told = said()
                if told is not None:
                    return told, {}, "{}"
            elif said is not None and said != LOST:
                status, headers = said if isinstance(said, tuple) else (said, {})
                return status, headers, "{}"
            found = work(request)
            return requests.ConnectionError("cut") if said == LOST else found

        return answer

    def _audience(self, request) -> set[str] | None:
        return self.held.get(request.url.removeprefix(f"{BASE}/audiences/").split("/")[0])

    def _find(self, request) -> Answer:
        wanted = request.params.get("name")
        found = [{"id": key} for key, name in self.names.items() if name == wanted]
        return 200, {}, json.dumps([each for each in found if each["id"] in self.held])

    def _create(self, request) -> Answer:
        with self._lock:
            key = f"au{len(self.names) + 1}"
            self.names[key] = json.loads(request.body)["name"]
            self.held[key] = set()
        return 200, {}, json.dumps({"id": key})

    def _status(self, request) -> Answer:
        held = self._audience(request)
        return (404, {}, "{}") if held is None else (200, {}, json.dumps({"size": len(held)}))

    def _add(self, request) -> Answer:
        return self._change(request, set.update)

    def _remove(self, request) -> Answer:
        return self._change(request, set.difference_update)

    def _change(self, request, change: Callable) -> Answer:
        held = self._audience(request)
        if held is None:
            return 404, {}, "{}"
        rows = json.loads(request.body)["rows"]
        digests = {digest for row in rows for digest in row if digest}
        if digests & self.bad:
            return 422, {}, "{}"
        with self._lock:
            change(held, digests)
            self.batches.append(frozenset(digests))
            name = f"r{len(self.batches)}"
            if self.jobs is not None:
                self.jobs[name] = {"state": "working"}
        return 200, {}, json.dumps({"request_id": name, "pending": self.jobs is not None})

    def _job(self, request) -> Answer:
        return 200, {}, json.dumps(self.jobs[request.url.rpartition("/")[2]])

    def _clear(self, request) -> Answer:
        held = self._audience(request)
        if held is None:
            return 404, {}, "{}"
        held.clear()
        return 200, {}, "{}"
