"""Access at a platform that a decision leaves without use: ended there, and the history says so."""

from __future__ import annotations

from dataclasses import dataclass

from audit.services import record
from authorizations import removal
from authorizations.models import AtPlatform
from organizations import fence
from organizations.models import Person
from providers.values import Tokens


@dataclass(frozen=True)
class UnusedAccess:
    """What held the access, its tokens, whose it was, and the row whose history tells of it."""

    holder: removal.Holder
    tokens: Tokens | None
    account: str
    told_at: removal.Holder
    # Whether nobody else holds the same access.
    is_last: bool

    def note(self, by: Person | None) -> None:
        """Write what is to become of it, whatever happens to this process. In the fence."""
        expected = removal.at_first(self.holder, is_last=self.is_last)
        if expected == AtPlatform.FAILED:
            self._record("access to be ended", by)
        else:
            self._record("access not ended", by, reason=str(expected.label))

    def end(self) -> AtPlatform:
        """End it by a call where there is one; return what became of it. Outside the fence."""
        ended = removal.end_access(self.holder, self.tokens, is_last=self.is_last)
        if ended == AtPlatform.REVOKED:
            with fence.inside(self.holder.organization_id):
                self._record("revoked at the platform", None)
        return ended

    def _record(self, action: str, by: Person | None, **detail: str) -> None:
        record(
            action,
            organization_id=self.holder.organization_id,
            person=by,
            subject=self.told_at,
            account=self.account,
            **detail,
        )
