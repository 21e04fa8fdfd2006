"""What people and operators prepare for TikTok, in words."""

from __future__ import annotations

PREPARE = (
    "Have the e-mail of the TikTok login at hand: TikTok may send a code there to be typed in.",
    "Have at least 1,000 people whom TikTok will match.",
    "Keep Apple's and Google's mobile ad ids in columns of their own.",
)
CONSENT_ASKS = (
    (
        "What the application is registered for: ad account management and audience management. "
        "You may approve less, but without audience management nothing can be exported."
    ),
)
APPROVALS = (
    (
        "Ad Account Management and Audience Management for the application. With Business Center, "
        "too, people's roles can be read; without, they are verified at the first export."
    ),
    "The Segment (streaming) API: TikTok refuses some applications until it has let them in.",
    "The redirect address, one of at most ten.",
)
