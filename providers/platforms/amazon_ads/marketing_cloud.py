"""Amazon Marketing Cloud (AMC): an audience goes there through a connection, under its terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.connection import Connection, must_be_object
from providers.errors import BadRequest, PermissionMissing, PlatformError
from providers.platforms.amazon_ads import accounts, answers, form, regions
from providers.platforms.amazon_ads.form import value
from providers.values import AudienceRequest

# https://advertising.amazon.com/API/docs/en-us/guides/amazon-marketing-cloud/audiences/audience-management-service
_TYPE = "application/vnd.amcaudiencesconnections.v1+json"
_AGREE = (
    "Amazon's terms for audiences in AMC are not accepted yet. The person who authorized must read "
    "and accept them at Amazon; nobody else can, and this product does not do it for them."
)

_GOES_ELSEWHERE = {
    True: "This audience goes to AMC: choose to send to AMC, or to AMC and DSP.",
    False: "This audience does not go to AMC: choose to send to DSP.",
}


def target(connection: Connection, api: str, request: AudienceRequest) -> dict[str, Any]:
    """Return what a new audience goes to: a DSP advertiser, or a connection with AMC."""
    account = regions.plain(request.ad_account_id)
    is_amc = account.startswith(accounts.AMC)
    if not form.sends_to_amc(request.settings):
        if not account.isdecimal():
            raise BadRequest("This ad account is one of AMC: choose to send to AMC.")
        # A number on the wire: a text is refused.
        return {"advertiserId": int(account)}
    to_dsp = value(request.settings, "send_to") == form.BOTH
    if to_dsp and is_amc:
        raise BadRequest("For AMC and DSP choose a DSP advertiser as the ad account.")
    try:
        check_terms(connection, api)
        return {"connectionId": _connection(connection, api, request, to_dsp=to_dsp)}
    except PlatformError as error:
        # Whatever became of the connection: no audience was created, and a connection is found.
        error.may_have_happened = False
        raise


def check_terms(connection: Connection, api: str) -> None:
    """Raise PermissionMissing where the person has not accepted Amazon's terms for AMC."""
    answer = connection.send("GET", f"{api}/amc/audiences/connections/terms")
    if must_be_object(answer).get("hasAccepted") is False:
        raise PermissionMissing(_AGREE, code="termsNotAccepted", status=answer.status)


def of_records(connection: Connection, api: str, audience_id: str, to: str) -> dict[str, Any]:
    """Return where records of an AMC audience go. Asked anew, as only Amazon keeps it."""
    answer = connection.send("GET", f"{api}/amc/audiences/metadata/{audience_id}")
    connection_id = str(answers.target_of(must_be_object(answer)).get("connectionId") or "")
    if not connection_id:
        raise BadRequest(_GOES_ELSEWHERE[False])
    both = {"targetTypes": ["DSP"]} if to == form.BOTH else {}
    return {"connectionId": connection_id, **both}


def check_fits(found: Mapping[str, Any], settings: Mapping[str, str]) -> None:
    """Raise BadRequest where an audience goes elsewhere than the form says."""
    to_amc = bool(found.get("connectionId"))
    # Where Amazon does not tell what it goes to, the first records find out.
    is_told = to_amc or bool(found.get("advertiserId"))
    if is_told and to_amc is not form.sends_to_amc(settings):
        raise BadRequest(_GOES_ELSEWHERE[to_amc])


def owner_of(connection: Connection, api: str, connection_id: str, account: str) -> str:
    """Return the AMC account or the DSP advertiser of a connection, whichever `account` is one of.

    Empty where it has none or is not shown.
    """
    name = "amcAccountId" if account.startswith(accounts.AMC) else "dspAdvertiserId"
    for each in _connections(connection, api, {"connectionId": connection_id}):
        if each.get("connectionId") == connection_id:
            return answers.number(each.get(name))
    return ""


def _connection(connection: Connection, api: str, request: AudienceRequest, *, to_dsp: bool) -> str:
    """Return the connection of an AMC instance, with the DSP advertiser or without; make it."""
    settings, account = request.settings, regions.plain(request.ad_account_id)
    wished = {
        "amcAccountId": value(settings, "amc_account")
        or (account if account.startswith(accounts.AMC) else ""),
        "amcAccountMarketplaceId": value(settings, "amc_marketplace"),
        "amcInstanceId": value(settings, "amc_instance"),
    }
    if not all(wished.values()):
        raise BadRequest("AMC needs its account, that account's marketplace, and its instance.")
    wished["dspAdvertiserId"] = account if to_dsp else ""
    for each in _connections(connection, api, {}):
        if all(answers.number(each.get(name)) == wish for name, wish in wished.items()):
            return str(each["connectionId"])
    if to_dsp:
        wished["dspProfileId"] = accounts.dsp_profile(connection, api, account)
    else:
        del wished["dspAdvertiserId"]
    # Not the default one: that may be in use elsewhere.
    answer = connection.send(
        "POST",
        f"{api}/amc/audiences/connections",
        json={**wished, "isDefault": False},
        headers={"Content-Type": _TYPE},
    )
    made = str(must_be_object(answer).get("connectionId") or "")
    if not made:
        raise answers.nothing_in(answer, "connectionId")
    return made


def _connections(
    connection: Connection, api: str, asked: Mapping[str, str]
) -> list[dict[str, Any]]:
    answer = connection.send("GET", f"{api}/amc/audiences/connections", params=asked)
    found = answers.listed(must_be_object(answer).get("connections"))
    return [each for each in found if each.get("connectionId")]
