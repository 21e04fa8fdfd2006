"""People who are erased, and what is left of them."""

from exports import staging
from exports.erasure_models import Erasure
from exports.erasures import erasure_request
from exports.models import Export
from exports.record_files import Stored
from organizations import fence
from tests.exports.driving import batches, delivered


def asked(organization, admin, value) -> Erasure:
    with fence.inside(organization.id):
        return erasure_request(organization_id=organization.id, by=admin, value=value)


def exports_of(erasure) -> list[Export]:
    with fence.inside(erasure.organization_id):
        return list(Export.objects.filter(erasure=erasure))


def carried_out(erasure) -> list[Export]:
    return [delivered(export) for export in exports_of(erasure)]


def kept_digests(export) -> set[str]:
    """Return every digest in the files of an export."""
    with fence.inside(export.organization_id):
        key = staging.file_key(export)
    found = set()
    for row in batches(export):
        if row.stored_name:
            held = Stored(row.stored_name, key)
            for record in held.records(held.types()):
                data = record.tobytes()
                found |= {data[at : at + 32].hex() for at in range(0, len(data), 32)}
    return found - {"00" * 32}
