"""Files that are fetched by a worker that does what its messages would."""

from exports import fetching
from exports.addresses import parsed
from exports.fetch_models import Fetch
from exports.fetch_services import fetch_begin
from exports.models import Export
from organizations import fence
from tests.factories import change

PIECE = 1024
LONG = b"email\n" + b"".join(b"person%05d@example.com\n" % number for number in range(300))


def wanted(destination, by, address: str) -> Fetch:
    with fence.inside(destination.organization_id):
        return fetch_begin(destination=destination, by=by, address=parsed(address, plain_http=True))


def go(row: Fetch) -> None:
    fetching.fetch(row.organization_id, row.pk)


def at_once(row: Fetch) -> None:
    """Let the pause before the next try be over."""
    change(row, not_before=None)
    go(row)


def draft_of(row: Fetch) -> Export:
    with fence.inside(row.organization_id):
        assert not Fetch.objects.exists()
        return Export.objects.get(pk=row.pk)
