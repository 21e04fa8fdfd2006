"""Compile everything before anybody waits for it: `python -m exports.engine.vectorized.warming`.

Done again it only loads what is kept, in about a second.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from exports.engine.batches import encode_records
from exports.engine.distinct import Distinct
from exports.engine.preparing import people_of, record_width
from exports.engine.reading import FileShape
from providers import identifiers
from providers.declarations import IdentifierType

_TABLE = b"jane@example.com\nnobody\njoe@example.com\n"
_SHAPE = FileShape(
    "utf-8", ",", quoted=True, has_header=False, gzipped=False, column_names=("email",)
)


def warm() -> None:
    """Prepare a tiny file in each way that there is: kept in memory, and spilled."""
    email = IdentifierType("email", "E-mail", "email", identifiers.email)
    with tempfile.TemporaryDirectory() as folder:
        for in_memory in (0, 1024):
            with Distinct(record_width(1), Path(folder), in_memory=in_memory) as people:
                people_of(
                    io.BytesIO(_TABLE),
                    _SHAPE,
                    {email.key: 0},
                    [email],
                    people=people,
                    reject=lambda _: None,
                    alive=lambda: None,
                )
                for records in people.batches(1):
                    encode_records([email.key], records)


if __name__ == "__main__":
    warm()
