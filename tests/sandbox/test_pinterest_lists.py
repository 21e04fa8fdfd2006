"""Pinterest's customer lists, audiences, limits and troubles in the sandbox, by its sheet."""

import hashlib

import pytest

from tests.sandbox.raw_pinterest import DE, UK, RawPinterest, error_of

ONE, TWO, THREE = (hashlib.sha256(name).hexdigest() for name in (b"one", b"two", b"three"))
HUNDRED = [f"{number:064x}" for number in range(100)]


@pytest.fixture
def pinterest(sandbox):
    return RawPinterest(sandbox)


@pytest.fixture
def audrey(pinterest):
    return pinterest.sign_in("Audrey Audience")


def held(sandbox):
    (found,) = sandbox.audiences("pinterest")
    return found["held"], found["digest"]


def digest_of(*members):
    return len(members), hashlib.sha256("\n".join(sorted(members)).encode()).hexdigest()


def test_a_list_is_made_of_one_text(audrey, sandbox):
    answer = audrey.create(f"{ONE},{TWO}", "The Glengarry Glen Ross leads", list_type="EMAIL")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["name"], body["status"]) == ("The Glengarry Glen Ross leads", "PROCESSING")
    assert (body["type"], body["ad_account_id"], body["exceptions"]) == ("customerlist", UK, {})
    assert (body["num_batches"], body["num_uploaded_user_records"]) == (1, 2)
    assert body["id"].isdecimal()
    assert len(body["id"]) <= 18
    assert held(sandbox) == digest_of(ONE, TWO)


@pytest.mark.parametrize("records", ["", ",", [ONE], None, 7, {"0": ONE}])
def test_a_list_cannot_be_made_of_nothing_or_of_an_array(audrey, sandbox, records):
    assert error_of(audrey.create(records)) == (400, 1)
    list_id = audrey.list_of([ONE])
    assert error_of(audrey.change(list_id, "ADD", records)) == (400, 1)
    assert held(sandbox) == digest_of(ONE)


@pytest.mark.parametrize(
    "more", [{"name": None}, {"name": " "}, {"list_type": "PHONE"}, {"list_type": ["EMAIL"]}]
)
def test_a_list_needs_a_name_and_a_known_type(audrey, more):
    assert error_of(audrey.create(ONE, **more)) == (400, 1)


def test_bodies_that_are_no_objects_are_refused(audrey):
    path = f"ad_accounts/{UK}/customer_lists"
    assert error_of(audrey.send("POST", path, data=b"{")) == (400, 1)
    assert error_of(audrey.send("POST", path, json=[])) == (400, 1)


def test_members_are_a_set_and_counters_count_what_was_sent(audrey, sandbox):
    list_id = audrey.list_of([ONE])
    for _ in range(2):
        assert audrey.change(list_id, "ADD", f"{ONE},{TWO}").status_code == 200
    assert held(sandbox) == digest_of(ONE, TWO)
    body = audrey.change(list_id, "REMOVE", f"{TWO},{THREE}").json()
    assert held(sandbox) == digest_of(ONE)
    assert (body["num_batches"], body["num_uploaded_user_records"]) == (4, 5)
    assert body["num_removed_user_records"] == 2
    assert error_of(audrey.change(list_id, "REPLACE", ONE)) == (400, 1)


@pytest.mark.parametrize(
    ("record", "member"),
    [
        ("person@email.com", hashlib.sha256(b"person@email.com").hexdigest()),
        (hashlib.md5(b"x").hexdigest(), hashlib.md5(b"x").hexdigest()),
        (hashlib.sha1(b"x").hexdigest(), hashlib.sha1(b"x").hexdigest()),
        # What is no identifier counts as sent and matches nobody.
        (ONE.upper(), None),
        ("7", None),
    ],
)
def test_plain_addresses_and_other_hashes_are_taken_too(audrey, sandbox, record, member):
    # As the vendor's own example: with a comma at the end.
    audrey.create(f"{record},")
    assert held(sandbox) == digest_of(*([member] if member else []))


@pytest.mark.parametrize(("count", "state"), [(99, "TOO_SMALL"), (100, "READY")])
def test_matching_takes_its_time_and_needs_a_hundred(audrey, sandbox, count, state):
    list_id = audrey.list_of(HUNDRED[:count])
    audience = audrey.target(list_id).json()
    assert (audience["status"], audience["size"]) == ("INITIALIZING", None)
    assert audrey.look(list_id)["status"] == "PROCESSING"
    sandbox.advance(61)
    assert audrey.look(list_id)["status"] == state
    audience = audrey.get(f"ad_accounts/{UK}/audiences/{audience['id']}").json()
    assert (audience["status"], audience["size"]) == (state, count)


def test_names_are_not_unique_and_the_order_is_by_id(audrey):
    ids = [audrey.list_of([ONE], name="Same") for _ in range(3)]
    newest = audrey.lists(order="DESCENDING").json()["items"]
    assert [each["id"] for each in newest] == ids[::-1]
    oldest = audrey.lists(order="ASCENDING", page_size=2).json()
    assert [each["id"] for each in oldest["items"]] == ids[:2]
    last = audrey.lists(order="ASCENDING", page_size=2, bookmark=oldest["bookmark"]).json()
    assert ([each["id"] for each in last["items"]], last["bookmark"]) == (ids[2:], None)
    assert error_of(audrey.lists(order="NAME")) == (400, 1)


@pytest.mark.parametrize(("method", "status"), [("DELETE", 405), ("PUT", 405)])
def test_a_list_is_neither_deleted_nor_replaced(audrey, method, status):
    list_id = audrey.list_of([ONE])
    path = f"ad_accounts/{UK}/customer_lists/{list_id}"
    assert audrey.send(method, path, json={}).status_code == status


def test_what_is_not_there_or_elsewhere_is_not_found(pinterest, audrey):
    other = pinterest.sign_in("Olive Owner")
    elsewhere = other.create(ONE, account=DE).json()["id"]
    for list_id in ("643", elsewhere):
        assert error_of(audrey.get(f"ad_accounts/{UK}/customer_lists/{list_id}")) == (404, 40)
        assert error_of(audrey.change(list_id, "ADD", ONE)) == (404, 40)
        assert error_of(audrey.target(list_id)) == (400, 1)
    assert error_of(audrey.get(f"ad_accounts/{UK}/audiences/1234")) == (404, 40)


# Audiences


def test_an_audience_is_made_of_a_list_changed_and_removed(audrey):
    list_id = audrey.list_of([ONE])
    made = audrey.target(list_id, description="Spring").json()
    assert (made["type"], made["audience_type"]) == ("audience", "CUSTOMER_LIST")
    assert (made["rule"], made["description"]) == ({"customer_list_id": list_id}, "Spring")
    path = f"ad_accounts/{UK}/audiences"
    changed = audrey.send("PATCH", f"{path}/{made['id']}", json={"name": "New"}).json()
    assert (changed["name"], changed["description"]) == ("New", "Spring")
    assert [each["id"] for each in audrey.get(path).json()["items"]] == [made["id"]]
    assert audrey.get(path, ownership_type="RECEIVED").json()["items"] == []
    assert error_of(audrey.get(path, ownership_type="ALL")) == (400, 1)
    audrey.send("PATCH", f"{path}/{made['id']}", json={"operation_type": "REMOVE"})
    assert audrey.get(path).json()["items"] == []


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"audience_type": "customer_list"}, {"rule": None}, {"rule": {}}],
)
def test_an_audience_needs_a_name_a_type_and_a_rule(audrey, changes):
    assert error_of(audrey.target(audrey.list_of([ONE]), **changes)) == (400, 1)


def test_whether_an_audience_needs_a_matched_list_can_be_chosen(audrey, sandbox):
    list_id = audrey.list_of(HUNDRED)
    sandbox.fault("pinterest", "audience_needs_ready", count=None)
    assert error_of(audrey.target(list_id)) == (400, 1)
    sandbox.advance(61)
    assert audrey.target(list_id).status_code == 200


# Roles, troubles, limits


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("Olive Owner", 200),
        ("Adam Admin", 200),
        ("Rhea Restricted", 200),
        ("Mia Mixed", 200),
        ("Carl Campaign", 403),
        ("Ana Analyst", 403),
        ("Fin Finance", 403),
        ("Paul Pinner", 403),
    ],
)
def test_roles_decide_who_writes_before_the_body_is_looked_at(pinterest, person, status):
    caller = pinterest.sign_in(person)
    assert caller.create(ONE).status_code == status
    if status == 403:
        assert error_of(caller.create([])) == (403, 29)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("password_change", (401, 2)),
        ("sandbox_token", (401, 2)),
        ("revoke", (401, 2)),
        ("expire", (401, 2)),
        ("archived", (403, 2625)),
        ("drop_role", (403, 29)),
        ("trial_refused", (403, 29)),
        ("spam_block", (429, 9)),
        ("throttle", (429, 8)),
        ("fail", (500, 12)),
    ],
)
def test_every_trouble_has_the_sheets_answer(audrey, sandbox, fault, expected):
    list_id = audrey.list_of([ONE])
    sandbox.fault("pinterest", fault)
    answer = audrey.change(list_id, "ADD", TWO)
    assert error_of(answer) == expected
    assert ("message_detail" in answer.json()) is (fault in {"spam_block", "trial_refused"})
    assert held(sandbox) == digest_of(ONE)


@pytest.mark.parametrize("fault", ["password_change", "revoke"])
def test_what_ends_a_grant_ends_its_refresh_token(pinterest, sandbox, fault):
    tokens = pinterest.tokens()
    sandbox.fault("pinterest", fault)
    assert error_of(pinterest.refresh(tokens["refresh_token"])) == (401, 2)


def test_an_archived_account_is_still_listed(audrey, sandbox):
    sandbox.fault("pinterest", "archived", count=None, account=UK)
    assert len(audrey.get("ad_accounts").json()["items"]) == 1
    assert error_of(audrey.lists()) == (403, 2625)


@pytest.mark.parametrize("status", [413, 400])
def test_both_answers_to_a_call_that_is_too_large_can_be_chosen(audrey, sandbox, status):
    sandbox.fault("pinterest", "largest_call", count=None, records=99, status=status)
    assert audrey.create(",".join(HUNDRED)).status_code == status
    assert audrey.create(",".join(HUNDRED[:99])).status_code == 200


def test_every_answer_has_a_request_id_and_says_what_is_left(pinterest, audrey):
    for answer in (audrey.lists(), audrey.create([]), pinterest.refresh("made-up")):
        assert answer.headers["x-pinterest-rid"].isdecimal()
    first, second = audrey.create(ONE), audrey.create(ONE)
    assert first.headers["x-ratelimit-limit"] == "400"
    left = [int(each.headers["x-ratelimit-remaining"]) for each in (first, second)]
    assert left[0] - left[1] == 1
    assert 0 < int(first.headers["x-ratelimit-reset"]) <= 60


def test_trial_access_allows_three_hundred_writes_a_day(pinterest, audrey, sandbox):
    sandbox.fault("pinterest", "trial_access", count=None)
    list_id = audrey.list_of([ONE])
    statuses = [audrey.change(list_id, "ADD", TWO).status_code for _ in range(299)]
    assert set(statuses) == {200}
    refused = pinterest.sign_in("Adam Admin").change(list_id, "ADD", TWO)
    assert error_of(refused) == (429, 8)
    assert 80_000 < int(refused.headers["x-ratelimit-reset"]) <= 86_400
    assert audrey.lists().status_code == 200
    sandbox.advance(86_400)
    assert audrey.change(list_id, "ADD", TWO).status_code == 200


def test_the_reset_can_be_a_point_in_time(audrey, sandbox):
    sandbox.fault("pinterest", "reset_is_a_time", count=None)
    assert int(audrey.lists().headers["x-ratelimit-reset"]) > 1_000_000_000


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "x"},
        {"rule": None},
        {"rule": {"customer_list_id": ["1"]}},
        {"name": ["x"]},
        {"name": ""},
        {"description": {}},
    ],
)
def test_an_audience_cannot_be_changed_to_what_none_can_be(audrey, changes):
    list_id = audrey.list_of([ONE])
    made = audrey.target(list_id).json()
    path = f"ad_accounts/{UK}/audiences/{made['id']}"
    assert error_of(audrey.send("PATCH", path, json=changes)) == (400, 1)
    assert audrey.get(path).json() == made
    assert error_of(audrey.target(list_id, **changes)) == (400, 1)


def test_an_audience_is_renamed_whatever_its_list_is_doing(audrey, sandbox):
    made = audrey.target(audrey.list_of([ONE])).json()
    sandbox.fault("pinterest", "audience_needs_ready", count=None)
    path = f"ad_accounts/{UK}/audiences/{made['id']}"
    assert audrey.send("PATCH", path, json={"name": "New"}).json()["name"] == "New"
    rule = {"rule": made["rule"]}
    assert error_of(audrey.send("PATCH", path, json=rule)) == (400, 1)


@pytest.mark.parametrize("word", [["ADD"], {}, None, 7])
def test_words_that_are_no_words_are_refused(audrey, word):
    list_id = audrey.list_of([ONE])
    assert error_of(audrey.change(list_id, word, TWO)) == (400, 1)
    assert error_of(audrey.target(list_id, audience_type=word)) == (400, 1)


@pytest.mark.parametrize("size", ["0", "251", "many", "9" * 5000])
def test_a_page_has_1_to_250_things(audrey, size):
    assert error_of(audrey.lists(page_size=size)) == (400, 1)
