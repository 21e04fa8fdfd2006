"""Billboard, emulated: everything that the sandbox needs to know of it."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from sandbox.audiences import Audience
from sandbox.emulator import ConsentRequest, Emulator, Person

LOGIN, API = "login.billboard.example", "api.billboard.example"
WALLS = {"wall-1": "Main street", "wall-2": "Station"}


class Billboard(Emulator):
    key = "billboard"
    label = "Billboard"
    people = (
        Person("b1", "Ed Editor", "ed", "ed@people.example", "editor of one wall of two"),
        Person("b2", "Vi Viewer", "vi", "vi@people.example", "may only look"),
    )
    permissions = ("See your walls", "Fill their audiences")
    consent_at = (LOGIN, "/authorize")

    def declare(self) -> None:
        self.challenges: dict[str, str] = {}
        self.route(LOGIN, "/token", self.token, "POST", counted=False)
        self.route(API, "/2/self", self.who)
        self.route(API, "/2/walls", self.walls)
        self.route(API, "/2/walls/<wall>/audiences", self.made, "GET", "POST")
        self.route(API, "/2/audiences/<audience>", self.shown)
        self.route(API, "/2/audiences/<audience>/people", self.filled, "PUT", "PATCH")

    def consent(self) -> ConsentRequest | Response:
        asked = request.args
        is_right = (
            asked.get("client_id") == self.client_id
            and self.redirect_allowed(asked.get("redirect_uri", ""))
            and asked.get("code_challenge_method") == "S256"
        )
        if not is_right:
            return Response("This application asks wrongly.", 400)
        scopes = tuple(asked.get("scope", "").split())
        return ConsentRequest(asked["redirect_uri"], asked["state"], scopes)

    def approved(self, asked: ConsentRequest, person: Person) -> str:
        code = self.grants.code_for(person.id, asked.redirect_uri, asked.scopes)
        self.challenges[code] = request.args["code_challenge"]
        return f"{asked.redirect_uri}?{urlencode({'code': code, 'state': asked.state})}"

    def canceled(self, asked: ConsentRequest) -> str | None:
        return f"{asked.redirect_uri}?{urlencode({'error': 'denied', 'state': asked.state})}"

    def token(self) -> Response:
        login = request.authorization
        if login is None or login.password != self.client_secret:
            return _said({"error": "invalid_client"}, 401)
        form = request.form
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
        is_his = self.challenges.pop(form.get("code", ""), None) == challenge
        code = self.grants.take_code(form.get("code", ""), form.get("redirect_uri", ""))
        if code is None or not is_his:
            return _said({"error": "invalid_grant"}, 400)
        grant = self.grants.grant(code.person, code.scopes)
        access = self.grants.issue(grant, 600)
        return _said({"access_token": access, "token_type": "bearer", "expires_in": 600})

    def who(self) -> Response:
        person = self.caller()
        return _said({"id": person.id, "name": person.name} if person else {}, _ok(person))

    def walls(self) -> Response:
        person = self.caller()
        walls = [
            {"id": wall, "name": name, "role": self.role(person, wall)}
            for wall, name in WALLS.items()
        ]
        return _said({"walls": walls}, _ok(person))

    def made(self, wall: str) -> Response:
        person = self.caller()
        if request.method == "GET" or person is None:
            return _said({"audiences": [_told(a) for a in self.audiences.of(wall)]}, _ok(person))
        if self.role(person, wall) != "editor":
            return _said({}, 403)
        count = len(self.audiences.of()) + 1
        audience = Audience(f"audience-{count}", wall, request.get_json()["name"])
        return _said(_told(self.audiences.put(audience)), 201)

    def shown(self, audience: str) -> Response:
        found = self.audiences.get(audience)
        return _said(_told(found), _ok(self.caller())) if found else _said({}, 404)

    def filled(self, audience: str) -> Response:
        person, found = self.caller(), self.audiences.get(audience)
        if person is None or found is None:
            return _said({}, 404 if person else 401)
        if self.role(person, found.account) != "editor":
            return _said({}, 403)
        people = request.get_json()["people"]
        values = [bytes.fromhex(value) for each in people for value in each.values() if value]
        change = self.audiences.add if request.method == "PUT" else self.audiences.remove
        change(found, values)
        return _said({"taken": len(people)})

    def caller(self) -> Person | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        grant = self.grants.by_access(token)
        return self.person(grant.person) if grant else None

    def role(self, person: Person | None, wall: str) -> str:
        is_editor = person is self.people[0] and wall == "wall-1"
        return "editor" if is_editor and not self.faults.is_on("drop_role", wall) else "viewer"

    def too_many(self) -> Response:
        return _said({}, 429)

    def failed(self) -> Response:
        return _said({}, 500)


def _told(audience: Audience) -> dict[str, Any]:
    size = len(audience.members)
    return {"id": audience.id, "name": audience.name, "wall": audience.account, "size": size}


def _said(body: dict[str, Any], status: int = 200) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer


def _ok(person: Person | None) -> int:
    return 200 if person else 401
