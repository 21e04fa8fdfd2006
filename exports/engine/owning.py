"""What holds files, or others who do, for as long as its block lasts."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Self


class Owning:
    """A context manager: what was put on its stack is closed when the block ends."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()
