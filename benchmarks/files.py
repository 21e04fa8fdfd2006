"""The messy audience files that everything is measured on, made once and kept."""

from __future__ import annotations

from pathlib import Path

from infosum_auth.sample_audience import messy_rows

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "bench"
# Column 1 has the addresses.
COLUMN = 1


def audience(rows: int) -> Path:
    """Return a CSV of so many rows: a seventh of them duplicates, 8 % of them nothing to send."""
    path = FOLDER / f"audience-{rows}.csv"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            file.writelines(messy_rows(rows, seed=3))
        part.rename(path)
    return path
