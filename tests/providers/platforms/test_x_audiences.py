"""Custom audiences at X: found, created, filled, asked for."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from responses import matchers

from providers.app import App
from providers.errors import BadRequest, NotThere, PlatformDown, UnknownAnswer
from providers.platforms.x import API, X, people
from providers.secret import Secret
from providers.values import Audience, AudienceRequest, Batch, Tokens

ACCOUNT = "18ce54d4x5t"
# The published example.
FOUND = {
    "targetable": False,
    "name": "developers",
    "targetable_types": ["CRM", "EXCLUDED_CRM"],
    "audience_type": "CRM",
    "description": None,
    "permission_level": "READ_WRITE",
    "owner_account_id": ACCOUNT,
    "id": "2906h",
    "reasons_not_targetable": ["PROCESSING", "TOO_SMALL"],
    "created_at": "2017-08-22T23:34:26Z",
    "updated_at": "2017-08-22T23:34:26Z",
    "partner_source": "OTHER",
    "deleted": False,
    "audience_size": None,
}
LIST = f"{API}/accounts/{ACCOUNT}/custom_audiences"
ONE = f"{LIST}/2906h"
USERS = f"{ONE}/users"
AUDIENCE = Audience("2906h", "developers", ACCOUNT)
DEVELOPERS = AudienceRequest(ACCOUNT, "developers")
BY_ID = AudienceRequest(ACCOUNT, "", existing_id="2906h")

x = X()


@pytest.fixture
def connection():
    app = App("api-key", Secret("api-key-secret-text"))
    return x.connect(app, Tokens(Secret("6253282-access"), secret=Secret("access-secret")), {})


def answer(data, **more):
    return {"request": {"params": {"account_id": ACCOUNT}}, "data": data, **more}


def test_an_audience_is_found_by_its_exact_name_on_a_later_page(connection, edge):
    alike = [{**FOUND, "id": "1", "name": name} for name in ("Developers", "developers 2")]
    asked = {"q": "developers", "permission_scope": "OWNER", "count": 1000}
    edge.get(
        LIST,
        json=answer(alike, next_cursor="c2"),
        match=[matchers.query_param_matcher(asked)],
    )
    edge.get(
        LIST,
        json=answer([FOUND], next_cursor=None),
        match=[matchers.query_param_matcher({**asked, "cursor": "c2"})],
    )
    assert x.find_audience(connection, DEVELOPERS).id == "2906h"


@pytest.mark.parametrize(
    "other",
    [{"owner_account_id": "other"}, {"audience_type": "WEB"}, {"deleted": True}, {"id": None}],
)
def test_what_takes_no_uploads_of_ours_is_not_it(connection, edge, other):
    edge.get(LIST, json=answer([{**FOUND, **other}]))
    assert x.find_audience(connection, DEVELOPERS) is None


def test_an_audience_is_found_by_its_id(connection, edge):
    edge.get(ONE, json=answer(FOUND))
    found = x.find_audience(connection, BY_ID)
    assert (found.id, found.name, found.ad_account_id) == ("2906h", "developers", ACCOUNT)


@pytest.mark.parametrize("other", [{"owner_account_id": "other"}, {"deleted": True}])
def test_an_audience_of_another_ad_account_or_a_deleted_one_is_not_taken(connection, edge, other):
    edge.get(ONE, json=answer({**FOUND, **other}))
    with pytest.raises(NotThere):
        x.find_audience(connection, BY_ID)


def test_an_id_that_is_not_there_is_never_created_instead(connection, edge):
    edge.get(ONE, status=404, json={"errors": [{"code": "NOT_FOUND", "message": "x"}]})
    with pytest.raises(NotThere):
        x.find_audience(connection, BY_ID)


def test_an_id_stays_inside_its_part_of_the_address(connection, edge):
    edge.get(f"{LIST}/..%2F..%2Fx", json=answer(FOUND))
    x.find_audience(connection, AudienceRequest(ACCOUNT, "", existing_id="../../x"))
    assert len(edge.calls) == 1


@pytest.mark.parametrize(
    ("filled", "asked"),
    [
        ({"audience_name": " developers "}, {"name": "developers"}),
        (
            {"audience_name": "developers", "description": " who write, a lot "},
            {"name": "developers", "description": "who write, a lot"},
        ),
    ],
)
def test_an_audience_is_created_by_the_query_with_an_empty_body(connection, edge, filled, asked):
    edge.post(LIST, json=answer(FOUND), match=[matchers.query_param_matcher(asked)])
    made = x.create_audience(connection, x.audience_request(ACCOUNT, filled))
    assert not edge.calls[0].request.body
    assert (made.id, made.state, made.size, made.usable) == (
        "2906h",
        "processing, too small",
        None,
        False,
    )
    assert made.settings == filled


@pytest.mark.parametrize("data", [None, [], {}, {"name": "no id"}, {"id": None}])
def test_a_creation_that_names_no_audience_may_have_happened(connection, edge, data):
    edge.post(LIST, json=answer(data))
    with pytest.raises(UnknownAnswer) as caught:
        x.create_audience(connection, DEVELOPERS)
    assert caught.value.may_have_happened


def test_a_name_that_is_taken_is_a_bad_request(connection, edge):
    taken = {"code": "INVALID_PARAMETER", "message": "name is taken", "parameter": "name"}
    edge.post(LIST, status=400, json={"errors": [taken]})
    with pytest.raises(BadRequest) as caught:
        x.create_audience(connection, DEVELOPERS)
    assert not caught.value.may_have_happened
    assert "name is taken" in caught.value.message


@pytest.mark.parametrize(
    ("said", "state", "usable", "size"),
    [
        ({}, "processing, too small", False, None),
        ({"reasons_not_targetable": ["TOO_SMALL"], "audience_size": 40}, "too small", False, 40),
        ({"targetable": True, "reasons_not_targetable": []}, "targetable", True, None),
        ({"targetable": True, "audience_size": 1500}, "targetable", True, 1500),
        ({"reasons_not_targetable": None}, "not targetable", False, None),
        ({"targetable": None, "audience_size": "many"}, "processing, too small", None, None),
    ],
)
def test_the_state_is_what_keeps_it_from_being_targeted(
    connection, edge, said, state, usable, size
):
    edge.get(ONE, json=answer({**FOUND, **said, "new_field": {}}))
    now = x.audience_status(connection, AUDIENCE)
    assert (now.state, now.usable, now.size) == (state, usable, size)


# People


def digests(count, kind=""):
    return [hashlib.sha256(f"{kind}{number}".encode()).hexdigest() for number in range(count)]


def batch(key, count):
    return Batch((key,), [(digest,) for digest in digests(count)])


def confirms(edge, count):
    edge.post(USERS, json=answer({"success_count": count, "total_count": count}))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("email", "email"),
        ("phone", "phone_number"),
        ("mobile_ad_id", "device_id"),
        ("handle", "handle"),
        ("twitter_id", "twitter_id"),
    ],
)
@pytest.mark.parametrize(("act", "operation"), [("add", "Update"), ("remove", "Delete")])
def test_people_go_in_one_operation_of_an_array(connection, edge, act, operation, key, name):
    confirms(edge, 3)
    receipt = getattr(x, act)(connection, AUDIENCE, batch(key, 3))
    sent = edge.calls[0].request
    users = [{name: [digest]} for digest in digests(3)]
    assert json.loads(sent.body) == [{"operation_type": operation, "params": {"users": users}}]
    assert sent.headers["Content-Type"] == "application/json"
    assert receipt.accepted == 3


def test_a_person_is_one_object_with_all_of_their_identifiers(connection, edge):
    confirms(edge, 3)
    (email, phone, last) = digests(3)
    rows = [(email, phone), (None, last), (None, None), (last, None)]
    receipt = x.add(connection, AUDIENCE, Batch(("email", "phone"), rows))
    (operation,) = json.loads(edge.calls[0].request.body)
    assert operation["params"]["users"] == [
        {"email": [email], "phone_number": [phone]},
        {"phone_number": [last]},
        {"email": [last]},
    ]
    assert receipt.accepted == 3


def test_nobody_is_sent_in_no_request(connection, edge):
    assert x.add(connection, AUDIENCE, Batch(("email",), [(None,)])).accepted == 0
    assert x.remove(connection, AUDIENCE, Batch(("email", "phone"), [])).accepted == 0
    assert len(edge.calls) == 0


def test_membership_ends_when_the_destination_says(connection, edge):
    confirms(edge, 1)
    audience = Audience("2906h", "developers", ACCOUNT, settings={"membership_days": "30"})
    x.add(connection, audience, batch("email", 1))
    x.remove(connection, audience, batch("email", 1))
    added, removed = (json.loads(call.request.body)[0]["params"] for call in edge.calls)
    ends = datetime.strptime(added["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(ends - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    assert "expires_at" not in removed


@pytest.mark.parametrize("key", ["email", "phone", "twitter_id"])
def test_a_full_batch_of_one_type_is_one_request_under_the_ceiling(connection, edge, key):
    confirms(edge, x.limits.batch_rows)
    full = batch(key, x.limits.batch_rows)
    assert x.add(connection, AUDIENCE, full).accepted == x.limits.batch_rows
    (call,) = edge.calls
    assert len(call.request.body) <= x.limits.batch_bytes == people.CEILING
    name = x.identifier(key).wire_name
    users = [{name: [digest]} for (digest,) in full.rows]
    plain = [{"operation_type": "Update", "params": {"users": users}}]
    assert call.request.body == json.dumps(plain, separators=(",", ":")).encode()


def test_as_many_as_are_said_to_fit_are_one_request_and_hardly_more_would_be(connection, edge):
    types = [each.key for each in x.identifiers]
    most = x.rows_a_request(types, {})
    rows = list(zip(*(digests(most, kind) for kind in types), strict=True))
    confirms(edge, most)
    assert x.add(connection, AUDIENCE, Batch(tuple(types), rows)).accepted == most
    (call,) = edge.calls
    assert 0.99 * people.CEILING < len(call.request.body) <= people.CEILING


def test_a_batch_that_was_cut_for_one_type_is_sent_in_parts_under_the_ceiling(connection, edge):
    sizes = []

    def confirm(request):
        users = json.loads(request.body)[0]["params"]["users"]
        assert len(request.body) <= people.CEILING
        sizes.append(len(users))
        counts = {"success_count": len(users), "total_count": len(users)}
        return 200, {}, json.dumps(answer(counts))

    edge.add_callback("POST", USERS, confirm)
    types = tuple(each.key for each in x.identifiers)
    rows = list(zip(*(digests(x.limits.batch_rows, kind) for kind in types), strict=True))
    assert x.add(connection, AUDIENCE, Batch(types, rows)).accepted == x.limits.batch_rows
    assert sum(sizes) == x.limits.batch_rows
    assert len(sizes) == 5


@pytest.mark.parametrize(
    ("success", "total"), [(2, 3), (3, 2), (2, 2), (4, 4), (0, 3), ("3", "3"), (3, None)]
)
def test_people_that_are_not_all_confirmed_are_sent_again(connection, edge, success, total):
    edge.post(USERS, json=answer({"success_count": success, "total_count": total}))
    with pytest.raises(PlatformDown) as caught:
        x.add(connection, AUDIENCE, batch("email", 3))
    assert caught.value.may_have_happened
    assert caught.value.recovery == "retry"


@pytest.mark.parametrize("data", [None, {}, {"success_count": None, "total_count": None}])
def test_a_receipt_without_a_count_is_not_believed(connection, edge, data):
    edge.post(USERS, json=answer(data))
    with pytest.raises(UnknownAnswer) as caught:
        x.add(connection, AUDIENCE, batch("email", 3))
    assert caught.value.may_have_happened
