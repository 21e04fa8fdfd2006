"""Codes and tokens of TikTok: JSON, one long-lived token, no refresh (sheet, section 1)."""

from __future__ import annotations

import math
import secrets
from typing import Any

from flask import Response, request

from sandbox.emulator import Emulator, Person
from sandbox.grants import Code, Grant
from sandbox.platforms.tiktok import envelope
from sandbox.platforms.tiktok.envelope import Refused
from sandbox.platforms.tiktok.people import Access

CODE_SECONDS = 3600
UNSIGNED = "Access token is null, you should set it in http header with key Access-Token."
OLD_CODE = "Invalid auth_code. Not able to get long-term access_token with an old auth_code."


class TikTokTokens(Emulator):
    """The part of the emulator that gives, judges and ends tokens."""

    def reset(self) -> None:
        """Forget codes and tokens too."""
        super().reset()
        self.codes: dict[str, Code] = {}
        self.used_codes: set[str] = set()
        self.issued: dict[str, Grant] = {}

    def new_code(self, person: Person) -> str:
        granted = self.habit("granted_scopes", "granted", [1, 15]) or person.facts["scopes"]
        code = secrets.token_hex(20)
        expires_at = self.clock.now() + CODE_SECONDS
        self.codes[code] = Code(person.id, "", tuple(map(str, granted)), expires_at)
        return code

    def exchange(self) -> Response:
        """Exchange an auth_code; only JSON is read, and no redirect address is asked for."""
        if self.faults.take("token_fail"):
            return Response("Internal Server Error", 500, mimetype="text/plain")
        if self.faults.take("token_throttle"):
            return self.too_many()
        body = envelope.json_body()
        self._known_app(body)
        text = envelope.text(body, "auth_code")
        if self.faults.take("invalid_grant") or text in self.used_codes:
            raise Refused(
                40110,
                "The auth_code is canceled. Please re-authorize and try again with a new "
                "auth_code.",
            )
        code = self.codes.pop(text, None)
        if code is None:
            raise Refused(40101, OLD_CODE)
        self.used_codes.add(text)
        if code.expires_at <= self.clock.now():
            raise Refused(40110, "The auth_code is expired. Please re-authorize.")
        if self.faults.is_on("one_grant_a_person"):
            self._end_all_of(code.person)
        return self._granted(code, with_ids=body.get("return_advertiser_ids", True) is not False)

    def _granted(self, code: Code, *, with_ids: bool) -> Response:
        grant = self.grants.grant(code.person, code.scopes)
        token = secrets.token_hex(20)
        grant.access[token] = math.inf
        self.issued[token] = grant
        data: dict[str, Any] = {"access_token": token, "scope": [int(one) for one in code.scopes]}
        if with_ids:
            data["advertiser_ids"] = self.advertisers_of(code.person)
        return envelope.answer(data)

    def revoke(self) -> Response:
        """End a token; what it reached is named."""
        body = envelope.json_body()
        self._known_app(body)
        grant = self.grant_of(envelope.text(body, "access_token"))
        reached = self.advertisers_of(grant.person)
        grant.revoked = True
        if self.faults.is_on("one_grant_a_person"):
            self._end_all_of(grant.person)
        return envelope.answer({"app_id": self.client_id, "advertiser_ids": reached})

    def no_refresh(self) -> Response:
        """Refuse: this path refreshes the tokens of another API."""
        raise Refused(40107, "Invalid or incorrect refresh token.")

    def grant_of(self, token: str) -> Grant:
        """Return the grant of a token that is good now, or refuse as the platform does."""
        if not token:
            raise Refused(40104, UNSIGNED)
        grant = self.issued.get(token)
        if grant is None:
            raise Refused(40105, "Access token is incorrect or has been revoked.")
        if grant.revoked:
            code = self.habit("dead_code", "code", 40106) or 40105
            raise Refused(int(code), "Access token is incorrect or has been revoked.")
        if token not in grant.access:
            raise Refused(40102, "Access token has expired.")
        return grant

    def advertisers_of(self, person_id: str) -> list[str]:
        if self.faults.is_on("no_advertisers"):
            return []
        return Access(self.person(person_id), self.faults).accounts()

    def habit(self, kind: str, name: str, otherwise: Any) -> Any:
        """Return what a habit that is switched on says of itself; None where it is off."""
        said = (fault.extra for fault in self.faults.on() if fault.kind == kind)
        extra = next(said, None)
        return None if extra is None else extra.get(name, otherwise)

    def _known_app(self, body: dict[str, Any]) -> None:
        app_id, secret = envelope.text(body, "app_id"), envelope.text(body, "secret")
        if app_id != self.client_id:
            raise Refused(40113, "The app has been blocked or does not exist.")
        if not secrets.compare_digest(secret.encode(), self.client_secret.encode()):
            raise Refused(40101, "The secret does not match the app_id.")

    def app_of_query(self) -> None:
        """Check the app where its id and secret stand in the query."""
        self._known_app(dict(request.args))

    def _end_all_of(self, person_id: str) -> None:
        for grant in self.issued.values():
            if grant.person == person_id:
                grant.revoked = True
