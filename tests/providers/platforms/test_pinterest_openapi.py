"""Pinterest's own OpenAPI file judges what the adapter sends and what the sandbox answers.

It is not part of this repository (github.com/pinterest/api-description): where it is not found,
nothing is judged.
"""

import io
import json
import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from providers import transport
from providers.app import App
from providers.errors import BadRows, PlatformError
from providers.platforms.pinterest import Pinterest
from providers.platforms.pinterest.answers import API
from providers.platforms.pinterest.roles import judge
from providers.secret import Secret
from providers.transport import Deadlined
from providers.values import AudienceRequest, Batch, Tokens
from tests.openapi import Exchange, OpenApi
from tests.sandbox.raw_pinterest import REDIRECT_URI, UK, RawPinterest

pinterest = Pinterest()
BESIDE = Path(__file__).parents[4] / "shared" / "platforms" / "pinterest-openapi.yaml"
# In the words of the operation, and not in its schema.
IN_WORDS = frozenset({"continuous_refresh"})
SCHEME = "pinterest_oauth2"


@pytest.fixture(scope="module")
def openapi():
    file = Path(os.environ.get("PINTEREST_OPENAPI") or BESIDE)
    if not file.is_file():
        pytest.skip(f"Pinterest's OpenAPI file is not at {file}: name it in PINTEREST_OPENAPI.")
    return OpenApi(file)


class Recording(Deadlined):
    """The network's edge: everything that passes is kept."""

    def __init__(self):
        super().__init__()
        self.exchanges = []

    def send(self, request, *args, **how):
        response = super().send(request, *args, **how)
        body = response.raw.read()
        response.raw = io.BytesIO(body)
        address = urlsplit(request.url)
        content_type = request.headers.get("Content-Type", "")
        self.exchanges.append(
            Exchange(
                request.method,
                address.path.partition("/v5")[2],
                address.query,
                content_type,
                _read(request.body, content_type),
                response.status_code,
                json.loads(body) if body else None,
            )
        )
        return response


def _read(body, content_type):
    if body is None:
        return None
    if content_type == "application/json":
        return json.loads(body)
    return dict(parse_qsl(body if isinstance(body, str) else body.decode(), True))


@pytest.fixture
def edge(monkeypatch):
    recording = Recording()
    monkeypatch.setattr(transport, "_pool", lambda process_id: recording)
    return recording


@pytest.fixture
def raw(sandbox):
    return RawPinterest(sandbox)


@pytest.fixture
def app(raw, sandbox):
    client_id, secret = raw.client
    return App(client_id, Secret(secret), f"{sandbox.url}/pinterest")


@pytest.fixture
def grant(raw, app, edge):
    """What an approval gives, exchanged by the adapter."""
    callback = pinterest.read_callback(raw.consent("Audrey Audience", "Allow"))
    return pinterest.finish_consent(app, REDIRECT_URI, callback, "", {})


@pytest.fixture
def connection(app, grant):
    return pinterest.connect(app, grant.tokens, {})


def batch(count):
    return Batch(("email",), [(f"{number:064x}",) for number in range(count)])


def judged(openapi, edge):
    """Return the ids of the operations that were used; the file has nothing against any of them."""
    wrong = {
        str(exchange): complaints
        for exchange in edge.exchanges
        if (complaints := openapi.complaints(exchange, beyond=IN_WORDS))
    }
    assert wrong == {}
    return {openapi.operation(each.method, each.path).id for each in edge.exchanges}


def test_a_whole_life_is_as_the_file_says(openapi, edge, app, grant, connection, sandbox):
    pinterest.refresh(app, grant.tokens, {})
    pinterest.identify(connection, {})
    assert list(pinterest.ad_accounts(connection))
    request = AudienceRequest(UK, "Buyers", settings={"description": "Spring"})
    assert pinterest.find_audience(connection, request) is None
    made = pinterest.create_audience(connection, request)
    pinterest.add(connection, made, batch(200))
    pinterest.remove(connection, made, batch(50))
    sandbox.advance(61)
    assert pinterest.audience_status(connection, made).size == 150
    assert pinterest.find_audience(connection, request).id == made.id
    by_id = AudienceRequest(UK, "", existing_id=made.id)
    assert pinterest.find_audience(connection, by_id).id == made.id
    assert judged(openapi, edge) == {
        "oauth/token",
        "user_account/get",
        "ad_accounts/list",
        "customer_lists/list",
        "customer_lists/create",
        "customer_lists/update",
        "customer_lists/get",
        "audiences/create",
        "audiences/list",
    }


@pytest.mark.parametrize(
    "fault",
    ["archived", "trial_refused", "spam_block", "drop_role", "throttle", "fail", "largest_call"],
)
def test_every_refusal_is_as_the_file_says(openapi, edge, connection, sandbox, fault):
    made = pinterest.create_audience(connection, AudienceRequest(UK, "Buyers"))
    sandbox.fault("pinterest", fault, records=2)
    with pytest.raises(BadRows if fault == "largest_call" else PlatformError):
        pinterest.add(connection, made, batch(3))
    assert edge.exchanges[-1].status >= 400
    judged(openapi, edge)


@pytest.mark.parametrize("fault", ["revoke", "sandbox_token", "password_change"])
def test_a_dead_tokens_answer_is_as_the_file_says(openapi, edge, connection, sandbox, fault):
    sandbox.fault("pinterest", fault)
    with pytest.raises(PlatformError):
        pinterest.identify(connection, {})
    judged(openapi, edge)


def test_the_question_whose_fault_it_is_is_as_the_file_says(openapi, edge, app, sandbox):
    made_up = Tokens(Secret("made-up"), Secret("made-up"))
    for known in (app, App(app.client_id, Secret("wrong"), app.base_url)):
        with pytest.raises(PlatformError):
            pinterest.refresh(known, made_up, {})
    assert [each.status for each in edge.exchanges] == [401, 403, 401, 401]
    assert judged(openapi, edge) == {"oauth/token", "token/revoke"}


def test_the_rest_of_the_sandbox_is_as_the_file_says(openapi, edge, raw):
    transport.use_pool(raw.http)
    answer = raw.token_endpoint(grant_type="client_credentials", scope="ads:read")
    assert answer.json()["response_type"] == "client_credentials"
    for person in ("Olive Owner", "Mia Mixed", "Paul Pinner", "Rhea Restricted"):
        caller = raw.sign_in(person)
        caller.get("user_account")
        caller.get("ad_accounts", page_size=2)
    caller = raw.sign_in("Audrey Audience")
    caller.get(f"ad_accounts/{UK}")
    caller.get("ad_accounts/1")
    list_id = caller.list_of([f"{7:064x}"])
    audience = f"ad_accounts/{UK}/audiences/{caller.target(list_id).json()['id']}"
    caller.get(audience)
    caller.send("PATCH", audience, json={"operation_type": "UPDATE", "name": "New"})
    caller.send("PATCH", audience, json={"operation_type": "REMOVE"})
    caller.get(f"ad_accounts/{UK}/customer_lists/1")
    assert {"audiences/get", "audiences/update", "ad_accounts/get"} <= judged_api(openapi, edge)


def judged_api(openapi, edge):
    """Judge what went to the API: the browser's walk through consent has another edge."""
    edge.exchanges = [each for each in edge.exchanges if each.path]
    return judged(openapi, edge)


def test_the_scopes_are_those_of_the_operations_in_use(openapi, edge, connection):
    made = pinterest.create_audience(connection, AudienceRequest(UK, "Buyers"))
    pinterest.audience_status(connection, made)
    pinterest.identify(connection, {})
    list(pinterest.ad_accounts(connection))
    needed = set()
    for each in edge.exchanges:
        needed |= openapi.scopes(openapi.operation(each.method, each.path), SCHEME)
    assert needed == set(pinterest.scopes)
    flow = openapi.document["components"]["securitySchemes"][SCHEME]["flows"]["authorizationCode"]
    assert set(pinterest.scopes) <= set(flow["scopes"])
    assert pinterest.authorize_url == flow["authorizationUrl"]
    assert pinterest.token_url == flow["tokenUrl"]
    assert [server["url"] for server in openapi.document["servers"]] == [API]


def test_every_role_of_the_file_has_a_verdict(openapi):
    roles = openapi.resolved({"$ref": "#/components/schemas/BusinessAccessRole"})["enum"]
    verdicts = {role: judge(frozenset({role}))[0] for role in roles}
    sufficient = {role for role, verdict in verdicts.items() if verdict == "sufficient"}
    assert sufficient == {"OWNER", "ADMIN", "AUDIENCE_MANAGER"}
    assert [role for role in roles if verdicts[role] == "unverified"] == ["RESTRICTED_OWNER"]


def test_every_identifier_type_is_one_of_the_files(openapi):
    known = openapi.resolved({"$ref": "#/components/schemas/UserListType"})["enum"]
    assert {each.wire_name for each in pinterest.identifiers} <= set(known)


def exchange(**changes):
    told = {
        "method": "PATCH",
        "path": f"/ad_accounts/{UK}/customer_lists/643",
        "query": "",
        "content_type": "application/json",
        "body": {"operation_type": "ADD", "records": "a"},
        "status": 200,
        "answer": {"id": "643", "status": "READY"},
    }
    return Exchange(**{**told, **changes})


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({}, True),
        ({"body": {"operation_type": "ADD", "records": ["a"]}}, False),
        ({"body": {"operation_type": "REPLACE", "records": "a"}}, False),
        ({"body": {"operation_type": "ADD"}}, False),
        ({"body": {"operation_type": "ADD", "records": "a", "list_type": "EMAIL"}}, False),
        ({"query": "dry_run=true"}, False),
        ({"path": f"/ad_accounts/{UK}/customer_lists/abc"}, False),
        ({"content_type": "application/x-www-form-urlencoded"}, False),
        ({"answer": {"id": 643}}, False),
        ({"answer": {"id": "643", "members": 3}}, False),
        ({"status": 400, "answer": {"code": 1, "message": "x", "status": "failure"}}, True),
        ({"status": 400, "answer": {"error": "x"}}, False),
    ],
)
def test_the_judge_finds_what_is_wrong(openapi, changes, right):
    assert (openapi.complaints(exchange(**changes)) == []) is right


def test_the_judge_knows_no_operation_of_another_address(openapi):
    with pytest.raises(KeyError):
        openapi.operation("DELETE", f"/ad_accounts/{UK}/customer_lists/643")
