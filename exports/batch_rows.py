"""Insert the rows of many batches that are alike in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from exports.models import ExportBatch

_TABLE = ExportBatch._meta.db_table  # noqa: SLF001 - Django's documented way to a table's name
_COLUMNS = [str(field.column) for field in ExportBatch._meta.local_concrete_fields]  # noqa: SLF001
_OWN = {
    "id": "gen_random_uuid()",
    "number": "told.number",
    "identifiers": "told.identifiers",
    "stored_name": "told.stored_name",
}
_COPY = f"""
INSERT INTO {_TABLE} ({", ".join(_COLUMNS)})
SELECT {", ".join(_OWN.get(column, f"alike.{column}") for column in _COLUMNS)}
FROM {_TABLE} AS alike, unnest(%s::int[], %s::int[], %s::text[])
    AS told (number, identifiers, stored_name)
WHERE alike.id = %s
"""  # noqa: S608 - names of columns


def insert_alike(batch: ExportBatch, stored: Sequence[tuple[str, int]]) -> None:
    """Insert a batch for each sealed file, by its name and the number of its people. In the fence.

    All are like `batch`, which becomes the first, and numbered from 1. By the ORM each value of
    each row is a parameter: of 800 batches that took 0.18 s, while everybody waits for the export.
    """
    if not stored:
        return
    batch.number = 1
    batch.stored_name, batch.identifiers = stored[0]
    batch.save(force_insert=True)
    names = [name for name, _ in stored[1:]]
    sizes = [size for _, size in stored[1:]]
    numbers = list(range(2, len(stored) + 1))
    with connection.cursor() as cursor:
        cursor.execute(_COPY, [numbers, sizes, names, batch.pk])
