"""Files to be fetched from an address: a plain web server, and S3 with its signature checked.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import time
from calendar import timegm
from urllib.parse import quote

from flask import Blueprint, Response, abort, request, send_file

files = Blueprint("files", __name__)

KEY_ID = "sandbox-s3-key"
SECRET = "sandbox-s3-secret"  # noqa: S105 - made up, as everything here
REGION = "us-east-1"
_TOLERANCE_SECONDS = 15 * 60
_PARTS = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


def _content(name: str) -> bytes:
    """Return a sample table; the same name gives the same one."""
    if name not in {"customers.csv", "newsletter.csv"}:
        abort(404)
    rows = (f"{number},{name[:4]}{number}@example.com\n" for number in range(1, 1501))
    return ("id,email\n" + "".join(rows)).encode()


def _sent(name: str) -> Response:
    content = _content(name)
    # A server of files: it knows Range and If-Range.
    return send_file(
        io.BytesIO(content),
        mimetype="text/csv",
        download_name=name,
        etag=hashlib.sha256(content).hexdigest()[:32],
        conditional=True,
    )


@files.get("/_files/<name>")
def plain(name: str) -> Response:
    """Give a file."""
    return _sent(name)


@files.get("/_s3/<bucket>/<path:key>")
def s3(bucket: str, key: str) -> Response:
    """Give an object to who signs rightly."""
    trouble = _what_is_wrong(f"/_s3/{bucket}/{key}")
    if trouble:
        return Response(f"<Error><Code>{trouble}</Code></Error>", 403, mimetype="application/xml")
    if bucket != "sample-bucket" or not key.startswith("audiences/"):
        return Response("<Error><Code>NoSuchKey</Code></Error>", 404, mimetype="application/xml")
    return _sent(key.removeprefix("audiences/"))


def _what_is_wrong(path: str) -> str:
    parts = _PARTS.fullmatch(request.headers.get("Authorization", ""))
    if parts is None:
        return "AccessDenied"
    key_id, day, region, signed, signature = parts.groups()
    if key_id != KEY_ID:
        return "InvalidAccessKeyId"
    at = request.headers.get("X-Amz-Date", "")
    names = signed.split(";")
    if region != REGION or not at.startswith(day) or not {"host", "x-amz-date"} <= set(names):
        return "AuthorizationHeaderMalformed"
    if abs(timegm(time.strptime(at, "%Y%m%dT%H%M%SZ")) - time.time()) > _TOLERANCE_SECONDS:
        return "RequestTimeTooSkewed"
    expected = _signature(path, names, at, region)
    return "" if hmac.compare_digest(expected, signature) else "SignatureDoesNotMatch"


def _signature(path: str, names: list[str], at: str, region: str) -> str:
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    payload = request.headers.get("X-Amz-Content-Sha256", "")
    canonical = "\n".join(
        (request.method, quote(path, safe="/-._~"), "", headers, ";".join(names), payload)
    )
    scope = f"{at[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}"
    key = f"AWS4{SECRET}".encode()
    for part in (at[:8], region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
