"""How people's data is cleaned for Amazon, by the sheet's vectors and by country."""

import pytest

from providers.identifiers import Invalid, Reason, digest
from providers.platforms.amazon_ads import AmazonAds

amazon = AmazonAds()


def rule(key, country=""):
    types = amazon.identifiers_for({"country": country})
    return next(each for each in types if each.key == key).normalize


@pytest.mark.parametrize(
    ("key", "country", "raw", "cleaned"),
    [
        ("email", "", "a+b@x.com", "ab@x.com"),
        ("email", "", "a_b.c@x.com", "a_b.c@x.com"),
        ("email", "", " Jo Doe@X.com ", "jodoe@x.com"),
        ("email", "", "o'hara@x.com", "ohara@x.com"),
        ("phone", "US", "5714120599", "15714120599"),
        ("phone", "US", "(571) 412-0599", "15714120599"),
        ("phone", "US", "+49 30 901820", "4930901820"),
        ("phone", "GB", "07700 900123", "447700900123"),
        ("phone", "GB", "0044 7700 900123", "447700900123"),
        ("phone", "", "+44 7700 900123", "447700900123"),
        ("first_name", "", "Jörg-Æneas", "joergaeneas"),
        ("last_name", "", "O'Strauß Øre", "ostraussore"),
        ("last_name", "", "Müller", "mueller"),
        # A city's umlauts are dropped where a name's are spelled out.
        ("city", "", "München", "mnchen"),
        ("city", "", "St. Louis", "stlouis"),
        ("state", "", "Texas", "tx"),
        ("state", "US", "new york", "ny"),
        ("state", "", "TX", "tx"),
        ("state", "CA", "British Columbia", "bc"),
        ("state", "ES", "Barcelona", "b"),
        ("state", "DE", "Bavaria", "by"),
        ("state", "CA", "Québec", "qc"),
        ("state", "CA", "QUE\u0301BEC", "qc"),
        ("state", "DE", "Baden-Württemberg", "bw"),
        ("state", "DE", "Baden-Wu\u0308rttemberg", "bw"),
        ("state", "FR", "Franche-Comté", "fc"),
        ("state", "IN", "GJ", "gj"),
        ("postal", "US", "75236-9599", "75236"),
        ("postal", "", "75236-9599", "75236"),
        ("postal", "", "75236", "75236"),
        ("postal", "", "752369599", "75236"),
        ("postal", "", " 75236 9599 ", "75236"),
        ("postal", "", "7523695991", "7523695991"),
        ("postal", "", "SW1A 1AA", "sw1a1aa"),
        ("postal", "GB", "SW1A 1AA", "sw1a1aa"),
        ("postal", "GB", "M1 1AE", "m11ae"),
        ("postal", "CA", "k1a 0b1", "k1a0b1"),
        ("postal", "JP", "787-0150", "7870150"),
        ("postal", "IN", "395 003", "395003"),
        ("postal", "FR", "77304 CEDEX", "77304"),
        ("address", "", "8 Bluestem Terrace", "8bluestemter"),
        (
            "address",
            "US",
            "744 North Messerschmidt Avenue, Apt. #7",
            "744nmesserschmidtaveaptnumber7",
        ),
        ("address", "GB", "8 Bluestem Terrace", "8bluestemterrace"),
        ("address", "DE", "8 Bluestem Terrace", "8bluestemterrace"),
        ("address", "DE", "8 Bluestem Street", "8bluestemst"),
        ("address", "ES", "12-b Plaza Mayor", "12bplazamayor"),
        ("address", "FR", "9 Che des Pins", "9chemindespins"),
    ],
)
def test_a_value_is_cleaned_by_the_rules_of_its_country(key, country, raw, cleaned):
    assert rule(key, country)(raw) == cleaned
    if not country:
        assert rule(key, country)(cleaned) == cleaned


@pytest.mark.parametrize(
    ("key", "country", "raw", "reason"),
    [
        ("email", "", "nobody", Reason.NOT_AN_EMAIL),
        ("email", "", "+@x.com", Reason.NOT_AN_EMAIL),
        ("phone", "US", "12", Reason.NOT_A_PHONE),
        ("phone", "US", "call me", Reason.NOT_A_PHONE),
        ("phone", "US", " ", Reason.EMPTY),
        ("phone", "", "05714120599", Reason.NOT_A_PHONE),
        ("first_name", "", "李", Reason.NOTHING_LEFT),
        ("first_name", "", " ", Reason.EMPTY),
        ("city", "", "東京", Reason.NOTHING_LEFT),
        ("state", "", "Hessen", Reason.NOT_A_STATE),
        ("state", "DE", "Texas", Reason.NOT_A_STATE),
        ("postal", "GB", "WF9", Reason.NOT_A_POSTAL_CODE),
        ("postal", "CA", "J9T", Reason.NOT_A_POSTAL_CODE),
        ("postal", "US", "752", Reason.NOT_A_POSTAL_CODE),
        ("postal", "", "unknown", Reason.NOT_A_POSTAL_CODE),
        ("postal", "", "", Reason.EMPTY),
        ("address", "", "---", Reason.NOTHING_LEFT),
    ],
)
def test_what_cannot_be_sent_is_left_out_and_never_hashed_as_nothing(key, country, raw, reason):
    with pytest.raises(Invalid) as caught:
        rule(key, country)(raw)
    assert caught.value.reason == reason


def test_amazons_own_sample_row_becomes_its_digests():
    row = {
        "email": "fchecketts0@webeden.co.uk",
        "phone": "5714120599",
        "first_name": "Faulkner",
        "last_name": "Checketts",
        "address": "8 Bluestem Terrace",
        "city": "Dallas",
        "state": "Texas",
        "postal": "75236-9599",
    }
    assert {key: digest(rule(key, "US")(raw))[:12] for key, raw in row.items()} == {
        "email": "5bd5f77cb5a0",
        "phone": "8ae78b78db5e",
        "first_name": "77f53c97d937",
        "last_name": "357df1c67029",
        "address": "fe8115cbef0c",
        "city": "fa2115f8d576",
        "state": "1b5b9ccb3e8d",
        "postal": "91b6147da492",
    }


def test_the_types_are_the_same_in_every_country():
    keys = [each.key for each in amazon.identifiers]
    for country in ("", "US", "GB", "BR", "no country"):
        assert [each.key for each in amazon.identifiers_for({"country": country})] == keys
