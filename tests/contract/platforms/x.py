"""X's people and habits in the sandbox, and what its sheet expects."""

from providers.errors import AppMisconfigured, BadRows, NotThere, PermissionMissing, PlatformDown
from providers.values import Verdict
from tests.contract.facts import Facts

UK, DE, NORTH, SOUTH = "18ce54d4x5t", "18ce53wo3nm", "18ce54aymz3", "18ce55gze09"

YES, NO, LATER = Verdict.SUFFICIENT, Verdict.INSUFFICIENT, Verdict.UNVERIFIED

AN_ID = "5f77b50f-d5a4-4a84-9bd4-c1bb2d0a1c7e"

FACTS = Facts(
    people={
        "Ada Account-Admin": {UK: YES, DE: YES},
        "Manuel Manager": {UK: YES},
        # For data partners; whether it suffices for lists of ours is not confirmed.
        "Paula Partner": {UK: LATER},
        "Chris Creative": {UK: NO},
        "Cara Campaigns": {UK: NO},
        "Olaf Organic": {UK: NO},
        "Tom Tweets": {UK: NO},
        # South is not accepted yet.
        "Mia Mixed": {UK: NO, DE: YES, NORTH: YES, SOUTH: LATER},
        "Nora None": {},
    },
    writer="Manuel Manager",
    ad_account=UK,
    denials=(
        {"denied": "NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0"},
        {"provider": "x", "denied": "NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0"},
        {"oauth_token": "NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0"},
        {"oauth_token": "NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0", "oauth_verifier": ""},
        {},
    ),
    # Access does not expire, and nothing renews it.
    refreshes={},
    own_faults={
        # Ad accounts' own limits are told of on GET alone.
        "account_throttle": None,
        "app_not_approved": AppMisconfigured,
        "bad_clock": AppMisconfigured,
        "bad_signature_unauthorized": None,
        "count_mismatch": PlatformDown,
        "html_error": NotThere,
        "locked": PlatformDown,
        "no_user_id": None,
        "numeric_errors": None,
        "operation_errors": BadRows,
        "operation_errors_200": BadRows,
        "partner_refused": None,
        "query_in_callback": None,
        "read_only_app": AppMisconfigured,
        # Only some of them, and then it is as with operation_errors.
        "refused_people": None,
        "suspend_user": PermissionMissing,
        "unauthorized_access": None,
        "unavailable": PlatformDown,
        "users_are_writes": None,
        "xml_errors": None,
    },
    settings={
        "audience_name": "Autumn buyers",
        "description": "Bought in autumn, returned nothing",
        "membership_days": "90",
    },
    name_field="audience_name",
    digests={
        "email": {
            "abc@twitter.com": "4798b8bbdcf6f2a52e527f46a3d7a7c9aefb541afda03af79c74809ecc6376f3",
            " EDF@Twitter.com ": (
                "5bf13d5ad4200407c5bc8b9bb578e425d05ef936fd488e3799a9d0806669223c"
            ),
        },
        # X does not say how a phone is written: E.164 with its `+` is ours.
        "phone": {
            "+1 (706) 767-5127": "504e4a4d2099b8058bf7a5aaa8a6237294c9b29f28395c546684f193d308c6d3",
        },
        "mobile_ad_id": {
            AN_ID.upper(): "3d08b1365559d9e84d55d26d013b677ead84cb62b7aea317289edaa31fe62a0e",
            " A1B2C3D4E5F60718 ": (
                "b82efc46c073d9d8f6dfd0ad738a7074df7789847dd8f041c62e96000323260c"
            ),
        },
        "handle": {
            "@Twitter": "7352f353c460e74c7ae226952d04f8aa307b12329c5512ec8cb6f1a0f8f9b2cb",
            " adsapi ": "49e0be2aeccfb51a8dee4c945c8a70a9ac500cf6f5cb08112575f74db9b1470d",
        },
        "twitter_id": {
            "27674040": "aeae0e88386bc8a498ca4f15b732ada938b44aedf95fb4e45721d98ba85d7e6d"
        },
    },
    # As many people as one likes in an operation; the body's bytes are counted.
    refuses_more_than=None,
    small_pages="small_pages",
)
