"""SHA-256 of sixteen short texts at once, one in each lane of a vector (FIPS 180-4).

No processor needs to know SHA-256 for it, and those with wide vectors take several texts in the
time that one takes by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from exports.engine.vectorized.compiled import inlined, intrinsic
from exports.engine.vectorized.fips180 import CONSTANTS, START
from exports.engine.vectorized.vectors import reversed_bytes

LANES = 16
Words = NDArray[np.uint32]
_START = np.array(START, dtype=np.uint32)
_WORD = ir.IntType(32)
_VECTOR = ir.VectorType(_WORD, LANES)
_ROUNDS = 64


class _Writer:
    """Writes the operations of the standard for sixteen words at once."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def number(self, value: int) -> ir.Constant:
        return ir.Constant(_VECTOR, [value] * LANES)

    def total(self, first: Any, *others: Any) -> Any:
        for other in others:
            first = self._builder.add(first, other)
        return first

    def mixed(self, word: Any, first: int, second: int, third: int, *, shift: bool = False) -> Any:
        """Return a word turned right in three ways; the last may be a shift."""
        turned = [self._turned(word, bits) for bits in (first, second)]
        if shift:
            turned.append(self._builder.lshr(word, self.number(third)))
        else:
            turned.append(self._turned(word, third))
        return self._builder.xor(self._builder.xor(turned[0], turned[1]), turned[2])

    def _turned(self, word: Any, bits: int) -> Any:
        low = self._builder.lshr(word, self.number(bits))
        return self._builder.or_(low, self._builder.shl(word, self.number(32 - bits)))

    def chosen(self, by: Any, yes: Any, no: Any) -> Any:
        return self._builder.xor(no, self._builder.and_(by, self._builder.xor(yes, no)))

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        either = self._builder.and_(c, self._builder.or_(a, b))
        return self._builder.or_(self._builder.and_(a, b), either)

    def rounds(self, state: list[Any], words: list[Any]) -> list[Any]:
        """Return the state after one block."""
        a, b, c, d, e, f, g, h = state
        for number in range(_ROUNDS):
            word = words[number % 16]
            if number >= 16:
                before, after = words[(number - 2) % 16], words[(number - 15) % 16]
                early = self.mixed(after, 7, 18, 3, shift=True)
                late = self.mixed(before, 17, 19, 10, shift=True)
                word = words[number % 16] = self.total(word, early, words[(number - 7) % 16], late)
            constant = self.number(CONSTANTS[number])
            one = self.total(
                h, self.mixed(e, 6, 11, 25), self.chosen(e, f, g), self.total(constant, word)
            )
            two = self.total(self.mixed(a, 2, 13, 22), self.majority(a, b, c))
            a, b, c, d, e, f, g, h = self.total(one, two), a, b, c, self.total(d, one), e, f, g
        return [self.total(*both) for both in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


@intrinsic
def _compress(typing: Any, state: Any, words: Any) -> Any:
    """Take one block of each lane into the state; word `i` of lane `j` is at `16 * i + j`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointers = [
            builder.bitcast(
                context.make_array(kind)(context, builder, array).data, _VECTOR.as_pointer()
            )
            for kind, array in zip(signature.args, arguments, strict=True)
        ]

        def place(of: int, number: int) -> Any:
            return builder.gep(pointers[of], [ir.Constant(_WORD, number)])

        before = [builder.load(place(0, number), align=4) for number in range(8)]
        block = [builder.load(place(1, number), align=4) for number in range(16)]
        for number, word in enumerate(_Writer(builder).rounds(before, block)):
            builder.store(word, place(0, number), align=4)
        return context.get_dummy_value()

    return types.void(state, words), code


@inlined
def begin(state: Words) -> None:
    """Begin anew in all lanes."""
    for number in range(8):
        for lane in range(LANES):
            state[number * LANES + lane] = _START[number]


@inlined
def take_block(state: Words, words: Words, texts: Words, stride: int, start: int) -> None:
    """Take 64 bytes of each text from `start` on; that of lane `j` is at `j * stride`, in words."""
    for lane in range(LANES):
        at = lane * stride + start
        for number in range(16):
            words[number * LANES + lane] = reversed_bytes(texts[at + number])
    _compress(state, words)


@inlined
def write_digest(state: Words, lane: int, into: Words, row: int, at: int) -> None:
    """Write the digest of one lane."""
    for number in range(8):
        into[row, at + number] = reversed_bytes(state[number * LANES + lane])
