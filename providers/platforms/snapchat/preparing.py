"""What people and operators prepare for Snapchat, in words."""

from __future__ import annotations

PREPARE = (
    (
        "Be a member of the organization that holds the ad account: the roles in it and in its ad "
        "accounts count. Its role Data Admin does not suffice: it is for reports only."
    ),
    (
        "Have 8,000 to 10,000 people ready: of fewer, too few may be matched for an audience that "
        "can be targeted."
    ),
    "Stay a member afterwards: whoever leaves the organization takes the access along.",
)
CONSENT_ASKS = (
    (
        "One permission, for the Marketing API. It reaches what your own roles reach in your "
        "organizations and their ad accounts."
    ),
)
APPROVALS = (
    (
        "An OAuth app of the Marketing API, made by an Organization Admin in Business Details. A "
        "client of Login Kit is another thing and does not do."
    ),
    "The redirect address, entered in that app. Its secret is shown once.",
)
