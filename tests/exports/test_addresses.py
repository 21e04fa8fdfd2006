import ipaddress
import socket
import ssl

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured

from exports import outward
from exports.addresses import AddressRefused, allowed, file_address, parsed
from infosum_auth.environment import Intake, intake

LIST = [parsed("https://files.example.com/audiences/"), parsed("s3://bucket/prefix/")]


@pytest.mark.parametrize(
    "text",
    [
        "https://files.example.com/audiences/a.csv",
        "https://FILES.example.com:443/audiences/deep/a%20b.csv",
        "HTTPS://files.example.com/%61udiences/a.csv",
        "s3://bucket/prefix/a.csv",
    ],
)
def test_what_lies_below_an_allowed_address_is_allowed(text):
    assert file_address(text, LIST).file_name.endswith(".csv")


@pytest.mark.parametrize(
    "text",
    [
        "https://files.example.com/audiences-of-others/a.csv",
        "https://files.example.com/a.csv",
        "https://files.example.com:8443/audiences/a.csv",
        "https://files.example.com.evil.example/audiences/a.csv",
        "https://user@files.example.com/audiences/a.csv",
        "https://files.example.com@evil.example/audiences/a.csv",
        "https://files.example.com/audiences/../secret/a.csv",
        "https://files.example.com/audiences/%2e%2e/secret/a.csv",
        "https://files.example.com/audiences/%252e%252e/secret/a.csv",
        "https://files.example.com/audiences/..%2fsecret/a.csv",
        "https://files.example.com/audiences/..%5csecret/a.csv",
        "https://files.example.com/audiences\\..\\a.csv",
        "https://files.example.com/audiences//a.csv",
        "https://files.example.com/audiences/a.csv?signature=x",
        "https://files.example.com/audiences/a.csv#x",
        "https://files.example.com/audiences/a\n.csv",
        "https://files.example.com/audiences/%ff.csv",
        "https://files.example.com/audiences/%0d%0aHost:x",
        "https://files.example.com/audiences/",
        "http://files.example.com/audiences/a.csv",
        "file:///etc/passwd",
        "s3://bucket/prefix-2/a.csv",
        "s3://Bucket/prefix/a.csv",
        "s3://key:secret@bucket/prefix/a.csv",
        "https://[::1]/audiences/a.csv",
        "https:///audiences/a.csv",
        "https://files.example.com:x/audiences/a.csv",
        "https://files.example.com/audiences/" + "a" * 1000,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(AddressRefused):
        file_address(text, LIST)


def test_an_allowed_file_allows_that_file_alone():
    only = [parsed("https://files.example.com/one.csv")]
    assert allowed(parsed("https://files.example.com/one.csv"), only)
    assert not allowed(parsed("https://files.example.com/one.csv.old"), only)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:1::",
    ],
)
def test_internal_addresses_are_not_public(address):
    assert not outward.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(address):
    assert outward.is_public(address)
    assert ipaddress.ip_address(address).is_global


def names(monkeypatch, *addresses):
    """Let every name have these addresses, one list for each look-up."""
    looked = []

    def look_up(host, port, **kwargs):
        looked.append(host)
        found = addresses[min(len(looked), len(addresses)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(outward.socket, "getaddrinfo", look_up)
    return looked


@pytest.mark.parametrize("loopback", [False, True])
def test_one_internal_address_among_those_of_a_name_is_enough_to_refuse(
    monkeypatch, settings, loopback
):
    settings.INTAKE = Intake(loopback=loopback)
    names(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(outward.InternalAddress):
        outward.checked_addresses("files.example.com", 443)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch, settings):
    settings.INTAKE = Intake()
    looked = names(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    reached = []

    def connect(to, *args, **kwargs):
        reached.append(to)
        raise ConnectionRefusedError

    monkeypatch.setattr(outward, "create_connection", connect)
    with outward.new_session() as session, pytest.raises(requests.ConnectionError):
        session.get("https://files.example.com/a.csv", timeout=5)
    # Looked up once; a name that changes meanwhile changes nothing.
    assert looked == ["files.example.com"]
    assert reached == [("8.8.8.8", 443)]


def test_tls_is_verified_against_the_name(monkeypatch, settings):
    settings.INTAKE = Intake()
    names(monkeypatch, ["8.8.8.8"])
    ours, theirs = socket.socketpair()
    theirs.close()
    monkeypatch.setattr(outward, "create_connection", lambda *args, **kwargs: ours)
    asked = []

    def wrap(context, sock, server_hostname=None, **kwargs):
        asked.append((server_hostname, context.check_hostname, context.verify_mode))
        raise ssl.SSLError("no handshake here")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    with outward.new_session() as session, pytest.raises(requests.exceptions.SSLError):
        session.get("https://files.example.com/a.csv", timeout=5)
    ours.close()
    assert asked == [("files.example.com", True, ssl.CERT_REQUIRED)]


def test_no_proxy_of_the_environment_is_used(monkeypatch, settings):
    settings.INTAKE = Intake()
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    looked = names(monkeypatch, ["10.0.0.7"])
    with outward.new_session() as session, pytest.raises(outward.InternalAddress):
        session.get("https://files.example.com/a.csv", timeout=5)
    assert looked == ["files.example.com"]


HERE = {
    "INTAKE_LOOPBACK": "1",
    "INTAKE_ADDRESSES": "http://localhost:8900/_files/ s3://bucket/prefix/",
    "INTAKE_S3_ENDPOINT": "http://localhost:8900/_s3",
    "INTAKE_S3_ACCESS_KEY_ID": "id",
    "INTAKE_S3_SECRET_ACCESS_KEY": "secret",
}


def test_loopback_is_for_this_machine_alone():
    assert intake(HERE, "http://127.0.0.1:8000").loopback
    for elsewhere in (
        {"INTAKE_ADDRESSES": "https://files.example.com/"},
        {"INTAKE_S3_ENDPOINT": "https://s3.us-east-1.amazonaws.com"},
    ):
        with pytest.raises(ImproperlyConfigured, match="INTAKE_LOOPBACK"):
            intake(HERE | elsewhere, "http://127.0.0.1:8000")
    with pytest.raises(ImproperlyConfigured, match="INTAKE_LOOPBACK"):
        intake(HERE, "https://audiences.example.com")


@pytest.mark.parametrize(
    "wrong",
    [
        {"INTAKE_ADDRESSES": "http://files.example.com/"},
        {"INTAKE_ADDRESSES": "https://files.example.com/?a=b"},
        {"INTAKE_ADDRESSES": "s3://bucket/prefix/"},
    ],
)
def test_a_wrong_list_stops_the_start(wrong):
    with pytest.raises(ImproperlyConfigured, match="INTAKE"):
        intake(wrong, "https://audiences.example.com")


def test_no_list_allows_nothing():
    assert intake({}, "https://audiences.example.com").addresses == ()
    assert "secret" not in repr(intake(HERE, "http://localhost"))
