"""Customer lists, which hold people, and the audiences made of them, which ads target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers import identifiers
from providers.connection import Connection
from providers.errors import PlatformDown, PlatformError
from providers.platforms.pinterest import answers
from providers.platforms.pinterest.answers import API
from providers.values import Audience

# A list cannot be created empty. RFC 2606 keeps this address from ever being anybody's.
NOBODY = identifiers.digest("nobody@example.invalid")


def address(account: str, list_id: str = "") -> str:
    """Return the address of an ad account's customer lists, or of one of them."""
    below = f"/{list_id}" if list_id else ""
    return f"{API}/ad_accounts/{account}/customer_lists{below}"


def read(connection: Connection, account: str, list_id: str) -> dict[str, Any]:
    """Read a list by its id."""
    # https://developers.pinterest.com/docs/api/v5/customer_lists-get
    return answers.thing(connection.send("GET", address(account, list_id)))


def named(connection: Connection, account: str, name: str, list_type: str) -> dict[str, Any] | None:
    """Return the newest list of exactly this name that may be of this type.

    It is emptied if its creation was cut off.
    """
    # https://developers.pinterest.com/docs/api/v5/customer_lists-list
    # Names are not unique there. Higher ids are newer, so the newest comes first.
    newest_first = answers.every(connection, address(account), {"order": "DESCENDING"})
    same_name = (each for each in newest_first if each.get("name") == name)
    found = next((each for each in same_name if may_be_of(each, list_type)), None)
    if found is not None and _is_half_made(found):
        return _without_nobody(connection, account, str(found["id"]))
    return found


def may_be_of(found: Mapping[str, Any], list_type: str) -> bool:
    """Say whether a list may be of this type.

    Pinterest's OpenAPI file has no field for it in what is read: one that tells nothing may.
    """
    told = found.get("list_type")
    return not told or told == list_type


def create(connection: Connection, account: str, name: str, list_type: str) -> dict[str, Any]:
    """Create a list with nobody in it."""
    wished = {"name": name, "records": NOBODY, "list_type": list_type}
    # https://developers.pinterest.com/docs/api/v5/customer_lists-create
    made = answers.thing(connection.send("POST", address(account), json=wished), wrote=True)
    try:
        return _without_nobody(connection, account, str(made["id"]))
    except PlatformError as error:
        # Whoever renews a token and repeats would create it twice; it is found and emptied instead.
        raise PlatformDown(
            "Pinterest created the list and then failed; it is looked up next time.",
            code=error.code,
            request_id=error.request_id,
            status=error.status,
            retry_after=error.retry_after,
            may_have_happened=True,
        ) from error


def told(connection: Connection, account: str, found: Mapping[str, Any]) -> Audience:
    """Tell a list together with the audience made of it."""
    return answers.audience(found, _target(connection, account, found), account)


def told_and_made(
    connection: Connection, account: str, found: Mapping[str, Any], description: str
) -> Audience:
    """Tell a list together with the audience made of it, made now if the list was too small."""
    target = _target(connection, account, found)
    if target is None and found.get("status") == "READY":
        target = make_target(connection, account, found, description)
    return answers.audience(found, target, account)


def _target(
    connection: Connection, account: str, found: Mapping[str, Any]
) -> dict[str, Any] | None:
    # https://developers.pinterest.com/docs/api/v5/audiences-list
    asked = {"ownership_type": "OWNED", "order": "DESCENDING"}
    every = answers.every(connection, _audiences(account), asked)
    return next((each for each in every if _list_of(each) == str(found["id"])), None)


def make_target(
    connection: Connection, account: str, found: Mapping[str, Any], description: str
) -> dict[str, Any] | None:
    """Make an audience of a list; None where that does not succeed yet.

    Whether Pinterest refuses it while the list is being matched or too small is not confirmed.
    Whatever happens, the list stays good: its next status tries again.
    """
    wished = {
        "name": str(found.get("name") or found["id"]),
        "audience_type": "CUSTOMER_LIST",
        "rule": {"customer_list_id": str(found["id"])},
    }
    if description:
        wished["description"] = description
    try:
        # https://developers.pinterest.com/docs/api/v5/audiences-create
        return answers.thing(connection.send("POST", _audiences(account), json=wished))
    except PlatformError:
        return None


def _audiences(account: str) -> str:
    return f"{API}/ad_accounts/{account}/audiences"


def _without_nobody(connection: Connection, account: str, list_id: str) -> dict[str, Any]:
    """Remove what a new list had to be created with."""
    change = {"operation_type": "REMOVE", "records": NOBODY}
    # https://developers.pinterest.com/docs/api/v5/customer_lists-update
    answer = connection.send("PATCH", address(account, list_id), json=change)
    return answers.thing(answer, wrote=True)


def _list_of(audience: Mapping[str, Any]) -> str:
    rule = audience.get("rule")
    return str(rule.get("customer_list_id") or "") if isinstance(rule, dict) else ""


def _is_half_made(found: Mapping[str, Any]) -> bool:
    """Say whether a list looks as it does after its creation and before it was emptied."""
    counters = ("num_batches", "num_uploaded_user_records", "num_removed_user_records")
    return [found.get(name) for name in counters] == [1, 1, 0]
