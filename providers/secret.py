"""A text that must never be seen: a token, a client secret, a PKCE verifier."""

from __future__ import annotations

import hmac
from typing import Any, NoReturn


class Secret:
    """Hold a secret text; show it only through `reveal()`.

    `repr`, `str` and `format` are masked, so a secret in a log line, an exception or a template
    prints as asterisks. It refuses to be pickled, so it cannot become a task argument.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself. Call it only where the text goes onto the wire or is sealed."""
        return self._text

    # A Django template calls what it finds; this attribute makes it refuse.
    reveal.alters_data = True  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not serialized: pass an id and read it where it is used.")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self
