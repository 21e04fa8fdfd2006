"""Make a platform's own words safe to show, log and store."""

from __future__ import annotations

import re

_RUN = re.compile(r"[A-Za-z0-9._~+/=|%-]{16,}")
# Longer runs are no prose even without a digit.
_LONGEST_WORD = 31
_NOT_OF_A_WORD = re.compile(r"[^A-Za-z0-9_.:-]")


def word(text: object) -> str:
    """Keep of an error code only what such a word may hold, at most 60 characters."""
    return _NOT_OF_A_WORD.sub("", quoted(text))[:60]


def reference(text: object) -> str:
    """Keep of a request id only what it may hold, at most 120 characters."""
    return _NOT_OF_A_WORD.sub("", _plain(text))[:120]


def quoted(text: object) -> str:
    """Quote a platform's sentence, masking whatever in it may be a token, a code or a hash.

    Platforms echo in their errors what they were sent. At most 160 characters.
    """
    return _RUN.sub(_masked, _plain(text))[:160]


def _plain(text: object) -> str:
    return "" if text is None else " ".join(str(text).split())


def _masked(run: re.Match[str]) -> str:
    text = run.group()
    is_prose = len(text) <= _LONGEST_WORD and not any(letter.isdigit() for letter in text)
    return text if is_prose else "***"
