"""Make a platform's own words safe to show, log and store."""

from __future__ import annotations

import re

_RUN = re.compile(r"[A-Za-z0-9._~+/=|%-]{16,}")
# Longer runs are no prose even without a digit.
_LONGEST_WORD = 31
_NOT_OF_A_WORD = re.compile(r"[^A-Za-z0-9_.:-]")


def word(text: object, length: int = 60) -> str:
    """Keep of an error code or a request id only what such a word may hold."""
    return _NOT_OF_A_WORD.sub("", str(text if text is not None else ""))[:length]


def quoted(text: object, length: int = 160) -> str:
    """Quote a platform's sentence, masking whatever in it may be a token, a code or a hash.

    Platforms echo in their errors what they were sent.
    """
    plain = " ".join(str(text or "").split())
    return _RUN.sub(_masked, plain)[:length]


def _masked(run: re.Match[str]) -> str:
    text = run.group()
    is_prose = len(text) <= _LONGEST_WORD and not any(letter.isdigit() for letter in text)
    return text if is_prose else "***"
