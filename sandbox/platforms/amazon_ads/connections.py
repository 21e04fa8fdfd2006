"""Terms and connections of Amazon Marketing Cloud (sheet, sections 3.1 and 3.2)."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.platforms.amazon_ads import shapes
from sandbox.platforms.amazon_ads.people import (
    ADVERTISERS,
    AMC_INSTANCE,
    AMC_MARKETPLACE,
    Access,
)
from sandbox.platforms.amazon_ads.shapes import NoPermission, Refused, answer

if TYPE_CHECKING:
    from sandbox.platforms.amazon_ads import AmazonAds

TYPE = "application/vnd.amcaudiencesconnections.v1+json"
_AMC_PART = ("amcAccountId", "amcAccountMarketplaceId", "amcInstanceId")
_DSP_PART = ("dspAdvertiserId", "dspProfileId")
_TERMS = "<p>The terms under which audiences are sent to Amazon Marketing Cloud.</p>"


def routes(platform: AmazonAds) -> list[tuple[Any, ...]]:
    """Return path, view and methods."""
    path = "/amc/audiences/connections"
    return [
        (f"{path}/terms", partial(terms, platform), "GET"),
        (f"{path}/terms", partial(agreed, platform), "PATCH"),
        (path, partial(listed, platform), "GET"),
        (path, partial(made, platform), "POST"),
        (path, partial(deleted, platform), "DELETE"),
    ]


def terms(platform: AmazonAds, access: Access) -> Response:
    body = {
        "agreementContent": _TERMS,
        "agreementToken": _agreement(access),
        "hasAccepted": has_agreed(platform, access),
    }
    return answer(body)


def agreed(platform: AmazonAds, access: Access) -> Response:
    body = shapes.sent(TYPE)
    if body.get("agreementToken") != _agreement(access) or body.get("hasAccepted") is not True:
        raise _bad("agreementToken and hasAccepted are needed")
    platform.agreed.add(access.person.id)
    return Response(status=204)


def has_agreed(platform: AmazonAds, access: Access) -> bool:
    """Say whether the caller accepted the terms: nobody can for somebody else."""
    return bool(access.person.facts["agreed"]) or access.person.id in platform.agreed


def listed(platform: AmazonAds, access: Access) -> Response:
    found = _of(platform, access)
    if "connectionId" in request.args:
        found = [each for each in found if each["connectionId"] == request.args["connectionId"]]
    if "isDefault" in request.args:
        wished = request.args["isDefault"] == "true"
        found = [each for each in found if each["isDefault"] is wished]
    return answer({"connections": found[:100]})


def made(platform: AmazonAds, access: Access) -> Response:
    body = shapes.sent(TYPE)
    amc = {name: body.get(name) for name in _AMC_PART}
    dsp = {name: body.get(name) for name in _DSP_PART}
    for part in (amc, dsp):
        if any(part.values()) and not all(part.values()):
            raise _bad(f"{', '.join(part)} go together")
        if not all(isinstance(each, str) for each in part.values() if each is not None):
            raise _bad(f"{', '.join(part)} must be texts")
    if not any(amc.values()) and not any(dsp.values()):
        raise _bad("Either the AMC part or the DSP part is needed")
    _check(access, amc, dsp)
    is_default = body.get("isDefault") is True
    if is_default:
        for each in _of(platform, access):
            each["isDefault"] = False
    connection = {
        **amc,
        **dsp,
        "clientId": platform.client_id,
        "connectionId": str(uuid.uuid4()),
        "customerId": access.person.facts["customer"],
        "isDefault": is_default,
    }
    platform.connections[connection["connectionId"]] = connection
    return answer({"connectionId": connection["connectionId"]}, 201)


def deleted(platform: AmazonAds, access: Access) -> Response:
    """Delete a connection; without a name for it, every one."""
    asked = request.args.get("connectionId")
    found = [each["connectionId"] for each in _of(platform, access)]
    if asked is not None and asked not in found:
        raise Refused(404, "connectionId not found")
    for each in found if asked is None else [asked]:
        del platform.connections[each]
    return Response(status=204)


def usable(platform: AmazonAds, access: Access, connection_id: Any) -> dict[str, Any]:
    """Return a connection of the caller's that they may send through now."""
    if not isinstance(connection_id, str):
        raise Refused(400, "connectionId must be a text")
    found = platform.connections.get(connection_id)
    if found is None or found["customerId"] != access.person.facts["customer"]:
        raise Refused(404, "connectionId not found")
    if found["amcAccountId"] and not has_agreed(platform, access):
        # The exact words are not confirmed.
        raise NoPermission("Terms and conditions have not been accepted")
    _check(
        access,
        {name: found[name] for name in _AMC_PART},
        {name: found[name] for name in _DSP_PART},
    )
    return found


def _check(access: Access, amc: dict[str, Any], dsp: dict[str, Any]) -> None:
    if amc["amcAccountId"]:
        if not access.may_use_amc(amc["amcAccountId"]):
            raise NoPermission
        if (amc["amcAccountMarketplaceId"], amc["amcInstanceId"]) != (
            AMC_MARKETPLACE,
            AMC_INSTANCE,
        ):
            raise _bad("The instance is not one of this account and marketplace")
    advertiser = dsp["dspAdvertiserId"]
    if advertiser:
        if not access.may_edit(advertiser):
            raise NoPermission
        profile = access.profile(str(dsp["dspProfileId"]))
        of_it = ADVERTISERS.get(profile["profileId"], []) if profile else []
        if advertiser not in {each["advertiserId"] for each in of_it}:
            raise _bad("The advertiser is not one of this profile")


def _of(platform: AmazonAds, access: Access) -> list[dict[str, Any]]:
    customer = access.person.facts["customer"]
    return [each for each in platform.connections.values() if each["customerId"] == customer]


def _agreement(access: Access) -> str:
    return f"agreement-{access.person.id}"


def _bad(message: str) -> Refused:
    body = {"message": message, "requestId": shapes.a_request_id()}
    return Refused(400, message, body)
