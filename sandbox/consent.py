"""The screens that a person meets at a platform: log in, see what is asked, allow or cancel."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from sandbox.emulator import Emulator, Person


def screen(platform: Emulator) -> Response:
    """Answer the consent page's address, GET and POST; works without a script."""
    asked = platform.consent()
    if isinstance(asked, Response):
        return asked
    cookie = f"signed_in_{platform.key}"
    if request.method == "POST" and "person" in request.form:
        response = _again()
        response.set_cookie(cookie, request.form["person"], samesite="Lax", httponly=True)
        return response
    if request.method == "POST" and "other" in request.form:
        response = _again()
        response.delete_cookie(cookie)
        return response
    person = _signed_in(platform, request.cookies.get(cookie, ""))
    if request.method == "POST" and person is not None:
        if request.form.get("decision") == "allow":
            return _go(platform.approved(asked, person))
        onward = platform.canceled(asked)
        return _go(onward) if onward else _page("stopped.html", platform)
    if person is None:
        return _page("log_in.html", platform, people=platform.people)
    return _page("consent.html", platform, person=person, permissions=platform.permissions)


def _signed_in(platform: Emulator, person_id: str) -> Person | None:
    return next((person for person in platform.people if person.id == person_id), None)


def _again() -> Response:
    return _go(request.full_path)


def _go(onward: str) -> Response:
    return make_response(redirect(onward, 303))


def _page(template: str, platform: Emulator, **context: object) -> Response:
    response = make_response(render_template(template, platform=platform, **context))
    # As real platforms do: whoever opened this window loses hold of it.
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
