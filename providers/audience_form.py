"""What most platforms' destination forms ask: the name of an audience, or the id of one there."""

from __future__ import annotations

from collections.abc import Mapping

from providers.values import AudienceRequest

NAME_FIELD = "audience_name"
# For how many days people stay after they were last sent, where a platform asks that.
MEMBERSHIP_FIELD = "membership_days"


def request_from(
    ad_account_id: str, settings: Mapping[str, str], *, id_field: str
) -> AudienceRequest:
    """Say which audience a filled form asks for."""
    return AudienceRequest(
        ad_account_id,
        name=settings.get(NAME_FIELD, "").strip(),
        existing_id=settings.get(id_field, "").strip(),
        settings=settings,
    )


def name_or_id(
    settings: Mapping[str, str], *, id_field: str, thing: str, its_id: str = ""
) -> dict[str, str]:
    """Ask for either a name or an existing audience; return what is wrong by its field.

    `thing` is the platform's word for an audience, `its_id` what it calls the id.
    """
    request = request_from("", settings, id_field=id_field)
    if request.name and request.existing_id:
        return {id_field: f"Give a name or an existing {its_id or f'{thing} id'}, not both."}
    if not request.name and not request.existing_id:
        return {NAME_FIELD: f"Give a name, or the id of an existing {thing}."}
    return {}
