"""What happens to every request before anything else of ours."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

_Respond = Callable[[HttpRequest], HttpResponse]


def one_host(get_response: _Respond) -> _Respond:
    """Send `localhost` to 127.0.0.1 where the application lives there.

    Redirect addresses are exact and cookies are per host: two names would be two sessions.
    """
    public_host = urlsplit(settings.PUBLIC_URL).netloc

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.get_host().partition(":")[0] == "localhost" and "localhost" not in public_host:
            return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())
        return get_response(request)

    return middleware
