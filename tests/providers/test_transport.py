"""Against a real server on this machine: what the network does, nobody can stand in for."""

import logging
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from providers import transport
from providers.errors import PlatformDown
from providers.transport import ask, new_session

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


@contextmanager
def serving(*answers):
    """Answer one connection after the other: each answer is bytes, or seconds to wait."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        requests_seen = []

        def serve():
            for answer in answers:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    requests_seen.append(connection.recv(65536))
                    for piece in answer:
                        if isinstance(piece, bytes):
                            connection.sendall(piece)
                        else:
                            time.sleep(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1?secret=hidden", requests_seen
        thread.join(timeout=10)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(transport, "TIMEOUT", (0.5, 0.5))
    monkeypatch.setattr(transport, "ANSWER_WITHIN", 0.6)


def failure(address, method="POST"):
    with pytest.raises(PlatformDown) as caught:
        ask(new_session(), method, address)
    assert "hidden" not in f"{caught.value!r} {caught.value.args} {caught.value.code}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return caught.value


def test_an_answer_is_read_whole():
    with serving([OK, b"Content-Length: 7\r\n\r\n", b'{"a":', b"1}"]) as (address, _):
        assert ask(new_session(), "GET", address).content == b'{"a":1}'


def test_a_packed_answer_is_unpacked():
    import gzip

    body = gzip.compress(b'{"a":1}')
    head = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with serving([head, body]) as (address, _):
        assert ask(new_session(), "GET", address).json() == {"a": 1}


def test_no_answer_in_time_may_have_happened(impatient):
    with serving([1.0]) as (address, _):
        error = failure(address)
    assert error.message == "The platform did not answer in time."
    assert error.may_have_happened


def test_a_dripping_answer_ends_at_the_deadline(impatient):
    drip = [piece for _ in range(20) for piece in (b"x", 0.1)]
    began = time.monotonic()
    with serving([OK, b"Content-Length: 500\r\n\r\n", *drip]) as (address, _):
        error = failure(address)
        took = time.monotonic() - began
    assert error.may_have_happened
    assert took < 1.2


def test_a_stopped_answer_is_no_answer(impatient):
    with serving([OK, b"Content-Length: 500\r\n\r\n", b"{", 1.0]) as (address, _):
        assert failure(address).code == "ReadTimeout"


def test_half_an_answer_is_no_answer():
    with serving([OK, b"Content-Length: 500\r\n\r\n", b'{"half":']) as (address, _):
        error = failure(address)
    assert error.message == "The connection to the platform was cut."
    assert error.may_have_happened


def test_an_answer_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1000)
    with serving([OK, b"Content-Length: 200000\r\n\r\n", b"x" * 200_000]) as (address, _):
        failure(address)


def test_a_cut_before_the_answer_may_have_happened():
    with serving([]) as (address, _):
        assert failure(address).may_have_happened


def test_reading_never_happened():
    with serving([]) as (address, _):
        assert not failure(address, "GET").may_have_happened


def test_nobody_listening_is_an_outage():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    failure(f"http://127.0.0.1:{port}/?secret=hidden")


def test_a_connection_that_was_never_made_did_nothing(monkeypatch):
    monkeypatch.setattr(transport, "TIMEOUT", (0.2, 0.2))
    # A full backlog: the connection is never accepted.
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        error = failure(f"http://127.0.0.1:{port}/?secret=hidden")
        for each in waiting:
            each.close()
    assert error.code == "ConnectTimeout"
    assert not error.may_have_happened


def test_redirects_are_not_followed():
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with serving([moved]) as (address, _):
        assert ask(new_session(), "POST", address).status_code == 307


def test_addresses_with_their_query_are_not_logged(caplog):
    caplog.set_level(logging.DEBUG)
    with serving([OK, b"Content-Length: 2\r\n\r\n{}"]) as (address, _):
        ask(new_session(), "GET", address)
    assert "hidden" not in caplog.text


def test_sessions_share_a_connection_but_no_cookies():
    answer = OK + b"Set-Cookie: who=tenant-1; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    with serving([answer], [answer]) as (address, seen):
        first = new_session()
        ask(first, "GET", address)
        ask(first, "GET", address)
        assert first.get_adapter(address) is new_session().get_adapter(address)
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


def test_a_forked_process_gets_connections_of_its_own():
    assert transport._pool(1) is transport._pool(1)
    assert transport._pool(1) is not transport._pool(2)
