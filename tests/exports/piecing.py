"""Send a file in pieces, as the page's script does."""

import hashlib
import re

from django.test import Client
from django.urls import reverse

from exports.upload_models import Upload
from organizations import fence

PIECE = 100_000
CONTENT = b"email\n" + b"".join(b"person%d@example.com\n" % number for number in range(20_000))


class Page:
    """The page of a person who chose a file."""

    def __init__(self, client: Client, destination, content: bytes = CONTENT, **said) -> None:
        self.client, self.destination, self.content = client, destination, content
        digest = hashlib.sha256(content[:100]).hexdigest()
        size = len(content)
        self.said = {"name": "buyers.csv", "size": size, "modified": 17, "digest": digest, **said}
        self.upload: dict = {}

    @property
    def address(self) -> str:
        return reverse("exports:upload_begin", args=[self.destination.pk])

    def choose(self):
        """Begin or go on; return the answer."""
        answer = self.client.post(self.address, self.said)
        if answer.status_code == 200:
            self.upload = answer.json()
        return answer

    def begun(self) -> "Page":
        assert self.choose().status_code == 200
        return self

    def send(self, offset: int, body: bytes | None = None, **headers):
        """Send a piece; return the answer."""
        if body is None:
            body = self.content[offset : offset + self.upload["piece_bytes"]]
        return self.client.generic(
            "PATCH",
            self.upload["pieces"],
            body,
            content_type=headers.pop("content_type", "application/offset+octet-stream"),
            headers={
                "Upload-Offset": str(offset),
                "Upload-Claim": self.upload["claim"],
                **headers,
            },
        )

    def send_all(self) -> "Page":
        offset = self.upload["offset"]
        while offset < len(self.content):
            answer = self.send(offset)
            assert answer.status_code == 204, answer.content
            offset = int(answer["Upload-Offset"])
        return self

    def complete(self):
        return self.client.post(self.upload["complete"])

    def offset(self) -> int:
        return self.client.get(self.upload["pieces"]).json()["offset"]


def uploads(organization) -> list[Upload]:
    with fence.inside(organization.id):
        return list(Upload.objects.all())


def said_at_the_field(answer) -> str:
    """Return what a refusal says of the file."""
    assert answer.status_code == 422
    found = re.search(r'class="error" id="id_file_error">([^<]+)<', answer.content.decode())
    assert found
    return found[1].replace("&nbsp;", " ").replace("\xa0", " ")
