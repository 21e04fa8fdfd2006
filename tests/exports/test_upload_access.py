"""Who may put a file in, and that nobody else can have it done in their name."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.exports.piecing import Page, said_at_the_field, uploads
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


def test_nobody_else_goes_on_with_an_upload_completes_or_discards_it(
    window, client_of, admin, analyst, stranger
):
    window.begun().send_all()
    for who, status in ((admin, 404), (stranger, 404), (analyst, 403)):
        other = Page(client_of(who), None)
        other.upload = window.upload
        assert other.client.get(other.upload["pieces"]).status_code == status
        assert other.send(0).status_code == status
        assert other.complete().status_code == status
        assert other.client.post(other.upload["discard"]).status_code == status
    assert window.offset() == len(window.content)
    # Nor does choosing the same file find the other's.
    theirs = Page(client_of(admin), window.destination, window.content).begun()
    assert theirs.upload["pieces"] != window.upload["pieces"]
    # Once it is a draft, asking again for the answer is for its person, too.
    assert window.complete().status_code == 200
    other = Page(client_of(admin), None)
    other.upload = window.upload
    assert other.complete().status_code == 404
    assert other.client.post(other.upload["discard"]).status_code == 404


def test_who_cancels_while_it_becomes_a_draft_leaves_no_draft(window, acme):
    window.begun().send_all()
    window.complete()
    answer = window.client.post(window.upload["discard"], follow=True)
    assert "What was uploaded was destroyed." in answer.content.decode()
    assert nothing_is_left(acme)
    # What was started is canceled otherwise.
    assert window.client.post(window.upload["discard"]).status_code == 404


def test_every_step_in_pieces_wants_the_token_of_our_own_page(creator, destination, acme, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(creator)
    forged = Page(client, destination)
    assert forged.choose().status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(address).content.decode()
    )[1]
    with_token = {"X-CSRFToken": token}
    answer = client.post(forged.address, forged.said, headers=with_token)
    forged.upload = answer.json()
    assert forged.send(0).status_code == 403
    assert forged.complete().status_code == 403
    assert client.post(forged.upload["discard"]).status_code == 403
    assert forged.send(0, **with_token).status_code == 204
    assert client.post(forged.upload["complete"], headers=with_token).status_code == 200
    assert len(kept(acme)) == 1


def test_a_destination_that_cannot_be_exported_to_takes_no_pieces(window, destination, acme):
    change(destination, authorization=None)
    assert "Needs reconnection" in said_at_the_field(window.choose())
    assert uploads(acme) == []
