"""Amazon's form of a destination, and what it asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from providers import audience_form
from providers.declarations import FieldKind, FormField
from providers.values import AudienceRequest

DSP, AMC, BOTH = "dsp", "amc", "both"
_DAY = 86_400
LONGEST_DAYS = 397
GRANTED = "granted"

# Where hashed records of people are matched, by the audiences guide.
_COUNTRIES = {
    "AE": "United Arab Emirates",
    "AU": "Australia",
    "BE": "Belgium",
    "BR": "Brazil",
    "CA": "Canada",
    "DE": "Germany",
    "EG": "Egypt",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "MX": "Mexico",
    "NL": "Netherlands",
    "PL": "Poland",
    "SA": "Saudi Arabia",
    "SE": "Sweden",
    "SG": "Singapore",
    "TR": "Turkey",
    "US": "United States",
}
# Of these: the European Economic Area, the United Kingdom and Switzerland.
_CONSENT_NEEDED = {"BE", "DE", "ES", "FR", "GB", "IT", "NL", "PL", "SE"}
_CURRENCIES = (
    "AED",
    "AUD",
    "CAD",
    "CNY",
    "EUR",
    "GBP",
    "INR",
    "JPY",
    "MXN",
    "SAR",
    "SEK",
    "TRY",
    "USD",
)

DESTINATION_FIELDS = (
    FormField(
        name="send_to",
        label="Send to",
        kind=FieldKind.CHOICE,
        initial=DSP,
        choices=(
            (DSP, "Amazon DSP"),
            (AMC, "Amazon Marketing Cloud (AMC)"),
            (BOTH, "AMC and Amazon DSP"),
        ),
        example=DSP,
        help="For AMC, give its account and instance below.",
    ),
    FormField(
        name="audience_name",
        label="Audience name",
        max_length=128,
        # Amazon calls it alphanumeric; its own examples have spaces.
        pattern=r"[0-9A-Za-z][0-9A-Za-z _-]{9,127}",
        pattern_message="10 to 128 letters, digits, spaces, hyphens and underscores.",
        example="Spring buyers 2026",
        help="Of a new audience. Amazon cannot be asked for an audience by its name.",
    ),
    FormField(
        name="audience_id",
        label="Existing audience id",
        max_length=40,
        pattern="[0-9]+",
        pattern_message="An audience id consists of digits.",
        help="An audience that this API created already, instead of a name.",
    ),
    FormField(
        name="description",
        label="Description",
        kind=FieldKind.LONG_TEXT,
        max_length=1000,
        example="Bought in spring",
        help="For a new audience. Left empty, it is the name.",
    ),
    FormField(
        name="country",
        label="Country",
        kind=FieldKind.CHOICE,
        choices=(("", "Not said"), *_COUNTRIES.items()),
        example="US",
        help="Where the people are. Without it Amazon finds fewer of them.",
    ),
    FormField(
        name=audience_form.MEMBERSHIP_FIELD,
        label="Membership (days)",
        kind=FieldKind.INTEGER,
        initial=str(LONGEST_DAYS),
        minimum=1,
        maximum=LONGEST_DAYS,
        example="180",
        help="For a new audience: how long people stay after they were last sent.",
    ),
    FormField(
        name="consent",
        label="Consent",
        kind=FieldKind.CHOICE,
        choices=(("", "Not said"), (GRANTED, "Everybody in the files gave Amazon consent")),
        help="Needed for people in the United Kingdom, the European Economic Area and "
        "Switzerland: to the storage and to the use of their data by Amazon for advertising.",
    ),
    FormField(
        name="amc_account",
        label="AMC account id",
        max_length=40,
        pattern="ENTITY[0-9A-Z]+",
        pattern_message="An AMC account id is ENTITY and then letters and digits.",
        help="Left empty, it is the ad account, where that is one of AMC.",
    ),
    FormField(
        name="amc_marketplace",
        label="AMC account's marketplace id",
        max_length=20,
        pattern="[0-9A-Z]+",
        pattern_message="A marketplace id consists of capital letters and digits.",
        help="ATVPDKIKX0DER, say, for the United States.",
    ),
    FormField(
        name="amc_instance",
        label="AMC instance id",
        max_length=40,
        pattern="[0-9a-z]+",
        pattern_message="An instance id consists of small letters and digits.",
    ),
    FormField(
        name="cpm_cents",
        label="CPM fee (cents)",
        kind=FieldKind.INTEGER,
        minimum=0,
        help="For a new audience: what advertisers are charged for a thousand impressions.",
    ),
    FormField(
        name="cpm_currency",
        label="CPM fee's currency",
        kind=FieldKind.CHOICE,
        choices=(("", "None"), *((each, each) for each in _CURRENCIES)),
    ),
)


def value(settings: Mapping[str, str], name: str) -> str:
    """Return what was filled in, without the spaces around it."""
    return settings.get(name, "").strip()


def check(settings: Mapping[str, str]) -> dict[str, str]:
    """Say what is wrong across the fields."""
    wrong = audience_form.name_or_id(settings, id_field="audience_id", thing="audience")
    if wrong:
        return wrong
    is_new_in_amc = sends_to_amc(settings) and not value(settings, "audience_id")
    for name in ("amc_instance", "amc_marketplace"):
        if is_new_in_amc and not value(settings, name):
            return {name: "AMC needs its instance id and its account's marketplace id."}
    return _check_consent(settings) or _check_fee(settings)


def _check_consent(settings: Mapping[str, str]) -> dict[str, str]:
    if value(settings, "country") in _CONSENT_NEEDED and not value(settings, "consent"):
        return {"consent": "People in this country must have consented before they are sent."}
    if value(settings, "consent") and not value(settings, "country"):
        return {"country": "Say where the people are who consented."}
    return {}


def _check_fee(settings: Mapping[str, str]) -> dict[str, str]:
    if bool(value(settings, "cpm_cents")) is not bool(value(settings, "cpm_currency")):
        return {"cpm_currency": "A fee needs both, an amount and its currency."}
    return {}


def sends_to_amc(settings: Mapping[str, str]) -> bool:
    """Say whether Amazon Marketing Cloud is to get the audience."""
    return value(settings, "send_to") in {AMC, BOTH}


def audience_request(ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
    """Say which audience a destination's form asks for."""
    return audience_form.request_from(ad_account_id, settings, id_field="audience_id")


def new_audience(request: AudienceRequest, target: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that creates an audience."""
    settings = request.settings
    days = int(value(settings, "membership_days") or LONGEST_DAYS)
    details: dict[str, Any] = {"externalAudienceId": _our_id(request), "ttl": days * _DAY}
    if value(settings, "cpm_cents"):
        fee = {
            "cpmCents": int(value(settings, "cpm_cents")),
            "currency": value(settings, "cpm_currency"),
        }
        details["audienceFees"] = [fee]
    body = {
        "name": request.name,
        "description": value(settings, "description") or request.name,
        "targetResource": target,
        "metadata": details,
    }
    country = value(settings, "country")
    return {**body, "countryCode": country} if country else body


def of_every_record(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form says of every person: where they are and what they consented to."""
    country = value(settings, "country")
    said: dict[str, Any] = {"countryCode": country} if country else {}
    if value(settings, "consent") == GRANTED:
        amazon = {"amznAdStorage": "GRANTED", "amznUserData": "GRANTED"}
        geo = {"geo": {"countryCode": country}} if country else {}
        said["userConsent"] = {**geo, "consent": {"amzn": amazon}}
    return said


def _our_id(request: AudienceRequest) -> str:
    """Return our own id of an audience, the same whenever it is asked for."""
    settings = request.settings
    asked = (request.ad_account_id, value(settings, "send_to") or DSP, request.name)
    return f"audience-{hashlib.sha256(chr(10).join(asked).encode()).hexdigest()[:32]}"
