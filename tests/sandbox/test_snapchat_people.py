import pytest

from tests.sandbox.raw_snapchat import DE, UK

WRITERS = {
    "Olivia Org-Admin": UK,
    "Amir Agency": "1d1a9b6c-6a0f-4f0e-9c43-5d0d0b8f1c11",
    "Carla Campaign": UK,
    "Dana Data": UK,
    "Mia Mixed": UK,
    "Adam Account-Admin": DE,
}
OTHERS = {
    "Rita Reports": UK,
    "Bea Business": UK,
    "Dan Data-Admin": UK,
    "Mia Mixed": DE,
    "Nora None": UK,
    "Dana Data": DE,
}


@pytest.mark.parametrize(("person", "account"), WRITERS.items())
def test_a_role_of_the_sheets_table_may_write(snapchat, person, account):
    answer = snapchat.sign_in(person).create("Theirs", account=account)
    assert answer.status_code == 200
    assert answer.json()["segments"][0]["segment"]["ad_account_id"] == account


@pytest.mark.parametrize(("person", "account"), OTHERS.items())
def test_another_role_is_refused_with_403_and_e3002(snapchat, sandbox, person, account):
    answer = snapchat.sign_in(person).create("Not theirs", account=account)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "E3002")
    assert answer.json()["request_status"] == "ERROR"
    assert sandbox.audiences("snapchat") == []


def test_a_role_counts_at_every_call_and_not_only_at_creation(snapchat, sandbox, dana):
    segment = dana.segment()
    sandbox.fault("snapchat", "drop_role", account=DE)
    assert dana.users("POST", segment, ["0" * 64]).status_code == 200
    sandbox.fault("snapchat", "drop_role", account=UK)
    for refused in (
        dana.users("POST", segment, ["1" * 64]),
        dana.users("DELETE", segment, ["0" * 64]),
        dana.send("DELETE", f"segments/{segment}/all_users"),
        dana.send("DELETE", f"segments/{segment}"),
    ):
        assert (refused.status_code, refused.json()["error_code"]) == (403, "E3002")
    (held,) = sandbox.audiences("snapchat")
    assert held["held"] == 1


def test_accounts_are_listed_for_the_word_true_alone(dana):
    def accounts(**asked):
        body = dana.get("me/organizations", **asked).json()
        return [each["organization"].get("ad_accounts") for each in body["organizations"]]

    assert accounts() == [None]
    assert accounts(with_ad_accounts="") == [None]
    assert accounts(with_ad_accounts="1") == [None]
    ((account,),) = accounts(with_ad_accounts="true")
    assert (account["id"], account["roles"]) == (UK, ["audience"])


def test_me_is_a_membership_and_the_others_follow(snapchat, sandbox):
    mia = snapchat.sign_in("Mia Mixed")

    def ids():
        body = mia.get("me").json()
        return body["me"]["id"], {each["id"] for each in body["members"]}

    me, others = ids()
    assert len(others) == 1
    sandbox.fault("snapchat", "me_flip", count=None)
    flipped, others_then = ids()
    assert ({flipped}, {me}) == (others, others_then)


def test_an_older_me_has_neither_members_nor_a_username(dana, sandbox):
    assert dana.get("me").json()["me"]["snapchat_username"] == "danadata"
    sandbox.fault("snapchat", "old_me", count=None)
    body = dana.get("me").json()
    assert "members" not in body
    assert set(body["me"]) == {"id", "email", "organization_id", "display_name"}


def test_one_organization_can_fail_inside_a_good_list(dana, sandbox):
    sandbox.fault("snapchat", "failing_organization", count=None)
    answer = dana.get("me/organizations", with_ad_accounts="true")
    good, failed = answer.json()["organizations"]
    assert (answer.status_code, answer.json()["request_status"]) == (200, "SUCCESS")
    assert good["sub_request_status"] == "SUCCESS"
    assert failed["sub_request_status"] == "ERROR"
    assert "E3004" in failed["sub_request_error_reason"]


def test_an_account_that_is_gone_is_seen_by_nobody(dana, sandbox):
    segment = dana.segment()
    sandbox.fault("snapchat", "account_gone", account=UK)
    (organization,) = dana.get("me/organizations", with_ad_accounts="true").json()["organizations"]
    assert organization["organization"]["ad_accounts"] == []
    assert dana.get(f"adaccounts/{UK}").json()["error_code"] == "E3002"
    assert dana.get(f"segments/{segment}").json()["error_code"] == "E3003"
