"""Letters that can be stored and shown: what a damaged file holds besides cannot."""

from __future__ import annotations

import re

# PostgreSQL's JSON takes neither NUL nor the halves of letters that stand for damaged bytes, and
# no page can be encoded with these.
_NEITHER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def showable(text: str) -> str:
    """Return a text with "�" in the place of what is no letter."""
    return _NEITHER.sub("\ufffd", text)
