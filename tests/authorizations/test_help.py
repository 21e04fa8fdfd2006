"""The help that the registry writes, and the operators' pages beside it."""

import hashlib
import html
import re

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from authorizations import articles
from providers.app import needed_variables
from providers.declarations import FieldKind, FormField, Limits, Per, Rate, Replace, Revocation
from providers.registry import registry

HELP = reverse("authorizations:help")
TITLE = "OAuth destinations and required permissions"
PAGES = django_settings.BASE_DIR / "docs" / "platforms"
KEYS = [platform.key for platform in registry]

# The document's table, word for word but for a misspelt "Memeber" and full stops.
WORDS = {
    "amazon_ads": (
        (
            "Editor or Admin permission levels, or any other role that grants them the create/edit "
            "audiences capability"
        ),
        "Amazon Ads permissions support docs",
    ),
    "tiktok": (
        'Either the "Ad Account Operator" or "Ad Account Admin" permission level',
        "TikTok's roles and permissions",
    ),
    "x": ('"Ad Manager" or "Account Admin" permission level', "X user permissions"),
    "pinterest": (
        "Admin or Audience level (or create/edit audiences permission)",
        "Pinterest permissions",
    ),
    "snapchat": (
        (
            "Organizational Admin, Agency Member, Campaign Manager or Data Manager (must have "
            "Upload/Manage Audience Segments permissions)"
        ),
        "Snapchat Ad Account permissions and roles",
    ),
}


def article_of(key: str) -> str:
    return reverse("authorizations:help_platform", args=[key])


def words_of(response) -> str:
    """Return what a page says, without its markup."""
    assert response.status_code == 200
    text = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(html.unescape(text).split())


def shown(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["analyst", "creator", "admin"])
def test_every_member_reads_the_table_and_the_articles(client_of, request, sample_platform, role):
    client = client_of(request.getfixturevalue(role))
    assert TITLE in words_of(client.get(HELP))
    assert sample_platform.label in words_of(client.get(article_of("sample")))


@pytest.mark.django_db
@pytest.mark.parametrize("address", [HELP, article_of("sample")])
def test_whoever_is_not_signed_in_is_sent_to_sign_in(client, sample_platform, address):
    response = client.get(address)
    assert response.status_code == 302
    assert reverse("organizations:sign_in") in response["Location"]


@pytest.mark.django_db
def test_a_platform_that_nobody_knows_is_not_found(client_of, analyst):
    assert client_of(analyst).get(article_of("nobody")).status_code == 404


@pytest.mark.django_db
def test_the_table_has_the_documents_columns_and_leads_to_every_article(client_of, analyst):
    response = client_of(analyst).get(HELP)
    page = response.content.decode()
    for column in ("Destination", "User permissions to authorize connection"):
        assert f'<th scope="col">{column}</th>' in page
    for platform in registry:
        assert f'href="{article_of(platform.key)}"' in page
        assert f'href="{html.escape(platform.permission.help_url)}"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("key", WORDS)
def test_the_permission_is_said_in_the_documents_words(client_of, analyst, key):
    text, link = WORDS[key]
    client = client_of(analyst)
    for address in (HELP, article_of(key)):
        said = words_of(client.get(address))
        assert text in said
        assert f"{link} (opens a new tab)" in said


@pytest.mark.django_db
def test_it_is_said_whether_a_platform_is_set_up_here(
    client_of, analyst, sample_platform, settings
):
    client = client_of(analyst)
    assert "Not set up here" not in words_of(client.get(article_of("sample")))
    assert reverse("authorizations:new") in client.get(article_of("sample")).content.decode()
    assert "Set up" in words_of(client.get(HELP))
    settings.PLATFORM_ENVIRONMENT = {}
    assert "Not set up here" in words_of(client.get(article_of("sample")))
    assert re.search(r"\bSet up\b", words_of(client.get(HELP))) is None


@pytest.mark.django_db
@pytest.mark.parametrize("key", KEYS)
def test_an_article_shows_every_field_with_its_help_and_limits(client_of, analyst, key):
    platform = registry.get(key)
    said = words_of(client_of(analyst).get(article_of(key)))
    for field in (*platform.authorization_fields, *platform.destination_fields):
        told = [field.label, field.help, field.pattern_message]
        told += [label for _, label in field.choices]
        told += [
            f"{number:,}" for number in (field.max_length, field.minimum, field.maximum) if number
        ]
        assert [each for each in told if shown(each) not in said] == []
    assert all(sentence in said for sentence in platform.check_destination({}).values())


@pytest.mark.django_db
@pytest.mark.parametrize("key", KEYS)
def test_an_article_shows_every_identifier_as_written_cleaned_and_hashed(client_of, analyst, key):
    said = words_of(client_of(analyst).get(article_of(key)))
    for identifier in registry.get(key).identifiers:
        cleaned = identifier.normalize(identifier.example)
        hashed = hashlib.sha256(cleaned.encode()).hexdigest()
        row = f"{identifier.label} {identifier.example} {cleaned} {hashed}"
        assert shown(row) in said


@pytest.mark.django_db
@pytest.mark.parametrize("key", KEYS)
def test_an_article_says_what_to_prepare_what_is_asked_and_how_it_ends(client_of, analyst, key):
    platform = registry.get(key)
    said = words_of(client_of(analyst).get(article_of(key)))
    assert platform.prepare
    assert platform.consent_asks
    assert platform.approvals
    sentences = (*platform.prepare, *platform.consent_asks, *platform.scopes)
    assert [each for each in sentences if each not in said] == []
    assert platform.revocation.words in said


@pytest.mark.django_db
@pytest.mark.parametrize("key", KEYS)
def test_an_article_says_the_limits_in_words(client_of, analyst, key):
    limits = registry.get(key).limits
    said = words_of(client_of(analyst).get(article_of(key)))
    assert f"At most {limits.batch_rows:,} rows" in said
    assert said.count("requests a second are sent") == sum(
        rate.seconds == 1 for rate in limits.rates
    )
    assert all(f"At most {rate.count:,} requests" in said for rate in limits.rates)
    assert f"Fewer than {limits.minimum_audience:,} matched people" in said


@pytest.mark.django_db
def test_an_adapter_that_declares_no_words_of_its_own_has_an_article_too(
    client_of, analyst, sample_platform, monkeypatch
):
    monkeypatch.setattr(type(sample_platform), "scopes", ())
    said = words_of(client_of(analyst).get(article_of("sample")))
    assert "act at Sample Ads for the person" in said
    assert "In its own terms" not in said
    assert "empties an audience in one call" in said
    monkeypatch.setattr(type(sample_platform), "replace", Replace.BY_DIFFERENCE)
    assert "no call that empties an audience" in words_of(
        client_of(analyst).get(article_of("sample"))
    )


@pytest.mark.django_db
def test_it_is_said_where_a_grant_is_shared_or_a_person_must_end_it(
    client_of, analyst, sample_platform, monkeypatch
):
    client, address = client_of(analyst), article_of("sample")
    assert "Then a person ends the access at Sample Ads." in words_of(client.get(address))
    by_call = Revocation(by_call=True, url="", words="At once.")
    monkeypatch.setattr(type(sample_platform), "revocation", by_call)
    assert "access is ended at Sample Ads by the same step." in words_of(client.get(address))
    monkeypatch.setattr(type(sample_platform), "grants_are_shared", True)
    assert "or with the last authorization here of the same account" in words_of(
        client.get(address)
    )


@pytest.mark.parametrize(
    ("rate", "sentence"),
    [
        (Rate(10, 1.0, Per.AUTHORIZATION), "10 requests a second are sent for each authorization."),
        (Rate(1, 60.0, Per.APP), "1 request a minute are sent for everybody here together."),
        (
            Rate(2_999, 3_600, Per.AD_ACCOUNT),
            "2,999 requests an hour are sent for each ad account.",
        ),
        (Rate(5, 900, Per.APP), "5 requests in 900 seconds are sent for everybody here together."),
    ],
)
def test_rates_are_put_into_words(rate, sentence):
    said = list(articles.limits_in_words(Limits(batch_rows=10, rates=(rate,))))
    assert said == [
        "At most 10 rows are sent in a request.",
        f"At most {sentence}",
        "No smallest audience is published.",
    ]


def test_bytes_are_put_into_words():
    limits = Limits(batch_rows=10_000, rates=(), batch_bytes=4_500_000)
    assert next(articles.limits_in_words(limits)) == (
        "At most 10,000 rows and 4.5 MB are sent in a request."
    )


@pytest.mark.parametrize(
    ("about", "sentences"),
    [
        ({"kind": FieldKind.INTEGER}, ["A whole number."]),
        ({"kind": FieldKind.INTEGER, "minimum": 1}, ["A whole number, at least 1."]),
        ({"kind": FieldKind.INTEGER, "maximum": 9}, ["A whole number, at most 9."]),
        (
            {"kind": FieldKind.INTEGER, "minimum": 0, "maximum": 9999, "initial": "7"},
            ["A whole number from 0 to 9,999.", "Filled in at first: 7."],
        ),
        (
            {"kind": FieldKind.CHOICE, "choices": (("a", "Ant"), ("b", "Bee")), "initial": "b"},
            ["One of: Ant, Bee.", "Filled in at first: Bee."],
        ),
        ({"kind": FieldKind.LONG_TEXT}, ["At most 2,000 characters."]),
        (
            {"max_length": 1000, "pattern": "[0-9]+", "pattern_message": "Digits only."},
            ["At most 1,000 characters.", "Digits only."],
        ),
    ],
)
def test_the_limits_of_a_field_are_put_into_words(about, sentences):
    assert list(articles.field_limits(FormField("name", "Name", **about))) == sentences


@pytest.mark.parametrize("key", KEYS)
def test_operators_have_a_page_for_every_platform(key):
    page = (PAGES / f"{key}.md").read_text()
    assert f"<PUBLIC_URL>/authorizations/callback/{key}/" in page
    assert all(name in page for name in needed_variables(key))
    assert f"]({key}.md)" in (PAGES / "README.md").read_text()


def test_there_is_no_operators_page_for_a_platform_that_is_gone():
    assert {page.stem for page in PAGES.glob("*.md")} == {*KEYS, "README"}
