"""The screens that a person meets at a platform: log in, see what is asked, allow or cancel."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from sandbox.emulator import ConsentRequest, Emulator, Person


def screen(platform: Emulator) -> Response:
    """Answer the consent page's address, GET and POST; works without a script."""
    asked = platform.consent()
    if isinstance(asked, Response):
        return asked
    cookie = f"signed_in_{platform.key}"
    person = _signed_in(platform, request.cookies.get(cookie, ""))
    if request.method == "POST":
        return _pressed(platform, asked, person, cookie)
    if person is None:
        return _page("log_in.html", platform, people=platform.people)
    return _page("consent.html", platform, person=person, permissions=platform.permissions)


def _pressed(
    platform: Emulator, asked: ConsentRequest, person: Person | None, cookie: str
) -> Response:
    """Do what a button says: log in, use another account, allow, cancel."""
    again = _go(request.full_path)
    if "person" in request.form:
        again.set_cookie(cookie, request.form["person"], samesite="Lax", httponly=True)
    elif "other" in request.form:
        again.delete_cookie(cookie)
    elif person is not None:
        allowed = request.form.get("decision") == "allow"
        onward = platform.approved(asked, person) if allowed else platform.canceled(asked)
        return _go(onward) if onward else _page("stopped.html", platform)
    return again


def _signed_in(platform: Emulator, person_id: str) -> Person | None:
    return next((person for person in platform.people if person.id == person_id), None)


def _go(onward: str) -> Response:
    return make_response(redirect(onward, 303))


def _page(template: str, platform: Emulator, **context: object) -> Response:
    response = make_response(render_template(template, platform=platform, **context))
    # As real platforms do: whoever opened this window loses hold of it.
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
