"""Answers that change under us, or that repeat what they were sent."""

import io
import itertools
import json

import pytest

from providers.connection import Answer
from providers.errors import PlatformError
from providers.transport import Deadlined
from providers.values import AudienceRequest
from tests.contract.batches import batch

# Platforms process what they got; so many looks find it done.
SETTLED_AFTER = 3
NEW = {"nested": [1, None, {"deep": "value"}]}


class Inflating(Deadlined):
    """The network's edge: every object of every answer has fields that nobody has heard of."""

    def __init__(self):
        super().__init__()
        self.inflated = 0

    def send(self, request, *args, **how):
        response = super().send(request, *args, **how)
        body = response.raw.read()
        try:
            body = json.dumps(self.inflate(json.loads(body))).encode()
            self.inflated += 1
        except ValueError:
            pass
        response.raw = io.BytesIO(body)
        return response

    def inflate(self, found):
        if isinstance(found, dict):
            return {name: self.inflate(value) for name, value in found.items()} | {"zz_new": NEW}
        return [self.inflate(each) for each in found] if isinstance(found, list) else found


def test_fields_that_nobody_has_heard_of_change_nothing(platform, facts, walk, sandbox):
    tokens = walk.grant(facts.writer).tokens
    plain, inflated = walk.connect(tokens), walk.connect(tokens)
    edge = Inflating()
    inflated.http.mount("http://", edge)
    assert platform.identify(inflated, {}) == platform.identify(plain, {})
    assert list(platform.ad_accounts(inflated)) == list(platform.ad_accounts(plain))
    request = platform.audience_request(facts.ad_account, facts.settings)
    made = platform.create_audience(inflated, request)
    assert platform.add(inflated, made, batch(platform, 3)).accepted == 3
    assert platform.remove(inflated, made, batch(platform, 1)).accepted == 1
    for _ in range(SETTLED_AFTER):
        settled = platform.audience_status(plain, made)
    assert platform.audience_status(inflated, made) == settled
    by_id = AudienceRequest(facts.ad_account, "", existing_id=made.id)
    assert platform.find_audience(inflated, by_id) == platform.find_audience(plain, by_id)
    assert edge.inflated >= 6
    (held,) = sandbox.audiences(platform.key)
    assert held["held"] == 2


SECRET = "0.MGQCxyz123456789abcdefTOKEN"
ECHOES = [
    f"Bad token {SECRET}",
    {"error": SECRET, "error_description": SECRET},
    {"message": f"Bad token '{SECRET}'", "code": 7},
    {"Message": SECRET, "details": SECRET, "requestId": f"id {SECRET}"},
    {"errors": [{"code": SECRET, "message": f"token={SECRET}"}]},
    {"request_status": "ERROR", "error_code": SECRET, "debug_message": f"Bearer {SECRET}"},
    {"request_status": "ERROR", "xs": [{"sub_request_status": "ERROR", "x": SECRET}]},
    {"code": 40002, "message": f"token {SECRET}", "request_id": "r-1", "data": {}},
]


@pytest.mark.parametrize(
    ("status", "body"),
    list(itertools.product((200, 202, 302, 400, 401, 403, 404, 413, 418, 429, 500, 503), ECHOES)),
)
def test_an_error_does_not_repeat_what_the_platform_echoes(platform, status, body):
    text = body if isinstance(body, str) else json.dumps(body)
    answer = Answer(status, {}, text, None if isinstance(body, str) else body)
    error = platform.classify(answer)
    if error is None:
        assert status < 300
        return
    assert isinstance(error, PlatformError)
    del error.request_id  # whatever the platform calls the exchange is kept for its support
    assert SECRET not in f"{error!r} {error.args} {vars(error)}"
    assert error.message.endswith((".", "…", "***", "'")) or len(error.message) > 40


@pytest.mark.parametrize(
    "status", [200, 204, 301, 400, 401, 403, 404, 405, 413, 429, 500, 502, 599]
)
@pytest.mark.parametrize("body", [None, [], 3, "text", {}, {"a": None}, [{}], {"errors": None}])
def test_no_answer_is_strange_enough_to_break_the_judge(platform, status, body):
    error = platform.classify(Answer(status, {}, json.dumps(body), body))
    assert error is None or isinstance(error, PlatformError)
    assert error is not None or status < 300
    if status in {429, 500, 502, 599}:
        assert error.recovery in {"wait", "retry"}
