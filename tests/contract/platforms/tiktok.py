"""TikTok's people and habits in the sandbox, and what its sheet expects."""

from providers.errors import AppMisconfigured, PlatformDown, Throttled, TokenRejected
from providers.values import Verdict
from tests.contract.facts import Facts

UK, DE, CLOSED = "6900000000000000001", "6900000000000000002", "6900000000000000003"
NORTH, SOUTH = "6900000000000000011", "6900000000000000012"
SOLO = "6900000000000000021"

YES, NO, LATER = Verdict.SUFFICIENT, Verdict.INSUFFICIENT, Verdict.UNVERIFIED

JANE = "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"
TESTING = "584c4423c421df49955759498a71495aba49b8780eb9387dff333b6f0982c777"
SCROOGE = "77bc071241f37b4736df28c0c1cb0a99163d1050696134325b99246b2183d408"
SEATTLE = "e0ffb2a0260bb66aa122eb449cf4a6b337f5abf405ef46341f02e2e7452c19e5"
LITHUANIA = "241371e614f8650dfae0f111361c69de1bb4829a72b71bb8044daae8b2e7791d"
DEVICE = "83dc3f5f32b9472613b0f038d36f22585a609d018af6f6067f50da318bf354bd"
DEVICES = {
    "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25": DEVICE,
    " 5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25 ": DEVICE,
}

FACTS = Facts(
    people={
        "Ada Admin": {UK: YES, DE: YES},
        "Oscar Operator": {UK: YES},
        "Anna Analyst": {UK: NO},
        "Mia Mixed": {UK: YES, DE: NO, CLOSED: NO, NORTH: YES, SOUTH: NO, SOLO: LATER},
        "Uma Untold": {NORTH: LATER},
        "Olaf Outside": {SOLO: LATER},
        "Nora None": {},
        "Sam Scopeless": {UK: LATER},
    },
    writer="Oscar Operator",
    ad_account=UK,
    # What a cancel looks like is not documented: anything without an auth_code is one.
    denials=(
        {"state": "s"},
        {"auth_code": "", "state": "s"},
        {"code": "", "state": "s"},
        {"error": "access_denied", "state": "s"},
        {},
    ),
    # There is no refresh.
    refreshes={},
    own_faults={
        "http_500": PlatformDown,
        "partial": None,
        "throttle_advertiser": Throttled,
        "not_on_allowlist": AppMisconfigured,
        "blocked_country": AppMisconfigured,
        "other_app": TokenRejected,
        "dead_code": None,
        "granted_scopes": None,
        "no_advertisers": None,
        "callback_form": None,
        "one_grant_a_person": None,
        "info_fails": None,
        # Of files: tests/contract/test_gathering.py and tests/sandbox have them.
        "file_expired": None,
        "match_fails": None,
        "user_info_post": None,
        "streaming_limits": None,
    },
    settings={"audience_name": "Autumn buyers"},
    name_field="audience_name",
    gathered_settings={"audience_name": "Autumn files", "retention_days": "30"},
    digests={
        "email": {
            "janedoe@gmail.com": JANE,
            " Jane Doe@Gmail.COM\t": JANE,
            "testing@testing.com": TESTING,
            "scroogemcduck@disney.com": SCROOGE,
        },
        "phone": {
            "+12065550142": SEATTLE,
            "+1 (206) 555-0142": SEATTLE,
            "+37493828222": LITHUANIA,
            # TikTok's help page prints the hash without the `+`; its text wants it.
            "37493828222": LITHUANIA,
        },
        "apple_ad_id": DEVICES,
        "android_ad_id": DEVICES,
    },
    # The largest request that a public client sends; TikTok publishes no limit.
    refuses_more_than=10_000,
    small_pages="small_pages",
)
