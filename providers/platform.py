"""What an adapter is: a platform's declarations, and the calls that a product needs of it.

One module in `providers/platforms/` holds one subclass. Most of it should be declaration; what is
left is translation between the platform's shapes and `providers.values`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar

from requests.auth import AuthBase

from providers.app import App
from providers.audience_form import MEMBERSHIP_FIELD
from providers.connection import Answer, Connection
from providers.declarations import (
    FormField,
    IdentifierType,
    Limits,
    Permission,
    Replace,
    Revocation,
)
from providers.errors import PlatformError
from providers.values import (
    AdAccount,
    Audience,
    AudienceRequest,
    Batch,
    Callback,
    ConsentStart,
    Grant,
    Identity,
    Receipt,
    Tokens,
)


class Platform(ABC):
    """An advertising platform that takes audiences under an OAuth grant."""

    key: ClassVar[str]
    """Lower-case name in addresses, settings and rows: `[a-z0-9_]+`, at most 40 characters."""
    label: ClassVar[str]
    """Name for people."""
    mark: ClassVar[str]
    """One or two letters that stand for the platform where there is little room."""
    permission: ClassVar[Permission]
    scopes: ClassVar[tuple[str, ...]] = ()
    """What consent asks for; also what `missing_scopes` compares with."""
    identifiers: ClassVar[tuple[IdentifierType, ...]]
    identifiers_together: ClassVar[bool] = False
    """Whether one destination may send several identifier types."""
    identifiers_help: ClassVar[str] = ""
    """A sentence on what forms of identifiers are taken, where that is not what is usual."""
    audiences_are_of_one_type: ClassVar[bool] = False
    """Whether an audience is made for one identifier type, and matches nobody of another."""
    limits: ClassVar[Limits]
    replace: ClassVar[Replace]
    audiences_can_be_looked_up: ClassVar[bool] = True
    """Whether `find_audience` can search by name. If not, an unconfirmed create needs a person."""
    revocation: ClassVar[Revocation]
    grants_are_shared: ClassVar[bool] = False
    """Whether `revoke` ends, or may end, the other grants of the same account too."""
    authorization_fields: ClassVar[tuple[FormField, ...]] = ()
    """Asked at "New authorization"; the answers travel as `options`."""
    destination_fields: ClassVar[tuple[FormField, ...]] = ()
    prepare: ClassVar[tuple[str, ...]] = ()
    """Sentences: what the authorizing person has ready, and what an audience there wants."""
    consent_asks: ClassVar[tuple[str, ...]] = ()
    """Sentences: what the consent screen asks for, where `scopes` do not say it to a person."""
    approvals: ClassVar[tuple[str, ...]] = ()
    """Sentences: what the operator registers and asks for there, before anybody can authorize."""
    refresh_tokens_lapse: ClassVar[bool] = False
    """Whether an unused refresh token dies, so that idle authorizations are kept alive."""

    # Consent

    @abstractmethod
    def begin_consent(
        self, app: App, redirect_uri: str, state: str, options: Mapping[str, str]
    ) -> ConsentStart:
        """Return where to send the person. May ask the platform (OAuth 1.0a's request token)."""

    @abstractmethod
    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Understand what the platform sent back with the person, refusals included."""

    @abstractmethod
    def finish_consent(
        self,
        app: App,
        redirect_uri: str,
        callback: Callback,
        secret: str,
        options: Mapping[str, str],
    ) -> Grant:
        """Exchange the code; it is single-use, so a second call fails. Raises PlatformError."""

    @abstractmethod
    def refresh(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Grant:
        """Return a new grant. Raises GrantDead where only a person can help."""

    def revoke(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> None:
        """End the grant at the platform, where `revocation.by_call`."""
        raise NotImplementedError(f"{self.label} has no call for it; see `revocation`.")

    # The signed way

    @abstractmethod
    def auth(self, app: App, tokens: Tokens) -> AuthBase:
        """Return what signs a request."""

    @abstractmethod
    def classify(self, answer: Answer) -> PlatformError | None:
        """Return None for a good answer, else the error that says what mends it."""

    def connect(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Connection:
        """Return the signed way for one authorization."""
        return Connection(
            app=app,
            tokens=tokens,
            auth=self.auth(app, tokens),
            classify=self.classify,
            options=options,
        )

    # Who and where

    @abstractmethod
    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        """Say who authorized; `facts` are those of the grant."""

    @abstractmethod
    def ad_accounts(self, connection: Connection) -> Iterable[AdAccount]:
        """Yield every ad account that the grant reaches, with the person's roles judged."""

    def missing_scopes(self, granted: frozenset[str] | None) -> frozenset[str]:
        """Return the needed scopes that were not granted; none where the platform did not say."""
        return frozenset() if granted is None else frozenset(self.scopes) - granted

    # Audiences

    def check_destination(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return what is wrong with the filled form across its fields: field name -> sentence."""
        return {}

    @abstractmethod
    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Say which audience a destination's form asks for."""

    @abstractmethod
    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Look an audience up, by id where one is given, else by exact name.

        A name that is not there gives None: it may be created. An id that is not there, or is
        another ad account's, raises NotThere.
        """

    @abstractmethod
    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create it. Not harmless to repeat: look it up first."""

    @abstractmethod
    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Add identifiers. Harmless to repeat."""

    @abstractmethod
    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Remove identifiers. Harmless to repeat."""

    def confirm(
        self, connection: Connection, audience: Audience, receipt: Receipt
    ) -> Receipt | None:
        """Say what came of a batch that was taken; None while the platform still works on it.

        Raises what the batch would have raised, where nothing of it was done. Most platforms are
        done when they answer.
        """
        return receipt

    def gathers(self, settings: Mapping[str, str]) -> int:
        """Return how many batches of a destination take effect at once, by `put_in_effect`.

        0 where each does by itself, as nearly everywhere. Else `add` and `remove` are asked without
        an audience's id as long as there is none, and `create_audience` never.
        """
        return 0

    def put_in_effect(
        self,
        connection: Connection,
        request: AudienceRequest,
        audience: Audience | None,
        receipts: Sequence[Receipt],
        *,
        removes: bool,
    ) -> Audience | None:
        """Let batches that were taken change the audience, or create it of them where it is None.

        Returns the audience; None where the platform takes no change at this time. Harmless to
        repeat for an audience that is there.
        """
        raise NotImplementedError(f"{self.label} lets each batch take effect by itself.")

    def clear(self, connection: Connection, audience: Audience) -> Receipt:
        """Remove everybody, where `replace` is native."""
        raise NotImplementedError(f"{self.label} cannot empty an audience in one call.")

    @abstractmethod
    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Read state and size as the platform reports them now."""

    # Small questions

    def identifiers_for(self, settings: Mapping[str, str]) -> tuple[IdentifierType, ...]:
        """Return the identifier types by the rules of one destination: of its country, say."""
        return self.identifiers

    def identifiers_taken(
        self, keys: Collection[str], settings: Mapping[str, str]
    ) -> list[IdentifierType]:
        """Return those identifier types, in the platform's order, by one destination's rules."""
        return [each for each in self.identifiers_for(settings) if each.key in keys]

    def rows_a_request(self, types: Collection[str], settings: Mapping[str, str]) -> int:
        """Return how many people of these identifier types go in one request, for one destination.

        A batch is one request: the published rates count requests.
        """
        return self.limits.batch_rows

    def membership_days(self, settings: Mapping[str, str]) -> int | None:
        """Return after how many days people leave a destination's audience unless sent again."""
        chosen = settings.get(MEMBERSHIP_FIELD, "").strip()
        return int(chosen) if chosen.isdecimal() else self.limits.membership_days

    def identifier(self, key: str) -> IdentifierType:
        """Return one of the platform's identifier types, or raise KeyError."""
        for identifier in self.identifiers:
            if identifier.key == key:
                return identifier
        raise KeyError(key)
