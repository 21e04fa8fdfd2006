"""People who enter and leave an audience, and the jobs of it (sheet, sections 3.4 and 3.5)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response

from sandbox.audiences import Audience
from sandbox.platforms.amazon_ads import metadata, shapes
from sandbox.platforms.amazon_ads.people import Access
from sandbox.platforms.amazon_ads.shapes import Refused, answer

if TYPE_CHECKING:
    from sandbox.platforms.amazon_ads import AmazonAds

MOST = 10_000
# Of one connection.
MOST_AN_HOUR = 15_000_000
COLUMNS = {
    "email",
    "phone",
    "firstname",
    "lastname",
    "address",
    "city",
    "state",
    "postal",
}
CONSENTS = {"GRANTED", "DENIED", "NOT_APPLICABLE", "UNKNOWN"}
# fmt: off
CONSENT_NEEDED = {
    "GB", "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
    "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI",
    "NO", "CH",
}
# fmt: on
_USER_ID = re.compile(r"[0-9a-zA-Z\-_]{1,128}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass
class Job:
    """What was sent in one request, and what came of it after some looks."""

    audience: str
    customer: str
    count: int
    failed: bool = False
    invalid: list[dict[str, str]] = field(default_factory=list)
    looks: int = 0


def routes(platform: AmazonAds) -> list[tuple[Any, ...]]:
    """Return path, view and methods."""
    return [
        ("/amc/audiences/records", partial(sent, platform), "POST"),
        ("/amc/audiences/records/<job>", partial(shown, platform), "GET"),
    ]


def sent(platform: AmazonAds, access: Access) -> Response:
    body = shapes.sent(metadata.TYPE)
    audience_id = str(shapes.long(body.get("audienceId"), "audienceId"))
    records = body.get("records")
    if not isinstance(records, list) or not 1 <= len(records) <= MOST:
        raise Refused(400, f"records must be 1 to {MOST}")
    for record in records:
        _check(record)
    job = Job(audience_id, access.person.facts["customer"], len(records))
    try:
        audience = metadata.editable(platform, access, audience_id)
        # An audience that another API created is not known to this one.
        job.failed = bool(audience.facts.get("of_data_provider"))
    except Refused as refused:
        if refused.status != 404:
            raise
        # The request is taken; its job finds out.
        job.failed = True
    if not job.failed:
        _check_target(audience, body.get("targetResource"))
        if not platform.within_the_hour(audience, len(records)):
            platform.count_as_too_fast()
            return platform.too_many()
        _carry_out(platform, audience, records, job)
    job_id = str(uuid.uuid4())
    platform.jobs[job_id] = job
    return answer({"jobRequestId": job_id}, 202)


def shown(platform: AmazonAds, access: Access, job: str) -> Response:
    found = platform.jobs.get(job)
    if found is None or found.customer != access.person.facts["customer"]:
        raise Refused(404, "jobRequestId not found")
    found.looks += 1
    state = _state(platform, found)
    audience = platform.audiences.get(found.audience)
    unknown = {"dspAudienceSize": -1, "idResolutionCount": -1, "receivedRecordSize": -1}
    known = {} if audience is None else metadata.sizes(audience)
    body: dict[str, Any] = {"jobRequestId": job, "jobState": state}
    if state == "PENDING":
        # All fields are there from the beginning; nothing is known of them yet.
        nothing = {"recordsProcessedRate": 0.0}
        return answer(
            {**body, "successful": nothing, "invalidRecords": [], "audienceSize": unknown}
        )
    good = 0 if found.failed else found.count - len(found.invalid)
    body |= {
        "successful": {"recordsProcessedRate": round(100 * good / found.count, 2)},
        "invalidRecords": found.invalid,
        "audienceSize": {**unknown, **known, "receivedRecordSize": good},
    }
    return answer(body)


def _state(platform: AmazonAds, job: Job) -> str:
    if job.looks <= 1 or platform.faults.is_on("slow_jobs"):
        return "PENDING"
    if job.failed:
        return "FAILED"
    if job.invalid:
        return "PARTIALLYSUCCEEDED"
    return "COMPLETED" if platform.faults.is_on("job_completed") else "SUCCEEDED"


def _carry_out(
    platform: AmazonAds, audience: Audience, records: list[dict[str, Any]], job: Job
) -> None:
    if platform.faults.take("job_failed"):
        job.failed = True
        job.invalid = [_invalid(audience, records[0], "The job could not be processed")]
        return
    good = []
    spoiled = platform.faults.take("job_partial") is not None
    for record in records:
        where = record.get("countryCode") or audience.facts["countryCode"]
        if where in CONSENT_NEEDED and not _has_consent(record):
            job.invalid.append(_invalid(audience, record, "Consent is needed in this country"))
        elif not any(record["hashedPII"]):
            job.invalid.append(_invalid(audience, record, "The record names nobody"))
        elif spoiled:
            job.invalid.append(_invalid(audience, record, "The record is not valid"))
            spoiled = False
        else:
            good.append(record)
    with platform.audiences.lock:
        audience.facts["received"] += len(records)
        audience.facts["reads"] = 0
        platform.audiences.count(audience)
        for record in good:
            _enter_or_leave(audience, record)


def _enter_or_leave(audience: Audience, record: dict[str, Any]) -> None:
    """Let one user in, with all that is known of them, or out.

    People share a city: a digest stays as long as somebody has it.
    """
    users: dict[int, bytes] = audience.facts["users"]
    who = hash(record["externalUserId"])
    before = set(_cut(users.pop(who, b"")))
    after = set() if record["action"] == "DELETE" else before | set(_digests(record))
    shared, members = audience.facts["shared"], audience.members
    for digest in after - before:
        if digest in members:
            shared[digest] += 1
        members.add(digest)
    for digest in before - after:
        if shared[digest]:
            shared[digest] -= 1
        else:
            members.discard(digest)
    if after:
        users[who] = b"".join(after)


def _cut(digests: bytes) -> Iterable[bytes]:
    return (digests[start : start + 32] for start in range(0, len(digests), 32))


def _digests(record: dict[str, Any]) -> Iterable[bytes]:
    for columns in record["hashedPII"]:
        for digest in columns.values():
            yield bytes.fromhex(digest)


def _check(record: Any) -> None:
    """Check one record; a bad one refuses the whole request."""
    if not isinstance(record, dict):
        raise Refused(400, "each record must be an object")
    who = record.get("externalUserId")
    if not isinstance(who, str) or not _USER_ID.fullmatch(who):
        raise Refused(400, r"externalUserId must match ^[0-9a-zA-Z\-_]{1,128}$")
    if record.get("action") not in ("CREATE", "DELETE"):
        raise Refused(400, "action must be CREATE or DELETE")
    metadata.country(record.get("countryCode"))
    _check_hashed(record.get("hashedPII"))
    _check_consent(record.get("userConsent"))


def _check_hashed(hashed: Any) -> None:
    if not isinstance(hashed, list) or not 1 <= len(hashed) <= 100:
        raise Refused(400, "hashedPII must be 1 to 100 objects")
    for columns in hashed:
        # No column is called required: an object without any costs its record, not the request.
        if not isinstance(columns, dict) or not set(columns) <= COLUMNS:
            raise Refused(400, f"hashedPII must be of {', '.join(sorted(COLUMNS))}")
        for digest in columns.values():
            if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
                raise Refused(400, "hashedPII must be SHA-256 digests of 64 hexadecimal digits")


def _check_consent(consent: Any) -> None:
    if consent is None:
        return
    if not isinstance(consent, dict):
        raise Refused(400, "userConsent must be an object")
    amazon = _consent(consent).get("amzn")
    if amazon is None:
        return
    said = amazon if isinstance(amazon, dict) else {}
    words = [said.get("amznAdStorage"), said.get("amznUserData")]
    if not all(isinstance(word, str) and word in CONSENTS for word in words):
        raise Refused(400, f"amzn must be of {', '.join(sorted(CONSENTS))}")


def _consent(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was consented to; an older client sends it without the object around."""
    inside = said.get("consent", said)
    return inside if isinstance(inside, dict) else {}


def _has_consent(record: dict[str, Any]) -> bool:
    said = _consent(record.get("userConsent") or {})
    return any(said.get(name) for name in ("amzn", "tcf", "gpp"))


def _check_target(audience: Audience, target: Any) -> None:
    """Check where the records go: said for an audience of a connection, and for no other."""
    connection_id = audience.facts["targetResource"].get("connectionId")
    if connection_id is None:
        if target is not None:
            raise Refused(400, "targetResource does not go with an audience of an advertiser")
        return
    if not isinstance(target, dict) or target.get("connectionId") != connection_id:
        raise Refused(400, "targetResource must name the audience's connectionId")
    types = target.get("targetTypes", [])
    if not isinstance(types, list) or not all(each in ("DSP", "AMC") for each in types):
        raise Refused(400, "targetTypes must be of AMC and DSP")
    audience.facts["dsp"] = "DSP" in types


def _invalid(audience: Audience, record: dict[str, Any], error: str) -> dict[str, str]:
    return {"audienceId": audience.id, "externalId": record["externalUserId"], "error": error}
