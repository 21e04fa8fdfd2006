"""Pinterest API v5, as its fact sheet says; `people` holds who there is."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from sandbox.emulator import ConsentRequest, Emulator, Person, Route, View
from sandbox.faults import Fault
from sandbox.platforms.pinterest import limits, lists, shapes, tokens
from sandbox.platforms.pinterest.people import (
    ACCOUNTS,
    APP_OWNER,
    PEOPLE,
    Access,
    ad_account,
    user_account,
)
from sandbox.platforms.pinterest.shapes import NotAuthenticated, NotPermitted, Refused

WEB, API = "www.pinterest.com", "api.pinterest.com"


class Pinterest(Emulator):
    """The consent page, the token endpoint and the part of API v5 that audiences need."""

    key = "pinterest"
    label = "Pinterest"
    color = "#b7081b"
    people = PEOPLE
    permissions = (
        "See all of your advertising data, including ads, ad groups, campaigns etc.",
        "Create, update, or delete ads, ad groups, campaigns etc.",
        "See your user accounts and followers",
    )
    own_faults = {
        "password_change": "the person changed their password: grants of now are over",
        "sandbox_token": "the token is of Pinterest's own sandbox and counts for nothing here",
        "archived": "`account` is archived",
        "trial_refused": "the application has Trial access: writes are refused",
        "trial_access": "the application has Trial access: its limits count by the day",
        "spam_block": "429 with a `message_detail`",
        "reset_is_a_time": "x-ratelimit-reset is a point in time instead of seconds left",
        "rfc_token_errors": "the token endpoint refuses in RFC 6749's form",
        "bad_code_is_401": "a bad code is refused in the words of a bad client",
        "old_refresh_lives": "a refresh token is good after it was replaced, too",
        "old_app": "an application of before 2025-09-25: only `continuous_refresh` gives a "
        "refresh token that is taken",
        "narrow_consent": "consent grants no ads:write",
        "audience_needs_ready": "an audience is refused while its list is not READY",
        "largest_call": "a call with more than `records` (5000) answers `status` (413)",
        "restricted_owner_refused": "RESTRICTED_OWNER may not write",
        "new_role": "permissions hold a role that nobody has heard of",
    }

    def reset(self) -> None:
        super().reset()
        self.desk = tokens.Desk()
        self.shelf = lists.Shelf()
        self.windows = limits.Windows(self.clock)

    def declare(self) -> None:
        for path, answer in (("", tokens.token), ("/revoke", tokens.revoke)):
            self.route(API, f"/v5/oauth/token{path}", partial(answer, self), "POST", counted=False)
        for path, view, scope in (
            ("/user_account", self.me, "user_accounts:read"),
            ("/ad_accounts", self.ad_accounts, "ads:read"),
            ("/ad_accounts/<account>", self.ad_account, "ads:read"),
        ):
            self.route(API, f"/v5{path}", partial(self.guarded, view, scope), "GET")
        for path, view, scope, method in lists.routes(self):
            guarded = partial(self.guarded, view, scope)
            self.route(API, f"/v5/ad_accounts/<account>{path}", guarded, method)

    # Consent

    consent_at = (WEB, "/oauth/")

    def consent(self) -> ConsentRequest | Response:
        asked = request.args
        # The vendor's quickstart still sends the old name.
        if (asked.get("client_id") or asked.get("consumer_id")) != self.client_id:
            return shapes.error(Refused(400, 7, "The client_id is not known."))
        if not self.redirect_allowed(asked.get("redirect_uri", "")):
            said = (
                f"The provided redirect_uri {asked.get('redirect_uri')} does not match any of the "
                "registered redirect URIs."
            )
            words = "You are not permitted to access that resource."
            return shapes.error(Refused(400, 7, words, data=said))
        scopes = tokens.read_scopes(asked.get("scope", ""))
        known = set(scopes) <= tokens.SCOPES
        if asked.get("response_type") != "code" or not scopes or not known:
            return shapes.error(Refused(400, 1, "Invalid response_type or scope."))
        return ConsentRequest(asked["redirect_uri"], asked.get("state", ""), scopes)

    def approved(self, asked: ConsentRequest, person: Person) -> str:
        scopes = asked.scopes
        if self.faults.is_on("narrow_consent"):
            scopes = tuple(scope for scope in scopes if scope != "ads:write")
        code = self.grants.code_for(person.id, asked.redirect_uri, scopes)
        return _back(asked, code=code, state=asked.state)

    def canceled(self, asked: ConsentRequest) -> str | None:
        # What a cancel looks like is not documented.
        if self.faults.take("cancel_never_returns"):
            return None
        if self.faults.take("cancel_state_only"):
            return _back(asked, state=asked.state)
        return _back(asked, error="access_denied", state=asked.state)

    # Who and where

    def me(self) -> Response:
        access = self._access()
        account = request.args.get("ad_account_id")
        if account:
            # Not the caller: the owner of that ad account.
            if account not in access.accounts():
                raise NotPermitted
            owner = ACCOUNTS[account]["owner"]
            shown = user_account(owner["id"], owner["username"], owner["username"], "BUSINESS")
            return shapes.json_answer(shown)
        person, facts = access.person, access.person.facts
        shown = user_account(facts["user"], person.username, person.name, facts["kind"])
        return shapes.json_answer(shown)

    def ad_accounts(self) -> Response:
        access = self._access()
        with_shared = request.args.get("include_shared_accounts", "true") == "true"
        found = [
            ad_account(access, each)
            for each in access.accounts()
            if with_shared or ACCOUNTS[each]["owner"]["id"] == access.person.facts["user"]
        ]
        return shapes.page(found, shortest=self.faults.is_on("small_pages"))

    def ad_account(self, account: str) -> Response:
        return shapes.json_answer(ad_account(self._access(), account))

    # What every call shares

    def switch_on(self, fault: Fault) -> None:
        if fault.kind == "password_change":
            self.grants.revoke_all()
        else:
            super().switch_on(fault)

    def handle(self, route: Route, **arguments: str) -> Response:
        response = super().handle(route, **arguments)
        response.headers["x-pinterest-rid"] = str(secrets.randbits(53))
        window = self._window()
        left = window.ends_at - (0 if self.faults.is_on("reset_is_a_time") else self.clock.now())
        response.headers["x-ratelimit-limit"] = str(window.limit)
        response.headers["x-ratelimit-remaining"] = str(window.left)
        response.headers["x-ratelimit-reset"] = str(max(1, round(left)))
        return response

    def guarded(self, view: View, scope: str, **arguments: str) -> Response:
        """Answer whoever the token speaks for: scope first, then role, then the request itself."""
        try:
            self._check(scope, arguments.get("account"))
            return self._blocked() if self.faults.take("spam_block") else view(**arguments)
        except Refused as refused:
            return shapes.error(refused)

    def _check(self, scope: str, account: str | None) -> None:
        access, writes = self._access(), scope == "ads:write"
        if scope not in access.scopes or (writes and access.is_client):
            words = "Your token does not have sufficient permissions to access this resource."
            raise Refused(401, 3, words)
        if account is None:
            return
        if account not in ACCOUNTS:
            # Code 2 is no matter of authentication here.
            raise Refused(404, 2, "AdAccount not found.")
        lists.check_account(self, access, account, writes=writes)

    def limit(self) -> bool:
        categories = ("universal", self._category())
        return self.windows.take(categories, self._caller(), trial=self._is_trial())

    def too_many(self) -> Response:
        words = "You have exceeded your rate limit. Try again later."
        return shapes.error(Refused(429, 8, words))

    def failed(self) -> Response:
        return shapes.error(Refused(500, 12, "Something went wrong on our end. Sorry about that."))

    def _access(self) -> Access:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = self.grants.by_access(token) if scheme.lower() == "bearer" else None
        if grant is None or self.faults.is_on("sandbox_token"):
            raise NotAuthenticated
        is_client = token in self.desk.of_client
        person = APP_OWNER if is_client else self.on_behalf_of(grant.person)
        return Access(person, self.desk.scopes[token], self.faults, is_client)

    def _blocked(self) -> Response:
        detail = "This was blocked because it looks like spam. Try again later."
        words = "You have exceeded your rate limit."
        return shapes.error(Refused(429, 9, words, message_detail=detail))

    def _category(self) -> str:
        return limits.category(request.method, request.path)

    def _caller(self) -> str:
        """Return who a budget counts for: a person and our application, else the application."""
        token = request.headers.get("Authorization", "").partition(" ")[2]
        grant = self.grants.by_access(token)
        return grant.person if grant else ""

    def _is_trial(self) -> bool:
        return self.faults.is_on("trial_access")

    def _window(self) -> limits.Window:
        return self.windows.look(self._category(), self._caller(), trial=self._is_trial())


def _back(asked: ConsentRequest, **answer: Any) -> str:
    return f"{asked.redirect_uri}?{urlencode(answer)}"
