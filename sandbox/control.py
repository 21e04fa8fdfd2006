"""The control API: make things go wrong, see what is held."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, request

from sandbox.audiences import Audience
from sandbox.emulator import Emulator
from sandbox.faults import Fault

control = Blueprint("control", __name__, url_prefix="/_control")


@control.post("/reset")
def reset() -> Any:
    """Forget everything: grants, audiences, faults, time moved ahead."""
    for platform in _platforms().values():
        platform.reset()
        platform.clock.ahead = 0.0
    return jsonify(ok=True)


@control.post("/clock")
def clock() -> Any:
    """Move the emulated time ahead by `advance` seconds."""
    asked = request.get_json()
    for platform in _platforms().values():
        platform.clock.ahead += float(asked["advance"])
        # They share one clock.
        break
    return jsonify(ok=True)


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
    count = asked.pop("count", None)
    fault = Fault(kind, int(count) if count else None, asked.pop("account", None) or None, asked)
    if kind == "expire":
        platform.grants.expire_all()
    elif kind == "revoke":
        platform.grants.revoke_all()
    else:
        platform.faults.switch_on(fault)
    if not request.is_json:
        return redirect("/", 303)
    return jsonify(ok=True)


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
    """Say which audiences hold how many identifiers, with a digest to compare by."""
    platform = _platform(key)
    if isinstance(platform, Response):
        return platform
    with platform.audiences.lock:
        return jsonify([_told(audience) for audience in platform.audiences.of()])


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
    """Count the requests since the reset, by status, for benchmarks."""
    return jsonify({key: dict(platform.counts) for key, platform in _platforms().items()})


@control.get("/<key>/log")
def log(key: str) -> Any:
    """List the last thousand requests, without their queries."""
    platform = _platform(key)
    return platform if isinstance(platform, Response) else jsonify(list(platform.log))


def _told(audience: Audience) -> dict[str, Any]:
    return {
        "id": audience.id,
        "account": audience.account,
        "name": audience.name,
        "held": len(audience.members),
        "digest": audience.digest(),
        "requests": audience.requests,
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
