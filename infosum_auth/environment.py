"""The one place that reads the product's settings from the environment.

A secret may also come from a file (`NAME_FILE`). What only starts servers of its own (the demo, the
private PostgreSQL) reads its few words itself.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from exports.addresses import Address, AddressRefused, parsed


def with_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with each `NAME_FILE` read into `NAME`, where NAME is not set itself.

    That is how container platforms hand over secrets. A file that cannot be read stops the start.
    """
    merged = dict(environment)
    for name, path in environment.items():
        target = name.removesuffix("_FILE")
        if target == name or target in environment or not target.startswith(_SECRETS):
            continue
        try:
            merged[target] = Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name} names a file that cannot be read: {error}"
            ) from None
    return merged


_SECRETS = (
    "SECRET_KEY",
    "MASTER_KEYS",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "BROKER_DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "PLATFORM_",
    "INTAKE_S3_",
    "SOCIAL_AUTH_",
)

values: dict[str, str] = with_files(os.environ)

env = environ.Env()
env.ENVIRON = values


def required(name: str) -> str:
    """Return a variable that must be there; its absence stops the start by name."""
    text = values.get(name, "")
    if not text:
        raise ImproperlyConfigured(f"Set the environment variable {name} (or {name}_FILE).")
    return text


def master_keys(text: str) -> dict[str, bytes]:
    """Read `id:base64,id:base64`: 32 bytes each, the first one seals, the others still unseal."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not name or len(key) != 32:
            raise ImproperlyConfigured(
                "MASTER_KEYS must be `id:base64 of 32 bytes`, separated by commas."
            )
        keys[name] = key
    if not keys:
        raise ImproperlyConfigured("MASTER_KEYS holds no key.")
    return keys


def platform_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return every `PLATFORM_...` variable: credentials and addresses by the naming rule.

    OAuth without TLS is for a sandbox on this machine: oauthlib's flag for it stops the start
    unless every platform that is set up is reached on a loopback address.
    """
    found = {name: text for name, text in environment.items() if name.startswith("PLATFORM_")}
    if environment.get("OAUTHLIB_INSECURE_TRANSPORT"):
        ids = (name for name in found if name.endswith("_CLIENT_ID"))
        keys = [name.removeprefix("PLATFORM_").removesuffix("_CLIENT_ID") for name in ids]
        outside = [key for key in keys if not _is_loopback(found.get(f"PLATFORM_{key}_BASE_URL"))]
        if outside:
            raise ImproperlyConfigured(
                "OAUTHLIB_INSECURE_TRANSPORT is for a sandbox on this machine, but "
                f"{', '.join(sorted(outside))} is reached elsewhere."
            )
    return found


def _is_loopback(address: str | None) -> bool:
    return urlsplit(address or "").hostname in {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Intake:
    """From where files may be fetched. `loopback` lets this machine's own servers be asked, too."""

    addresses: tuple[Address, ...] = ()
    loopback: bool = False
    s3_endpoint: str = ""
    s3_region: str = ""
    s3_key_id: str = ""
    s3_secret: str = field(default="", repr=False)


def intake(environment: Mapping[str, str], public_url: str) -> Intake:
    """Read the allow-list of addresses; what is wrong with it stops the start.

    `INTAKE_LOOPBACK` is for a demo on this machine: it stops the start where people reach the
    product elsewhere, or where anything but this machine is on the list.
    """
    loopback = environment.get("INTAKE_LOOPBACK", "") not in {"", "0"}
    region = environment.get("INTAKE_S3_REGION", "us-east-1")
    endpoint = environment.get("INTAKE_S3_ENDPOINT", f"https://s3.{region}.amazonaws.com")
    try:
        addresses = tuple(
            parsed(text, plain_http=loopback)
            for text in environment.get("INTAKE_ADDRESSES", "").split()
        )
        parsed(endpoint, plain_http=loopback)
    except AddressRefused as refused:
        raise ImproperlyConfigured(
            f"INTAKE_ADDRESSES or INTAKE_S3_ENDPOINT: {refused.sentence}"
        ) from None
    found = Intake(
        addresses,
        loopback,
        endpoint.rstrip("/"),
        region,
        environment.get("INTAKE_S3_ACCESS_KEY_ID", ""),
        environment.get("INTAKE_S3_SECRET_ACCESS_KEY", ""),
    )
    uses_s3 = any(each.scheme == "s3" for each in addresses)
    if uses_s3 and not (found.s3_key_id and found.s3_secret):
        raise ImproperlyConfigured(
            "INTAKE_ADDRESSES holds s3 addresses: set INTAKE_S3_ACCESS_KEY_ID and "
            "INTAKE_S3_SECRET_ACCESS_KEY."
        )
    reached = [public_url, *(str(each) for each in addresses if each.scheme != "s3")]
    if uses_s3:
        reached.append(endpoint)
    if loopback and not all(map(_is_loopback, reached)):
        raise ImproperlyConfigured(
            "INTAKE_LOOPBACK is for a demo on this machine, but PUBLIC_URL or an allowed address "
            "is elsewhere."
        )
    return found
