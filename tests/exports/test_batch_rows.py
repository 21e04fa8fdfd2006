import uuid

import pytest
from django.db import IntegrityError

from exports.batch_rows import insert_alike
from exports.models import ExportBatch
from exports.states import Operation
from organizations import fence
from tests.exports.driving import batches, started

STORED = [(f"x/batch-{number}", 10 * number) for number in range(1, 6)]


def test_batches_that_are_alike_differ_by_number_file_and_size_alone(destination, creator):
    export = started(destination, creator)
    with fence.inside(export.organization_id):
        insert_alike(of(export), STORED)
    made = batches(export)
    found = [(row.number, row.stored_name, row.identifiers) for row in made]
    assert found == [(number, *each) for number, each in enumerate(STORED, 1)]
    assert len({row.pk for row in made}) == len(STORED)
    own = {"id", "number", "stored_name", "identifiers"}
    rest = [field.attname for field in ExportBatch._meta.concrete_fields if field.name not in own]
    as_the_orm_makes_it = of(export, number=9, stored_name="", identifiers=0)
    for row in made:
        for name in rest:
            assert getattr(row, name) == getattr(as_the_orm_makes_it, name), name


def test_of_no_files_no_batch_is_made(destination, creator):
    export = started(destination, creator)
    with fence.inside(export.organization_id):
        insert_alike(of(export), [])
    assert batches(export) == []


def test_a_number_is_given_once(destination, creator):
    export = started(destination, creator)
    with fence.inside(export.organization_id):
        insert_alike(of(export), STORED)
    with pytest.raises(IntegrityError), fence.inside(export.organization_id):
        insert_alike(of(export, id=uuid.uuid4()), STORED)
    assert len(batches(export)) == len(STORED)


def of(export, **others):
    return ExportBatch(
        organization_id=export.organization_id,
        export=export,
        operation=Operation.REMOVE,
        **others,
    )
