"""Amazon Ads, as its fact sheet says; `people` holds who there is."""

from __future__ import annotations

import time
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from sandbox.audiences import Audience
from sandbox.consent import screen
from sandbox.emulator import ConsentRequest, Emulator, Person, View
from sandbox.platforms.amazon_ads import (
    accounts,
    connections,
    data_provider,
    login,
    metadata,
    records,
    shapes,
)
from sandbox.platforms.amazon_ads.people import PEOPLE, Access
from sandbox.platforms.amazon_ads.shapes import NoPermission, NoScope, NotAuthenticated, Refused

CONSENT_HOSTS = ("www.amazon.com", "eu.account.amazon.com", "apac.account.amazon.com")
LOGIN_HOSTS = ("api.amazon.com", "api.amazon.co.uk", "api.amazon.co.jp")
API_HOSTS = {
    "NA": "advertising-api.amazon.com",
    "EU": "advertising-api-eu.amazon.com",
    "FE": "advertising-api-fe.amazon.com",
}


class AmazonAds(Emulator):
    """Login with Amazon in three regions, and the part of the API that audiences need."""

    key = "amazon_ads"
    label = "Amazon Ads"
    color = "#8a4b00"
    people = PEOPLE
    permissions = (
        "Manage your advertising campaigns and see their reports",
        "Create audiences and send people's hashed data to them",
    )
    own_faults = {
        "scope_not_approved": "consent ends with invalid_scope: the application is not approved",
        "scope_error_page": "as scope_not_approved, but with a page that nobody returns from",
        "profile_approved": "the application is approved for the profile scopes, too",
        "narrow_consent": "consent grants campaign management alone",
        "not_on_list": "the API answers 401 although the token is good: the application is not "
        "on Amazon's list",
        "bare_401": "a dead token is told by a code and details",
        "permission_401": "a missing permission is told by 401 instead of 403",
        "audiences_scope_needed": "audiences are refused without advertising::audiences",
        "tokeninfo_anonymous": "tokeninfo names the person only with a profile scope",
        "profiles_view": "profiles are listed with the level view where none is asked for",
        "capital_message": "errors begin the word Message with a capital letter",
        "no_retry_after": "429 comes without Retry-After",
        "metadata_200": "creating an audience answers 200 instead of 201",
        "flat_target": "an audience shows its target without targetResource around it",
        "audience_gone": "no audience is there any more",
        "profiles_need_campaigns": "profiles are refused without advertising::campaign_management",
        "small_patches": "the older API takes 1 MB of patches at once instead of 6 MB",
        "job_completed": "jobs end as COMPLETED instead of SUCCEEDED",
        "job_failed": "jobs fail",
        "job_partial": "the first record of a job is invalid",
        "slow_jobs": "jobs stay PENDING",
    }

    def reset(self) -> None:
        super().reset()
        self.promises: dict[str, login.Promise] = {}
        self.agreed: set[str] = set()
        self.connections: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, records.Job] = {}
        self.hours: dict[tuple[str, int], int] = {}
        # What the Data Provider API was told of people.
        self.provided: dict[str, set[bytes]] = {}

    def declare(self) -> None:
        # The first consent page is mounted by the server itself.
        for host in CONSENT_HOSTS[1:]:
            self.route(host, "/ap/oa", partial(screen, self), "GET", "POST", counted=False)
        for host in LOGIN_HOSTS:
            for path, view, method in (
                ("/auth/o2/token", login.token, "POST"),
                ("/auth/o2/tokeninfo", login.token_info, "GET"),
                ("/user/profile", login.profile, "GET"),
            ):
                self.route(host, path, partial(view, self), method, counted=False)
        for region, host in API_HOSTS.items():
            for path, view, *methods in (
                *accounts.routes(self),
                *connections.routes(self),
                *metadata.routes(self),
                *records.routes(self),
                *data_provider.routes(self),
            ):
                self.route(host, path, partial(self.guarded, region, view), *methods)

    # Consent

    consent_at = (CONSENT_HOSTS[0], "/ap/oa")

    def consent(self) -> ConsentRequest | Response:
        asked = request.args
        if asked.get("client_id") != self.client_id:
            return _page("lwa-invalid-parameter-unknown-client")
        if not self.redirect_allowed(asked.get("redirect_uri", "")):
            return _page("lwa-invalid-parameter-bad-redirect-uri-vendor")
        scopes = tuple(asked.get("scope", "").split())
        known = login.SCOPES if self.faults.is_on("profile_approved") else login.APPROVED
        approved = scopes and set(scopes) <= known
        if self.faults.take("scope_error_page"):
            return _page("An unknown scope was requested")
        if not approved or self.faults.take("scope_not_approved"):
            return self._refused("invalid_scope", "An unknown scope was requested")
        if asked.get("response_type") != "code":
            return self._refused("unsupported_response_type", "The response type is not known")
        if asked.get("code_challenge_method", "plain") not in {"plain", "S256"}:
            return self._refused("invalid_request", "The challenge's method is not known")
        return ConsentRequest(asked["redirect_uri"], asked.get("state", ""), scopes)

    def approved(self, asked: ConsentRequest, person: Person) -> str:
        scopes = asked.scopes
        if self.faults.is_on("narrow_consent"):
            scopes = tuple(scope for scope in scopes if scope != login.AUDIENCES)
        code = self.grants.code_for(person.id, asked.redirect_uri, scopes)
        self.promises[code] = login.Promise(
            self.clock.now() + login.CODE_SECONDS,
            request.args.get("code_challenge", ""),
            request.args.get("code_challenge_method", "plain"),
        )
        return _back(asked.redirect_uri, code=code, scope=" ".join(scopes), state=asked.state)

    def canceled(self, asked: ConsentRequest) -> str | None:
        if self.faults.take("cancel_never_returns"):
            return None
        if self.faults.take("cancel_state_only"):
            return _back(asked.redirect_uri, state=asked.state)
        said = "Access not permitted."
        return _back(
            asked.redirect_uri, error_description=said, state=asked.state, error="access_denied"
        )

    def _refused(self, error: str, words: str) -> Response:
        asked = request.args
        address = _back(
            asked["redirect_uri"],
            error=error,
            error_description=words,
            state=asked.get("state", ""),
        )
        return Response(status=302, headers={"Location": address})

    # What every call shares

    def guarded(self, region: str, view: View, **arguments: str) -> Response:
        """Answer whoever the token speaks for."""
        try:
            return view(self._access(region), **arguments)
        except Refused as refused:
            return self._told(refused)

    def _access(self, region: str) -> Access:
        if request.headers.get("Amazon-Advertising-API-ClientId") != self.client_id:
            raise NotAuthenticated
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = self.grants.by_access(token) if scheme.lower() == "bearer" else None
        if grant is None:
            if self.faults.is_on("bare_401"):
                raise NoScope("Not authenticated")
            raise NotAuthenticated
        if self.faults.is_on("not_on_list"):
            raise NotAuthenticated
        if not self._sufficient_scopes() & set(grant.scopes):
            raise NotAuthenticated
        return Access(self.on_behalf_of(grant.person), grant, region, self.faults)

    def _sufficient_scopes(self) -> set[str]:
        """Return the scopes each of which opens the path of now."""
        if "/amc/audiences" in request.path:
            if self.faults.is_on("audiences_scope_needed"):
                return {login.AUDIENCES}
            # Whether campaign management alone would do is not confirmed.
            return {login.AUDIENCES, *login.CAMPAIGNS}
        if "/dp/" in request.path:
            return {login.AUDIENCES}
        is_lenient = not self.faults.is_on("profiles_need_campaigns")
        if request.path.endswith("/v2/profiles") and is_lenient:
            # A public client asks for audiences alone and reads profiles; that this is enough for
            # every application is not confirmed.
            return {login.AUDIENCES, *login.CAMPAIGNS}
        return login.CAMPAIGNS

    def refuse_permission(self) -> None:
        """Refuse a caller whose role does not suffice; both ways of it are known."""
        if self.faults.is_on("permission_401"):
            raise NoScope("Not authorized to access scope")
        raise NoPermission

    def within_the_hour(self, audience: Audience, count: int) -> bool:
        """Say whether so many records more are within an hour's limit; count them if so."""
        if self.faults.is_on("no_rate_limits"):
            return True
        target = audience.facts["targetResource"].get("connectionId", audience.account)
        window = (target, int(time.time() // 3600))
        if self.hours.get(window, 0) + count >= records.MOST_AN_HOUR:
            return False
        self.hours[window] = self.hours.get(window, 0) + count
        return True

    def too_many(self) -> Response:
        response = shapes.answer(shapes.of_this_path({"message": "Too Many Requests"}), 429)
        # Whether the audiences always send it is not confirmed.
        if not self.faults.is_on("no_retry_after"):
            response.headers["Retry-After"] = "1"
        return response

    def failed(self) -> Response:
        body = shapes.of_this_path({"message": "Internal Server Error"})
        return shapes.answer(body, 500)

    def _told(self, refused: Refused) -> Response:
        body = shapes.of_this_path(refused.body)
        if "message" in body and self.faults.is_on("capital_message"):
            body["Message"] = body.pop("message")
        return shapes.answer(body, refused.status)


def _page(words: str) -> Response:
    return Response(f"<h1>We're sorry!</h1><p>An error occurred: {words}</p>", 400)


def _back(redirect_uri: str, **answer: str) -> str:
    return f"{redirect_uri}?{urlencode(answer)}"
