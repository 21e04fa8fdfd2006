"""Show a value so that its kind is recognized and its person is not."""

from __future__ import annotations

from exports.engine.letters import showable
from providers.identifiers import looks_hashed

_HIDDEN = "•••"
# What follows the last dot is shown where it can be a domain's ending, not the rest of a sentence.
_LONGEST_ENDING = 10


def masked(value: str) -> str:
    """Return at most the first letter of each part of an address, or the ends of anything else."""
    text = showable(" ".join(value.split()))
    if not text:
        return ""
    if looks_hashed(text):
        return f"{text[:4]}{_HIDDEN} (hash)"
    local, at, domain = text.partition("@")
    if at and domain:
        name, dot, ending = domain.rpartition(".")
        if not (dot and ending.isalpha() and len(ending) <= _LONGEST_ENDING):
            name, dot, ending = domain, "", ""
        shown = f"{name[:1]}{_HIDDEN}{dot}{ending}"
        return f"{local[:1]}{_HIDDEN}@{shown}"
    if sum(map(str.isdigit, text)) >= 7:
        return f"{text[:2]}{_HIDDEN}{text[-2:]}"
    return f"{text[:1]}{_HIDDEN}"
