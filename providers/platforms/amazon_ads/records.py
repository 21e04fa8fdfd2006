"""People as records of several hashed columns, and the jobs that Amazon makes of them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from providers.connection import Answer, Connection
from providers.errors import BadRequest, NotThere, PlatformError, UnknownAnswer
from providers.platforms.amazon_ads import answers
from providers.values import Audience, Batch, Receipt
from providers.wording import quoted

# https://advertising.amazon.com/API/docs/en-us/guides/amazon-marketing-cloud/audiences/audience-management-service
TYPE = "application/vnd.amcaudiences.v1+json"
# What tells one person from another by itself; a city does not.
_OF_ONE_PERSON = ("email", "phone")
_DONE = {"SUCCEEDED", "COMPLETED", "PARTIALLYSUCCEEDED"}
_FAILED = "FAILED"
PENDING = "pending"
# A job takes minutes or an hour as a rule. What ends at once is mostly refused: these looks, in
# seconds, find it. No look begins so late that it would outlast the lease on a batch.
_LOOKS = (0.1, 0.3)
_NO_LATER = 3.0


def body(
    audience_id: str,
    target: Mapping[str, Any],
    records: Sequence[str],
) -> bytes:
    """Return the request's body. The id is a number beyond 2^53, and a text is refused."""
    head = f'{{"audienceId":{int(audience_id)}'
    to = f',"targetResource":{json.dumps(target)}' if target else ""
    return f'{head}{to},"records":[{",".join(records)}]}}'.encode()


def records(
    batch: Batch, names: Sequence[str], action: str, said: Mapping[str, Any]
) -> Iterator[str]:
    """Yield a record a person that has any identifier, in JSON.

    Filled by hand: an encoder takes several times as long, and digests need no escaping.
    """
    more = f",{json.dumps(said)[1:-1]}" if said else ""
    best = [batch.types.index(key) for key in _OF_ONE_PERSON if key in batch.types]
    for row in batch.rows:
        hashed = ",".join(
            f'"{name}":"{digest}"' for name, digest in zip(names, row, strict=True) if digest
        )
        if hashed:
            yield (
                f'{{"externalUserId":"{_id_of(row, best, hashed)}","action":"{action}",'
                f'"hashedPII":[{{{hashed}}}]{more}}}'
            )


def _id_of(row: Sequence[str | None], best: Sequence[int], hashed: str) -> str:
    """Return a person's id, the same at every export: an address or a plain id is refused.

    It is the e-mail's digest, else the phone's, so that both ways of sending a person meet;
    without either, everything that is known of them.
    """
    for column in best:
        digest = row[column]
        if digest:
            return digest
    # In whichever order the columns came.
    return hashlib.sha256(",".join(sorted(hashed.split(","))).encode()).hexdigest()


def job_in(answer: Answer) -> str:
    """Return the job's id, or raise UnknownAnswer: the records may have been taken."""
    found = answer.json.get("jobRequestId") if isinstance(answer.json, dict) else None
    if not isinstance(found, str) or not found:
        raise answers.nothing_in(answer, "jobRequestId", wrote=True)
    return found


def first_looks(
    connection: Connection, api: str, audience: Audience, taken: Receipt, began: float
) -> Receipt:
    """Look at a job shortly after it began: a receipt of what came of it, or that it goes on.

    The records were taken: trouble with looking is none of theirs.
    """
    for pause in _LOOKS:
        if time.monotonic() - began + pause > _NO_LATER:
            break
        time.sleep(pause)
        try:
            answer = connection.send("GET", _address(api, taken.request_id))
        except PlatformError:
            break
        receipt = _outcome(connection, api, audience, taken, answer)
        if receipt is not None:
            return receipt
    return taken


def look(connection: Connection, api: str, audience: Audience, taken: Receipt) -> Receipt | None:
    """Return what came of a job; None while Amazon works on it. Not to be asked after its end."""
    try:
        answer = connection.send("GET", _address(api, taken.request_id))
    except NotThere as error:
        # It says nothing of the audience, which NotThere would be taken for.
        raise UnknownAnswer(
            "Amazon does not know this job any more.",
            status=error.status,
            request_id=taken.request_id,
        ) from None
    return _outcome(connection, api, audience, taken, answer)


def _address(api: str, job: str) -> str:
    return f"{api}/amc/audiences/records/{job}"


def _outcome(
    connection: Connection, api: str, audience: Audience, taken: Receipt, answer: Answer
) -> Receipt | None:
    """Read a job. Raises NotThere or BadRequest where nothing of it was done."""
    job = answer.json if isinstance(answer.json, dict) else {}
    state = str(job.get("jobState") or "")
    bad = answers.listed(job.get("invalidRecords"))
    why = next((str(each["error"]) for each in bad if each.get("error")), "")
    if state == _FAILED:
        # An audience that is gone fails the whole job: then this says so.
        connection.send("GET", f"{api}/amc/audiences/metadata/{audience.id}")
        said = f" It says: {quoted(why)}" if why else ""
        raise BadRequest(
            f"Amazon took the records and then refused all of them.{said}",
            code=_FAILED,
            request_id=taken.request_id,
        )
    if state not in _DONE:
        return None
    facts = {"job": state.lower()}
    if bad:
        facts |= {"invalid": str(len(bad)), "reason": quoted(why)}
    return Receipt(max(0, taken.accepted - len(bad)), taken.request_id, facts)
