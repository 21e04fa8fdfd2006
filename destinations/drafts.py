"""A half-filled form, kept in the person's session while they are elsewhere.

Choosing a platform loads the form again, and without a usable authorization the person goes and
makes one: in both cases nothing that was filled in is lost, and nothing of it is in an address.
"""

from __future__ import annotations

import uuid

from django.http import HttpRequest, QueryDict

_SESSION_KEY = "destination_drafts"
# Somebody who opens many tabs fills in few of them.
_MOST = 5
_NOT_KEPT = ("csrfmiddlewaretoken", "then")


def keep(request: HttpRequest) -> str:
    """Keep what was posted; return the draft's name for `take`."""
    filled = request.POST.copy()
    for name in _NOT_KEPT:
        filled.pop(name, None)
    drafts = dict(request.session.get(_SESSION_KEY, {}))
    name = uuid.uuid4().hex
    drafts[name] = filled.urlencode()
    request.session[_SESSION_KEY] = dict(list(drafts.items())[-_MOST:])
    return name


def take(request: HttpRequest) -> QueryDict:
    """Return the draft that the address names; empty where there is none."""
    drafts = request.session.get(_SESSION_KEY, {})
    return QueryDict(drafts.get(request.GET.get("draft", ""), ""))
