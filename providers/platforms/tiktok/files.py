"""TikTok's file API: audiences made of uploaded files, which may have an end (sheet, section 3.3).

What is uploaded has no effect until an audience is created of it or changed by it. How a file has
to look is not documented for the API. The help page for people wants a header, "Email_SHA256" and
so on, and of several types a column each; a reader that knows no header finds one line in it that
matches nobody. https://ads.tiktok.com/help/article/customer-file
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from providers.connection import Connection
from providers.declarations import FieldKind, FormField
from providers.errors import BadRequest, NotThere
from providers.platforms.tiktok import answers
from providers.platforms.tiktok.answers import API
from providers.values import Audience, AudienceRequest, Batch, Receipt
from providers.wording import quoted

RETENTION = "retention_days"
FIELD = FormField(
    name=RETENTION,
    label="Days until the audience ends",
    kind=FieldKind.INTEGER,
    minimum=1,
    maximum=365,
    help="Counted from its creation. With it the audience is made of files: Ads Manager shows it "
    "under Customer File, TikTok works on each change for up to two days, and at least 1,000 "
    "people must be left after it. An existing audience keeps its own end. Without it people are "
    "sent in small requests, and TikTok may end the audience after 365 days.",
)
# "Fewer than 50" in a request.
MOST_FILES = 49
# A file may have 50 MB. So many people with all four identifiers are 26 MB.
MOST_PEOPLE = 100_000
# TikTok: matching takes 24 to 48 hours.
COUNTED_WITHIN = timedelta(hours=48)
# Android's id is called GAID here, and the header does not tell it from Apple's.
_KINDS = {
    "email": ("EMAIL_SHA256", "Email_SHA256"),
    "phone": ("PHONE_SHA256", "Phone_SHA256"),
    "apple_ad_id": ("IDFA_SHA256", "MAID_SHA256"),
    "android_ad_id": ("GAID_SHA256", "MAID_SHA256"),
}
_SEVERAL = "MULTIPLE_TYPES"
_CANNOT_BE_CHANGED_NOW = "not editable"


def are_used(settings: Mapping[str, str]) -> bool:
    """Say whether a destination's audience is made of files."""
    return bool(settings.get(RETENTION, "").strip())


def upload(connection: Connection, audience: Audience, batch: Batch) -> Receipt:
    """Upload people as a file, which has no effect yet."""
    content = _csv(batch)
    kind = _kind(batch.types)
    fields: dict[str, Any] = {
        "advertiser_id": audience.ad_account_id,
        "calculate_type": kind,
        # What TikTok asks for; it guards the way, not a secret.
        "file_signature": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "file": ("people.csv", content, "text/csv"),
    }
    body, content_type = encode_multipart_formdata(fields)
    # https://business-api.tiktok.com/portal/docs?id=1739940567842818
    answer = connection.send(
        "POST",
        f"{API}/dmp/custom_audience/file/upload/",
        body=body,
        headers={"Content-Type": content_type},
    )
    found = answers.data(answer, wrote=True)
    if not found.get("file_path"):
        raise answers.nothing_in(answer, "file_path", wrote=True)
    facts = {
        "file": str(found["file_path"]),
        "kind": kind,
        "uploaded": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    request_id = answer.request_id("X-TT-LOGID")
    return Receipt(len(batch.rows), request_id, facts, settled=False, in_effect=False)


def put_in_effect(
    connection: Connection,
    request: AudienceRequest,
    audience: Audience | None,
    receipts: Sequence[Receipt],
    *,
    removes: bool,
) -> Audience | None:
    """Create the audience of uploaded files, or change it by them; None: not at this time."""
    paths = [receipt.facts["file"] for receipt in receipts]
    if audience is None and removes:
        raise NotThere("There is no audience to remove anybody from.")
    if audience is None:
        return _create(connection, request, paths, receipts[0].facts["kind"])
    body = {
        "advertiser_id": request.ad_account_id,
        "custom_audience_id": audience.id,
        "file_paths": paths,
        # Without a word for it, TikTok would replace everybody.
        "action": "REMOVE" if removes else "APPEND",
    }
    try:
        # https://business-api.tiktok.com/portal/docs?id=1739940572667906
        connection.send("POST", f"{API}/dmp/custom_audience/update/", json=body)
    except BadRequest as error:
        # As long as it works on what came before. An audience that matched nobody says the same
        # for ever.
        if _CANNOT_BE_CHANGED_NOW in error.message and not _is_overdue(receipts):
            return None
        raise
    return audience


def confirmed(details: Mapping[str, Any], receipt: Receipt) -> Receipt | None:
    """Say whether TikTok has worked on a file; None while it does.

    Nothing says so outright. Who is counted has been worked on; whether an audience that was
    counted before keeps its number meanwhile is not confirmed, and then this is said early.
    """
    if details.get("error_msg"):
        raise BadRequest(f"TikTok could not use the file. It says: {quoted(details['error_msg'])}")
    if details.get("is_valid") or details.get("cover_num"):
        return Receipt(receipt.accepted, receipt.request_id, receipt.facts)
    if _is_overdue([receipt]):
        raise BadRequest(
            "TikTok matched none of these people within two days. Fewer than 1,000 matched people "
            "are not counted."
        )
    return None


def _create(
    connection: Connection, request: AudienceRequest, paths: Sequence[str], kind: str
) -> Audience:
    body = {
        "advertiser_id": request.ad_account_id,
        "custom_audience_name": request.name,
        "file_paths": paths,
        "calculate_type": kind,
        "audience_sub_type": "NORMAL",
        "retention_in_days": int(request.settings[RETENTION]),
    }
    # https://business-api.tiktok.com/portal/docs?id=1739940570793985
    answer = connection.send("POST", f"{API}/dmp/custom_audience/create/", json=body)
    found = answers.data(answer, wrote=True)
    if not found.get("custom_audience_id"):
        raise answers.nothing_in(answer, "custom_audience_id", wrote=True)
    return Audience(str(found["custom_audience_id"]), request.name, request.ad_account_id)


def _kind(types: Sequence[str]) -> str:
    return _KINDS[types[0]][0] if len(types) == 1 else _SEVERAL


def _csv(batch: Batch) -> bytes:
    """Write a line a person, a column an identifier type. Digests need no quoting."""
    head = ",".join(_KINDS[key][1] for key in batch.types)
    lines = "\n".join(",".join(cell or "" for cell in row) for row in batch.rows)
    return f"{head}\n{lines}\n".encode()


def _is_overdue(receipts: Sequence[Receipt]) -> bool:
    oldest = min(datetime.fromisoformat(receipt.facts["uploaded"]) for receipt in receipts)
    return datetime.now(UTC) - oldest > COUNTED_WITHIN
