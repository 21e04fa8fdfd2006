"""Snapchat's people and habits in the sandbox, and what its sheet expects."""

from providers.errors import NotThere
from providers.values import Verdict
from tests.contract.facts import Facts, Refresh

UK = "497979f0-ea17-4971-8288-054883f1caca"
DE = "8adc3db7-8148-4fbf-999c-8d2266369d74"
NORTH = "1d1a9b6c-6a0f-4f0e-9c43-5d0d0b8f1c11"
SOUTH = "2e2b0c7d-7b10-401f-8d54-6e1e1c902d22"
WEST = "3f3c1d8e-8c21-4120-9e65-7f2f2da13e33"

YES, NO, LATER = Verdict.SUFFICIENT, Verdict.INSUFFICIENT, Verdict.UNVERIFIED

FACTS = Facts(
    people={
        "Olivia Org-Admin": {UK: YES, DE: YES},
        "Amir Agency": {NORTH: YES, SOUTH: YES},
        # Snap's table of roles names no audiences for a Campaign Manager.
        "Carla Campaign": {UK: LATER},
        "Dana Data": {UK: YES},
        "Rita Reports": {UK: NO},
        "Bea Business": {UK: NO, DE: NO},
        "Dan Data-Admin": {UK: NO, DE: NO},
        "Mia Mixed": {UK: YES, DE: NO, NORTH: YES, SOUTH: NO, WEST: NO},
        "Nora None": {},
        "Adam Account-Admin": {DE: YES},
    },
    writer="Dana Data",
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
        "": Refresh.SILENT,
        "refresh_none": Refresh.SILENT,
        "refresh_same": Refresh.SAME,
        "refresh_rotate": Refresh.ROTATES,
    },
    own_faults={
        "error_in_200": NotThere,
        "json_401": None,
        "mixed_case": None,
        "failing_organization": None,
        "me_flip": None,
        "old_me": None,
        "fail_after_clear": None,
        "grant_error_401": None,
        "no_scope": None,
        "refresh_same": None,
    },
    settings={
        "audience_name": "Autumn buyers",
        "description": "Bought in autumn",
        "retention_days": "180",
    },
    name_field="audience_name",
    digests={
        "email": {
            "person@email.com": "b375b7bbddb3de3298fbc7641063d9f03a38e118aa4480c8ab9f58740982e8bd",
            " Person@Email.COM ": (
                "b375b7bbddb3de3298fbc7641063d9f03a38e118aa4480c8ab9f58740982e8bd"
            ),
        },
        "phone": {
            "+1(706)-767-5127": "2fd199db6d3fa9fe754886ff1822f2867fcb104a6639495eca25c2978efe4ed4",
            "0017067675127": "2fd199db6d3fa9fe754886ff1822f2867fcb104a6639495eca25c2978efe4ed4",
        },
        "mobile_ad_id": {
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6": (
                "30a5154b77ab8b2ddbe19f5e7af72f33cc2a4a41f22940d965102650a1c72863"
            ),
            "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6": (
                "30a5154b77ab8b2ddbe19f5e7af72f33cc2a4a41f22940d965102650a1c72863"
            ),
        },
    },
    refuses_more_than=100_000,
    small_pages="small_pages",
)
