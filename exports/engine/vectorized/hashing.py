"""SHA-256 of many texts at once, and digests that are written in hexadecimal digits."""

from __future__ import annotations

import threading

import datafusion
import numpy as np
import pyarrow as pa
from datafusion import functions
from numpy.typing import NDArray

from exports.engine.vectorized.texts import Texts

DIGEST = 32
HEX = 2 * DIGEST
# One digest as one element, so that it is moved as a whole.
Digests = NDArray[np.void]
KIND = np.dtype(f"V{DIGEST}")

_NIBBLES = np.full(256, 255, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16)
_NAME = "texts"
_here = threading.local()


def sha256(texts: pa.Array) -> Digests:
    """Return the SHA-256 digest of each text of ASCII."""
    if not len(texts):
        return np.zeros(0, dtype=KIND)
    context = _context()
    try:
        table = context.from_arrow(pa.table({"text": texts}), _NAME)
        hashed = table.select(functions.sha256(datafusion.col("text"))).to_arrow_table().column(0)
    finally:
        # The context would keep every table that it was ever given.
        context.deregister_table(_NAME)
    parts = [_digests(chunk) for chunk in hashed.chunks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _context() -> datafusion.SessionContext:
    """Return one for this thread, made when it is needed: after a fork it would hang."""
    context: datafusion.SessionContext | None = getattr(_here, "context", None)
    if context is None:
        settings = datafusion.SessionConfig().with_target_partitions(1).with_batch_size(1 << 16)
        context = _here.context = datafusion.SessionContext(settings)
    return context


def _digests(chunk: pa.Array) -> Digests:
    plain = chunk if chunk.type == pa.binary() else chunk.cast(pa.binary())
    data = np.frombuffer(plain.buffers()[2], dtype=KIND)
    start = int(np.frombuffer(plain.buffers()[1], dtype=np.int32)[plain.offset]) // DIGEST
    return data[start : start + len(plain)]


def from_hex(texts: Texts) -> tuple[Digests, NDArray[np.bool_]]:
    """Read texts of 64 letters as digests; tell which are."""
    nibbles = _NIBBLES[texts.square(HEX)]
    is_hex = np.all(nibbles < 16, axis=1)
    digests = (nibbles[:, 0::2] << 4) | nibbles[:, 1::2]
    return np.ascontiguousarray(digests).view(KIND).ravel(), is_hex
