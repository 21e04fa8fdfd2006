"""An upload in pieces, in the shape of the tus protocol: begin, ask for the offset, append at it.

https://tus.io/protocols/resumable-upload. Ours: beginning with the same file goes on with it, a
page shows its claim with each piece, and completing is a request of its own, to be asked again when
its answer is lost.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from destinations.models import Destination
from destinations.standing import standing_of
from exports import pieces, services
from exports.engine.reading import FileRefused
from exports.forms import PiecesForm
from exports.models import Export
from exports.states import ExportState
from exports.upload_models import Upload
from exports.upload_page import refused
from organizations import fence
from organizations.access import member_may
from organizations.requests import MemberRequest
from organizations.roles import May

logger = logging.getLogger(__name__)

_CONTENT_TYPE = "application/offset+octet-stream"
# The browser gets to see an answer only when it could send the whole piece; more is no piece.
_MOST_UNREAD = 2 * pieces.PIECE_BYTES


@member_may(May.DELIVER, of=Destination, fenced=False)
@require_POST
def begin(request: MemberRequest, row: Destination) -> HttpResponse:
    """Begin an upload, or go on with the one of the same file."""
    form = PiecesForm(request.POST)
    if not form.is_valid():
        return refused(request, row, form.refusal())
    with fence.inside(row.organization_id):
        standing = standing_of(row)
    if not standing.may_export:
        return refused(request, row, f"{standing.words}: {standing.why}")
    try:
        with fence.inside(row.organization_id):
            upload = pieces.upload_begin(destination=row, by=request.user, file=form.announced())
    except pieces.NotTaken as why:
        return refused(request, row, why.sentence)
    urls = {name: reverse(f"exports:upload_{name}", args=[upload.pk]) for name in _STEPS}
    return JsonResponse({**urls, **_standing(upload), "claim": upload.claim})


_STEPS = ("pieces", "complete", "discard")


@member_may(May.DELIVER, of=Upload, fenced=False)
@require_http_methods(["GET", "HEAD", "PATCH"])
@never_cache
def upload_pieces(request: MemberRequest, row: Upload) -> HttpResponse:
    """Say how much is here; take the piece that follows."""
    _must_be_own(request, row)
    if request.method != "PATCH":
        return _with_offset(JsonResponse(_standing(row)), row.received)
    try:
        asked = _piece_of(request)
    except ValueError:
        return _unread(request, HttpResponse("This is no piece of a file.", status=400))
    try:
        received = pieces.piece_receive(upload=row, **asked, body=request)
    except (pieces.Elsewhere, pieces.WrongPlace) as error:
        is_elsewhere = isinstance(error, pieces.Elsewhere)
        return _unread(request, JsonResponse({"elsewhere": is_elsewhere}, status=409))
    except pieces.Cut:
        return HttpResponse("The piece did not arrive whole.", status=400)
    except FileRefused as why:
        with fence.inside(request.organization.id):
            destination = row.destination
        pieces.upload_discard(upload=row)
        return refused(request, destination, why.sentence)
    except pieces.Gone:
        raise Http404 from None
    except pieces.Full:
        logger.warning("a piece of an upload could not be staged: the disk is full")
        return _unread(request, HttpResponse("There is no room.", status=507))
    return _with_offset(HttpResponse(status=204), received)


# Not in the fence before it is known whose it is: it may be an upload, or the draft that it became.
@member_may(May.DELIVER, fenced=False)
@require_POST
def upload_complete(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Look at a file that is here whole, and lead on to its page."""
    with fence.inside(request.organization.id):
        row = Upload.objects.of(request.user).select_related("destination").filter(pk=pk).first()
        if row is None:
            # Asked again: the answer was lost on its way.
            return _onward(get_object_or_404(Export, pk=pk, created_by=request.user))
    try:
        return _onward(pieces.upload_complete(upload=row, by=request.user))
    except (FileRefused, pieces.NotTaken) as why:
        pieces.upload_discard(upload=row)
        return refused(request, row.destination, why.sentence)
    except pieces.WrongPlace:
        return JsonResponse({"elsewhere": False}, status=409)
    except pieces.Gone:
        with fence.inside(request.organization.id):
            return _onward(get_object_or_404(Export, pk=pk, created_by=request.user))


# Not in the fence before it is known whose it is, as above.
@member_may(May.DELIVER, fenced=False)
@require_POST
def upload_discard(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Destroy what is here of a file, or the draft that it has just become."""
    with fence.inside(request.organization.id):
        upload = Upload.objects.of(request.user).filter(pk=pk).first()
        own_draft = {"state": ExportState.DRAFT, "created_by": request.user}
        row = upload or get_object_or_404(Export, pk=pk, **own_draft)
    services.file_discard(organization_id=row.organization_id, export_id=pk)
    messages.success(request, "What was uploaded was destroyed. Nothing was sent.")
    return redirect("exports:new", pk=row.destination_id)


def _must_be_own(request: MemberRequest, row: Upload) -> None:
    if row.created_by_id != request.user.id:
        raise Http404


def _standing(row: Upload) -> dict[str, Any]:
    return {"offset": row.received, "size": row.file_size, "piece_bytes": row.piece_bytes}


def _onward(export: Export) -> JsonResponse:
    return JsonResponse({"next_url": reverse("exports:start", args=[export.pk])})


def _with_offset(response: HttpResponse, offset: int) -> HttpResponse:
    response["Upload-Offset"] = str(offset)
    return response


def _piece_of(request: MemberRequest) -> dict[str, Any]:
    if request.content_type != _CONTENT_TYPE:
        raise ValueError
    return {
        "claim": uuid.UUID(request.headers.get("Upload-Claim", "")),
        "offset": int(request.headers.get("Upload-Offset", "")),
        "size": int(request.headers.get("Content-Length") or ""),
    }


def _unread(request: MemberRequest, response: HttpResponse) -> HttpResponse:
    """Read what is still coming, so that the browser gets to see the answer."""
    left = min(int(request.headers.get("Content-Length") or 0), _MOST_UNREAD)
    while left > 0 and (data := request.read(65536)):
        left -= len(data)
    return response
