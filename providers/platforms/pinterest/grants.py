"""What a refusal of the token endpoint means: of the grant, or of our application?"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from requests.auth import HTTPBasicAuth

from providers.app import App
from providers.connection import Answer
from providers.errors import (
    AppMisconfigured,
    GrantDead,
    PlatformDown,
    PlatformError,
    Throttled,
)
from providers.platforms.pinterest.answers import API, REQUEST_ID
from providers.transport import ask, new_session
from providers.wording import word

# A dead refresh token and a wrong client secret are refused alike, with HTTP 401.
AUTHENTICATION_FAILED = 2
# Known from the API before v5; whether v5 says it, and with which status, is not confirmed.
GRANT_INVALID = 283
NOT_PERMITTED = 29


def error_in(answer: Answer) -> PlatformError | None:
    """Read a refusal in Pinterest's own form; None where the answer is of another kind."""
    body = answer.json if isinstance(answer.json, dict) else {}
    is_refusal = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not is_refusal or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return None
    code = body.get("code")
    about: dict[str, Any] = {"code": word(code), "request_id": answer.request_id(REQUEST_ID)}
    if code in {AUTHENTICATION_FAILED, GRANT_INVALID}:
        words = "Pinterest says that this authorization has ended."
        return GrantDead(words, status=answer.status, **about)
    if code == NOT_PERMITTED:
        words = "Pinterest does not let this application have tokens."
        return AppMisconfigured(words, status=answer.status, **about)
    return None


def check_client(app: App) -> None:
    """Ask whether Pinterest still takes our client id and secret; raise where it does not.

    A wrong secret of ours must not end everybody's authorizations, and the token endpoint's answer
    does not tell. The revocation does, with a token that nobody has: it refuses a wrong client
    with 401, and a right one because of the token.
    """
    url = f"{API}/oauth/token/revoke"
    credentials = HTTPBasicAuth(app.client_id, app.client_secret.reveal())
    # https://developers.pinterest.com/docs/api/v5/token-revoke
    form = {"token": "pinr.nobody-has-this-token", "token_type_hint": "refresh_token"}
    try:
        response = ask(new_session(), "POST", app.address(url), data=form, auth=credentials)
    except PlatformDown as error:
        # What was asked before was refused: nothing has happened.
        error.may_have_happened = False
        raise
    answer = Answer.of(response)
    about: dict[str, Any] = {"status": answer.status, "request_id": answer.request_id(REQUEST_ID)}
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise AppMisconfigured("Pinterest does not accept this application's credentials.", **about)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = answer.retry_after
        raise Throttled("Pinterest asks to slow down.", retry_after=wait, **about)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise PlatformDown("Pinterest has trouble on its side.", **about)
