"""What people and operators prepare for Amazon Ads, in words."""

from __future__ import annotations

PREPARE = (
    "Know the account's region: North America, Europe or the Far East.",
    "Have well over 2,000 people: an audience in Amazon DSP needs 2,000 active members.",
    (
        "For people in the United Kingdom, the European Economic Area and Switzerland, have their "
        "consent to what Amazon does with their data."
    ),
    (
        "For Amazon Marketing Cloud, have its account's id and marketplace id and its instance id, "
        "and accept Amazon's terms for uploads there yourself: whoever authorizes must."
    ),
)
CONSENT_ASKS = (
    (
        "To manage campaigns, which lists the accounts that you can reach, and to manage audiences "
        "in them."
    ),
)
APPROVALS = (
    (
        "A Login with Amazon security profile, with the redirect address under its Allowed Return "
        "URLs."
    ),
    (
        "Amazon's approval of it for campaign management and for audiences (Data Provider). Until "
        "then Amazon's consent screen says that an unknown scope was requested."
    ),
)
