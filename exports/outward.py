"""Connect to addresses that people name: only to those of the public internet.

A name is looked up once for each connection. Every address that it has must be global, and the
connection goes to one of those that were checked, so nothing can be changed in between. TLS is
verified against the name.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

# These hold an IPv4 address, which a gateway on the way would connect to.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))


class InternalAddress(Exception):
    """The name leads into a network that is not the public internet."""


def is_public(text: str) -> bool:
    """Say whether an IP address is one of the public internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.teredo or any(address in each for each in _TRANSLATED)
    ):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _may_be_reached(text: str) -> bool:
    if settings.INTAKE.loopback and ipaddress.ip_address(text.partition("%")[0]).is_loopback:
        return True
    return is_public(text)


def checked_addresses(host: str, port: int) -> list[str]:
    """Look a name up and return its IP addresses. Raises InternalAddress and socket.gaierror."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not addresses or not all(map(_may_be_reached, addresses)):
        raise InternalAddress
    return addresses


def _connect(to: HTTPConnection) -> socket.socket:
    try:
        addresses = checked_addresses(to.host, to.port)
    except (socket.gaierror, UnicodeError):
        raise NameResolutionError(to.host, to, socket.gaierror()) from None
    trouble: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, to.port), to.timeout, socket_options=to.socket_options
            )
        except OSError as error:
            trouble = error
    if isinstance(trouble, TimeoutError):
        raise ConnectTimeoutError(to, "It did not answer.") from trouble
    raise NewConnectionError(to, "It did not take the connection.") from trouble


class _PlainConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Outward(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": _PlainPool, "https": _SecurePool}
        self.poolmanager.pool_classes_by_scheme = pools


def new_session() -> requests.Session:
    """Return a session that connects outward only; no proxy, no password of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    session.mount("https://", _Outward())
    session.mount("http://", _Outward())
    return session
