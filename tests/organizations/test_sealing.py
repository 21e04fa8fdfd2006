import base64

import pytest

from organizations import fence, sealing
from organizations.models import DataKey

pytestmark = pytest.mark.django_db

OLD, NEW = {"k1": b"1" * 32}, {"k2": b"2" * 32, "k1": b"1" * 32}


@pytest.fixture(autouse=True)
def keys(settings):
    settings.MASTER_KEYS = OLD


def test_what_was_sealed_opens_at_its_place(acme):
    with fence.inside(acme.id):
        sealed = sealing.seal(b"token", organization_id=acme.id, place="row:access")
        assert b"token" not in sealed
        assert sealing.unseal(sealed, organization_id=acme.id, place="row:access") == b"token"


def test_the_same_text_is_never_sealed_the_same(acme):
    with fence.inside(acme.id):
        first = sealing.seal(b"token", organization_id=acme.id, place="p")
        assert first != sealing.seal(b"token", organization_id=acme.id, place="p")


def test_it_does_not_open_at_another_place(acme):
    with fence.inside(acme.id):
        sealed = sealing.seal(b"token", organization_id=acme.id, place="row:access")
        with pytest.raises(sealing.SealBroken):
            sealing.unseal(sealed, organization_id=acme.id, place="row:refresh")


def test_it_does_not_open_in_another_organization(acme, globex):
    with fence.inside(acme.id):
        sealed = sealing.seal(b"token", organization_id=acme.id, place="p")
    with fence.inside(globex.id), pytest.raises(sealing.SealBroken):
        sealing.unseal(sealed, organization_id=globex.id, place="p")


@pytest.mark.parametrize("position", [0, 1, 20, 30, -1])
def test_a_changed_byte_breaks_the_seal(acme, position):
    with fence.inside(acme.id):
        sealed = bytearray(sealing.seal(b"token", organization_id=acme.id, place="p"))
        sealed[position] ^= 1
        with pytest.raises(sealing.SealBroken):
            sealing.unseal(bytes(sealed), organization_id=acme.id, place="p")


@pytest.mark.parametrize(
    "text", [b"", b"\x01", b"a token in the clear that is long enough to pass"]
)
def test_what_was_never_sealed_is_an_error_not_a_value(acme, text):
    with fence.inside(acme.id), pytest.raises(sealing.SealBroken):
        sealing.unseal(text, organization_id=acme.id, place="p")


def test_a_token_of_16_kilobytes_survives(acme):
    long = b"x" * 16_384
    with fence.inside(acme.id):
        sealed = sealing.seal(long, organization_id=acme.id, place="p")
        assert sealing.unseal(sealed, organization_id=acme.id, place="p") == long


def test_an_organization_has_one_key_in_use(acme, globex):
    for organization in (acme, globex, acme):
        with fence.inside(organization.id):
            sealing.seal(b"token", organization_id=organization.id, place="p")
            assert DataKey.objects.count() == 1


def test_after_the_master_key_was_changed_old_values_open_and_are_wrapped_anew(acme, settings):
    with fence.inside(acme.id):
        sealed = sealing.seal(b"token", organization_id=acme.id, place="p")
        settings.MASTER_KEYS = NEW
        assert sealing.rewrap_data_keys(acme.id) == 1
        assert sealing.rewrap_data_keys(acme.id) == 0
        settings.MASTER_KEYS = {"k2": NEW["k2"]}
        assert sealing.unseal(sealed, organization_id=acme.id, place="p") == b"token"


def test_without_its_master_key_a_value_is_an_error_that_names_the_key(acme, settings):
    with fence.inside(acme.id):
        sealed = sealing.seal(b"token", organization_id=acme.id, place="p")
        settings.MASTER_KEYS = {"k2": NEW["k2"]}
        with pytest.raises(sealing.SealBroken, match="k1"):
            sealing.unseal(sealed, organization_id=acme.id, place="p")


def test_no_master_key_is_stored(acme):
    with fence.inside(acme.id):
        sealing.seal(b"token", organization_id=acme.id, place="p")
        wrapped = bytes(DataKey.objects.get().wrapped)
    assert OLD["k1"] not in wrapped
    assert base64.b64encode(OLD["k1"]) not in wrapped
