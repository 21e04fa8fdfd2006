"""Addresses from which files may be fetched: how they are written, and which the operator allows.

Pure: nothing is looked up here. What is connected to is checked in `exports.outward`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

LONGEST = 1000
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ENCODED = re.compile("%[0-9A-Fa-f]{2}")
_PORTS = {"https": 443, "http": 80}


class AddressRefused(ValueError):
    """No file is fetched from this address; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Address:
    """An address in its one spelling. For s3, `host` is the bucket; `port` is None if usual."""

    scheme: str
    host: str
    port: int | None
    path: str

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}{self.path}"

    @property
    def file_name(self) -> str:
        """Return the last part of the path; empty where it names a folder."""
        return unquote(self.path.rpartition("/")[2])

    def covers(self, other: Address) -> bool:
        """Say whether another address is this one or lies below it."""
        if (self.scheme, self.host, self.port) != (other.scheme, other.host, other.port):
            return False
        return other.path == self.path or other.path.startswith(f"{self.path.rstrip('/')}/")


def parsed(text: str, *, plain_http: bool = False) -> Address:
    """Bring an address into its one spelling. Raises AddressRefused.

    Whatever two programs could read differently is refused: credentials, queries, `..`, empty
    parts, backslashes, what is encoded twice. `plain_http` is for this machine's own servers.
    """
    text = _plain(text)
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        raise AddressRefused("This is no address.") from None
    if split.scheme not in {"https", "s3"} and not (plain_http and split.scheme == "http"):
        raise AddressRefused("The address must begin with https:// or s3://.")
    if "@" in split.netloc:
        raise AddressRefused("The address must hold no user name or password.")
    is_s3 = split.scheme == "s3"
    host = split.netloc if is_s3 else split.hostname or ""
    if not (_BUCKET if is_s3 else _HOST).fullmatch(host):
        raise AddressRefused(f"The address names no {'bucket' if is_s3 else 'server'}.")
    if port == _PORTS.get(split.scheme):
        port = None
    return Address(split.scheme, host, port, _path(split.path))


def _plain(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST:
        raise AddressRefused("The address is too long.")
    if not text.isprintable() or "\\" in text or " " in text:
        raise AddressRefused("The address holds spaces or signs that addresses have not.")
    if "?" in text or "#" in text:
        raise AddressRefused("An address with “?” or “#” is not fetched: these may carry secrets.")
    return text


def _path(text: str) -> str:
    parts = text.removeprefix("/").split("/")
    decoded = [unquote(part, errors="strict") for part in parts if _is_text(part)]
    if len(decoded) < len(parts):
        raise AddressRefused("The address is encoded in a way that is not understood.")
    for number, part in enumerate(decoded):
        if part in {".", ".."} or (not part and number < len(parts) - 1):
            raise AddressRefused("The address must hold no “..”, “.” or empty parts.")
        if "/" in part or "\\" in part or not part.isprintable() or _ENCODED.search(part):
            raise AddressRefused("The address hides signs in its parts.")
    return "/" + "/".join(quote(part, safe="-._~") for part in decoded)


def _is_text(part: str) -> bool:
    try:
        unquote(part, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def allowed(address: Address, allow_list: Sequence[Address]) -> bool:
    """Say whether the operator allows an address."""
    return any(each.covers(address) for each in allow_list)


def file_address(text: str, allow_list: Sequence[Address], *, plain_http: bool = False) -> Address:
    """Return the address of a file that the operator allows. Raises AddressRefused."""
    address = parsed(text, plain_http=plain_http)
    if not allowed(address, allow_list):
        raise AddressRefused("The operator of this installation does not allow this address.")
    if not address.file_name:
        raise AddressRefused("The address names a folder, not a file.")
    return address
