"""A file on its way in, and what is kept of it."""

import io

from exports import staging
from exports.models import Export
from exports.services import DRAFT_ROUTE
from organizations import fence
from organizations.models import Route
from tests.exports.driving import ADDRESSES, files, table

CONTENT = table(*ADDRESSES).encode()


def file(content: bytes = CONTENT, name: str = "buyers.csv") -> io.BytesIO:
    found = io.BytesIO(content)
    found.name = name
    return found


def kept(organization) -> list[Export]:
    with fence.inside(organization.id):
        return list(Export.objects.all())


def opened(export) -> bytes:
    with fence.inside(export.organization_id):
        key = staging.file_key(export)
    with staging.reading(export.staged_name, key) as stream:
        return stream.read()


def nothing_is_left(organization) -> bool:
    return (
        not kept(organization)
        and files() == set()
        and not Route.objects.filter(kind=DRAFT_ROUTE).exists()
    )
