"""A file that cannot be exported as a whole, said so that a person can mend it."""

from __future__ import annotations


class FileRefused(Exception):
    """The file as a whole cannot be used. `sentence` says why; `row` where, if at one row.

    A sentence never holds anything out of the file.
    """

    def __init__(self, sentence: str, row: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.row = row
