"""Audiences: created, read and changed; there is no list of them (sheet, section 3.3)."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response

from sandbox.audiences import Audience
from sandbox.platforms.amazon_ads import connections, shapes
from sandbox.platforms.amazon_ads.people import Access
from sandbox.platforms.amazon_ads.shapes import Refused, answer

if TYPE_CHECKING:
    from sandbox.platforms.amazon_ads import AmazonAds

TYPE = "application/vnd.amcaudiences.v1+json"
LONGEST = 34_300_800
CURRENCIES = (
    "AED",
    "AUD",
    "CAD",
    "CNY",
    "EUR",
    "GBP",
    "INR",
    "JPY",
    "MXN",
    "SAR",
    "SEK",
    "TRY",
    "USD",
)


def routes(platform: AmazonAds) -> list[tuple[Any, ...]]:
    """Return path, view and methods."""
    return [
        ("/amc/audiences/metadata", partial(created, platform), "POST"),
        ("/amc/audiences/metadata/<audience>", partial(shown, platform), "GET"),
        ("/amc/audiences/metadata/<audience>", partial(changed, platform), "PUT"),
    ]


def created(platform: AmazonAds, access: Access) -> Response:
    body = shapes.sent(TYPE)
    shapes.text(body.get("name"), "name", 10, 128)
    shapes.text(body.get("description"), "description", 0, 1000)
    country(body.get("countryCode"))
    details = _details(body.get("metadata"))
    shapes.text(details.get("externalAudienceId"), "externalAudienceId", 1, 256)
    account, target = _target(platform, access, body.get("targetResource"))
    audience = Audience(
        # Beyond 2^53, as Amazon's are.
        id=str(random.randrange(3 * 10**17, 4 * 10**17) | 1),
        account=account,
        name=body["name"],
        facts={
            "description": body["description"],
            "countryCode": body.get("countryCode"),
            "targetResource": target,
            "metadata": {"ttl": LONGEST, "audienceFees": [], **details},
            "region": access.region,
            "received": 0,
            "reads": 0,
            # Who is in it, by the sender's ids; how many more than one have a digest.
            "users": {},
            "shared": Counter(),
        },
    )
    platform.audiences.put(audience)
    external = details["externalAudienceId"]
    status = 200 if platform.faults.is_on("metadata_200") else 201
    return answer({"audienceId": int(audience.id), "externalAudienceId": external}, status)


def shown(platform: AmazonAds, access: Access, audience: str) -> Response:
    found = visible(platform, access, audience)
    # Sizes are not known at once: the second look finds them.
    found.facts["reads"] += 1
    facts = found.facts
    body = {
        "audienceId": int(found.id),
        "name": found.name,
        "description": facts["description"],
        "targetResource": facts["targetResource"],
        "metadata": {**facts["metadata"], "audienceSize": sizes(found)},
    }
    if platform.faults.is_on("flat_target"):
        body |= body.pop("targetResource")
    return answer(body | ({"countryCode": facts["countryCode"]} if facts["countryCode"] else {}))


def changed(platform: AmazonAds, access: Access, audience: str) -> Response:
    found, body = editable(platform, access, audience), shapes.sent(TYPE)
    if "name" in body:
        raise Refused(400, "name cannot be changed")
    if "description" in body:
        found.facts["description"] = shapes.text(body["description"], "description", 0, 1000)
    details = _details(body.get("metadata", {}))
    found.facts["metadata"] |= details
    if details.get("ttl") == 0:
        # A soft removal of everybody.
        platform.audiences.clear(found)
        found.facts |= {"users": {}, "shared": Counter(), "reads": 0}
    return shown(platform, access, audience)


def sizes(found: Audience) -> dict[str, int]:
    """Return an audience's sizes; -1 is not known yet, and of DSP also where it gets nothing."""
    facts = found.facts
    known = facts["reads"] > 1
    to_dsp = "advertiserId" in facts["targetResource"] or facts.get("dsp")
    size = len(facts["users"]) if known else -1
    return {
        "dspAudienceSize": size if to_dsp else -1,
        "idResolutionCount": size,
        "receivedRecordSize": facts["received"] if known else -1,
    }


def visible(platform: AmazonAds, access: Access, audience: str) -> Audience:
    """Return an audience that the caller may see; to all others it is not there."""
    found = platform.audiences.get(audience)
    if found is None or found.facts["region"] != access.region:
        raise _gone()
    gone = platform.faults.is_on("audience_gone") or platform.faults.is_on(
        "account_gone", found.account
    )
    seen = access.sees(found.account) or access.may_use_amc(found.account)
    dropped = platform.faults.is_on("drop_role", found.account)
    if gone or not (seen or dropped):
        raise _gone()
    return found


def editable(platform: AmazonAds, access: Access, audience: str) -> Audience:
    """Return an audience that the caller may change."""
    found = visible(platform, access, audience)
    target = found.facts["targetResource"]
    if "connectionId" in target:
        connections.usable(platform, access, target["connectionId"])
    elif not access.may_edit(found.account):
        platform.refuse_permission()
    return found


def country(code: Any) -> None:
    """Check a country's code where there is one. It is GB here, never UK."""
    if code is None:
        return
    is_code = isinstance(code, str) and len(code) == 2 and code.isalpha() and code.isupper()
    if not is_code or code == "UK":
        raise Refused(400, "countryCode must be an ISO 3166-1 alpha-2 code")


def _target(platform: AmazonAds, access: Access, target: Any) -> tuple[str, dict[str, Any]]:
    """Return the ad account and the target of a new audience."""
    if not isinstance(target, dict) or len({"advertiserId", "connectionId"} & set(target)) != 1:
        raise Refused(400, "targetResource must have one of advertiserId and connectionId")
    if "advertiserId" in target:
        advertiser = str(shapes.long(target["advertiserId"], "advertiserId"))
        if not access.may_edit(advertiser):
            platform.refuse_permission()
        return advertiser, {"advertiserId": int(advertiser)}
    found = connections.usable(platform, access, target["connectionId"])
    account = str(found["dspAdvertiserId"] or found["amcAccountId"])
    return account, {"connectionId": found["connectionId"]}


def _details(details: Any) -> dict[str, Any]:
    """Check what is said of an audience, new or not."""
    if not isinstance(details, dict):
        raise Refused(400, "metadata must be an object")
    ttl = details.get("ttl", LONGEST)
    if not isinstance(ttl, int) or isinstance(ttl, bool) or not 0 <= ttl <= LONGEST:
        raise Refused(400, f"ttl must be 0 to {LONGEST}")
    fees = details.get("audienceFees", [])
    if not isinstance(fees, list) or len(fees) > 13 or not all(map(_is_fee, fees)):
        raise Refused(400, "audienceFees must be at most 13 of cpmCents and currency")
    known = ("externalAudienceId", "ttl", "audienceFees")
    return {name: details[name] for name in known if name in details}


def _is_fee(fee: Any) -> bool:
    if not isinstance(fee, dict) or fee.get("currency") not in CURRENCIES:
        return False
    cents = fee.get("cpmCents")
    return isinstance(cents, int | float) and not isinstance(cents, bool)


def _gone() -> Refused:
    return Refused(404, "audienceId not found")
