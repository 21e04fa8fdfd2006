"""Snapchat Marketing API v1, as its fact sheet says; `people` holds who there is."""

from __future__ import annotations

import random
import uuid
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from sandbox.emulator import ConsentRequest, Emulator, Person, View
from sandbox.grants import Grant
from sandbox.platforms.snapchat import envelope, segments
from sandbox.platforms.snapchat.envelope import NoPermission, Refused, json_answer, oauth_error
from sandbox.platforms.snapchat.people import ACCOUNTS, ORGANIZATIONS, PEOPLE, Access

LOGIN, API = "accounts.snapchat.com", "adsapi.snapchat.com"
SCOPE = "snapchat-marketing-api"


class Snapchat(Emulator):
    """The consent page, the token endpoint and the Ads API's part that audiences need."""

    key = "snapchat"
    label = "Snapchat"
    color = "#7a6a00"
    people = PEOPLE
    permissions = (
        "See your organizations and ad accounts",
        "Create audience segments and upload identifiers to them",
    )
    own_faults = {
        "error_in_200": "an error inside HTTP 200, on creating a segment or sending users",
        "json_401": "a dead token answers JSON instead of plain text",
        "mixed_case": "SUCCESS and success at random",
        "failing_organization": "one organization of the list fails",
        "me_flip": "`me` is another of the person's memberships",
        "old_me": "`me` without members and without a username",
        "fail_after_clear": "the add that follows all_users fails",
        "grant_error_401": "invalid_grant comes with HTTP 401 instead of 400",
        "no_scope": "token answers name no scope",
        "refresh_same": "a refresh repeats the refresh token",
    }

    def declare(self) -> None:
        self.route(LOGIN, "/login/oauth2/access_token", self.token, "POST", counted=False)
        for path, view, *methods in (
            ("/me", self.me),
            ("/me/organizations", self.my_organizations),
            ("/organizations/<org>/adaccounts", self.ad_accounts),
            ("/organizations/<org>/members", self.members),
            ("/organizations/<org>/roles", self.roles),
            ("/adaccounts/<account>", self.ad_account),
            *segments.routes(self),
        ):
            self.route(API, f"/v1{path}", partial(self.guarded, view), *methods)

    # Consent and tokens

    consent_at = (LOGIN, "/login/oauth2/authorize")

    def consent(self) -> ConsentRequest | Response:
        asked = request.args
        if asked.get("client_id") != self.client_id:
            return Response("invalid_client: this application is not known", 400)
        if not self.redirect_allowed(asked.get("redirect_uri", "")):
            return Response("invalid_request: redirect_uri is not registered", 400)
        if asked.get("response_type") != "code" or SCOPE not in asked.get("scope", "").split():
            return Response("invalid_request: response_type or scope", 400)
        return ConsentRequest(asked["redirect_uri"], asked.get("state", ""), (SCOPE,))

    def approved(self, asked: ConsentRequest, person: Person) -> str:
        code = self.grants.code_for(person.id, asked.redirect_uri, asked.scopes)
        return f"{asked.redirect_uri}?{_query(code=code, state=asked.state)}"

    def canceled(self, asked: ConsentRequest) -> str | None:
        if self.faults.take("cancel_never_returns"):
            return None
        if self.faults.take("cancel_state_only"):
            return f"{asked.redirect_uri}?{_query(state=asked.state)}"
        return f"{asked.redirect_uri}?{_query(error='access_denied', state=asked.state)}"

    def token(self) -> Response:
        form = request.form
        if self.faults.take("token_throttle"):
            return Response(status=429)
        if self.faults.take("token_fail"):
            return Response("upstream error", 503)
        known = (form.get("client_id"), form.get("client_secret"))
        if known != (self.client_id, self.client_secret):
            return oauth_error("invalid_client", 401)
        exchange = {"authorization_code": self._exchanged, "refresh_token": self._refreshed}
        answer = exchange.get(form.get("grant_type", ""))
        if answer is None:
            return oauth_error("unsupported_grant_type")
        refused = self.faults.take("invalid_grant")
        # Which of the two statuses it has is not confirmed.
        status = 401 if self.faults.is_on("grant_error_401") else 400
        return (None if refused else answer()) or oauth_error("invalid_grant", status)

    def _exchanged(self) -> Response | None:
        form = request.form
        code = self.grants.take_code(form.get("code", ""), form.get("redirect_uri", ""))
        if code is None:
            return None
        grant = self.grants.grant(code.person, code.scopes)
        return self._tokens(grant, grant.refresh)

    def _refreshed(self) -> Response | None:
        grant = self.grants.by_refresh(request.form.get("refresh_token", ""))
        if grant is None:
            return None
        if self.faults.is_on("refresh_rotate"):
            return self._tokens(grant, self.grants.rotate(grant))
        # The sheet knows of answers with and without one; without is the default.
        return self._tokens(grant, grant.refresh if self.faults.is_on("refresh_same") else "")

    def _tokens(self, grant: Grant, refresh: str) -> Response:
        seconds = 1800
        for fault in self.faults.on():
            if fault.kind == "expires_in":
                seconds = int(fault.seconds(1800))
        body = {
            "access_token": self.grants.issue(grant, seconds, "0."),
            "token_type": "Bearer",
            "expires_in": seconds,
        }
        if not self.faults.is_on("no_scope"):
            body["scope"] = SCOPE
        return json_answer(body | ({"refresh_token": refresh} if refresh else {}))

    # Who and where

    def me(self, access: Access) -> Response:
        person = access.person
        memberships = list(person.facts["members"].items())
        if self.faults.is_on("me_flip"):
            memberships.reverse()
        members = [
            {
                "id": member,
                "organization_id": organization,
                "email": person.email,
                "display_name": person.name,
                "snapchat_username": person.username,
                "member_status": "MEMBER",
            }
            for organization, member in memberships
        ]
        me = members[0] | {"created_at": self.clock.text(), "updated_at": self.clock.text()}
        if self.faults.is_on("old_me"):
            kept = ("id", "email", "organization_id", "display_name")
            return self.good({"me": {name: me[name] for name in kept}})
        return self.good({"me": me, "members": members[1:]})

    def my_organizations(self, access: Access) -> Response:
        with_accounts = request.args.get("with_ad_accounts") == "true"
        items: list[dict[str, Any]] = []
        for organization in access.organizations():
            shown = ORGANIZATIONS[organization] | {
                "roles": access.organization_roles(organization),
                "my_member_id": access.person.facts["members"][organization],
                "my_display_name": access.person.name,
            }
            if with_accounts:
                shown["ad_accounts"] = [
                    ACCOUNTS[account] | {"roles": access.account_roles(account)}
                    for account in access.accounts(organization)
                ]
            items.append({"sub_request_status": self.word(), "organization": shown})
        if self.faults.is_on("failing_organization"):
            items.append(envelope.failed_item())
        return self.good({"organizations": items})

    def ad_accounts(self, access: Access, org: str) -> Response:
        if org not in access.organizations():
            raise NoPermission
        items = [
            {"sub_request_status": self.word(), "adaccount": ACCOUNTS[each]}
            for each in access.accounts(org)
        ]
        return self.page("adaccounts", items)

    def ad_account(self, access: Access, account: str) -> Response:
        if not access.reaches(account):
            raise NoPermission
        item = {"sub_request_status": self.word(), "adaccount": ACCOUNTS[account]}
        return self.good({"adaccounts": [item]})

    def members(self, access: Access, org: str) -> Response:
        if org not in access.organizations():
            raise NoPermission
        items = [
            {"sub_request_status": self.word(), "member": {"id": person.facts["members"][org]}}
            for person in PEOPLE
            if org in person.facts["members"]
        ]
        return self.page("members", items)

    def roles(self, access: Access, org: str) -> Response:
        if org not in access.organizations():
            raise NoPermission
        member = access.person.facts["members"].get(org, "")
        held = [("Organizations", org, role) for role in access.organization_roles(org)]
        for account in access.accounts(org):
            held += [("AdAccounts", account, role) for role in access.account_roles(account)]
        items = [
            {
                "sub_request_status": self.word(),
                "role": {
                    "id": f"{container}-{role}",
                    "container_kind": kind,
                    "container_id": container,
                    "member_id": member,
                    "organization_id": org,
                    "type": role,
                },
            }
            for kind, container, role in held
        ]
        return self.page("roles", items)

    # What every call shares

    def limit(self) -> bool:
        token = request.headers.get("Authorization", "")
        return self.bucket("app", 20, 1).take("app") and self.bucket("token", 10, 1).take(token)

    def guarded(self, view: View, **arguments: str) -> Response:
        """Answer as the caller may expect: a dead token, an error, or what the view says."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = self.grants.by_access(token) if scheme == "Bearer" else None
        if grant is None:
            if self.faults.is_on("json_401"):
                return envelope.error(Refused(401, "E1001", "Unauthorized"))
            return Response("unauthorized", 401, mimetype="text/plain")
        try:
            return view(Access(self.on_behalf_of(grant.person), self.faults), **arguments)
        except Refused as refused:
            return envelope.error(refused)

    def word(self) -> str:
        mixed = self.faults.is_on("mixed_case")
        return random.choice(("SUCCESS", "success")) if mixed else "SUCCESS"

    def good(self, body: dict[str, Any]) -> Response:
        return json_answer({"request_status": self.word(), "request_id": str(uuid.uuid4())} | body)

    def page(self, name: str, items: list[dict[str, Any]]) -> Response:
        """Answer one page of a list: `limit` 50 to 1000, `paging.next_link` absolute."""
        limit = request.args.get("limit", 1000, type=int)
        if not 50 <= limit <= 1000:
            raise Refused(400, "E1000", "limit must be between 50 and 1000")
        start = request.args.get("cursor", 0, type=int)
        asked = limit
        if self.faults.is_on("small_pages"):
            limit = 2
        body: dict[str, Any] = {"paging": {}, name: items[start : start + limit]}
        if start + limit < len(items):
            more = _query(limit=str(asked), cursor=str(start + limit))
            body["paging"] = {"next_link": f"{request.base_url}?{more}"}
        return self.good(body)

    def too_many(self) -> Response:
        return Response(status=429)

    def failed(self) -> Response:
        return envelope.error(Refused(500, "E4001", "Internal error"))


def _query(**parameters: str) -> str:
    return urlencode(parameters)
