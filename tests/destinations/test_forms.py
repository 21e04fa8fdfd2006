"""What the form offers, and what it says to wrong input."""

import pytest
from django.http import QueryDict
from django.utils import timezone

from authorizations.models import AdAccount
from destinations.forms import DestinationForm, filled_of, filled_of_draft
from organizations import fence
from providers.values import AdAccount as Found
from providers.values import Verdict
from tests.factories import authorized, change, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside(acme):
    with fence.inside(acme.id):
        yield


def form(usable, /, instance=None, **values) -> DestinationForm:
    """Return the form with good values, except for those given."""
    posted = {
        "name": "Loyal customers",
        "platform": "sample",
        "authorization": str(usable.pk),
        "ad_account": "a1",
        "identifiers": "email",
        "sample-audience_name": "Loyal",
        "sample-days": "30",
        **values,
    }
    data = QueryDict(mutable=True)
    data.update({name: value for name, value in posted.items() if value is not None})
    return DestinationForm(data, instance=instance)


def valid(asked) -> DestinationForm:
    assert asked.is_valid(), asked.errors
    return asked


def options(bound) -> dict[str, str]:
    """Return what a dropdown shows: value -> words."""
    return {str(value): words for value, words in bound.field.choices}


def test_a_good_form_is_what_a_service_takes(authorization, inside):
    filled = valid(form(authorization, name=" Loyal customers ")).filled()
    assert filled.name == "Loyal customers"
    assert filled.authorization == authorization
    assert filled.ad_account.platform_id == "a1"
    assert filled.identifiers == ["email"]
    assert filled.settings == {"audience_name": "Loyal", "days": "30"}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Give the destination a name."),
        ("name", "   ", "Give the destination a name."),
        ("name", "x" * 121, "at most 120 characters"),
        ("name", "a\x00b", "Null characters are not allowed."),
        ("platform", "", "Choose a platform."),
        ("platform", "nobody", "not set up here"),
        ("authorization", "", "Choose an authorization."),
        ("authorization", "00000000-0000-0000-0000-000000000000", "cannot be used any more"),
        ("authorization", "hostile", "cannot be used any more"),
        ("ad_account", "", "Choose an ad account."),
        ("ad_account", "a404", "not within the authorization's reach any more"),
        ("ad_account", "a3", "lacks permission in the ad account: needs Sample Editor."),
        ("identifiers", "", "Choose what the lists identify people by."),
        ("identifiers", "telepathy", "telepathy is not one of the available choices"),
        ("sample-audience_name", "", "“Audience name” is needed."),
        ("sample-audience_name", "x" * 51, "at most 50 characters"),
        ("sample-days", "0", "greater than or equal to 1"),
        ("sample-days", "many", "Enter a whole number."),
    ],
)
def test_wrong_input_is_said_once_at_its_field(authorization, inside, field, value, sentence):
    asked = form(authorization, **{field: value})
    assert list(asked.errors) == [field]
    assert sentence in asked.errors[field][0]


def test_a_taken_name_is_said_at_the_name(destination, authorization, inside):
    asked = form(authorization, name="LOYAL CUSTOMERS")
    assert "Choose another name." in asked.errors["name"][0]
    assert form(authorization, instance=destination).is_valid()


def test_an_ad_account_that_vanished_between_form_and_save_is_said(authorization, inside):
    AdAccount.objects.filter(platform_id="a1").update(gone_at=timezone.now())
    asked = form(authorization)
    assert list(asked.errors) == ["ad_account"]
    assert asked["name"].value() == "Loyal customers"


def test_an_authorization_that_broke_between_form_and_save_is_said(authorization, inside):
    change(authorization, broken_at=timezone.now())
    assert list(form(authorization).errors) == ["authorization"]


def test_the_adapter_looks_across_its_fields(authorization, inside, sample_platform, monkeypatch):
    monkeypatch.setattr(
        type(sample_platform),
        "check_destination",
        lambda self, settings: {"days": f"{settings['audience_name']} for {settings['days']}?"},
    )
    asked = form(authorization)
    assert asked.errors["sample-days"] == ["Loyal for 30?"]
    # A field that is wrong already is not said to be wrong twice.
    assert len(form(authorization, **{"sample-days": "0"}).errors["sample-days"]) == 1


def test_before_a_platform_is_chosen_only_name_and_platform_are_asked(
    authorization, inside, second_platform
):
    assert list(DestinationForm().fields) == ["name", "platform"]


def test_the_platforms_own_form_is_what_its_adapter_declares(authorization, inside):
    asked = DestinationForm(filled={"platform": "sample"})
    assert [bound.label for bound in asked.own_fields()] == ["Audience name", "Days"]
    assert asked["sample-days"].field.max_value == 365


def test_the_only_platform_that_is_set_up_is_chosen(authorization, inside, sample_platform):
    assert DestinationForm().chosen is sample_platform


def test_authorizations_are_offered_by_name_with_who_each_is_connected_as(
    authorization, acme, analyst, inside
):
    broken = authorized(acme, analyst, name="Broken")
    change(broken, broken_at=timezone.now())
    unusable = [Found("b1", "B", verdict=Verdict.INSUFFICIENT)]
    authorized(acme, analyst, name="Without permission", accounts=unusable)
    asked = DestinationForm(filled={"platform": "sample"})
    assert options(asked["authorization"]) == {
        "": "Choose an authorization",
        str(authorization.pk): "Acme UK (connected as Acme Ltd)",
    }


def test_the_only_usable_choice_is_made_and_with_several_none_is(
    authorization, acme, analyst, inside
):
    asked = DestinationForm(filled={"platform": "sample", "authorization": ""})
    assert asked["authorization"].value() == str(authorization.pk)
    assert asked["ad_account"].value() is None
    AdAccount.objects.filter(platform_id="a2").update(gone_at=timezone.now())
    assert DestinationForm(filled={"platform": "sample"})["ad_account"].value() == "a1"
    authorized(acme, analyst, name="Another")
    assert DestinationForm(filled={"platform": "sample"})["authorization"].value() is None


def test_ad_accounts_without_permission_are_shown_disabled_with_the_reason(authorization, inside):
    asked = DestinationForm(filled={"platform": "sample"})
    assert options(asked["ad_account"]) == {
        "": "Choose an ad account",
        "a2": "Acme DE (permission is verified at the first export)",
        "a3": "Acme FR: needs Sample Editor",
        "a1": "Acme UK",
    }
    html = str(asked["ad_account"])
    assert '<option value="a3" disabled>' in html
    assert html.count("disabled") == 1


def test_ad_accounts_are_grouped_where_the_platform_groups_them(acme, analyst, sample_platform):
    accounts = [
        Found("a1", "One", group="North", verdict=Verdict.SUFFICIENT),
        Found("a2", "Two", group="South", verdict=Verdict.SUFFICIENT),
    ]
    authorized(acme, analyst, accounts=accounts)
    with fence.inside(acme.id):
        html = str(DestinationForm(filled={"platform": "sample"})["ad_account"])
    assert '<optgroup label="North">' in html
    assert '<optgroup label="South">' in html


def test_a_stored_destinations_choices_are_never_swapped_for_what_is_left(
    destination, authorization, acme, analyst
):
    left = authorized(acme, analyst, name="What is left")
    change(authorization, broken_at=timezone.now())
    row = stored(destination)
    with fence.inside(acme.id):
        asked = DestinationForm(filled=filled_of(row), instance=row)
        assert str(left.pk) in options(asked["authorization"])
        assert asked["authorization"].value() == str(authorization.pk)


def test_a_stored_destination_fills_the_form_as_it_was_filled(destination, inside):
    filled = filled_of(destination)
    asked = DestinationForm(filled=filled, instance=destination)
    assert {name: asked[name].value() for name in asked.fields} == {
        "name": "Loyal customers",
        "platform": "sample",
        "authorization": str(destination.authorization_id),
        "ad_account": "a1",
        "identifiers": "email",
        "sample-audience_name": "Loyal",
        "sample-days": "30",
    }


def test_several_identifiers_where_the_platform_takes_them_together(
    authorization, inside, sample_platform, monkeypatch
):
    monkeypatch.setattr(type(sample_platform), "identifiers_together", True)
    draft = QueryDict("platform=sample&identifiers=second&identifiers=email")
    assert DestinationForm(filled=filled_of_draft(draft))["identifiers"].value() == [
        "second",
        "email",
    ]
    assert valid(form(authorization)).filled().identifiers == ["email"]
    none = form(authorization, identifiers=None)
    assert none.errors["identifiers"] == ["Choose at least one identifier."]
