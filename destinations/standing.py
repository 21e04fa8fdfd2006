"""Whether a destination can be exported to, derived from what is known now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from authorizations.health import Health, State, state_of, with_ad_account_counts
from authorizations.models import AdAccount, Authorization
from destinations.models import Destination
from providers.registry import registry

PAUSED = "Paused"
READY = "Ready"
DELETED = "Deleted"
NOT_INSTALLED = "Platform not installed"
MISSING_PERMISSION = Health.MISSING_PERMISSION.value
NEEDS_RECONNECTION = Health.NEEDS_RECONNECTION.value


@dataclass(frozen=True)
class Standing:
    """How a destination stands: in a word, with its tone, and why it cannot be exported to."""

    words: str
    tone: str
    why: str
    may_export: bool
    authorization: State | None


def standings(rows: Iterable[Destination]) -> dict[Destination, Standing]:
    """Return how each of these destinations stands, in two queries. In the fence."""
    rows = list(rows)
    used = {row.authorization_id for row in rows if row.authorization_id}
    counted = with_ad_account_counts(Authorization.objects.filter(pk__in=used))
    states = {authorization.pk: state_of(authorization) for authorization in counted}
    wanted = {row.ad_account_id for row in rows}
    ad_accounts = {
        (found.authorization_id, found.platform_id): found
        for found in AdAccount.objects.filter(authorization__in=used, platform_id__in=wanted)
    }
    found: dict[Destination, Standing] = {}
    for row in rows:
        state = ad_account = None
        if row.authorization_id is not None:
            state = states.get(row.authorization_id)
            ad_account = ad_accounts.get((row.authorization_id, row.ad_account_id))
        found[row] = _standing(row, state, ad_account)
    return found


def standing_of(row: Destination) -> Standing:
    """Return how one destination stands. In the fence."""
    return standings([row])[row]


def out_of_reach(ad_account_id: str, ad_account: AdAccount | None) -> str:
    """Say why nothing can be written to an ad account; empty where it can."""
    if not ad_account_id:
        return "No ad account is chosen."
    if ad_account is None or ad_account.gone_at is not None:
        return "The authorization does not reach the ad account any more."
    if not ad_account.usable:
        why = ad_account.reason.rstrip(".") or "ask for it at the platform"
        return f"The authorizing person lacks permission in the ad account: {why}."
    return ""


def _standing(row: Destination, state: State | None, ad_account: AdAccount | None) -> Standing:
    if row.deleted_at is not None:
        return Standing(DELETED, "rest", "It was deleted.", may_export=False, authorization=state)
    trouble = _trouble(row, state, ad_account)
    if trouble is not None:
        words, why = trouble
        return Standing(words, "bad", why, may_export=False, authorization=state)
    if row.paused_at is not None:
        why = "Nothing is sent until it is resumed."
        return Standing(PAUSED, "rest", why, may_export=False, authorization=state)
    return Standing(READY, "good", "", may_export=True, authorization=state)


def _trouble(
    row: Destination, state: State | None, ad_account: AdAccount | None
) -> tuple[str, str] | None:
    """Return what a person must mend, in a word, and why; None where there is nothing."""
    if row.platform not in registry:
        return NOT_INSTALLED, "This product does not know its platform any more."
    if state is None:
        return NEEDS_RECONNECTION, "It has no authorization."
    if state.health == Health.REMOVED:
        return NEEDS_RECONNECTION, "Its authorization was removed."
    if not state.usable:
        return state.health.value, state.why
    why = out_of_reach(row.ad_account_id, ad_account)
    return (MISSING_PERMISSION, why) if why else None
