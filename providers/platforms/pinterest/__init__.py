"""Pinterest API v5. A customer list holds people; the audience made of it is what ads target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from providers import audience_form, identifier_types, identifiers
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
from providers.errors import BadRequest, GrantDead, NotThere, PlatformError
from providers.oauth2 import OAuth2Platform
from providers.platforms.pinterest import answers, grants, lists, preparing, roles
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
    prepare = preparing.PREPARE
    consent_asks = preparing.CONSENT_ASKS
    approvals = preparing.APPROVALS
    secret_in_header = True
    # 60 days, replaced at every refresh.
    refresh_tokens_lapse = True
    identifiers = (
        identifier_types.email("EMAIL", identifiers.email_without_comma),
        identifier_types.android_ad_id("MAID", identifiers.ad_id_lower),
        identifier_types.apple_ad_id("IDFA", identifiers.ad_id_upper),
    )
    # A list's type is given at its creation, and no call changes it. That `records` may be "any
    # combination" is said as well; what becomes of those of another type is not.
    audiences_are_of_one_type = True
    # https://developers.pinterest.com/docs/reference/rate-limits/ - of Standard access. On Trial
    # access it is 300 writes a day, which its answers then say (429 with x-ratelimit-reset).
    # No maximum a request is published; what others send without trouble is 10,000 and 1 MB.
    limits = Limits(
        batch_rows=10_000,
        batch_bytes=1_000_000,
        rates=(Rate(400, 60.0, Per.AUTHORIZATION), Rate(100, 1.0, Per.AUTHORIZATION)),
        minimum_audience=100,
        trial_requests_a_day=300,
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
            example="Spring buyers",
            help="Also the customer list's name. The ad account's newest list of this name is "
            "used, so it must hold the identifier chosen above; if there is none, it is created.",
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
        hints = [username] if username not in {"", name} else []
        if me.get("account_type") == "PINNER":
            # It owns no ad account, though others may share theirs with it.
            hints.append("personal account")
        shown = f"{name} ({', '.join(hints)})" if hints else name
        return Identity(ids=frozenset({str(me["id"])}), name=shown)

    def ad_accounts(self, connection: Connection) -> Iterator[AdAccount]:
        """Yield the person's own and shared ad accounts, judged by their roles."""
        # https://developers.pinterest.com/docs/api/v5/ad_accounts-list
        shared = {"include_shared_accounts": "true"}
        return map(roles.ad_account, answers.every(connection, f"{API}/ad_accounts", shared))

    # Audiences

    def check_destination(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Ask for either a name or an existing list."""
        return audience_form.name_or_id(
            settings, id_field="customer_list_id", thing="customer list", its_id="list id"
        )

    def audience_request(self, ad_account_id: str, settings: Mapping[str, str]) -> AudienceRequest:
        """Say which list a destination's form asks for."""
        return audience_form.request_from(ad_account_id, settings, id_field="customer_list_id")

    def find_audience(self, connection: Connection, request: AudienceRequest) -> Audience | None:
        """Look a list up, by id where one is given, else by exact name."""
        account, list_type = request.ad_account_id, self._list_type(request)
        if not request.existing_id:
            named = lists.named(connection, account, request.name, list_type)
            return lists.told(connection, account, named) if named else None
        found = lists.read(connection, account, request.existing_id)
        if str(found.get("ad_account_id") or account) != account:
            raise NotThere("This list belongs to another ad account.")
        if not lists.may_be_of(found, list_type):
            raise BadRequest("This list is of another identifier than the one chosen here.")
        return lists.told(connection, account, found)

    def create_audience(self, connection: Connection, request: AudienceRequest) -> Audience:
        """Create a customer list and make an audience of it."""
        account, settings = request.ad_account_id, request.settings
        made = lists.create(connection, account, request.name, self._list_type(request))
        target = lists.make_target(connection, account, made, _description(settings))
        return answers.audience(made, target, account)

    def add(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Add identifiers."""
        return self._send(connection, "ADD", audience, batch)

    def remove(self, connection: Connection, audience: Audience, batch: Batch) -> Receipt:
        """Remove identifiers."""
        return self._send(connection, "REMOVE", audience, batch)

    def audience_status(self, connection: Connection, audience: Audience) -> Audience:
        """Read state and size; make the audience that the list was too small for before."""
        account = audience.ad_account_id
        found = lists.read(connection, account, audience.id)
        return lists.told_and_made(connection, account, found, _description(audience.settings))

    def _list_type(self, request: AudienceRequest) -> str:
        kind = next(iter(request.identifiers), self.identifiers[0].key)
        return self.identifier(kind).wire_name

    def _send(
        self, connection: Connection, operation: str, audience: Audience, batch: Batch
    ) -> Receipt:
        # Digests are hexadecimal, so nothing needs escaping.
        head = f'{{"operation_type":"{operation}","records":"'.encode()
        body = b'%b%b"}' % (head, batch.joined(b","))
        url = lists.address(audience.ad_account_id, audience.id)
        try:
            # https://developers.pinterest.com/docs/api/v5/customer_lists-update
            answer = connection.send("PATCH", url, body=body)
        except BadRequest as error:
            raise answers.of_upload(error) from None
        # Its counters are of the list's whole life, so they count nothing here.
        exceptions = answers.thing(answer, wrote=True).get("exceptions")
        return Receipt(
            accepted=batch.count,
            request_id=answer.request_id(answers.REQUEST_ID),
            facts={"exceptions": quoted(exceptions)} if exceptions else {},
        )


def _description(settings: Mapping[str, str]) -> str:
    return settings.get("description", "").strip()
