"""TikTok API for Business v1.3, as its fact sheet says; `people` holds who there is."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from sandbox.emulator import ConsentRequest, Emulator, Person, View
from sandbox.grants import Grant
from sandbox.platforms.tiktok import accounts, custom_audiences, envelope, files, segments
from sandbox.platforms.tiktok.envelope import Refused
from sandbox.platforms.tiktok.people import PEOPLE, Access
from sandbox.platforms.tiktok.tokens import TikTokTokens

HOST, BASE = "business-api.tiktok.com", "/open_api/v1.3"
# Where older integrations send people to.
OLD_CONSENT = ("ads.tiktok.com", "/marketing_api/auth")


class TikTok(TikTokTokens, Emulator):
    """The consent page, the token endpoints and the part of the API that audiences need."""

    key = "tiktok"
    label = "TikTok"
    color = "#c2185b"
    people = PEOPLE
    permissions = (
        "Ad Account Management: read your ad accounts",
        "Audience Management: create audiences and change who is in them",
        "Business Center: read your Business Centers and their ad accounts",
    )
    own_faults = {
        "http_500": "HTTP 500 instead of a code inside HTTP 200",
        "partial": "code 20001: partially successful",
        "throttle_advertiser": "code 40133: too many requests for one ad account",
        "not_on_allowlist": "code 40118: the app may not use audience segments",
        "blocked_country": "code 41000: our address is in a banned country",
        "other_app": "code 40000: the token belongs to another app",
        "dead_code": "a dead token is answered with `code` (40106) instead of 40105",
        "granted_scopes": "new grants have only the scopes `granted` ([1, 15]: no audiences)",
        "no_advertisers": "approvals bring no ad account",
        "callback_form": "the way back has `form`: `code`, `both` or `stateless`",
        "one_grant_a_person": "a new grant, or a revoked one, ends the person's others",
        "info_fails": "code 40001 where details of ad accounts are asked for",
        "file_expired": "code 40910: an uploaded file has expired",
        "match_fails": "audiences could not be matched, and say so",
        "user_info_post": "the person is told by POST only",
        "streaming_limits": "audience segments take 10,000 requests a second instead of 10",
    }

    def reset(self) -> None:
        """Forget uploaded files too."""
        super().reset()
        self.files: dict[str, tuple[str, set[bytes]]] = {}

    def declare(self) -> None:
        for path, view in (("access_token", self.exchange), ("revoke_token", self.revoke)):
            self._mount(f"/oauth2/{path}/", partial(self._answering, view), "POST", counted=False)
        self._mount(
            "/tt_user/oauth2/refresh_token/",
            partial(self._answering, self.no_refresh),
            "POST",
            counted=False,
        )
        for module in (accounts, segments, custom_audiences, files):
            for path, view, scopes, *methods in module.routes(self):
                guarded = partial(self._guarded, view, frozenset(scopes))
                self._mount(path, guarded, *methods)
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            self.route(HOST, f"{BASE}/<path:_rest>", envelope.not_found, method, counted=False)
        self.route(*OLD_CONSENT, self._old_consent, counted=False)

    def _mount(self, path: str, view: View, *methods: str, counted: bool = True) -> None:
        """Declare a path, and what it is without the slash at its end."""
        self.route(HOST, BASE + path, view, *methods, counted=counted)
        for method in methods:
            # Public clients leave the slash out with GET; with POST there is no such path.
            bare = view if method == "GET" else envelope.not_found
            self.route(HOST, BASE + path.rstrip("/"), bare, method, counted=counted)

    # Consent

    consent_at = (HOST, "/portal/auth")

    def consent(self) -> ConsentRequest | Response:
        asked = request.args
        if asked.get("app_id") != self.client_id:
            return Response("The app does not exist.", 400)
        if not self.redirect_allowed(asked.get("redirect_uri", "")):
            return Response("The redirect address is not one of the app's.", 400)
        return ConsentRequest(asked["redirect_uri"], asked.get("state", ""))

    def approved(self, asked: ConsentRequest, person: Person) -> str:
        code = self.new_code(person)
        form = self.habit("callback_form", "form", "code")
        back = {"auth_code": code, "state": asked.state}
        if form == "code":
            back = {"code": code, "state": asked.state}
        elif form == "both":
            back |= {"code": code}
        elif form == "stateless":
            del back["state"]
        return f"{asked.redirect_uri}?{urlencode(back)}"

    def canceled(self, asked: ConsentRequest) -> str | None:
        # No callback of a cancel is documented: it brings the state alone, or nobody returns.
        if self.faults.take("cancel_never_returns"):
            return None
        return f"{asked.redirect_uri}?{urlencode({'state': asked.state})}"

    def _old_consent(self) -> Response:
        host, path = self.consent_at
        query = request.query_string.decode()
        return make_response(redirect(f"/{self.key}/{host}{path}?{query}", 302))

    # What every call shares

    def limit(self) -> bool:
        """Hold Basic's limits: 10 a second and 600 a minute, by endpoint.

        TikTok's table also has a line "Streaming API" of 10,000 a second. Whether it covers
        /segment/* is not confirmed: it does with `streaming_limits`.
        """
        path = request.path.rstrip("/")
        if "/segment/" in path and self.faults.is_on("streaming_limits"):
            return self.bucket("streaming", 10_000, 1).take(path)
        return (
            self.bucket("second", 10, 1).take(path)
            and self.bucket("minute", 600, 60).take(path)
            and self.bucket("day", 864_000, 86_400).take(path)
        )

    def _guarded(self, view: View, scopes: frozenset[int], **arguments: str) -> Response:
        """Check token and scopes, then answer; a refusal becomes its envelope."""
        try:
            if self.faults.take("http_500"):
                return Response("Internal Server Error", 500, mimetype="text/plain")
            self._strike()
            grant = self.grant_of(request.headers.get("Access-Token", ""))
            _check_scopes(scopes, grant)
            return view(self, Access(self.on_behalf_of(grant.person), self.faults), **arguments)
        except Refused as refused:
            return envelope.error(refused)

    def _answering(self, view: View) -> Response:
        try:
            return view()
        except Refused as refused:
            return envelope.error(refused)

    def _strike(self) -> None:
        """Let the platform's own faults strike."""
        if self.faults.take("blocked_country"):
            raise Refused(41000, "The client IP is on the banned country list.")
        if self.faults.take("throttle_advertiser"):
            raise Refused(
                40133,
                "Advertiser's QPS (11) reaches QPS limit 10 for current path, request is "
                "temporarily restricted.",
            )
        if self.faults.take("other_app"):
            raise Refused(
                40000,
                "The app_id is inconsistent with the token's app information. Please retry after "
                "correcting it.",
            )
        if "/segment/" in request.path and self.faults.take("not_on_allowlist"):
            raise Refused(40118, "The app is not on the allowlist for accessing the feature.")

    def too_many(self) -> Response:
        return envelope.error(Refused(40100, "Too many requests. Please retry in some time."))

    def failed(self) -> Response:
        return envelope.error(Refused(50000, "System error"))


def _check_scopes(sufficient: frozenset[int], grant: Grant) -> None:
    if sufficient and not sufficient & set(map(int, grant.scopes)):
        endpoint = request.path.partition(BASE)[2]
        raise Refused(
            40001, f"advertiser does not grant you {endpoint}:{request.method} permission"
        )
