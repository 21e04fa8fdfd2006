import hashlib

import pytest

from tests.sandbox.raw_snapchat import DE, UK

ONE, TWO, THREE = (hashlib.sha256(name).hexdigest() for name in (b"one", b"two", b"three"))


def held(sandbox):
    (found,) = sandbox.audiences("snapchat")
    return found["held"]


def rows(*values, schema="EMAIL_SHA256"):
    return {"users": [{"schema": [schema], "data": [[value] for value in values]}]}


def error_of(answer):
    body = answer.json()
    assert body["request_status"] == "ERROR"
    assert body["request_id"]
    return answer.status_code, body["error_code"]


def test_a_segment_is_made_in_a_list_within_a_list(dana):
    answer = dana.create("One", "Two")
    assert answer.json()["request_status"] == "SUCCESS"
    made = answer.json()["segments"]
    assert [each["sub_request_status"] for each in made] == ["SUCCESS", "SUCCESS"]
    segment = made[0]["segment"]
    assert (segment["name"], segment["status"]) == ("One", "PENDING")
    assert (segment["upload_status"], segment["retention_in_days"]) == ("NO_UPLOAD", 9999)
    assert segment["id"].isdecimal()


def test_a_segment_is_processed_for_a_while(dana):
    segment = dana.segment()
    assert dana.look(segment)["upload_status"] == "NO_UPLOAD"
    dana.users("POST", segment, [ONE])
    soon, later = dana.look(segment), dana.look(segment)
    assert (soon["status"], soon["upload_status"]) == ("PENDING", "PROCESSING")
    assert (soon["approximate_number_users"], soon["targetable_status"]) == (0, "NOT_READY")
    assert (later["status"], later["upload_status"]) == ("ACTIVE", "COMPLETE")
    assert later["approximate_number_users"] == 1


@pytest.mark.parametrize(("count", "status"), [(999, "TOO_FEW_USERS"), (1000, "READY")])
def test_a_segment_can_be_targeted_from_a_thousand_people_on(dana, count, status):
    segment = dana.segment()
    dana.users("POST", segment, [f"{number:064x}" for number in range(count)])
    dana.look(segment)
    assert dana.look(segment)["targetable_status"] == status


@pytest.mark.parametrize("schema", ["EMAIL_SHA256", "PHONE_SHA256", "MOBILE_AD_ID_SHA256"])
def test_identifiers_are_added_and_removed_with_the_same_body(dana, sandbox, schema):
    segment = dana.segment()
    added = dana.users("POST", segment, [ONE, TWO, ONE], schema)
    (item,) = added.json()["users"]
    assert (item["sub_request_status"], item["user"]) == ("SUCCESS", {"number_uploaded_users": 3})
    assert held(sandbox) == 2
    removed = dana.users("DELETE", segment, [TWO, THREE], schema)
    assert removed.json()["users"][0]["user"] == {"number_uploaded_users": 2}
    assert held(sandbox) == 1


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    "body",
    [
        {"users": [{"schema": ["EMAIL_SHA256", "PHONE_SHA256"], "data": [[ONE, TWO]]}]},
        {"users": [{"schema": ["EMAIL_SHA256", "PHONE_SHA256"], "data": [[ONE]]}]},
        {"users": [*rows(ONE)["users"], *rows(TWO, schema="PHONE_SHA256")["users"]]},
        {"users": [{"schema": "EMAIL_SHA256", "data": [[ONE]]}]},
        rows(ONE, schema="EMAIL"),
        rows(ONE[:-1]),
        rows(ONE.upper()),
        rows("a@example.com"),
        rows(None),
        rows(),
        {"users": [{"schema": ["EMAIL_SHA256"], "data": [[ONE, TWO]]}]},
        {"users": [{"schema": ["EMAIL_SHA256"], "data": [[]]}]},
        {"users": [{"schema": ["EMAIL_SHA256"], "data": ONE}]},
        {"users": rows(ONE)["users"][0]},
        {"users": []},
        [],
        None,
    ],
)
def test_what_is_no_list_of_one_type_of_digests_is_refused_whole(dana, sandbox, method, body):
    segment = dana.segment()
    dana.users("POST", segment, [THREE])
    answer = dana.send(method, f"segments/{segment}/users", json=body)
    assert error_of(answer)[0] == 400
    assert held(sandbox) == 1


def test_one_bad_row_refuses_the_whole_request(dana, sandbox):
    assert dana.users("POST", dana.segment(), [ONE, "bad", TWO]).status_code == 400
    assert held(sandbox) == 0


def test_a_delete_without_a_body_is_refused(dana, sandbox):
    segment = dana.segment()
    dana.users("POST", segment, [ONE])
    assert error_of(dana.send("DELETE", f"segments/{segment}/users"))[0] == 400
    assert held(sandbox) == 1


def test_a_request_takes_100_000_rows_and_no_more(dana, sandbox):
    segment = dana.segment()
    digests = [f"{number:064x}" for number in range(100_001)]
    assert error_of(dana.users("POST", segment, digests))[0] == 400
    assert held(sandbox) == 0
    assert dana.users("POST", segment, digests[:-1]).status_code == 200
    assert held(sandbox) == 100_000


def test_all_users_empties(dana, sandbox):
    segment = dana.segment()
    dana.users("POST", segment, [ONE, TWO])
    answer = dana.send("DELETE", f"segments/{segment}/all_users")
    (item,) = answer.json()["segments"]
    assert item["segment"]["approximate_number_users"] == 0
    assert held(sandbox) == 0


def test_the_add_after_all_users_can_be_told_to_fail(dana, sandbox):
    sandbox.fault("snapchat", "fail_after_clear")
    segment = dana.segment()
    assert dana.users("POST", segment, [ONE]).status_code == 200
    dana.send("DELETE", f"segments/{segment}/all_users")
    assert error_of(dana.users("POST", segment, [TWO])) == (500, "E4001")
    assert held(sandbox) == 0
    assert dana.users("POST", segment, [TWO]).status_code == 200
    assert held(sandbox) == 1


def test_an_error_can_come_with_http_200_and_changes_nothing(dana, sandbox):
    segment = dana.segment()
    for answer, name in (
        (lambda: dana.users("POST", segment, [ONE]), "users"),
        (lambda: dana.create("Another"), "segments"),
    ):
        sandbox.fault("snapchat", "error_in_200")
        found = answer()
        assert found.status_code == 200
        assert found.json()["request_status"] == "ERROR"
        assert found.json()[name][0]["sub_request_status"] == "ERROR"
        assert "E3004" in found.json()[name][0]["sub_request_error_reason"]
    assert held(sandbox) == 0


def test_both_spellings_of_success_come_when_told_to(dana, sandbox, unlimited):
    sandbox.fault("snapchat", "mixed_case", count=None)
    words = {dana.get("me").json()["request_status"] for _ in range(40)}
    assert words == {"SUCCESS", "success"}


def test_lists_come_in_pages(dana):
    assert dana.create(*(f"Segment {number}" for number in range(60))).status_code == 200
    first = dana.get(f"adaccounts/{UK}/segments", limit=50).json()
    link = first["paging"]["next_link"]
    assert link.startswith("http://localhost:")
    path = link.partition("/v1/")[2]
    second = dana.get(path).json()
    assert "next_link" not in second["paging"]
    names = [each["segment"]["name"] for each in first["segments"] + second["segments"]]
    assert (len(first["segments"]), len(second["segments"])) == (50, 10)
    assert set(names) == {f"Segment {number}" for number in range(60)}


@pytest.mark.parametrize("limit", [0, 49, 1001])
def test_a_page_has_50_to_1000_items(dana, limit):
    assert error_of(dana.get(f"adaccounts/{UK}/segments", limit=limit))[0] == 400


def test_pages_can_be_told_to_be_small(dana, sandbox):
    dana.create("One", "Two", "Three")
    sandbox.fault("snapchat", "small_pages", count=None)
    page = dana.get(f"adaccounts/{UK}/segments", limit=50).json()
    assert len(page["segments"]) == 2
    path = page["paging"]["next_link"].partition("/v1/")[2]
    assert len(dana.get(path).json()["segments"]) == 1


def test_a_segment_is_changed_and_deleted(dana, sandbox):
    segment = dana.segment()
    wished = {"segments": [{"id": segment, "name": "Renamed"}]}
    changed = dana.send("PUT", f"adaccounts/{UK}/segments", json=wished)
    assert changed.json()["segments"][0]["segment"]["name"] == "Renamed"
    assert dana.send("DELETE", f"segments/{segment}").json()["segments"] == []
    assert sandbox.audiences("snapchat") == []
    assert error_of(dana.get(f"segments/{segment}")) == (404, "E3003")


def test_a_segment_of_an_account_that_the_caller_cannot_see_is_not_there(snapchat, dana):
    hidden = snapchat.sign_in("Adam Account-Admin").create("Hidden", account=DE)
    segment = hidden.json()["segments"][0]["segment"]["id"]
    assert error_of(dana.get(f"segments/{segment}")) == (404, "E3003")
    assert error_of(dana.users("POST", segment, [ONE])) == (404, "E3003")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "n" * 376},
        {"name": 7},
        {"retention_in_days": 0},
        {"retention_in_days": "many"},
        {"ad_account_id": DE},
        {"source_type": "PIXEL"},
    ],
)
def test_a_segment_that_is_wished_wrongly_is_refused_with_its_whole_list(dana, sandbox, wrong):
    wished = [{"name": "Good"}, {"name": "Bad"} | wrong]
    answer = dana.send("POST", f"adaccounts/{UK}/segments", json={"segments": wished})
    assert error_of(answer)[0] == 400
    assert sandbox.audiences("snapchat") == []


@pytest.mark.parametrize(
    "schema", [[["EMAIL_SHA256"]], [{}], [None], [7], {}, None, 7, "EMAIL_SHA256", []]
)
def test_a_schema_that_is_no_list_of_one_word_is_refused(dana, schema):
    body = {"users": [{"schema": schema, "data": [[ONE]]}]}
    answer = dana.send("POST", f"segments/{dana.segment()}/users", json=body)
    assert error_of(answer) == (400, "E2025")


@pytest.mark.parametrize(
    "changes", [{"source_type": "PIXEL"}, {"source_type": ["FIRST_PARTY"]}, {"ad_account_id": DE}]
)
def test_what_is_fixed_at_creation_is_not_changed(dana, changes):
    segment = dana.segment()
    path = f"adaccounts/{UK}/segments"
    body = {"segments": [{"id": segment, "name": "New", **changes}]}
    assert error_of(dana.send("PUT", path, json=body)) == (400, "E2023")
    assert dana.look(segment)["name"] == "A segment"
    same = {"id": segment, "name": "New", "source_type": "FIRST_PARTY", "ad_account_id": UK}
    assert dana.send("PUT", path, json={"segments": [same]}).status_code == 200
    assert dana.look(segment)["name"] == "New"
