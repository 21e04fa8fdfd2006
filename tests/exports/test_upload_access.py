"""Who may put a file in, and that nobody else can have it done in their name."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.exports.uploading import file, kept, nothing_is_left
from tests.factories import change

pytestmark = pytest.mark.django_db


def test_a_forged_post_is_refused_and_nothing_is_kept(creator, acme, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(creator)
    assert client.post(address, {"file": file()}).status_code == 403
    assert nothing_is_left(acme)
    # With the cookie that the browser would send along by itself, too.
    client.get(address)
    assert client.post(address, {"file": file()}).status_code == 403
    forged = {"csrfmiddlewaretoken": "x" * 64, "file": file()}
    assert client.post(address, forged).status_code == 403
    assert nothing_is_left(acme)


def test_a_post_of_our_own_page_passes_the_same_check(creator, acme, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(creator)
    page = client.get(address).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    answer = client.post(address, {"csrfmiddlewaretoken": token, "file": file()})
    assert answer.status_code == 302
    assert len(kept(acme)) == 1


def test_who_may_not_deliver_uploads_nothing(client_of, analyst, stranger, acme, globex, address):
    assert client_of(analyst).post(address, {"file": file()}).status_code == 403
    assert client_of(stranger).post(address, {"file": file()}).status_code == 404
    assert Client().post(address, {"file": file()}).status_code == 302
    assert nothing_is_left(acme)
    assert nothing_is_left(globex)


def test_a_destination_that_cannot_be_exported_to_takes_no_file(
    client_of, creator, acme, destination, address
):
    change(destination, authorization=None)
    client = client_of(creator)
    for answer in (client.get(address), client.post(address, {"file": file()})):
        assert answer["Location"] == reverse("destinations:detail", args=[destination.pk])
    assert nothing_is_left(acme)
