"""X with OAuth 1.0a and the Ads API v12, as its fact sheet says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from flask import Response, request

from sandbox.audiences import Audience
from sandbox.consent import screen
from sandbox.emulator import ConsentRequest, Emulator, Person, Route
from sandbox.platforms.x import accounts, custom_audiences, login, shapes, troubles, users
from sandbox.platforms.x.people import PEOPLE, Access
from sandbox.platforms.x.shapes import BadOperations, Refused
from sandbox.platforms.x.signature import Nonces, Signed, read
from sandbox.platforms.x.tokens import Pair, Tokens
from sandbox.platforms.x.windows import Windows, limits

LOGIN = "api.x.com"
# The names before, which most clients still use. The host is inside the signature.
LOGINS = (LOGIN, "api.twitter.com")
APIS = ("ads-api.x.com", "ads-api.twitter.com")
# The vendor's own client for Python still asks for version 11.
VERSIONS = "<any('12', '11'):version>"
CURRENT_VERSION = "12"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class X(Emulator):
    """The OAuth endpoints, and the part of the Ads API that audiences need."""

    key = "x"
    label = "X"
    color = "#0f1419"
    people = PEOPLE
    permissions = (
        "See your ads accounts",
        "Create and manage custom audiences in your ads accounts",
    )
    own_faults = {
        "account_throttle": "too many requests for the ad account; the user's window ends later",
        "app_not_approved": "the application has no access to the Ads API",
        "bad_clock": "every signature is refused; `Date` is `seconds` (3600) ahead of the machine",
        "bad_signature_unauthorized": "at the Ads API a bad signature or clock says "
        "UNAUTHORIZED_ACCESS instead of code 32",
        "count_mismatch": "fewer people are confirmed than were sent, and none is taken",
        "html_error": "HTTP 404 with a page instead of JSON",
        "locked": "writes answer HTTP 423",
        "no_user_id": "the access token comes without user_id and screen_name",
        "numeric_errors": "too many requests say code 88 instead of a word",
        "operation_errors": "people are refused with operation_errors, HTTP 400",
        "operation_errors_200": "people are refused with operation_errors, HTTP 200",
        "partner_refused": "PARTNER_AUDIENCE_MANAGER may not write",
        "query_in_callback": "a callback with a query of its own is taken",
        "read_only_app": "the application may only read",
        "refused_people": "people with an identifier that begins with `digits` (0) are refused",
        "suspend_user": "the user is suspended",
        "unauthorized_access": "a revoked token says UNAUTHORIZED_ACCESS instead of code 89",
        "unavailable": "HTTP 503 with retry-after",
        "users_are_writes": "requests with people count among all writes",
        "xml_errors": "a callback that is not on the list is refused in XML",
    }

    def declare(self) -> None:
        for host in LOGINS:
            for path, view, method in login.ROUTES:
                self.route(host, path, partial(self.at_login, view), method, counted=False)
            again = partial(login.authenticate, self)
            self.route(host, "/oauth/authenticate", again, "GET", "POST", counted=False)
        # The other address of the consent page.
        self.route(
            LOGINS[1], "/oauth/authorize", partial(screen, self), "GET", "POST", counted=False
        )
        for host in APIS:
            taken: dict[str, set[str]] = {}
            for path, ads_view, *named in (
                *accounts.ROUTES,
                *custom_audiences.ROUTES,
                *users.ROUTES,
            ):
                methods = named or ["GET"]
                guarded = partial(self.at_api, ads_view, path)
                self.route(host, f"/{VERSIONS}{path}", guarded, *methods)
                taken.setdefault(path, set()).update(methods)
            for path, known in taken.items():
                others = [each for each in METHODS if each not in known]
                self.route(host, f"/{VERSIONS}{path}", self.wrong_method, *others)
            self.route(host, "/<path:rest>", self.no_route, *METHODS)

    def reset(self) -> None:
        super().reset()
        self.tokens = Tokens(self.clock, self.grants)
        self.nonces = Nonces()
        self.windows = Windows()
        self.deleted: dict[str, Audience] = {}

    # Consent

    consent_at = (LOGIN, "/oauth/authorize")

    def consent(self) -> ConsentRequest | Response:
        return login.consent(self)

    def approved(self, asked: ConsentRequest, person: Person) -> str:
        token = self.tokens.asked(asked.state)
        assert token is not None
        verifier = self.tokens.approve(token, person.id)
        return login.back(asked.redirect_uri, oauth_token=token.text, oauth_verifier=verifier)

    def canceled(self, asked: ConsentRequest) -> str | None:
        token = self.tokens.asked(asked.state)
        assert token is not None
        token.is_over = True
        if self.faults.take("cancel_never_returns"):
            return None
        # There is no state: `denied` is all that comes.
        return login.back(asked.redirect_uri, denied=token.text)

    # Signatures

    def signed(self, missing: Callable[[], Refused] = shapes.could_not_authenticate) -> Signed:
        """Return the request as it was signed; refuse one that is not."""
        found = read(request)
        if found is None:
            raise missing()
        return found

    def verify(
        self,
        signed: Signed,
        *,
        token_secret: str,
        bad: Callable[[], Refused] = shapes.could_not_authenticate,
    ) -> None:
        """Refuse a request whose signature, clock or nonce is not good."""
        if (
            signed.oauth.get("oauth_consumer_key") != self.client_id
            or not signed.is_well_formed()
            or not signed.is_signed_with(self.client_secret, token_secret)
            or not self.nonces.is_new(signed)
            or self.faults.is_on("bad_clock")
        ):
            raise troubles.refuse_clock(self, bad())

    def caller(
        self, signed: Signed, bad: Callable[[], Refused] = shapes.could_not_authenticate
    ) -> Pair:
        """Return the access token that signed, or refuse it."""
        pair = self.tokens.pair(signed.token)
        dead = Refused(401, 89, "Invalid or expired token.")
        if self.faults.is_on("unauthorized_access"):
            dead = shapes.not_authenticated()
        if pair is None:
            raise dead
        self.verify(signed, token_secret=pair.secret, bad=bad)
        if not self.tokens.is_alive(pair):
            raise dead
        return pair

    def at_login(self, view: Callable[[X], Response]) -> Response:
        """Answer as an OAuth endpoint does."""
        try:
            troubles.strike_at_login(self)
            return view(self)
        except Refused as refused:
            return shapes.error(refused, with_request=False)

    def at_api(self, view: Callable[..., Response], path: str, **arguments: str) -> Response:
        """Answer as the caller may expect: refused, over a limit, or what the view says."""
        del arguments["version"]
        account = arguments.get("account", "")
        headers: dict[str, str] = {}
        # Which of the two the Ads API says of a bad signature is not confirmed.
        is_said = self.faults.is_on("bad_signature_unauthorized")
        bad = shapes.not_authenticated if is_said else shapes.could_not_authenticate
        try:
            pair = self.caller(self.signed(shapes.not_authenticated), bad)
            headers = self._within_limits(path, pair.text, account)
            access = Access(self.on_behalf_of(pair.person), self.faults)
            answer = troubles.strike(self, account) or view(self, access, **arguments)
        except Refused as refused:
            answer = shapes.error(refused)
        except BadOperations as bad:
            status = 200 if self.faults.is_on("operation_errors_200") else 400
            answer = shapes.operation_errors(bad.errors, status)
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        return answer

    def _within_limits(self, path: str, token: str, account: str) -> dict[str, str]:
        if self.faults.is_on("no_rate_limits"):
            return {}
        as_writes = self.faults.is_on("users_are_writes")
        passes, headers = self.windows.take(
            limits(path, token, account, users_are_writes=as_writes)
        )
        if not passes:
            self.count_as_too_fast()
            raise troubles.too_many(self, headers)
        return headers

    def handle(self, route: Route, **arguments: str) -> Response:
        """Answer, and name the version at the Ads API, whatever the answer is."""
        response = super().handle(route, **arguments)
        if route.host in APIS:
            version = arguments.get("version", CURRENT_VERSION)
            response.headers["x-current-api-version"] = version
        return response

    def redirect_allowed(self, uri: str) -> bool:
        """Say whether a callback is on the list, where X takes no `localhost`."""
        try:
            host = urlsplit(uri).hostname
        except ValueError:
            return False
        return host != "localhost" and super().redirect_allowed(uri)

    def wrong_method(self, **_arguments: str) -> Response:
        words = f"The method {request.method} is not allowed for this path"
        return shapes.error(Refused(405, "METHOD_NOT_ALLOWED", words))

    def no_route(self, rest: str) -> Response:
        return shapes.error(Refused(404, "ROUTE_NOT_FOUND", f"The path /{rest} is not known"))

    def too_many(self) -> Response:
        headers = troubles.rate_headers("x-rate-limit", troubles.THROTTLED_SECONDS)
        return shapes.error(troubles.too_many(self, headers))

    def failed(self) -> Response:
        return shapes.error(Refused(500, "INTERNAL_ERROR", "Internal error"))
