"""X's OAuth 1.0a endpoints (sheet, section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response, render_template, request

from sandbox.consent import screen
from sandbox.emulator import ConsentRequest
from sandbox.platforms.x import shapes
from sandbox.platforms.x.shapes import Refused

if TYPE_CHECKING:
    from sandbox.platforms.x import X

NOT_APPROVED = (
    "Callback URL not approved for this client application. Approved callback URLs can be "
    "adjusted in your application settings"
)


def request_token(platform: X) -> Response:
    signed = platform.signed()
    platform.verify(signed, token_secret="")
    callback = signed.parameter("oauth_callback")
    if not allowed(platform, callback):
        return _callback_refused(platform)
    asked = platform.tokens.ask(callback)
    return form_answer(
        oauth_token=asked.text,
        oauth_token_secret=asked.secret,
        oauth_callback_confirmed="true",
    )


def access_token(platform: X) -> Response:
    signed = platform.signed()
    asked = platform.tokens.asked(signed.token)
    if asked is None:
        # What X answers to an unknown request token is not told; its secret is not known, either.
        return _refused("Invalid oauth_token parameter")
    platform.verify(signed, token_secret=asked.secret)
    if platform.faults.take("invalid_grant"):
        return _refused("Invalid oauth_verifier parameter")
    pair = platform.tokens.exchange(asked, signed.parameter("oauth_verifier"))
    if pair is None:
        return _refused("Invalid oauth_verifier parameter")
    # The guide's example has no more than the tokens, the reference's has.
    person = platform.person(pair.person)
    more = {"user_id": person.id, "screen_name": person.username}
    if platform.faults.is_on("no_user_id"):
        more = {}
    return form_answer(oauth_token=pair.text, oauth_token_secret=pair.secret, **more)


def invalidate_token(platform: X) -> Response:
    pair = platform.caller(platform.signed())
    platform.tokens.invalidate(pair)
    return shapes.json_answer({"access_token": pair.text})


def verify_credentials(platform: X) -> Response:
    platform.caller(platform.signed())
    raise Refused(
        403,
        453,
        "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints "
        "only. If you need access to this endpoint, you may need a different access level.",
    )


def authenticate(platform: X) -> Response:
    """Let through at once who is logged in and has approved before."""
    asked = platform.consent()
    person = next((p for p in platform.people if p.id == request.cookies.get("signed_in_x")), None)
    is_known = person is not None and platform.tokens.alive_of(person.id) is not None
    is_forced = request.args.get("force_login") == "true"
    if isinstance(asked, ConsentRequest) and person and is_known and not is_forced:
        return Response(status=302, headers={"Location": platform.approved(asked, person)})
    return screen(platform)


def consent(platform: X) -> ConsentRequest | Response:
    asked = platform.tokens.waiting(request.args.get("oauth_token", ""))
    if asked is None:
        return Response("Whoa there! The request token for this page is invalid.", 403)
    if request.method == "POST" and "person" in request.form:
        asked.logged_in = True
    elif request.args.get("force_login") == "true" and not asked.logged_in:
        # Whoever is logged in already is asked again.
        return Response(render_template("log_in.html", platform=platform, people=platform.people))
    return ConsentRequest(asked.callback, asked.text)


def back(callback: str, **parameters: str) -> str:
    """Return the callback with what is told there; its own query stays."""
    return f"{callback}{'&' if '?' in callback else '?'}{urlencode(parameters)}"


def allowed(platform: X, callback: str) -> bool:
    """Say whether a callback is on the list, which holds no query."""
    # Whether one with a query of its own passes is not settled.
    if platform.faults.is_on("query_in_callback"):
        callback = callback.partition("?")[0]
    return platform.redirect_allowed(callback)


def form_answer(**parameters: str) -> Response:
    """Answer a form, under the content type that it is seen with."""
    return Response(urlencode(parameters), content_type="text/html;charset=utf-8")


def _callback_refused(platform: X) -> Response:
    if platform.faults.is_on("xml_errors"):
        body = (
            "<?xml version='1.0' encoding='UTF-8'?>"
            f'<errors><error code="415">{NOT_APPROVED}</error></errors>'
        )
        return Response(body, 403, content_type="application/xml;charset=utf-8")
    return shapes.error(Refused(403, 415, NOT_APPROVED))


def _refused(what: str) -> Response:
    return Response(
        f"Error processing your OAuth request: {what}", 401, content_type="text/html;charset=utf-8"
    )


ROUTES = (
    ("/oauth/request_token", request_token, "POST"),
    ("/oauth/access_token", access_token, "POST"),
    ("/1.1/oauth/invalidate_token.json", invalidate_token, "POST"),
    ("/1.1/account/verify_credentials.json", verify_credentials, "GET"),
)
