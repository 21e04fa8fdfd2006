"""What X is told people by, and its form of a destination."""

from __future__ import annotations

from collections.abc import Mapping

from providers import audience_form, identifier_types, identifiers
from providers.declarations import FieldKind, FormField, IdentifierType
from providers.values import AudienceRequest

# A destination's field, and its two words.
PHONE_FIELD = "phone_form"
WITH_PLUS, DIGITS = "plus", "digits"

_PHONE = "phone_number"
# https://developer.x.com/en/docs/x-ads-api/audiences/overview/user-data
# Not here: `partner_user_id`, the only one that X takes unhashed, as a batch holds digests alone.
IDENTIFIERS = (
    identifier_types.email("email", identifiers.email),
    # X does not document how phones are written. Other senders leave them in E.164 with the `+`;
    # a destination may ask for digits alone.
    identifier_types.phone(_PHONE, identifiers.phone_e164),
    identifier_types.mobile_ad_id("device_id", identifiers.device_id),
    IdentifierType(
        "handle",
        "X handle",
        "handle",
        identifiers.handle,
        ("handle", "xhandle", "twitterhandle", "screenname", "handlehash", "handlesha256"),
        "@XDevelopers",
        # Any short word may be one.
        by_name_only=True,
    ),
    IdentifierType(
        "twitter_id",
        "X user id",
        "twitter_id",
        identifiers.numeric_id,
        ("twitterid", "xid", "xuserid", "twitteruserid", "twitteridhash", "twitteridsha256"),
        "2244994945",
        by_name_only=True,
    ),
)

_IN_DIGITS = tuple(
    identifier_types.phone(_PHONE, identifiers.phone_digits)
    if each.key == identifier_types.PHONE
    else each
    for each in IDENTIFIERS
)

# Letters that break the creation of an audience, by reports of other senders.
# https://experienceleague.adobe.com/docs/audience-manager
_BREAKING = "+&,%:;@/=?$"

DESTINATION_FIELDS = (
    FormField(
        name="audience_name",
        label="Audience name",
        max_length=254,
        example="Spring buyers",
        pattern=f"[^{_BREAKING}]+",
        pattern_message="X does not take a name with + & , % : ; @ / = ? or $.",
        help="The ad account's audience of this name is used; if there is none, it is created.",
    ),
    FormField(
        name="description",
        label="Description",
        kind=FieldKind.LONG_TEXT,
        help="For a new audience.",
    ),
    FormField(
        name="audience_id",
        label="Existing audience id",
        max_length=40,
        pattern="[0-9A-Za-z]+",
        pattern_message="A custom audience id consists of letters and digits.",
        help="A custom audience that is there already, instead of a name.",
    ),
    FormField(
        name=PHONE_FIELD,
        label="Phone numbers are hashed",
        kind=FieldKind.CHOICE,
        initial=WITH_PLUS,
        choices=((WITH_PLUS, "With their +"), (DIGITS, "As digits only")),
        help="X does not say which. If it finds few of the phone numbers, use the other. "
        "Numbers that come hashed stay as they are.",
    ),
    FormField(
        name=audience_form.MEMBERSHIP_FIELD,
        label="Membership (days)",
        kind=FieldKind.INTEGER,
        minimum=1,
        maximum=9999,
        help="How long people stay after they were last sent. Left empty, X keeps them 13 months.",
    ),
)


def identifiers_for(settings: Mapping[str, str]) -> tuple[IdentifierType, ...]:
    """Return the identifier types, with phone numbers written as the destination asks."""
    return _IN_DIGITS if settings.get(PHONE_FIELD) == DIGITS else IDENTIFIERS


def check(settings: Mapping[str, str]) -> dict[str, str]:
    """Ask for either a name or an existing audience."""
    return audience_form.name_or_id(settings, id_field="audience_id", thing="audience")


def audience_request(ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
    """Say which custom audience a destination's form asks for."""
    return audience_form.request_from(ad_account_id, settings, id_field="audience_id")
