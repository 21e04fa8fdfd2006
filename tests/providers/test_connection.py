import json
import time
from email.utils import formatdate

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from providers.app import App
from providers.connection import Answer, Connection, must_be_object
from providers.errors import (
    BadRequest,
    PlatformDown,
    PlatformError,
    Recovery,
    Throttled,
    UnknownAnswer,
)
from providers.oauth2 import Bearer
from providers.secret import Secret
from providers.values import Tokens

URL = "https://ads.vendor.example/v1/things"
TOKEN = "the-access-token-0.MGQC"


def by_status(answer):
    kinds = {400: BadRequest, 429: Throttled, 500: PlatformDown, 418: UnknownAnswer}
    kind = kinds.get(answer.status)
    return kind(f"Status {answer.status}.", status=answer.status) if kind else None


@pytest.fixture
def connection():
    tokens = Tokens(Secret(TOKEN))
    app = App("client", Secret("client-secret-text"))
    return Connection(app, tokens, Bearer(tokens.access), by_status)


def answered(status=200, text="", headers=None):
    return Answer(status, CaseInsensitiveDict(headers or {}), text)


def test_a_request_is_signed_and_its_answer_returned(connection, edge):
    edge.post(URL, json={"ok": 1}, headers={"X-Thing": "7"})
    answer = connection.send("POST", URL, params={"limit": 5}, json={"a": "ü"})
    sent = edge.calls[0].request
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.url == f"{URL}?limit=5"
    assert json.loads(sent.body) == {"a": "ü"}
    assert (answer.status, answer.json, answer.headers["x-thing"]) == (200, {"ok": 1}, "7")


def test_an_encoded_body_goes_as_it_is(connection, edge):
    edge.delete(URL, json={})
    connection.send("DELETE", URL, body=b'{"users":[]}')
    sent = edge.calls[0].request
    assert sent.body == b'{"users":[]}'
    assert sent.headers["Content-Type"] == "application/json"


def test_a_vendors_content_type_wins(connection, edge):
    edge.post(URL, json={})
    connection.send("POST", URL, json={}, headers={"Content-Type": "application/vnd.v1+json"})
    assert edge.calls[0].request.headers["Content-Type"] == "application/vnd.v1+json"


def test_a_sandbox_stands_in_for_the_vendor(connection, edge):
    edge.get("http://localhost:8900/vendor/ads.vendor.example/v1/things", json={})
    app = App("client", Secret("text"), "http://localhost:8900/vendor")
    Connection(app, connection.tokens, connection.auth, by_status).send("GET", URL)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("status", "happened"), [(500, True), (418, True), (400, False), (429, False)]
)
def test_trouble_after_a_write_may_have_happened(connection, edge, method, status, happened):
    edge.add(method, URL, status=status)
    with pytest.raises(PlatformError) as caught:
        connection.send(method, URL)
    assert caught.value.may_have_happened is happened


def test_trouble_after_reading_changed_nothing(connection, edge):
    edge.get(URL, status=500)
    with pytest.raises(PlatformDown) as caught:
        connection.send("GET", URL)
    assert not caught.value.may_have_happened


def test_no_answer_is_an_outage_without_the_address(connection, edge):
    edge.get(URL, body=requests.ConnectionError(f"{URL}?access_token={TOKEN}"))
    with pytest.raises(PlatformDown) as caught:
        connection.send("GET", URL, params={"access_token": TOKEN})
    error = caught.value
    assert TOKEN not in f"{error} {error!r} {error.args} {vars(error)}"
    assert error.recovery == Recovery.RETRY


@pytest.mark.parametrize(
    "body", ["", "<html>", '{"half":', "[" * 100_000, "\ufeff", b"\xff\xfe\xfd"]
)
def test_what_is_not_json_is_not_an_object(connection, edge, body):
    edge.get(URL, body=body)
    answer = connection.send("GET", URL)
    assert answer.json is None
    with pytest.raises(UnknownAnswer) as caught:
        must_be_object(answer)
    assert caught.value.status == 200


@pytest.mark.parametrize("body", ["[]", "3", "null", '"text"'])
def test_other_json_is_not_an_object_either(connection, edge, body):
    edge.get(URL, body=body)
    with pytest.raises(UnknownAnswer):
        must_be_object(connection.send("GET", URL))


def test_an_answer_does_not_show_its_body():
    answer = Answer(200, {"Set-Cookie": TOKEN}, TOKEN, {"access_token": TOKEN})
    assert TOKEN not in repr(answer)
    assert "200" in repr(answer)


def test_a_connection_does_not_show_its_tokens(connection):
    assert TOKEN not in repr(connection)
    assert "client-secret-text" not in repr(connection)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "99999999"}, 86400),
        ({"x-ratelimit-reset": "12"}, 12),
        ({"X-RateLimit-Reset": "abc"}, None),
        ({"x-rate-limit-reset": "30", "x-account-rate-limit-reset": "9"}, 9),
        ({"Retry-After": "2", "x-rate-limit-reset": "30"}, 2),
    ],
)
def test_how_long_to_wait(headers, seconds):
    assert answered(429, headers=headers).retry_after == seconds


@pytest.mark.parametrize(
    ("headers", "too_fast", "other_trouble"),
    [
        ({}, None, None),
        ({"x-ratelimit-reset": "80000"}, 80_000, None),
        ({"x-ratelimit-reset": "80000", "Retry-After": "7"}, 7, 7),
        ({"x-ratelimit-reset": "80000", "Retry-After": "soon"}, 80_000, None),
    ],
)
def test_a_windows_end_is_for_whoever_asked_too_fast(headers, too_fast, other_trouble):
    answer = answered(500, headers=headers)
    assert answer.wait_after(Throttled) == too_fast
    assert answer.wait_after(PlatformDown) == other_trouble


def test_how_long_to_wait_until_a_point_in_time():
    now = time.time()
    reset = answered(429, headers={"x-rate-limit-reset": str(int(now) + 60)}).retry_after
    date = answered(429, headers={"Retry-After": formatdate(now + 60, usegmt=True)}).retry_after
    past = answered(429, headers={"Retry-After": formatdate(now - 60, usegmt=True)}).retry_after
    assert reset == pytest.approx(60, abs=3)
    assert date == pytest.approx(60, abs=3)
    assert past == 0


@pytest.mark.parametrize(
    ("body", "headers", "name"),
    [
        ({"request_id": "98e2a602-3cf4"}, {}, "98e2a602-3cf4"),
        ({"requestId": "R:1_2.3"}, {}, "R:1_2.3"),
        (None, {"x-vendor-rid": "r 1\r\n"}, "r1"),
        ({"request_id": "body"}, {"x-vendor-rid": "header"}, "body"),
        ([], {}, ""),
        ({"request_id": "x" * 500}, {}, "x" * 120),
        ({"request_id": {"a": 1}}, {}, "a:1"),
    ],
)
def test_a_request_id_is_found_and_made_safe(body, headers, name):
    answer = Answer(200, CaseInsensitiveDict(headers), "", body)
    assert answer.request_id("X-Vendor-RID") == name
