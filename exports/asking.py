"""Ask a server for a file, or for the rest of one: what its answer means is said here only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import requests
import urllib3
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from requests.auth import AuthBase
from requests_aws4auth import AWS4Auth

from exports import outward
from exports.addresses import Address, AddressRefused, file_address

# Connect, then between two bytes of the answer. Shorter than a lease.
TIMEOUT = (10.0, 30.0)
_MOST_REDIRECTS = 5
_SLICE = 256 * 1024
# A length of more digits is none.
_LENGTH = re.compile(r"[0-9]{1,18}")
_REST = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_REDIRECTS = {301, 302, 303, 307, 308}
_FOR_NOW = {408, 425, 429}


class NotFetched(Exception):
    """The file does not come: `sentence` says why, `for_now` whether asking again may help."""

    def __init__(self, sentence: str, *, for_now: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.for_now = for_now


class ChangedThere(Exception):
    """What was received is of another version of the file: begin anew."""


@dataclass
class Answer:
    """The file from `offset` on. `size` is that of the whole file, `validator` its version."""

    offset: int
    size: int | None
    validator: str
    response: requests.Response

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes, as it is on the server. Raises NotFetched where it breaks off."""
        raw: urllib3.HTTPResponse = self.response.raw
        try:
            while chunk := raw.read1(_SLICE, decode_content=False):
                yield chunk
        except (urllib3.exceptions.HTTPError, OSError):
            raise NotFetched("The connection to the server broke off.", for_now=True) from None


@contextmanager
def asked(address: Address, *, offset: int, validator: str) -> Iterator[Answer]:
    """Ask for a file from an offset on. Raises NotFetched, ChangedThere."""
    with outward.new_session() as session:
        for _ in range(_MOST_REDIRECTS + 1):
            response = _sent(session, address, offset, validator)
            if response.status_code not in _REDIRECTS:
                break
            response.close()
            address = _led_to(address, response.headers.get("Location", ""))
        else:
            raise NotFetched("The address leads on and on.")
        try:
            yield _answer(response, offset)
        finally:
            response.close()


def _sent(
    session: requests.Session, address: Address, offset: int, validator: str
) -> requests.Response:
    headers = {"Accept-Encoding": "identity", "Accept": "*/*"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    url, auth = _place(address)
    try:
        return session.get(
            url, headers=headers, auth=auth, stream=True, timeout=TIMEOUT, allow_redirects=False
        )
    except outward.InternalAddress:
        raise NotFetched("The address leads into an internal network.") from None
    except requests.exceptions.SSLError:
        raise NotFetched("The server could not prove that it is the one of this name.") from None
    except requests.Timeout:
        raise NotFetched("The server did not answer in time.", for_now=True) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        raise NotFetched("The server cannot be reached.", for_now=True) from None


def _place(address: Address) -> tuple[str, AuthBase | None]:
    """Return where to ask, and how the request is signed."""
    if address.scheme != "s3":
        return str(address), None
    intake = settings.INTAKE
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
    auth = AWS4Auth(intake.s3_key_id, intake.s3_secret, intake.s3_region, "s3")
    return f"{intake.s3_endpoint}/{address.host}{address.path}", auth


def _led_to(address: Address, location: str) -> Address:
    intake = settings.INTAKE
    if address.scheme == "s3":
        raise NotFetched("The bucket is in another region than the operator set.")
    try:
        led_to = urljoin(str(address), location) if location else ""
        found = file_address(led_to, intake.addresses, plain_http=intake.loopback)
    except (AddressRefused, ValueError):
        found = None
    if found is None or found.scheme == "s3":
        raise NotFetched("The address leads on to one that the operator does not allow.")
    return found


def _answer(response: requests.Response, offset: int) -> Answer:
    _must_be_given(response.status_code)
    status, headers = response.status_code, response.headers
    begins, size = 0, None
    length = headers.get("Content-Length", "")
    if status == 206:
        rest = _REST.fullmatch(headers.get("Content-Range", ""))
        if rest is None or int(rest[1]) != offset or int(rest[2]) != int(rest[3]) - 1:
            raise ChangedThere
        begins, size = offset, int(rest[3])
    elif _LENGTH.fullmatch(length):
        size = int(length)
    elif headers.get("Transfer-Encoding", "").lower() != "chunked":
        # Its end would look like a cut, and a cut like its end.
        raise NotFetched("The server does not say how long the file is.")
    if (size or 0) > settings.UPLOAD_MAX_BYTES:
        raise NotFetched(f"The file is larger than {filesizeformat(settings.UPLOAD_MAX_BYTES)}.")
    return Answer(begins, size, _validator(headers), response)


def _must_be_given(status: int) -> None:
    if status in _FOR_NOW or status >= 500:
        raise NotFetched(f"The server has trouble (it answered {status}).", for_now=True)
    if status == 416:
        raise ChangedThere
    if status in {404, 410}:
        raise NotFetched(f"There is no file at the address (the server answered {status}).")
    if status in {401, 403}:
        raise NotFetched(f"The server does not let us read the file (it answered {status}).")
    if status not in {200, 206}:
        raise NotFetched(f"The server does not give the file (it answered {status}).")


def _validator(headers: requests.structures.CaseInsensitiveDict[str]) -> str:
    """Return what names this version of the file byte by byte; empty where the server has none."""
    tag = headers.get("ETag", "")
    if not tag.startswith('"') or len(tag) > 400:
        return ""
    return tag
