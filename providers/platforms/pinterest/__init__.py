"""Pinterest API v5. A customer list holds people; the audience made of it is what ads target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from providers import identifier_types, identifiers
from providers.app import App
from providers.connection import Answer, Connection
from providers.declarations import (
    FieldKind,
    FormField,
    Limits,
    Per,
    Permission,
    Rate,
    Replace,
    Revocation,
)
from providers.errors import BadRequest, GrantDead, NotThere, PlatformDown, PlatformError
from providers.oauth2 import OAuth2Platform
from providers.platforms.pinterest import answers, grants, roles
from providers.platforms.pinterest.answers import API
from providers.values import (
    AdAccount,
    Audience,
    AudienceRequest,
    Batch,
    Callback,
    Grant,
    Identity,
    Receipt,
    Tokens,
)
from providers.wording import quoted

# A list cannot be created empty. RFC 2606 keeps this address from ever being anybody's.
NOBODY = identifiers.digest("nobody@example.invalid")


class Pinterest(OAuth2Platform):
    """Pinterest. No phones, one comma-separated text of identifiers, no replace, no deletion."""

    key = "pinterest"
    label = "Pinterest"
    mark = "Pi"
    permission = Permission(
        text=roles.NEEDED,
        help_label="Pinterest permissions",
        help_url="https://help.pinterest.com/en/business/article/"
        "share-and-manage-access-to-your-ad-accounts",
    )
    # https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/
    authorize_url = "https://www.pinterest.com/oauth/"
    token_url = f"{API}/oauth/token"
    scopes = ("ads:read", "ads:write", "user_accounts:read")
    scope_separator = ","
    secret_in_header = True
    # 60 days, replaced at every refresh.
    refresh_tokens_lapse = True
    identifiers = (
        identifier_types.email("EMAIL", identifiers.email_without_comma),
        identifier_types.android_ad_id("MAID", identifiers.ad_id_lower),
        identifier_types.apple_ad_id("IDFA", identifiers.ad_id_upper),
    )
    # https://developers.pinterest.com/docs/reference/rate-limits/ - of Standard access. On Trial
    # access it is 300 writes a day, which its answers then say (429 with x-ratelimit-reset).
    # No maximum a request is published; what others send without trouble is 10,000 and 1 MB.
    limits = Limits(
        batch_rows=10_000,
        batch_bytes=1_000_000,
        rates=(Rate(400, 60.0, Per.AUTHORIZATION), Rate(100, 1.0, Per.AUTHORIZATION)),
        minimum_audience=100,
    )
    replace = Replace.BY_DIFFERENCE
    # Only the tokens of system users can be revoked by a call.
    revocation = Revocation(
        by_call=False,
        url="https://www.pinterest.com/settings/",
        words="In Pinterest, open Settings, then Security, and disconnect the app there.",
    )
    destination_fields = (
        FormField(
            name="audience_name",
            label="Audience name",
            help="Also the customer list's name. The ad account's newest list of this name is "
            "used; if there is none, it is created.",
        ),
        FormField(
            name="description",
            label="Description",
            kind=FieldKind.LONG_TEXT,
            help="For a new audience.",
        ),
        FormField(
            name="customer_list_id",
            label="Existing customer list id",
            max_length=18,
            pattern="[0-9]+",
            pattern_message="A customer list id consists of digits.",
            help="A list that is there already, instead of a name.",
        ),
    )

    # Consent

    def exchange_parameters(self, options: Mapping[str, str]) -> dict[str, str]:
        """Ask for a refresh token that can be renewed; newer applications get no other."""
        return {"continuous_refresh": "true"}

    def finish_consent(
        self,
        app: App,
        redirect_uri: str,
        callback: Callback,
        secret: str,
        options: Mapping[str, str],
    ) -> Grant:
        """Exchange the code for tokens."""
        try:
            return super().finish_consent(app, redirect_uri, callback, secret, options)
        except GrantDead as error:
            self._blame(app, error)
            raise

    def refresh(self, app: App, tokens: Tokens, options: Mapping[str, str]) -> Grant:
        """Exchange the refresh token for new tokens; it is replaced."""
        try:
            return super().refresh(app, tokens, options)
        except GrantDead as error:
            self._blame(app, error)
            raise

    def _blame(self, app: App, error: GrantDead) -> None:
        """Raise where the refusal is, or may be, about our application and not about the grant."""
        if error.code == str(grants.AUTHENTICATION_FAILED):
            grants.check_client(app)

    def classify_token_error(self, answer: Answer) -> PlatformError:
        """Read Pinterest's own form, which it documents, and RFC 6749's."""
        return grants.error_in(answer) or super().classify_token_error(answer)

    def classify(self, answer: Answer) -> PlatformError | None:
        """Judge an answer by its status, then by its code."""
        return answers.error_in(answer)

    # Who and where

    def identify(self, connection: Connection, facts: Mapping[str, str]) -> Identity:
        """Say who authorized. Names change there, so only the id tells people apart."""
        # https://developers.pinterest.com/docs/api/v5/user_account-get
        # With an ad account given it would be that account's owner.
        me = answers.thing(connection.send("GET", f"{API}/user_account"))
        username, business = str(me.get("username") or ""), str(me.get("business_name") or "")
        name = business or username or f"{self.label} account"
        hints = [username] if username != name else []
        if me.get("account_type") == "PINNER":
            # It owns no ad account, though others may share theirs with it.
            hints.append("personal account")
        shown = f"{name} ({', '.join(filter(None, hints))})" if any(hints) else name
        return Identity(ids=frozenset({str(me["id"])}), name=shown)

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        """Yield the person's own and shared ad accounts, judged by their roles."""
        # https://developers.pinterest.com/docs/api/v5/ad_accounts-list
        shared = {"include_shared_accounts": "true"}
        return map(roles.ad_account, answers.every(connection, f"{API}/ad_accounts", shared))

    # Audiences

    def check_destination(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Ask for either a name or an existing list."""
        request = self.audience_request("", settings)
        if request.name and request.existing_id:
            return {"customer_list_id": "Give a name or an existing list id, not both."}
        if not request.name and not request.existing_id:
            return {"audience_name": "Give a name, or the id of an existing customer list."}
        return {}

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Say which list a destination's form asks for."""
        return AudienceRequest(
            ad_account_id,
            name=settings.get("audience_name", "").strip(),
            existing_id=settings.get("customer_list_id", "").strip(),
            settings=settings,
        )

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Look a list up, by id where one is given, else by exact name."""
        account = request.ad_account_id
        if request.existing_id:
            found = self._read(connection, account, request.existing_id)
            if str(found.get("ad_account_id") or account) != account:
                raise NotThere("This list belongs to another ad account.")
            return self._with_target(connection, account, found)
        # https://developers.pinterest.com/docs/api/v5/customer_lists-list
        # Names are not unique there. Higher ids are newer, so the newest comes first.
        newest_first = answers.every(connection, _lists(account), {"order": "DESCENDING"})
        named = next((each for each in newest_first if each.get("name") == request.name), None)
        if named is None:
            return None
        if _is_half_made(named):
            named = self._without_nobody(connection, account, str(named["id"]))
        return self._with_target(connection, account, named)

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create a customer list, empty it, and make an audience of it."""
        account = request.ad_account_id
        kind = next(iter(request.identifiers), self.identifiers[0].key)
        wished = {
            "name": request.name,
            "records": NOBODY,
            "list_type": self.identifier(kind).wire_name,
        }
        # https://developers.pinterest.com/docs/api/v5/customer_lists-create
        made = answers.thing(connection.send("POST", _lists(account), json=wished), wrote=True)
        try:
            emptied = self._without_nobody(connection, account, str(made["id"]))
        except PlatformError as error:
            # With a token renewed, say, it would be created twice; it is found and mended instead.
            raise PlatformDown(
                "Pinterest created the list and then failed; it is looked up next time.",
                code=error.code,
                request_id=error.request_id,
                status=error.status,
                retry_after=error.retry_after,
                may_have_happened=True,
            ) from error
        target = self._make_target(
            connection, account, emptied, request.settings.get("description", "").strip()
        )
        return answers.audience(emptied, target, account)

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Add identifiers."""
        return self._send(connection, "ADD", audience, batch)

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Remove identifiers."""
        return self._send(connection, "REMOVE", audience, batch)

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Read state and size; make the audience that a list was too small for before."""
        account = audience.ad_account_id
        found = self._read(connection, account, audience.id)
        return self._with_target(connection, account, found, may_make=True)

    def _read(self, connection: Connection, account: str, list_id: str) -> dict[str, Any]:
        # https://developers.pinterest.com/docs/api/v5/customer_lists-get
        return answers.thing(connection.send("GET", f"{_lists(account)}/{list_id}"))

    def _without_nobody(self, connection: Connection, account: str, list_id: str) -> dict[str, Any]:
        """Remove what a new list had to be created with."""
        change = {"operation_type": "REMOVE", "records": NOBODY}
        # https://developers.pinterest.com/docs/api/v5/customer_lists-update
        answer = connection.send("PATCH", f"{_lists(account)}/{list_id}", json=change)
        return answers.thing(answer, wrote=True)

    def _with_target(
        self,
        connection: Connection,
        account: str,
        found: Mapping[str, Any],
        *,
        may_make: bool = False,
    ) -> Audience:
        """Read a list together with the audience that is made of it."""
        # https://developers.pinterest.com/docs/api/v5/audiences-list
        url = f"{API}/ad_accounts/{account}/audiences"
        asked = {"ownership_type": "OWNED", "order": "DESCENDING"}
        every = answers.every(connection, url, asked)
        target = next((each for each in every if _list_of(each) == str(found["id"])), None)
        if target is None and may_make and found.get("status") == "READY":
            target = self._make_target(connection, account, found)
        return answers.audience(found, target, account)

    def _make_target(
        self,
        connection: Connection,
        account: str,
        found: Mapping[str, Any],
        description: str = "",
    ) -> dict[str, Any] | None:
        """Make an audience of a list; None where that does not succeed yet.

        Whether Pinterest refuses it while the list is being matched or too small is not confirmed.
        Whatever happens, the list stays good: its next status tries again.
        """
        wished = {
            "name": str(found.get("name") or found["id"]),
            "audience_type": "CUSTOMER_LIST",
            "rule": {"customer_list_id": str(found["id"])},
        }
        if description:
            wished["description"] = description
        # https://developers.pinterest.com/docs/api/v5/audiences-create
        url = f"{API}/ad_accounts/{account}/audiences"
        try:
            return answers.thing(connection.send("POST", url, json=wished))
        except PlatformError:
            return None

    def _send(
        self, connection: Connection, operation: str, audience: Audience, batch: Batch
    ) -> Receipt:
        digests = [digest for (digest,) in batch.rows if digest]
        # Digests are hexadecimal, so nothing needs escaping.
        body = f'{{"operation_type":"{operation}","records":"{",".join(digests)}"}}'.encode()
        url = f"{_lists(audience.ad_account_id)}/{audience.id}"
        try:
            # https://developers.pinterest.com/docs/api/v5/customer_lists-update
            answer = connection.send("PATCH", url, body=body)
        except BadRequest as error:
            raise answers.of_upload(error) from None
        # Its counters are of the list's whole life, so they count nothing here.
        exceptions = answers.thing(answer, wrote=True).get("exceptions")
        return Receipt(
            accepted=len(digests),
            request_id=answer.request_id(answers.REQUEST_ID),
            facts={"exceptions": quoted(exceptions)} if exceptions else {},
        )


def _lists(account: str) -> str:
    return f"{API}/ad_accounts/{account}/customer_lists"


def _list_of(audience: Mapping[str, Any]) -> str:
    rule = audience.get("rule")
    return str(rule.get("customer_list_id") or "") if isinstance(rule, dict) else ""


def _is_half_made(found: Mapping[str, Any]) -> bool:
    """Say whether a list looks as it does after its creation and before it was emptied."""
    counters = ("num_batches", "num_uploaded_user_records", "num_removed_user_records")
    return [found.get(name) for name in counters] == [1, 1, 0]
