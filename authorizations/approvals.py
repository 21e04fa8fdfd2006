"""What was learned of an approval, and how it becomes an authorization or reconnects one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from authorizations import services
from authorizations.endings import finish
from authorizations.health import Health, state_of, with_ad_account_counts
from authorizations.models import AttemptState, Authorization, AuthorizationAttempt
from providers.values import AdAccount, Grant, Identity, Verdict


@dataclass(frozen=True)
class Approval:
    """Who approved, which ad accounts they reach with which roles, and what was not granted."""

    grant: Grant
    identity: Identity
    accounts: list[AdAccount]
    missing_scopes: frozenset[str]

    def as_json(self) -> dict[str, object]:
        """Return all but the grant, which an attempt keeps sealed: nothing secret."""
        return {
            "ids": sorted(self.identity.ids),
            "name": self.identity.name,
            "username": self.identity.username,
            "accounts": [asdict(account) for account in self.accounts],
            "missing_scopes": sorted(self.missing_scopes),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], grant: Grant) -> Approval:
        """Return what `as_json` gave, with the grant."""
        return cls(
            grant=grant,
            identity=Identity(frozenset(kept["ids"]), kept["name"], kept["username"]),
            accounts=[_account(each) for each in kept["accounts"]],
            missing_scopes=frozenset(kept["missing_scopes"]),
        )


def apply(attempt: AuthorizationAttempt, approval: Approval, *, as_new: bool) -> bool:
    """End an attempt well: create its authorization or swap the tokens in place. In the fence.

    False, nothing changed, where somebody else moved the attempt.
    """
    if not attempt.move(AttemptState.DONE, learned={}):
        return False
    save = services.authorization_create if as_new else services.authorization_reconnect
    row = save(
        attempt=attempt,
        grant=approval.grant,
        identity=approval.identity,
        missing=approval.missing_scopes,
    )
    services.ad_accounts_save(authorization=row, accounts=approval.accounts)
    attempt.authorization = row
    attempt.title, attempt.message = _words(row, attempt.name if as_new else row.name)
    attempt.save(update_fields=["authorization", "title", "message"])
    finish(attempt)
    return True


def _words(row: Authorization, wished: str) -> tuple[str, str]:
    counted = with_ad_account_counts(Authorization.objects.filter(pk=row.pk)).get()
    state = state_of(counted)
    renamed = f" The name “{wished}” was taken meanwhile." if row.name != wished else ""
    if state.health == Health.MISSING_PERMISSION:
        return "Missing permission", f"{row.name} is saved but cannot be used. {state.why}{renamed}"
    connected = f"Connected as {row.account_name}." if row.account_name else "Connected."
    usable = counted.ad_accounts_usable  # type: ignore[attr-defined]  # annotated
    noun = "ad account" if usable == 1 else "ad accounts"
    why = f" {state.why}." if state.why else ""
    return row.name, f"{connected} {usable} usable {noun}.{why}{renamed}"


def _account(kept: Mapping[str, Any]) -> AdAccount:
    told = {**kept, "roles": tuple(kept["roles"]), "verdict": Verdict(kept["verdict"])}
    return AdAccount(**told)
