"""Pinterest's people and habits in the sandbox, and what its sheet expects."""

from providers.errors import AppMisconfigured, NotThere, Throttled, TokenRejected
from providers.values import Verdict
from tests.contract.facts import Facts, Refresh

UK, DE = "549755885175", "549755885176"
NORTH, SOUTH, WEST = "549755901001", "549755901002", "549755901003"

YES, NO, LATER = Verdict.SUFFICIENT, Verdict.INSUFFICIENT, Verdict.UNVERIFIED

FACTS = Facts(
    people={
        "Olive Owner": {UK: YES, DE: YES},
        "Adam Admin": {UK: YES},
        "Audrey Audience": {UK: YES},
        "Carl Campaign": {UK: NO},
        "Ana Analyst": {UK: NO},
        "Fin Finance": {DE: NO},
        # Whether a restricted owner may create customer lists is not confirmed.
        "Rhea Restricted": {UK: LATER},
        "Mia Mixed": {UK: YES, DE: NO, NORTH: YES, SOUTH: NO, WEST: NO},
        "Paul Pinner": {},
    },
    writer="Audrey Audience",
    ad_account=UK,
    # What a cancel looks like is not documented: anything without a code is one.
    denials=(
        {"error": "access_denied", "state": "s"},
        {"error": "access_denied", "error_description": "The user said no", "state": "s"},
        {"state": "s"},
        {"code": "", "state": "s"},
        {},
    ),
    refreshes={
        "": Refresh.ROTATES,
        "refresh_rotate": Refresh.ROTATES,
        "refresh_none": Refresh.SILENT,
        "old_refresh_lives": Refresh.ROTATES,
        "rfc_token_errors": Refresh.ROTATES,
        "old_app": Refresh.ROTATES,
    },
    own_faults={
        "sandbox_token": TokenRejected,
        "archived": NotThere,
        "trial_refused": AppMisconfigured,
        "trial_access": None,
        "spam_block": Throttled,
        "reset_is_a_time": None,
        "rfc_token_errors": None,
        "bad_code_is_401": None,
        "old_refresh_lives": None,
        "old_app": None,
        "narrow_consent": None,
        "audience_needs_ready": None,
        "largest_call": None,
        "restricted_owner_refused": None,
        "new_role": None,
        # The last one: what was granted is over then.
        "password_change": TokenRejected,
    },
    settings={"audience_name": "Autumn buyers", "description": "Bought in autumn"},
    name_field="audience_name",
    digests={
        "email": {
            "person@email.com": "b375b7bbddb3de3298fbc7641063d9f03a38e118aa4480c8ab9f58740982e8bd",
            " Person@Email.COM ": (
                "b375b7bbddb3de3298fbc7641063d9f03a38e118aa4480c8ab9f58740982e8bd"
            ),
        },
        "android_ad_id": {
            " CDDA802E-FB9C-47AD-9866-0794D394C912": (
                "f23b554b2a8fb732a8b973733832e70f018da7bc294dfea289735a07d5dd2c9f"
            ),
        },
        "apple_ad_id": {
            "ea7583cd-a667-48bc-b806-42ecb2b48606 ": (
                "70574fa9c8f498a7b2e5c8712b1126de7b1406fd02fdc591821c5bd33092fd1c"
            ),
        },
    },
    # No maximum is published.
    refuses_more_than=None,
    small_pages="small_pages",
)
