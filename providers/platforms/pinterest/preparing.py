"""What people and operators prepare for Pinterest, in words."""

from __future__ import annotations

PREPARE = (
    (
        "Sign in at Pinterest as the intended account first: it authorizes whichever account is "
        "signed in, and offers no choice."
    ),
    "Have at least 100 people whom Pinterest will match; an audience cannot begin empty.",
)
CONSENT_ASKS = (
    (
        "To read ads and ad accounts, to change them, audiences included, and to read whose "
        "account it is. All three are needed."
    ),
)
APPROVALS = (
    "An application whose redirect address is entered exactly.",
    (
        "Standard access for it. On Trial access Pinterest takes 300 writes a day, and may refuse "
        "to write to ad accounts at all."
    ),
)
