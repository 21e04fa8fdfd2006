"""What people and operators prepare for X, in words."""

from __future__ import annotations

PREPARE = (
    (
        "Know the password of the X user who has the permission: X asks for it even where somebody "
        "is signed in, so that the intended user authorizes."
    ),
    "Have well over 100 people whom X will match and who used it in the last 90 days.",
)
CONSENT_ASKS = (
    (
        "To read and to write as that X user, in every ad account the user can reach. It holds "
        "until somebody ends it."
    ),
)
APPROVALS = (
    (
        "Ads API access for the application, at a tier that includes Custom Audiences: "
        "https://docs.x.com/forms/ads-api-access"
    ),
    (
        "The application's permission to read and write. Whoever authorized before Ads API access "
        "was granted must reconnect."
    ),
    "The redirect address, entered as a callback with its trailing slash and without a query.",
)
