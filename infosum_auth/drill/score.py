"""What is counted of a fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Score:
    """What came of one fault. `lost`: identifiers missing or too many, summed.

    `wrong_account`: audiences that are in another ad account than was chosen, were changed under
    another authorization than the export's, or hold what another export should have brought.
    `most_seconds`: the longest from when the fault had passed to the end of the exports.
    """

    injected: int = 0
    survived: int = 0
    lost: int = 0
    resent_batches: int = 0
    wrong_account: int = 0
    most_seconds: float = 0.0
