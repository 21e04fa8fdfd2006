"""Ad accounts, and what the calling user may do in them (sheet, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from sandbox.platforms.x import lists, shapes
from sandbox.platforms.x.people import ACCOUNTS, CURRENCIES, Access
from sandbox.platforms.x.shapes import Refused

if TYPE_CHECKING:
    from sandbox.platforms.x import X


def listed(platform: X, access: Access) -> Response:
    wanted = lists.ids("account_ids", None)
    lists.flag("with_deleted")
    found = [ACCOUNTS[each] for each in access.accounts() if wanted is None or each in wanted]
    return lists.page(platform, [each for each in found if lists.begins(each["name"])])


def shown(_platform: X, access: Access, account: str) -> Response:
    reach(access, account)
    return shapes.good({**ACCOUNTS[account], "industry_type": "RETAIL"})


def user_access(_platform: X, access: Access, account: str) -> Response:
    reach(access, account)
    return shapes.good(
        {"user_id": access.person.id, "permissions": access.permissions(account)},
    )


def funding_instruments(platform: X, access: Access, account: str) -> Response:
    reach(access, account)
    instrument = {
        "id": f"f{account[-4:]}",
        "account_id": account,
        "type": "CREDIT_CARD",
        "currency": CURRENCIES[account],
        "entity_status": "ACTIVE",
        "able_to_fund": True,
        "name": None,
        "created_at": "2016-09-02T22:29:43Z",
        "updated_at": "2016-09-02T22:29:43Z",
        "deleted": False,
    }
    return lists.page(platform, [instrument])


def reach(access: Access, account: str) -> None:
    """Refuse an ad account that the caller does not reach: HTTP 403 and a code that says 404."""
    if account not in access.accounts():
        raise Refused(403, "NOT_FOUND", f"Account {account} was not found")


def may_write(access: Access, account: str) -> None:
    reach(access, account)
    if not access.may_write(account):
        raise Refused(
            403, "ACTION_NOT_ALLOWED", "You do not have permission to perform this action"
        )


ROUTES = (
    ("/accounts", listed),
    ("/accounts/<account>", shown),
    ("/accounts/<account>/authenticated_user_access", user_access),
    ("/accounts/<account>/funding_instruments", funding_instruments),
)
