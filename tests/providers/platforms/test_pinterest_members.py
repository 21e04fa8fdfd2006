"""Identifiers on their way into Pinterest's customer lists, and the form that says which list."""

import hashlib
import json

import pytest

from providers.app import App
from providers.errors import BadRequest, BadRows, UnknownAnswer
from providers.platforms.pinterest import Pinterest
from providers.platforms.pinterest.answers import API
from providers.secret import Secret
from providers.values import Audience, Batch, Tokens

pinterest = Pinterest()
ACCOUNT = "549756359984"
ONE = f"{API}/ad_accounts/{ACCOUNT}/customer_lists/643"
KNOWN = Audience("643", "Buyers", ACCOUNT)
LIST = {
    "ad_account_id": ACCOUNT,
    "exceptions": {},
    "id": "643",
    "name": "Buyers",
    "num_batches": 7,
    "num_removed_user_records": 100,
    "num_uploaded_user_records": 4000,
    "status": "PROCESSING",
    "type": "customerlist",
}
REFUSED = {"code": 1, "message": "Too many records."}


@pytest.fixture
def connection():
    app = App("client", Secret("client-secret-text"))
    return pinterest.connect(app, Tokens(Secret("pina_AQEFRV")), {})


def sent(edge, number):
    return json.loads(edge.calls[number].request.body)


def batch(count, key="email"):
    digests = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(count))
    return Batch((key,), [(digest,) for digest in digests])


@pytest.mark.parametrize("key", ["email", "android_ad_id", "apple_ad_id"])
@pytest.mark.parametrize(("act", "operation"), [("add", "ADD"), ("remove", "REMOVE")])
def test_identifiers_go_as_one_text_without_a_comma_at_the_end(
    connection, edge, act, operation, key
):
    edge.patch(ONE, json=LIST, headers={"x-pinterest-rid": "1863"})
    few = batch(3, key)
    receipt = getattr(pinterest, act)(connection, KNOWN, few)
    assert sent(edge, 0) == {
        "operation_type": operation,
        "records": ",".join(digest for (digest,) in few.rows),
    }
    assert edge.calls[0].request.headers["Content-Type"] == "application/json"
    # Its counters are of the list's whole life: they do not count this request.
    assert (receipt.accepted, receipt.request_id, receipt.facts) == (3, "1863", {})


def test_a_full_batch_keeps_within_a_megabyte(connection, edge):
    edge.patch(ONE, json=LIST)
    full = batch(pinterest.limits.batch_rows)
    assert pinterest.add(connection, KNOWN, full).accepted == 10_000
    body = edge.calls[0].request.body
    assert len(body) <= pinterest.limits.batch_bytes == 1_000_000
    assert len(json.loads(body)["records"].split(",")) == 10_000


@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_upload_may_pass_in_parts(connection, edge, status):
    edge.patch(ONE, status=status, json=REFUSED)
    with pytest.raises(BadRows) as caught:
        pinterest.add(connection, KNOWN, batch(3))
    assert caught.value.status == status
    assert not caught.value.may_have_happened


def test_a_wrong_method_is_no_matter_of_how_many_rows(connection, edge):
    edge.patch(ONE, status=405, json=REFUSED)
    with pytest.raises(BadRequest) as caught:
        pinterest.add(connection, KNOWN, batch(3))
    assert type(caught.value) is BadRequest


def test_an_answer_that_names_no_list_is_not_believed(connection, edge):
    edge.patch(ONE, json={"status": "PROCESSING"})
    with pytest.raises(UnknownAnswer) as caught:
        pinterest.add(connection, KNOWN, batch(3))
    assert caught.value.may_have_happened


def test_what_a_list_complains_of_is_kept_without_identifiers(connection, edge):
    (digest,) = batch(1).rows[0]
    edge.patch(ONE, json={**LIST, "exceptions": {"invalid records": digest}})
    kept = pinterest.add(connection, KNOWN, batch(1)).facts["exceptions"]
    assert "invalid records" in kept
    assert digest not in kept


# The form


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"audience_name": "Buyers"}, None),
        ({"customer_list_id": "643"}, None),
        ({"audience_name": "Buyers", "customer_list_id": "643"}, "customer_list_id"),
        ({"audience_name": " ", "customer_list_id": ""}, "audience_name"),
        ({}, "audience_name"),
    ],
)
def test_the_form_wants_a_name_or_an_id(settings, field):
    assert list(pinterest.check_destination(settings)) == ([field] if field else [])


def test_the_form_says_which_list_is_meant():
    named = pinterest.audience_request(ACCOUNT, {"audience_name": " Buyers "})
    assert (named.ad_account_id, named.name, named.existing_id) == (ACCOUNT, "Buyers", "")
    assert pinterest.audience_request(ACCOUNT, {"customer_list_id": " 643 "}).existing_id == "643"


@pytest.mark.parametrize(
    ("key", "raw", "cleaned"),
    [
        ("email", " Person@Email.COM ", "person@email.com"),
        (
            "android_ad_id",
            "CDDA802E-FB9C-47AD-9866-0794D394C912",
            "cdda802e-fb9c-47ad-9866-0794d394c912",
        ),
        (
            "apple_ad_id",
            "ea7583cd-a667-48bc-b806-42ecb2b48606",
            "EA7583CD-A667-48BC-B806-42ECB2B48606",
        ),
    ],
)
def test_identifiers_are_cleaned_by_the_sheets_rules(key, raw, cleaned):
    assert pinterest.identifier(key).normalize(raw) == cleaned


@pytest.mark.parametrize("value", ["a,b@email.com", "a@email.com,b@email.com", "a@email.com,"])
def test_an_address_with_a_comma_is_dropped_before_hashing(value):
    with pytest.raises(ValueError, match="not an e-mail address"):
        pinterest.identifier("email").normalize(value)


def test_there_are_no_phones():
    assert {each.key for each in pinterest.identifiers} == {
        "email",
        "android_ad_id",
        "apple_ad_id",
    }
