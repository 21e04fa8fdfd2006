"""Amazon Ads' people and habits in the sandbox, and what its sheet expects."""

from providers.errors import BadRequest, NotThere, PermissionMissing
from providers.values import Verdict
from tests.contract.facts import Facts, Refresh

US, OUTDOOR, CANADA = "585806696618602999", "585806696618603001", "585806696618604007"
NORTH, SOUTH = "590911223344556677", "590911223344556679"
# Found where the authorization's own region has nothing.
GERMANY, BRITAIN = "EU:600711223344556671", "EU:600711223344556673"
CLOUD = "ENTITY7AMC8ACME9"

YES, NO, LATER = Verdict.SUFFICIENT, Verdict.INSUFFICIENT, Verdict.UNVERIFIED

FAULKNER = "77f53c97d937d5b146f99f9dae5017853c76cde577f8dd9d986bbeec238ae0f0"
DALLAS = "fa2115f8d576a6ab722956697fc759c31d1cd6b93c8336bfebf73ed5cba2ff49"
TEXAS = "1b5b9ccb3e8d006a5230de9bda23ff91edc794d4f56410560830b418528e446c"
ZIP = "91b6147da4928d5742bb8ddb035e75f9fe77a7f88881906ac7417abf8a46effa"
TERRACE = "fe8115cbef0c2b9c5bedbedaa34b080223959365176679d9b0461465b1b08425"

FACTS = Facts(
    people={
        "Ada Admin": {US: YES, OUTDOOR: YES, CANADA: YES, CLOUD: LATER},
        "Ed Editor": {US: YES, OUTDOOR: YES},
        "Vera Viewer": {US: NO, OUTDOOR: NO},
        "Cleo Custom": {CANADA: YES},
        "Mia Mixed": {US: NO, OUTDOOR: NO, NORTH: YES, SOUTH: YES},
        # Amazon does not tell roles on accounts of Marketing Cloud.
        "Mark Cloud": {CLOUD: LATER},
        "Tina Terms": {US: YES, OUTDOOR: YES, CLOUD: LATER},
        "Eva Europe": {GERMANY: YES, BRITAIN: NO},
        "Sally Seller": {},
        "Nora None": {},
    },
    writer="Ed Editor",
    ad_account=US,
    denials=(
        {
            "error_description": "Access not permitted.",
            "state": "s",
            "error": "access_denied",
        },
        {
            "error": "invalid_scope",
            "error_description": "An unknown scope was requested",
            "state": "s",
        },
        {"state": "s"},
        {"code": "", "scope": "advertising::audiences", "state": "s"},
        {},
    ),
    refreshes={
        "": Refresh.SAME,
        "refresh_none": Refresh.SILENT,
        "refresh_rotate": Refresh.ROTATES,
    },
    own_faults={
        "scope_not_approved": None,
        "scope_error_page": None,
        "profile_approved": None,
        "narrow_consent": None,
        "not_on_list": PermissionMissing,
        "bare_401": None,
        "permission_401": None,
        "audiences_scope_needed": None,
        "tokeninfo_anonymous": None,
        "profiles_view": None,
        "profiles_need_campaigns": None,
        "small_patches": None,
        "capital_message": None,
        "no_retry_after": None,
        "metadata_200": None,
        "flat_target": None,
        "job_completed": None,
        "job_failed": BadRequest,
        "job_partial": 2,
        "slow_jobs": None,
        "audience_gone": NotThere,
    },
    settings={
        "send_to": "dsp",
        "audience_name": "Autumn buyers 2026",
        "description": "Bought in autumn",
        "country": "US",
        "membership_days": "180",
    },
    name_field="audience_name",
    digests={
        "email": {
            "abc@example.com": "9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21",
            " test.kochar+@gmail.com ": (
                "bd0bcf03735a1a00c6f1dd21c63c5d819e7e450298f301698192e8df90da3bb3"
            ),
            "test@twilio.com": "c551027f06bd3f307ccd6abb61edc500def2680944c010e932ab5b27a3a8f151",
        },
        "phone": {
            " (19)2293719271": "c161700d73a5c32b84701ebed43b9febe117ea1ebbd4e150eab92890186fb455",
            "+1 571 412 0599": "8ae78b78db5e45aff4a0646198a9f1e60270ba153349b29b4ce0bbd2f5ec9cc9",
        },
        "first_name": {"Faulkner": FAULKNER, " FAULKNER ": FAULKNER},
        "last_name": {
            "Checketts": "357df1c6702954e5d6ab9741d9430d01cd08f262352934bdde254a014c3fb99c"
        },
        "address": {"8 Bluestem Terrace": TERRACE, "8, bluestem ter.": TERRACE},
        "city": {"Dallas": DALLAS, "DALLAS!": DALLAS},
        "state": {"Texas": TEXAS, "tx": TEXAS},
        "postal": {"75236-9599": ZIP, "75236": ZIP},
    },
    refuses_more_than=10_000,
    # Audiences cannot be listed.
    small_pages=None,
    free_text=frozenset({"first_name", "last_name", "address", "city"}),
)
