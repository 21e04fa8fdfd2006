"""Lists as X pages them: `count`, `cursor`, `with_total_count`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.platforms.x import shapes
from sandbox.platforms.x.shapes import Refused

if TYPE_CHECKING:
    from sandbox.platforms.x import X

TRUTH = {"true": True, "false": False, "": False}


def page(platform: X, items: list[dict[str, Any]]) -> Response:
    """Answer one page of a list, by the query's `sort_by`, `count` and `cursor`."""
    with_total = flag("with_total_count")
    if with_total and "cursor" in request.args:
        raise Refused(
            400, "EXCLUSIVE_PARAMETERS", "with_total_count and cursor are mutually exclusive"
        )
    count = _count()
    if platform.faults.is_on("small_pages"):
        count = 2
    items = _sorted(items)
    start = _start()
    following = start + count
    cursor = _cursor(following) if following < len(items) else None
    more = {"total_count": len(items)} if with_total else {}
    return shapes.good(items[start:following], next_cursor=cursor, **more)


def flag(name: str) -> bool:
    value = request.args.get(name, "").lower()
    if value not in TRUTH:
        raise shapes.invalid(name, f"Expected boolean, got {value!r} for {name}", value)
    return TRUTH[value]


def ids(name: str, most: int | None) -> set[str] | None:
    """Return a comma-separated list of ids; None where it is not asked for."""
    if name not in request.args:
        return None
    found = set(request.args[name].split(","))
    if most is not None and len(found) > most:
        raise shapes.invalid(name, f"At most {most} ids may be given for {name}")
    return found


def begins(name: str) -> bool:
    """Say whether a name begins as `q` asks; X does not say whether case counts."""
    return name.lower().startswith(request.args.get("q", "").lower())


def _count() -> int:
    text = request.args.get("count", "200")
    # The length first: Python reads no number of thousands of digits.
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= 1000:
        raise shapes.invalid(
            "count", f"Expected integer between 1 and 1000, got {text[:40]!r}", text
        )
    return int(text)


def _sorted(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    field, _, way = request.args.get("sort_by", "").partition("-")
    if not field:
        return items
    if field not in {"name", "id", "created_at", "updated_at"} or way not in {"", "asc", "desc"}:
        raise shapes.invalid("sort_by", "Expected <field>-asc or <field>-desc for sort_by")
    return sorted(items, key=lambda item: str(item[field]), reverse=way == "desc")


def _cursor(start: int) -> str:
    return base64.b32encode(f"from-{start}".encode()).decode().strip("=").lower()


def _start() -> int:
    text = request.args.get("cursor", "")
    if not text:
        return 0
    try:
        padded = text.upper() + "=" * (-len(text) % 8)
        return int(base64.b32decode(padded).decode().removeprefix("from-"))
    except ValueError:
        raise shapes.invalid("cursor", "The cursor is not valid", text) from None
