"""Profiles, DSP advertisers, manager accounts (sheet, sections 2.3 to 2.5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.platforms.amazon_ads import shapes
from sandbox.platforms.amazon_ads.people import MANAGERS, Access
from sandbox.platforms.amazon_ads.shapes import NoScope, Refused, answer

if TYPE_CHECKING:
    from sandbox.platforms.amazon_ads import AmazonAds

_CHOICES = {
    "apiProgram": {"billing", "campaign", "paymentMethod", "store", "report", "account", "posts"},
    "accessLevel": {"edit", "view"},
    "validPaymentMethodFilter": {"true", "false"},
}
_TYPES = {"seller", "vendor", "agency"}
_MOST, _LAST_START = 100, 29_900
_NEXT = "page-"
# Python reads no number of thousands of digits.
_LONGEST_NUMBER = 9


def routes(platform: AmazonAds) -> list[tuple[Any, ...]]:
    """Return path, view and methods."""
    return [
        ("/v2/profiles", partial(profiles, platform), "GET"),
        ("/dsp/advertisers", partial(advertisers, platform), "GET"),
        ("/managerAccounts", managers, "GET"),
        ("/adsAccounts/list", partial(ads_accounts, platform), "POST"),
    ]


def profiles(platform: AmazonAds, access: Access) -> Response:
    asked = request.args
    for name, known in _CHOICES.items():
        if name in asked and asked[name] not in known:
            raise _invalid(f"{name} must be one of {', '.join(sorted(known))}")
    types = set(filter(None, asked.get("profileTypeFilter", "").split(",")))
    if not types <= _TYPES:
        raise _invalid("profileTypeFilter must be seller, vendor or agency")
    # One copy of the description says edit, another one view.
    otherwise = "view" if platform.faults.is_on("profiles_view") else "edit"
    seen = access.profiles(asked.get("accessLevel", otherwise))
    found = [each for each in seen if not types or each["accountInfo"]["type"] in types]
    if asked.get("validPaymentMethodFilter"):
        is_valid = asked["validPaymentMethodFilter"] == "true"
        found = [each for each in found if each["accountInfo"]["validPaymentMethod"] is is_valid]
    return answer(found)


def advertisers(platform: AmazonAds, access: Access) -> Response:
    scope = request.headers.get("Amazon-Advertising-API-Scope", "")
    if not scope:
        raise NoScope("Scope header is missing")
    profile = access.profile(scope)
    if profile is None:
        raise NoScope("Not authorized to access scope")
    if profile["accountInfo"]["type"] != "agency":
        raise NoScope("No matching advertiser found for scope")
    start = _whole("startIndex", 0, 0, _LAST_START)
    count = _whole("count", _MOST, 1, _MOST)
    if platform.faults.is_on("small_pages"):
        count = 2
    only = set(filter(None, request.args.get("advertiserIdFilter", "").split(",")))
    found = [
        each
        for each in access.advertisers(profile["profileId"])
        if not only or each["advertiserId"] in only
    ]
    return answer({"totalResults": len(found), "response": found[start : start + count]})


def managers(access: Access) -> Response:
    is_in_one = access.person.facts["amc"] and access.region == "NA"
    return answer({"managerAccounts": MANAGERS if is_in_one else []})


def ads_accounts(platform: AmazonAds, access: Access) -> Response:
    # Which content type it wants is not confirmed.
    body = shapes.sent(request.mimetype) if request.get_data() else {}
    most, start = body.get("maxResults", _MOST), _place(body.get("nextToken"))
    if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= _MOST:
        raise _invalid(f"maxResults must be 1 to {_MOST}")
    if platform.faults.is_on("small_pages"):
        most = 2
    found = _accounts_of(access)
    shown: dict[str, Any] = {"adsAccounts": found[start : start + most]}
    if start + most < len(found):
        shown["nextToken"] = f"{_NEXT}{start + most}"
    return answer(shown)


def _place(token: Any) -> int:
    """Return where the page that a token stands for begins."""
    if token is None:
        return 0
    place = token.removeprefix(_NEXT) if isinstance(token, str) else ""
    if not place.isdecimal() or len(place) > _LONGEST_NUMBER:
        raise _invalid("nextToken is not known")
    return int(place)


def _accounts_of(access: Access) -> list[dict[str, Any]]:
    by_entity: dict[str, dict[str, Any]] = {}
    for profile in access.profiles("view"):
        info, country = profile["accountInfo"], profile["countryCode"]
        empty = {
            "adsAccountId": f"amzn1.ads-account.g.{info['id'].lower()}",
            "accountName": info["name"],
            "status": "CREATED",
            "alternateIds": [],
            "countryCodes": [],
        }
        shown = by_entity.setdefault(info["id"], empty)
        shown["alternateIds"].append(
            {
                "countryCode": country,
                "entityId": info["id"],
                "profileId": profile["profileId"],
            }
        )
        shown["countryCodes"].append(country)
    return list(by_entity.values())


def _whole(name: str, otherwise: int, least: int, most: int) -> int:
    found = request.args.get(name, str(otherwise))
    is_number = found.isdecimal() and len(found) <= _LONGEST_NUMBER
    if not is_number or not least <= int(found) <= most:
        words = f"{name} must be {least} to {most}"
        problem = {"errorType": "INVALID_ARGUMENT", "field": name, "message": words}
        body = {"requestId": shapes.a_request_id(), "message": words, "errors": [problem]}
        raise Refused(400, words, body)
    return int(found)


def _invalid(details: str) -> Refused:
    return Refused(400, details, {"code": "INVALID_ARGUMENT", "details": details})
