import hashlib
import random

import numpy as np
import pytest
from numba import njit

from exports.engine.vectorized import sha_instructions, sha_lanes
from exports.engine.vectorized.fips180 import CONSTANTS, START

WAYS = [
    pytest.param(sha_lanes, id="lanes"),
    pytest.param(
        sha_instructions,
        id="instructions",
        marks=pytest.mark.skipif(
            not sha_instructions.are_there(), reason="this processor has no SHA instructions"
        ),
    ),
]
# Two blocks for each lane.
STRIDE = 128


def compiled(way):
    begin, take_block, write_digest = way.begin, way.take_block, way.write_digest

    @njit(error_model="numpy", _nrt=False)
    def hashed(blocks, texts, words, state, digests):
        begin(state)
        for block in range(blocks):
            take_block(state, words, texts, STRIDE // 4, 16 * block)
        for lane in range(way.LANES):
            write_digest(state, lane, digests, lane, 0)

    return hashed


def padded(text: bytes, size: int) -> bytes:
    return text + b"\x80" + bytes(size - len(text) - 9) + (8 * len(text)).to_bytes(8, "big")


@pytest.mark.parametrize("way", WAYS)
def test_every_lane_has_the_digest_of_its_own_text(way):
    hashed, chance = compiled(way), random.Random(5)
    for blocks, longest in ((1, 55), (2, 119)):
        for _ in range(20):
            shortest = 0 if blocks == 1 else 56
            found = [chance.randbytes(chance.randint(shortest, longest)) for _ in range(way.LANES)]
            texts = b"".join(padded(each, 64 * blocks).ljust(STRIDE, b"\0") for each in found)
            digests = np.zeros((way.LANES, 8), dtype=np.uint32)
            hashed(
                blocks,
                np.frombuffer(texts, dtype=np.uint32),
                np.zeros(16 * way.LANES, dtype=np.uint32),
                np.zeros(8 * way.LANES, dtype=np.uint32),
                digests,
            )
            assert [each.tobytes() for each in digests] == [
                hashlib.sha256(each).digest() for each in found
            ]


def test_the_numbers_are_those_of_the_standard():
    # FIPS 180-4, 4.2.2 and 5.3.3: the first and the last of each.
    assert (CONSTANTS[0], CONSTANTS[-1], len(CONSTANTS)) == (0x428A2F98, 0xC67178F2, 64)
    assert (START[0], START[-1], len(START)) == (0x6A09E667, 0x5BE0CD19, 8)


def test_for_another_processor_the_instructions_are_not_written(monkeypatch):
    monkeypatch.setitem(vars(sha_instructions.numba.config), "CPU_NAME", "generic")
    assert not sha_instructions.are_there()
