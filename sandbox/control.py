"""The control API: make things go wrong, see what is held."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, request

from sandbox.audiences import Audience
from sandbox.clock import Clock
from sandbox.emulator import Emulator
from sandbox.faults import COMMON, Fault

control = Blueprint("control", __name__, url_prefix="/_control")


@control.post("/reset")
def reset() -> Any:
    """Forget everything: grants, audiences, faults, time moved ahead."""
    for platform in _platforms().values():
        platform.reset()
    current_app.extensions["clock"].ahead = 0.0
    return jsonify(ok=True)


@control.post("/clock")
def clock() -> Any:
    """Move the emulated time ahead by `advance` seconds."""
    advance = (request.get_json(silent=True) or {}).get("advance")
    if not isinstance(advance, int | float):
        return jsonify(error="advance must be a number of seconds"), 400
    shared: Clock = current_app.extensions["clock"]
    shared.ahead += advance
    return jsonify(ok=True, ahead=shared.ahead)


@control.get("/<key>/faults")
def kinds(key: str) -> Any:
    """List the kinds of faults, those of every platform and its own, and which are on."""
    platform = _platform(key)
    if isinstance(platform, Response):
        return platform
    faults = platform.faults
    return jsonify(common=COMMON, own=faults.own, on=[asdict(fault) for fault in faults.on()])


@control.post("/<key>/faults")
def faults(key: str) -> Any:
    """Switch a fault on: {"kind", "count", "account"} and what the kind takes besides."""
    platform = _platform(key)
    if isinstance(platform, Response):
        return platform
    asked = dict(request.get_json(silent=True) or request.form)
    kind = str(asked.pop("kind", ""))
    if kind not in platform.faults.kinds:
        return jsonify(error="unknown kind", kinds=platform.faults.kinds), 400
    count = str(asked.pop("count", None) or "")
    if count and not (count.isdecimal() and int(count)):
        return jsonify(error="count must be a whole number above 0, or absent"), 400
    account = asked.pop("account", None) or None
    platform.switch_on(Fault(kind, int(count) if count else None, account, asked))
    return jsonify(ok=True) if request.is_json else redirect("/", 303)


@control.delete("/<key>/faults")
def no_faults(key: str) -> Any:
    """Switch every fault of a platform off."""
    platform = _platform(key)
    if isinstance(platform, Response):
        return platform
    platform.faults.clear()
    return jsonify(ok=True)


@control.get("/<key>/audiences")
def audiences(key: str) -> Any:
    """Say which audiences hold how many identifiers, with a digest to compare by.

    With `?name=` only those of a name: a digest takes its time.
    """
    platform = _platform(key)
    if isinstance(platform, Response):
        return platform
    name = request.args.get("name")
    with platform.audiences.lock:
        found = platform.audiences.of()
        return jsonify([_told(each) for each in found if name is None or each.name == name])


@control.get("/<key>/audiences/<audience_id>/members")
def members(key: str, audience_id: str) -> Any:
    """List the identifiers that an audience holds, sorted, one a line."""
    platform = _platform(key)
    if isinstance(platform, Response):
        return platform
    audience = platform.audiences.get(audience_id)
    if audience is None:
        return jsonify(error="no such audience"), 404
    with platform.audiences.lock:
        return Response("\n".join(audience.sorted_members()), mimetype="text/plain")


@control.get("/people")
def people() -> Any:
    """List the sample people, and the application that is registered, by platform."""
    return jsonify(
        {
            key: {
                "label": platform.label,
                "client_id": platform.client_id,
                "client_secret": platform.client_secret,
                "people": [
                    {
                        "id": person.id,
                        "name": person.name,
                        "username": person.username,
                        "email": person.email,
                        "about": person.about,
                        "facts": dict(person.facts),
                    }
                    for person in platform.people
                ],
            }
            for key, platform in _platforms().items()
        }
    )


@control.get("/requests")
def requests() -> Any:
    """Count the requests since the reset, by status, and those that came too fast."""
    return jsonify({key: platform.counted() for key, platform in _platforms().items()})


@control.get("/<key>/log")
def log(key: str) -> Any:
    """List the last requests, with the emulated time, without their queries."""
    platform = _platform(key)
    return platform if isinstance(platform, Response) else jsonify(platform.logged())


def _told(audience: Audience) -> dict[str, Any]:
    return {
        "id": audience.id,
        "account": audience.account,
        "name": audience.name,
        "held": len(audience.members),
        "digest": audience.digest(),
        "requests": audience.requests,
        "people": sorted(audience.people),
    }


def _platforms() -> dict[str, Emulator]:
    found: dict[str, Emulator] = current_app.extensions["platforms"]
    return found


def _platform(key: str) -> Emulator | Response:
    platform = _platforms().get(key)
    if platform is None:
        answer: Response = jsonify(error="no such platform")
        answer.status_code = 404
        return answer
    return platform
