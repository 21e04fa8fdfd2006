"""TikTok's Segment and file APIs in the sandbox, by its sheet."""

import hashlib

import pytest

from tests.sandbox.raw_tiktok import DE, NORTH, SOLO, UK, RawTikTok


@pytest.fixture
def tiktok(sandbox):
    sandbox.fault("tiktok", "no_rate_limits", count=None)
    return RawTikTok(sandbox)


@pytest.fixture
def token(tiktok):
    return tiktok.sign_in("Ada Admin")


def sha(text):
    return hashlib.sha256(str(text).encode()).hexdigest()


def md5(text):
    return hashlib.md5(str(text).encode()).hexdigest()


def cell(digest, audience):
    return {"id": digest, "audience_ids": [audience]}


def mapping(audience, *users, **changes):
    body = {"advertiser_ids": [UK], "action": "add", "id_schema": ["EMAIL_SHA256"]}
    return {**body, "batch_data": list(users) or [[cell(sha("a"), audience)]], **changes}


def test_an_audience_is_created_under_a_name_cut_to_seventy(tiktok, token, sandbox):
    tiktok.segment(token, "n" * 70)
    tiktok.segment(token, "n" * 71)
    names = {each["name"] for each in sandbox.audiences("tiktok")}
    assert names == {"n" * 70, "n" * 67 + "..."}


def test_a_second_creation_makes_a_second_audience(tiktok, token):
    assert tiktok.segment(token) != tiktok.segment(token)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"advertiser_id": UK}, 40002),
        ({"custom_audience_name": "x"}, 40002),
        ({"advertiser_id": int(UK), "custom_audience_name": "x"}, 40002),
        ({"advertiser_id": UK, "custom_audience_name": "x", "action": "make"}, 40002),
        ({"advertiser_id": UK, "custom_audience_name": "x", "action": ["create"]}, 40002),
        ({"advertiser_id": NORTH, "custom_audience_name": "x"}, 40001),
        ({"advertiser_id": "1", "custom_audience_name": "x"}, 40001),
        ([], 40002),
    ],
)
def test_a_bad_creation_is_refused(tiktok, token, sandbox, body, code):
    assert tiktok.post("/segment/audience/", body, token)["code"] == code
    assert sandbox.audiences("tiktok") == []


def test_an_audience_is_deleted_once(tiktok, token, sandbox):
    body = {"advertiser_id": UK, "action": "delete", "delete_audience_id": tiktok.segment(token)}
    assert tiktok.post("/segment/audience/", {**body, "advertiser_id": DE}, token)["code"] == 40002
    assert tiktok.post("/segment/audience/", body, token)["code"] == 0
    assert tiktok.post("/segment/audience/", body, token)["code"] == 40002
    assert sandbox.audiences("tiktok") == []


@pytest.mark.parametrize(
    ("person", "account"),
    [("Anna Analyst", UK), ("Olaf Outside", SOLO), ("Sam Scopeless", UK), ("Mia Mixed", DE)],
)
def test_who_may_not_write_is_refused(tiktok, sandbox, person, account):
    body = {"advertiser_id": account, "custom_audience_name": "x"}
    refused = tiktok.post("/segment/audience/", body, tiktok.sign_in(person))
    assert refused["code"] == 40001
    assert sandbox.audiences("tiktok") == []


def test_a_role_that_is_not_told_may_suffice(tiktok):
    assert tiktok.segment(tiktok.sign_in("Uma Untold"), account=NORTH)


def test_identifiers_are_held_by_place_with_empty_objects_for_missing_ones(tiktok, token):
    audience = tiktok.segment(token)
    users = [
        [cell(sha("e1"), audience), cell(md5("i1"), audience), {}],
        [{}, {}, cell(sha("p2"), audience)],
    ]
    schema = {"id_schema": ["email_sha256", "IDFA_MD5", "PHONE_SHA256"]}
    added = tiktok.post("/segment/mapping/", mapping(audience, *users, **schema), token)
    assert (added["code"], added["data"]) == (0, {})
    found = tiktok.sandbox.control("GET", f"tiktok/audiences/{audience}/members").text
    assert set(found.split()) == {sha("e1"), md5("i1"), sha("p2")}
    users[0][0] = {}
    gone = mapping(audience, *users, **schema, action="delete")
    for _ in range(2):
        assert tiktok.post("/segment/mapping/", gone, token)["code"] == 0
        assert tiktok.held(audience) == 1


def test_adding_is_what_happens_without_a_word(tiktok, token):
    audience = tiktok.segment(token)
    body = mapping(audience)
    del body["action"]
    tiktok.post("/segment/mapping/", body, token)
    assert tiktok.held(audience) == 1


A, B = sha("a"), sha("b")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"batch_data": []}, 40002),
        ({"batch_data": None}, 40002),
        ({"batch_data": [[]]}, 40002),
        ({"batch_data": [[cell(A, "?"), {}]]}, 40002),
        ({"batch_data": [[A]]}, 40002),
        ({"batch_data": [[cell(A[:-1], "?")]]}, 40002),
        ({"batch_data": [[cell(A[:-1] + "x", "?")]]}, 40002),
        ({"batch_data": [[cell(md5("a"), "?")]]}, 40002),
        ({"batch_data": [[{"id": A, "audience_ids": []}]]}, 40002),
        ({"batch_data": [[{"id": A, "audience_ids": [123]}]]}, 40002),
        ({"batch_data": [[cell(A, "999")]]}, 40002),
        ({"batch_data": [[cell(B, "?")], [cell(A, "999")]]}, 40002),
        ({"id_schema": ["EMAIL"]}, 40002),
        ({"id_schema": ["EMAIL_SHA256", "email_sha256"]}, 40002),
        ({"id_schema": []}, 40002),
        ({"id_schema": "EMAIL_SHA256"}, 40002),
        ({"id_schema": ["GAID_SHA256"]}, 40002),
        ({"action": "remove"}, 40002),
        ({"action": {}}, 40002),
        ({"advertiser_ids": []}, 40002),
        ({"advertiser_ids": [None]}, 40002),
        ({"advertiser_ids": [DE]}, 40002),
        ({"advertiser_ids": [UK, NORTH]}, 40001),
    ],
)
def test_a_bad_mapping_is_refused_whole(tiktok, token, changes, code):
    audience = tiktok.segment(token)
    body = mapping(audience)
    body |= changes
    for user in body["batch_data"] or []:
        for one in user:
            if isinstance(one, dict) and one.get("audience_ids") == ["?"]:
                user[user.index(one)] = cell(one["id"], audience)
    assert tiktok.post("/segment/mapping/", body, token)["code"] == code
    assert tiktok.held(audience) == 0


def test_ad_accounts_of_two_business_centers_do_not_go_together(tiktok):
    token = tiktok.sign_in("Mia Mixed")
    audience = tiktok.segment(token)
    together = mapping(audience, advertiser_ids=[UK, NORTH])
    assert tiktok.post("/segment/mapping/", together, token)["code"] == 40002


def test_more_than_ten_thousand_users_are_refused_whole(tiktok, token):
    audience = tiktok.segment(token)
    users = [[cell(sha(number), audience)] for number in range(10_001)]
    assert tiktok.post("/segment/mapping/", mapping(audience, *users), token)["code"] == 40011
    assert tiktok.held(audience) == 0
    assert tiktok.post("/segment/mapping/", mapping(audience, *users[1:]), token)["code"] == 0
    assert tiktok.held(audience) == 10_000


def test_a_partial_success_has_its_own_code(tiktok, token, sandbox):
    audience = tiktok.segment(token)
    sandbox.fault("tiktok", "partial")
    assert tiktok.post("/segment/mapping/", mapping(audience), token)["code"] == 20001


def test_an_app_that_is_not_admitted_cannot_stream(tiktok, token, sandbox):
    sandbox.fault("tiktok", "not_on_allowlist", count=None)
    assert tiktok.post("/segment/mapping/", mapping("1"), token)["code"] == 40118
    assert tiktok.get("/user/info/", token)["code"] == 0


def test_a_gone_ad_account_and_a_lost_role_are_no_dead_token(tiktok, token, sandbox):
    audience = tiktok.segment(token)
    sandbox.fault("tiktok", "drop_role", account=UK)
    refused = tiktok.post("/segment/mapping/", mapping(audience), token)
    assert refused["code"] == 40001
    assert "admin or operator" in refused["message"]
    sandbox.clear_faults("tiktok")
    sandbox.fault("tiktok", "account_gone", account=UK)
    refused = tiktok.post("/segment/mapping/", mapping(audience), token)
    assert refused["code"] == 40001
    assert "doesn't exist or has been deleted" in refused["message"]


def details(tiktok, token, audience, account=UK):
    asked = {"advertiser_id": account, "custom_audience_ids": [audience]}
    return tiktok.get("/dmp/custom_audience/get/", token, **asked)["data"]["list"]


def test_an_audience_is_counted_only_after_a_while(tiktok, token):
    audience = tiktok.segment(token)
    users = [[cell(sha(number), audience)] for number in range(1_000)]
    tiktok.post("/segment/mapping/", mapping(audience, *users), token)
    told = [details(tiktok, token, audience)[0]["audience_details"] for _ in range(3)]
    assert [(one["cover_num"], one["is_valid"]) for one in told] == [
        (0, False),
        (0, False),
        (1_000, True),
    ]
    assert told[0]["type"] == "Partner"
    assert "audience_type" not in told[0]
    gone = mapping(audience, users[0], action="delete")
    tiktok.post("/segment/mapping/", gone, token)
    told = [details(tiktok, token, audience)[0]["audience_details"] for _ in range(3)][-1]
    assert (told["cover_num"], told["is_valid"]) == (999, False)


def test_a_look_at_a_list_counts_as_one_for_the_rows_that_it_shows(tiktok, token):
    old, new = tiktok.segment(token, "Old"), tiktok.segment(token, "New")
    for audience in (old, new):
        tiktok.post("/segment/mapping/", mapping(audience), token)

    def listed():
        asked = {"advertiser_id": UK, "page": 1, "page_size": 1}
        (row,) = tiktok.get("/dmp/custom_audience/list/", token, **asked)["data"]["list"]
        assert row["audience_id"] == new
        return row["cover_num"]

    assert [listed() for _ in range(3)] == [0, 0, 1]
    (unseen,) = details(tiktok, token, old)
    assert unseen["audience_details"]["cover_num"] == 0
    # Looks of both kinds add up.
    tiktok.post("/segment/mapping/", mapping(new), token)
    assert listed() == 0
    assert details(tiktok, token, new)[0]["audience_details"]["cover_num"] == 0
    assert listed() == 1


def test_an_audience_is_shown_in_its_own_ad_account_only(tiktok, token):
    audience = tiktok.segment(token)
    assert details(tiktok, token, audience, account=DE) == []
    assert details(tiktok, token, "999") == []


def test_audiences_are_listed_by_page_newest_first(tiktok, token):
    made = [tiktok.segment(token, f"Number {number}") for number in range(12)]
    first = tiktok.get("/dmp/custom_audience/list/", token, advertiser_id=UK)["data"]
    assert [each["audience_id"] for each in first["list"]] == made[:1:-1]
    assert first["page_info"] == {
        "page": 1,
        "page_size": 10,
        "total_number": 12,
        "total_page": 2,
    }
    row = first["list"][0]
    assert (row["audience_type"], row["is_creator"], row["owner_id"]) == ("Partner", True, UK)
    second = tiktok.get("/dmp/custom_audience/list/", token, advertiser_id=UK, page=2)["data"]
    assert [each["audience_id"] for each in second["list"]] == made[1::-1]
    for wrong in ({"page_size": 101}, {"page_size": 0}, {"page": 0}, {"page": 10**30}):
        asked = {"advertiser_id": UK, **wrong}
        assert tiktok.get("/dmp/custom_audience/list/", token, **asked)["code"] == 40002
